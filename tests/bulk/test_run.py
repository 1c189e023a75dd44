from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from bot.bulk.job import BulkLookup
from bot.bulk.job_record import ENTRY_ACCOUNTS, JobRecord
from bot.bulk.row_formats import CsvRows
from bot.bulk.run import BulkRun
from bot.core.commands import make_lookup
from bot.core.lookups.kinds import PROFILES
from bot.core.model import Actor, App, AuditEvent, LookupStatus, Outcome, Surface
from tests.support.fakes import FakeIM, FakeRecord

COMMAND = make_lookup(PROFILES, App("prod", ""), ())
IDS = [f"user-{number}" for number in range(2500)]


def run(most: int) -> tuple[Sequence[int], Sequence[int]]:
    """Look up all ids; return how many were recorded, and how many rows written, together each time."""
    record, written = FakeRecord(), list[int]()
    asked = AuditEvent(Actor("U1", "T1"), Surface.FILE, "prod", "profile", (), Outcome.ANSWERED)

    def keep(_: bytes, counts: Mapping[LookupStatus, int]) -> None:
        written.append(sum(counts.values()) - sum(written))

    with ThreadPoolExecutor(2) as pool:
        lookup = BulkLookup(COMMAND, FakeIM(), CsvRows(COMMAND), pool)
        job = BulkRun(lookup, JobRecord(record, asked, len(IDS), "0" * 64), keep, Counter(), lambda: most)
        assert job.run(IDS) is None
    return [len(entry.event.accounts) for entry in record.entries], written


def test_records_what_is_written_together_and_no_more_than_asked_for() -> None:
    assert run(ENTRY_ACCOUNTS) == ([1000, 1000, 500], [1000, 1000, 500])
    assert run(200) == ([200] * 12 + [100], [200] * 12 + [100])
