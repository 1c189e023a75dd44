import os
from collections import defaultdict
from collections.abc import Sequence
from contextlib import closing
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

from sqlalchemy import select

from bot.app import make_im_clients
from bot.core.changes.service import Changes
from bot.core.model import Entry, Outcome
from bot.store.database.engine import open_engine, open_snapshot
from bot.store.database.schema import outbox
from bot.store.record import Store
from bot.store.verify import RecordStatus, verify_url
from tests.support.changes_fixture import SLACK
from tests.support.chaos import BEFORE, NICK, Chaos, chaos
from tests.support.processes import STOPPED_WITHIN

SECONDS = float(os.environ.get("CHAOS_SECONDS", "40"))
SEED = int(os.environ.get("CHAOS_SEED", "20261125"))

_BEGUN = (Outcome.PROPOSED, Outcome.ATTEMPTED)
_DONE = (Outcome.SUCCEEDED, Outcome.FAILED)
FINAL_OUTCOMES = {
    (Outcome.PROPOSED,),
    (Outcome.PROPOSED, Outcome.CANCELLED),
    *((*_BEGUN, done) for done in _DONE),
    *((*_BEGUN, Outcome.UNKNOWN, done) for done in _DONE),
}
"""The outcomes that a settled change may have, in order."""


def settle(run: Chaos, store: Store) -> None:
    """Settle the changes that the processes left open, as the next process to start would."""
    ims = make_im_clients(run.settings)
    apps = run.settings.apps
    changes = Changes(apps, ims, run.settings.rules, SLACK, store, audited=True)
    list(changes.settle_open(timedelta(0)))
    for im in ims.values():
        im.close()


def check_account(run: Chaos, account: str, entries: list[Entry]) -> None:
    """Check an account's entries against the writes sent to the vendor, and against its profile."""
    steps: defaultdict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        if entry.event.change_id and entry.event.outcome is not Outcome.DENIED:
            steps[entry.event.change_id].append(entry)
    nick: object = BEFORE
    attempts = 0
    for change, found in sorted(steps.items(), key=lambda each: each[1][0].sequence):
        outcomes = tuple(entry.event.outcome for entry in found)
        assert outcomes in FINAL_OUTCOMES, f"{change} of {account} ended as {outcomes}"
        attempts += Outcome.ATTEMPTED in outcomes
        if outcomes[-1] is Outcome.SUCCEEDED:
            nick = found[-1].event.after[NICK.tag]
    written = [write for write in run.sandbox.writes if write.account == account]
    assert len(written) <= attempts, f"{account} was written without an intent, or twice"
    accounts = next(iter(run.sandbox.apps.values())).accounts
    assert accounts[account].profile.get(NICK.tag, "") == nick, f"{account} is not as its record says"


def check_arrivals(run: Chaos) -> None:
    """Check that no second has more calls than the vendor allows, of both processes together."""
    for times in run.sandbox.call_log().values():
        assert not any(late - early <= 1 for early, late in zip(times, times[200:], strict=False))


def read_outbox(database: str) -> Sequence[int]:
    """Read the numbers of the waiting entries, whichever process has leased them."""
    engine = open_engine(database)
    try:
        with open_snapshot(engine) as connection:
            return connection.scalars(select(outbox.c.sequence)).all()
    finally:
        engine.dispose()


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
        check_arrivals(run)
        with closing(Store(run.disk.address)) as store:
            settle(run, store)
            for account in run.accounts:
                entries = [*reversed(store.list_history("demo", account, None, 100))]
                check_account(run, account, [entry for entry in entries if isinstance(entry, Entry)])
            waiting = read_outbox(run.disk.address)
            settled = [
                entry.sequence
                for account in run.accounts
                for entry in store.list_history("demo", account, None, 100)
                if isinstance(entry, Entry)
                and entry.event.change_id
                and entry.event.outcome in {*_DONE, Outcome.UNKNOWN}
            ]
        # A process that dies between Slack's answer and its own commit repeats a message; none is skipped.
        assert {*run.posted, *waiting} >= {*settled}
        firsts = list(dict.fromkeys(run.posted))
        assert all(early < late for early, late in pairwise(firsts)), "out of order"
        assert verify_url(run.disk.address).status is RecordStatus.SOUND
        assert [line for process in run.processes for line in process.tracebacks()] == []
