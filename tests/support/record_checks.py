"""Checks of what several processes left in a record, against what the vendor was sent."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import select

from bot.app import make_im_clients
from bot.core.changes.service import Changes
from bot.core.model import Entry, Outcome
from bot.sandbox.server import Sandbox
from bot.settings import Settings
from bot.store.database.engine import open_engine, open_snapshot
from bot.store.database.schema import outbox
from bot.store.record import Store
from tests.support.changes_fixture import BY_WORD, SLACK

NICK = BY_WORD["nick"]
BEFORE = "Alice"
"""The nickname of every account at first."""

_BEGUN = (Outcome.PROPOSED, Outcome.ATTEMPTED)
DONE = (Outcome.SUCCEEDED, Outcome.FAILED)
FINAL_OUTCOMES = {
    (Outcome.PROPOSED,),
    (Outcome.PROPOSED, Outcome.CANCELLED),
    *((*_BEGUN, done) for done in DONE),
    *((*_BEGUN, Outcome.UNKNOWN, done) for done in DONE),
}
"""The outcomes that a settled change may have, in order."""


def settle(settings: Settings, store: Store) -> None:
    """Settle the changes that the processes left open, as the next process to start would."""
    ims = make_im_clients(settings)
    apps = settings.apps
    changes = Changes(apps, ims, settings.rules, SLACK, store, audited=True)
    list(changes.settle_open(timedelta(0)))
    for im in ims.values():
        im.close()


def check_account(sandbox: Sandbox, account: str, entries: list[Entry]) -> None:
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
    written = [write for write in sandbox.writes if write.account == account]
    assert len(written) <= attempts, f"{account} was written without an intent, or twice"
    accounts = next(iter(sandbox.apps.values())).accounts
    assert accounts[account].profile.get(NICK.tag, "") == nick, f"{account} is not as its record says"


def check_arrivals(sandbox: Sandbox) -> None:
    """Check that no second has more calls than the vendor allows, of all processes together."""
    for times in sandbox.call_log().values():
        assert not any(late - early <= 1 for early, late in zip(times, times[200:], strict=False))


def read_outbox(database: str) -> Sequence[int]:
    """Read the numbers of the waiting entries, whichever process has leased them."""
    engine = open_engine(database)
    try:
        with open_snapshot(engine) as connection:
            return connection.scalars(select(outbox.c.sequence)).all()
    finally:
        engine.dispose()
