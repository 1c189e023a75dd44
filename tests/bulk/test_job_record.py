from bot.bulk.job_record import JobRecord
from bot.core.model import Actor, AuditEvent, LookupStatus, Outcome, Surface
from bot.errors import AuditError
from tests.support.fakes import FakeRecord

ASKED = AuditEvent(
    Actor.in_terminal("ann"), Surface.TERMINAL, "prod", "friends", ("owner",), Outcome.ANSWERED
)
DIGEST = "ab" * 32


def test_records_the_accounts_and_the_end_of_a_job() -> None:
    record = FakeRecord()
    job = JobRecord(record, ASKED, 2000, DIGEST)

    job.add(["alice", "x" * 40, "bob"])
    job.end({LookupStatus.FOUND: 1998, LookupStatus.FAILED: 2}, Outcome.EXPORTED)

    asked, ended = (entry.event for entry in record.entries)
    assert asked.accounts == ("owner", "alice", "bob")
    assert asked.reason == f"2,000 ids, file {DIGEST[:12]}"
    assert ended.accounts == ("owner",)
    assert ended.outcome is Outcome.EXPORTED
    assert ended.reason == f"2,000 ids, file {DIGEST}: 1,998 found, 2 failed"


def test_goes_on_without_the_record_and_counts_what_it_lacks() -> None:
    record = FakeRecord(failing={"add": [AuditError("the disk is full"), None]})
    job = JobRecord(record, ASKED, 3, DIGEST)

    job.add(["alice", "bob"])
    job.add(["carol"])

    assert (job.unrecorded, str(job.problem)) == (2, "the disk is full")
    assert [entry.event.accounts for entry in record.entries] == [("owner", "carol")]
