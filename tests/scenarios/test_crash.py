import os
import random
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import count
from pathlib import Path
from threading import Barrier

import pytest
import requests

from bot.core.changes.service import Changes
from bot.core.model import Entry, Outcome
from bot.core.results import Settled
from bot.errors import ExpiredError
from bot.reconcile import ReconcileLoop
from bot.sandbox.data import Account
from bot.store.migrate import migrate
from bot.store.record import Store
from bot.store.verify import RecordStatus, verify_url
from tests.support.changes_fixture import EDDA, PROD
from tests.support.crashing import (
    NICK,
    PATIENCE,
    WANTED,
    Action,
    Task,
    Watch,
    around,
    hear,
    hear_all,
    make_changes,
    process,
    set_nick,
    settle,
)
from tests.support.entries import unaltered
from tests.support.postgresql import new_schema
from tests.support.sandbox import APP_ID, serving

ROUNDS = int(os.environ.get("CRASH_ROUNDS", "40"))
"""How many processes are killed at random over each database."""
SEED = 20261121

WAYS = {
    (),
    (Outcome.PROPOSED,),
    (Outcome.PROPOSED, Outcome.ATTEMPTED, Outcome.SUCCEEDED),
    (Outcome.PROPOSED, Outcome.ATTEMPTED, Outcome.FAILED),
}
"""The entries that a change may have when nothing is open any more."""


@dataclass
class CrashFixture:
    """A record and an app that outlive the processes which work on them, seen from outside."""

    database: str
    url: str
    vendor: Watch
    record: Store
    numbers: Iterator[int] = field(default_factory=count)
    accounts: list[str] = field(default_factory=list)

    def new_account(self) -> str:
        account = f"user_{next(self.numbers)}"
        self.vendor.apps[APP_ID].accounts[account] = Account(profile={NICK.tag: "Alice"})
        self.accounts.append(account)
        return account

    def nick(self, account: str) -> str | int:
        return self.vendor.apps[APP_ID].accounts[account].profile[NICK.tag]

    def writes(self, account: str) -> int:
        """Count how often the app was asked to change an account."""
        # A call on a connection of its own comes after everything a dead process had sent.
        arrivals = requests.get(f"{self.url}/sandbox/arrivals", timeout=30).json()["portrait_set"]
        assert len(arrivals) == len(self.vendor.writes) + self.vendor.halves, "a write that was refused"
        return sum(write.account == account for write in self.vendor.writes)

    def history(self, account: str) -> list[Entry]:
        return unaltered(reversed(self.record.list_history(PROD.name, account, None, 100)))

    def way(self, account: str) -> tuple[Outcome, ...]:
        return tuple(entry.event.outcome for entry in self.history(account))

    def run(
        self, account: str, action: Action = set_nick, *, step: int = 0, request: int = 0, seconds: float = -1
    ) -> list[str | int]:
        """Let a process die at a step, in a request or in time; gives what it said."""
        with process(Task(self.database, self.url, account, action, step)) as (victim, child):
            self.vendor.expect(victim, request)
            child.send("go")
            if seconds >= 0:
                time.sleep(seconds)
                victim.kill()
            said = hear_all(child)
        self.vendor.expect(None)
        return said

    def count_steps(self, account: str, action: Action = set_nick) -> tuple[int, int, float]:
        """Let a process live; gives its steps, those of the vendor, and how long it took."""
        with process(Task(self.database, self.url, account, action)) as (alive, child):
            self.vendor.expect(alive)
            began = time.perf_counter()
            child.send("go")
            while isinstance(said := hear(child), str):
                pass
            return said, self.vendor.steps, time.perf_counter() - began


