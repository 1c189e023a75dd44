import os
from contextlib import closing
from itertools import pairwise
from pathlib import Path

from bot.core.model import Entry, Outcome
from bot.store.record import Store
from bot.store.verify import RecordStatus, verify_url
from tests.support.chaos import chaos
from tests.support.processes import STOPPED_WITHIN
from tests.support.record_checks import DONE, check_account, check_arrivals, read_outbox, settle

SECONDS = float(os.environ.get("CHAOS_SECONDS", "25"))
SEED = int(os.environ.get("CHAOS_SEED", "20261125"))


def test_loses_nothing_while_faults_are_drawn_every_second(tmp_path: Path) -> None:
    with chaos(tmp_path, SEED) as run:
        # Without the rights to mount a disk, a full disk is not drawn.
        assert not os.environ.get("CI") or run.disk.mounted
        run.run(SECONDS)
        stops = [process.terminate() for process in run.processes if process.alive]
        run.stops += stops
        for name, figure in run.figures():
            print(f"{name}: {figure}")
        print(*run.wrong, sep="\n")
        assert run.wrong == []
        assert max(run.stops) <= STOPPED_WITHIN + 1
        check_arrivals(run.sandbox)
        with closing(Store(run.disk.address)) as store:
            settle(run.settings, store)
            for account in run.accounts:
                entries = [*reversed(store.list_history("demo", account, None, 100))]
                check_account(run.sandbox, account, [entry for entry in entries if isinstance(entry, Entry)])
            waiting = read_outbox(run.disk.address)
            settled = [
                entry.sequence
                for account in run.accounts
                for entry in store.list_history("demo", account, None, 100)
                if isinstance(entry, Entry)
                and entry.event.change_id
                and entry.event.outcome in {*DONE, Outcome.UNKNOWN}
            ]
        # A process that dies between Slack's answer and its own commit repeats a message; none is skipped.
        assert {*run.posted, *waiting} >= {*settled}
        firsts = list(dict.fromkeys(run.posted))
        assert all(early < late for early, late in pairwise(firsts)), "out of order"
        assert verify_url(run.disk.address).status is RecordStatus.SOUND
        assert [line for process in run.processes for line in process.tracebacks()] == []
