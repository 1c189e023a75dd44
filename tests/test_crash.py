import random
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from pathlib import Path

import pytest
import requests

from bot.core.model import Entry, Outcome
from bot.core.results import Settled
from bot.errors import ExpiredError
from bot.sandbox.data import Account
from bot.sandbox.server import Sandbox
from bot.store.migrating import migrate
from bot.store.record import Store
from bot.store.verify import Finding, verify_url
from tests.support.changing import EDDA
from tests.support.crashing import NICK, WANTED, Errand, hear, make_changes, process
from tests.support.postgresql import new_schema
from tests.support.sandbox import APP_ID, Caller, hosted, serving

ROUNDS = 100
"""How many processes are killed at random over each database."""
SEED = 20261121

WAYS = {
    (Outcome.PROPOSED,),
    (Outcome.PROPOSED, Outcome.ATTEMPTED, Outcome.SUCCEEDED),
    (Outcome.PROPOSED, Outcome.ATTEMPTED, Outcome.FAILED),
}
"""The entries that a change may have when nothing is open any more."""


@dataclass
class Ground:
    """A record and an app that outlive the processes which work on them."""

    database: str
    served: Caller
    numbers: Iterator[int] = field(default_factory=count)

    def new_account(self) -> str:
        account = f"user_{next(self.numbers)}"
        self.served.sandbox.apps[APP_ID].accounts[account] = Account(profile={NICK.tag: "Alice"})
        return account

    def nick(self, account: str) -> str | int:
        return self.served.sandbox.apps[APP_ID].accounts[account].profile[NICK.tag]

    def writes(self, account: str) -> int:
        """Count how often the app was asked to change an account."""
        # A call on a connection of its own comes after everything a dead process had sent.
        requests.get(f"{self.served.url}/sandbox/knobs", timeout=30)
        return sum(write.account == account for write in self.served.sandbox.writes)


@pytest.fixture(params=["sqlite", "postgresql"])
def ground(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ground]:
    if request.param == "postgresql":
        database = new_schema(request.getfixturevalue("server"))
        migrate(database)
    else:
        database = f"sqlite:///{tmp_path / 'im-bot.db'}"
        Store(database).close()
    with serving(Sandbox(hosted())) as served:
        yield Ground(database, served)


def history(store: Store, account: str) -> list[Entry]:
    return [*reversed(store.list_history("prod", account, None, 100))]


def check_after(ground: Ground, account: str, change_id: str | None) -> None:
    """Start anew after a death, settle, and hold what is found against the rules."""
    changes, store = make_changes(ground.database, ground.served.url)
    with closing(store):
        store.check()  # comes after whatever the database was still doing for the dead
        written = ground.writes(account)
        intents = [entry for entry in history(store, account) if entry.draft.outcome is Outcome.ATTEMPTED]
        assert written <= len(intents) <= 1, "a write without its intent, or twice"

        changes.settle_open(timedelta(0))

        entries = history(store, account)
        way = tuple(entry.draft.outcome for entry in entries)
        assert way in WAYS or not way, "an intent without exactly one outcome"
        assert (Outcome.SUCCEEDED in way) == (ground.nick(account) == WANTED), "an outcome that is not so"
        if not entries:
            assert change_id is None, "what was shown to a person was not kept"
            return
        change_id = entries[0].draft.change_id
        if len(way) == 1:
            again = changes.confirm(EDDA, change_id)
            assert isinstance(again, Settled)
            assert again.change.outcome is Outcome.SUCCEEDED
        with pytest.raises(ExpiredError):
            changes.confirm(EDDA, change_id)
        assert changes.settle_open(timedelta(0)) == []
        assert ground.writes(account) <= 1, "written twice"


def check_record(ground: Ground) -> None:
    """Hold the record as a whole against the rules: sound, and every outcome waiting to be told once."""
    assert verify_url(ground.database).finding is Finding.SOUND
    with closing(Store(ground.database)) as store:
        told = [entry.sequence for entry in store.take("test", 60, 10_000)]
        ends = [
            entry.sequence
            for number in range(next(ground.numbers))
            for entry in history(store, f"user_{number}")
            if entry.draft.outcome in {Outcome.SUCCEEDED, Outcome.FAILED}
        ]
    assert told == sorted(ends)


def test_outlives_a_kill_at_every_step(ground: Ground) -> None:
    with process(Errand(ground.database, ground.served.url, ground.new_account())) as (_, child):
        child.send("go")
        assert hear(child)
        steps = hear(child)

    for step in range(1, steps + 1):
        account = ground.new_account()
        errand = Errand(ground.database, ground.served.url, account, fatal_step=step)
        with process(errand) as (_, child):
            child.send("go")
            change_id, end = hear(child), hear(child)

        assert end is None, f"step {step} of {steps} was not its last"
        check_after(ground, account, change_id)
    assert steps > 40
    check_record(ground)


def test_outlives_kills_at_random(ground: Ground) -> None:
    chance = random.Random(SEED)
    spans = []
    for _ in range(5):
        with process(Errand(ground.database, ground.served.url, ground.new_account())) as (_, child):
            began = time.perf_counter()
            child.send("go")
            hear(child), hear(child)
            spans.append(time.perf_counter() - began)
    span, ends = sorted(spans)[2], set()

    for number in range(ROUNDS):
        account = ground.new_account()
        with process(Errand(ground.database, ground.served.url, account)) as (victim, child):
            child.send("go")
            time.sleep(chance.uniform(0, span))
            victim.kill()
            change_id = hear(child)

        try:
            check_after(ground, account, change_id)
        except AssertionError as error:
            raise AssertionError(f"round {number} of seed {SEED}") from error
        with closing(Store(ground.database)) as store:
            ends.add(tuple(entry.draft.outcome for entry in history(store, account)))
    assert len(ends) > 1, "every process died at the same step"
    check_record(ground)