@pytest.fixture(params=["sqlite", "postgresql"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def fixture(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[CrashFixture]:
    database = f"sqlite:///{tmp_path / 'im-bot.db'}"
    if kind == "postgresql":
        database = new_schema(request.getfixturevalue("server"))
    migrate(database)
    with closing(Store(database)) as record:
        vendor = Watch(record)
        with serving(vendor) as served:
            yield CrashFixture(database, served.url, vendor, record)


def check_after(fixture: CrashFixture, account: str, said: Sequence[str | int]) -> None:
    """Start anew after a death, settle, and hold what is found against the rules."""
    with closing(Store(fixture.database)) as store:
        changes = make_changes(store, fixture.url)
        store.check()  # comes after whatever the database was still doing for the dead
        written, way = fixture.writes(account), fixture.way(account)
        assert written <= way.count(Outcome.ATTEMPTED) <= 1, "a write without its intent, or twice"
        assert fixture.vendor.unrecorded == [], "a write that came before its intent"
        kept = {entry.event.change_id for entry in fixture.history(account)}
        assert kept >= {*said[:1]}, "a preview was not kept"
        assert [*said[1:2]] in ([], [*way[-1:]]), "an outcome that a person was told was not kept"

        loop = ReconcileLoop(lambda: changes.settle_open(timedelta(0)), lambda _: None)
        loop.start()
        loop.close(PATIENCE)

        way = fixture.way(account)
        assert way in WAYS, "an intent without exactly one outcome"
        assert fixture.writes(account) == written, "settled by writing"
        assert (Outcome.SUCCEEDED in way) == (fixture.nick(account) == WANTED) == (written == 1), (
            "no true end"
        )
        if way:
            check_confirm(fixture, account, [changes, make_changes(fixture.record, fixture.url)])
            assert list(changes.settle_open(timedelta(0))) == []


def check_confirm(fixture: CrashFixture, account: str, processes: Sequence[Changes]) -> None:
    """Let two processes confirm at once what may have been confirmed; see that it happens once at most."""
    change_id, way = fixture.history(account)[0].event.change_id, fixture.way(account)
    together = Barrier(2)

    def confirm(changes: Changes) -> object:
        steps = count(1)

        def meet() -> None:
            # Both have read the profile before either goes on.
            if next(steps) == 2:
                together.wait(PATIENCE)

        ims = {name: around(im, meet) for name, im in changes.ims.items()}
        try:
            return replace(changes, ims=ims).confirm(EDDA, change_id)
        except ExpiredError:
            return None

    with ThreadPoolExecutor(2) as pool:
        ends = [end for end in pool.map(confirm, processes) if end]
    if len(way) > 1:
        assert ends == [], "confirmed again"
        assert fixture.way(account) == way
        return
    assert [type(end) for end in ends] == [Settled], "confirmed other than once"
    assert (*way, Outcome.ATTEMPTED, Outcome.SUCCEEDED) == fixture.way(account)
    assert fixture.writes(account) == 1, "written twice"


def check_record(fixture: CrashFixture) -> None:
    """Hold the record as a whole against the rules: sound, and every outcome waiting to be told once."""
    assert verify_url(fixture.database).status is RecordStatus.SOUND
    assert fixture.vendor.unrecorded == []
    told = [entry.sequence for entry in fixture.record.lease_next("test", 60, 10_000)]
    entries = [entry for account in fixture.accounts for entry in fixture.history(account)]
    ends = {Outcome.SUCCEEDED, Outcome.FAILED}
    assert told == sorted(entry.sequence for entry in entries if entry.event.outcome in ends)
    assert told


def test_outlives_a_kill_at_every_step(fixture: CrashFixture) -> None:
    steps, _, _ = fixture.count_steps(fixture.new_account())

    for step in range(1, steps + 1):
        account = fixture.new_account()
        said = fixture.run(account, step=step)
        assert len(said) <= 2, f"step {step} of {steps} was not its last"
        check_after(fixture, account, said)
    assert steps > 40
    assert fixture.vendor.halves == 1
    check_record(fixture)


def test_outlives_a_kill_while_the_vendor_is_at_work(fixture: CrashFixture) -> None:
    _, at_vendor, _ = fixture.count_steps(fixture.new_account())

    for request in range(1, at_vendor + 1):
        account = fixture.new_account()
        said = fixture.run(account, request=request)
        assert len(said) < 2, f"step {request} of {at_vendor} was not its last"
        check_after(fixture, account, said)
    assert at_vendor >= 8
    check_record(fixture)


@pytest.mark.parametrize("kind", ["sqlite"])
def test_outlives_a_kill_at_every_step_of_starting_anew(fixture: CrashFixture) -> None:
    account = fixture.new_account()
    # Reading back takes the last two; the one before is the end of the write.
    written = fixture.count_steps(account)[1] - 2
    fixture.run(fixture.new_account(), request=written)
    steps, _, _ = fixture.count_steps(account, settle)

    for step in range(1, steps + 1):
        account = fixture.new_account()
        said = fixture.run(account, request=written)
        assert fixture.way(account) == (Outcome.PROPOSED, Outcome.ATTEMPTED)
        fixture.run(account, settle, step=step)
        check_after(fixture, account, said)
    assert steps > 10
    check_record(fixture)


def test_outlives_kills_at_random(fixture: CrashFixture) -> None:
    chance = random.Random(SEED)
    span = sorted(fixture.count_steps(fixture.new_account())[2] for _ in range(5))[2]
    before: set[tuple[Outcome, ...]] = set()

    for number in range(ROUNDS):
        account = fixture.new_account()
        said = fixture.run(account, seconds=chance.uniform(0, span))
        before.add(fixture.way(account))
        try:
            check_after(fixture, account, said)
        except Exception as error:
            error.add_note(f"in round {number} of seed {SEED}")
            raise
    assert len(before) > 1, "every process died at the same step"
    check_record(fixture)
