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
from bot.reconcile_loop import ReconcileLoop
from bot.sandbox.data import Account
from bot.store.record import Store
from bot.store.verify import RecordStatus, verify_url
from tests.support.changes_fixture import EDDA, PROD
from tests.support.crashing import (
    NICK,
    TIMEOUT,
    WANTED,
    Action,
    CheckingSandbox,
    Task,
    all_output,
    around,
    make_changes,
    next_output,
    run_process,
    set_nick,
    settle,
)
from tests.support.entries import unaltered
from tests.support.migrated import migrated_file, migrated_schema
from tests.support.sandbox import APP_ID, serving

ROUNDS = int(os.environ.get("CRASH_ROUNDS", "15"))
"""Number of processes killed at random over each database."""
SEED = 20261121

FINAL_OUTCOMES = {
    (),
    (Outcome.PROPOSED,),
    (Outcome.PROPOSED, Outcome.ATTEMPTED, Outcome.SUCCEEDED),
    (Outcome.PROPOSED, Outcome.ATTEMPTED, Outcome.FAILED),
}
"""The outcomes that a settled change may have, in order."""


@dataclass
class CrashFixture:
    """A record and a sandbox that outlive the processes which work on them."""

    database: str
    url: str
    sandbox: CheckingSandbox
    record: Store
    numbers: Iterator[int] = field(default_factory=count)
    accounts: list[str] = field(default_factory=list)

    def new_account(self) -> str:
        account = f"user_{next(self.numbers)}"
        self.sandbox.apps[APP_ID].accounts[account] = Account(profile={NICK.tag: "Alice"})
        self.accounts.append(account)
        return account

    def nick(self, account: str) -> str | int:
        return self.sandbox.apps[APP_ID].accounts[account].profile[NICK.tag]

    def writes(self, account: str) -> int:
        """Count the writes to an account that reached the sandbox."""
        # A call on a new connection arrives after everything a dead process had sent.
        arrivals = requests.get(f"{self.url}/sandbox/arrivals", timeout=30).json()["portrait_set"]
        assert len(arrivals) == len(self.sandbox.writes) + self.sandbox.partial_writes, (
            "a write that was refused"
        )
        return sum(write.account == account for write in self.sandbox.writes)

    def history(self, account: str) -> list[Entry]:
        return unaltered(reversed(self.record.list_history(PROD.name, account, None, 100)))

    def outcomes(self, account: str) -> tuple[Outcome, ...]:
        return tuple(entry.event.outcome for entry in self.history(account))

    def run(
        self, account: str, action: Action = set_nick, *, step: int = 0, request: int = 0, seconds: float = -1
    ) -> list[str | int]:
        """Kill a process at a step, in a request or after some seconds; returns its output."""
        with run_process(Task(self.database, self.url, account, action, step)) as (process, child):
            self.sandbox.watch(process, request)
            child.send("go")
            if seconds >= 0:
                time.sleep(seconds)
                process.kill()
            output = all_output(child)
        self.sandbox.watch(None)
        return output

    def count_steps(self, account: str, action: Action = set_nick) -> tuple[int, int, float]:
        """Run a process to its end; returns its steps, the vendor's steps, and the seconds it took."""
        with run_process(Task(self.database, self.url, account, action)) as (alive, child):
            self.sandbox.watch(alive)
            began = time.perf_counter()
            child.send("go")
            while isinstance(output := next_output(child), str):
                pass
            return output, self.sandbox.steps, time.perf_counter() - began


@pytest.fixture(params=["sqlite", "postgresql"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def fixture(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[CrashFixture]:
    if kind == "postgresql":
        database = migrated_schema(request.getfixturevalue("server"))
    else:
        database = migrated_file(tmp_path / "im-bot.db")
    with closing(Store(database)) as record:
        sandbox = CheckingSandbox(record)
        with serving(sandbox) as served:
            yield CrashFixture(database, served.url, sandbox, record)


def check_after_death(fixture: CrashFixture, account: str, output: Sequence[str | int]) -> None:
    """Restart after a death, settle, and check the record and the profile against the rules."""
    with closing(Store(fixture.database)) as store:
        changes = make_changes(store, fixture.url)
        store.check()  # waits for what the database still does for the dead process
        written, outcomes = fixture.writes(account), fixture.outcomes(account)
        assert written <= outcomes.count(Outcome.ATTEMPTED) <= 1, "a write without its intent, or twice"
        assert fixture.sandbox.unrecorded == [], "a write that came before its intent"
        kept = {entry.event.change_id for entry in fixture.history(account)}
        assert kept >= {*output[:1]}, "a preview was not kept"
        assert [*output[1:2]] in ([], [*outcomes[-1:]]), "an outcome shown to a person was not kept"

        loop = ReconcileLoop(lambda: changes.settle_open(timedelta(0)), lambda _: None)
        loop.start()
        loop.close(TIMEOUT)

        outcomes = fixture.outcomes(account)
        assert outcomes in FINAL_OUTCOMES, "an intent without exactly one outcome"
        assert fixture.writes(account) == written, "settled by writing"
        assert (Outcome.SUCCEEDED in outcomes) == (fixture.nick(account) == WANTED) == (written == 1), (
            "no true end"
        )
        if outcomes:
            check_confirm(fixture, account, [changes, make_changes(fixture.record, fixture.url)])
            assert list(changes.settle_open(timedelta(0))) == []


def check_confirm(fixture: CrashFixture, account: str, processes: Sequence[Changes]) -> None:
    """Let two processes confirm a change at once; it is written once at most."""
    change_id, outcomes = fixture.history(account)[0].event.change_id, fixture.outcomes(account)
    together = Barrier(2)

    def confirm(changes: Changes) -> object:
        steps = count(1)

        def meet() -> None:
            # Both have read the profile before either goes on.
            if next(steps) == 2:
                together.wait(TIMEOUT)

        ims = {name: around(im, meet) for name, im in changes.ims.items()}
        try:
            return replace(changes, ims=ims).confirm(EDDA, change_id)
        except ExpiredError:
            return None

    with ThreadPoolExecutor(2) as pool:
        ends = [end for end in pool.map(confirm, processes) if end]
    if len(outcomes) > 1:
        assert ends == [], "confirmed again"
        assert fixture.outcomes(account) == outcomes
        return
    assert [type(end) for end in ends] == [Settled], "confirmed other than once"
    assert (*outcomes, Outcome.ATTEMPTED, Outcome.SUCCEEDED) == fixture.outcomes(account)
    assert fixture.writes(account) == 1, "written twice"


def check_record(fixture: CrashFixture) -> None:
    """Check the record as a whole: sound, and every outcome in the outbox once."""
    assert verify_url(fixture.database).status is RecordStatus.SOUND
    assert fixture.sandbox.unrecorded == []
    waiting = [entry.sequence for entry in fixture.record.lease_next("test", 60, 10_000)]
    entries = [entry for account in fixture.accounts for entry in fixture.history(account)]
    ends = {Outcome.SUCCEEDED, Outcome.FAILED}
    assert waiting == sorted(entry.sequence for entry in entries if entry.event.outcome in ends)
    assert waiting


def test_outlives_a_kill_at_every_step(fixture: CrashFixture) -> None:
    steps, _, _ = fixture.count_steps(fixture.new_account())

    for step in range(1, steps + 1):
        account = fixture.new_account()
        output = fixture.run(account, step=step)
        assert len(output) <= 2, f"step {step} of {steps} was not its last"
        check_after_death(fixture, account, output)
    assert steps > 40
    assert fixture.sandbox.partial_writes == 1
    check_record(fixture)


def test_outlives_a_kill_while_the_vendor_is_at_work(fixture: CrashFixture) -> None:
    _, at_vendor, _ = fixture.count_steps(fixture.new_account())

    for request in range(1, at_vendor + 1):
        account = fixture.new_account()
        output = fixture.run(account, request=request)
        assert len(output) < 2, f"step {request} of {at_vendor} was not its last"
        check_after_death(fixture, account, output)
    assert at_vendor >= 8
    check_record(fixture)


@pytest.mark.parametrize("kind", ["sqlite"])
def test_outlives_a_kill_at_every_step_of_starting_anew(fixture: CrashFixture) -> None:
    account = fixture.new_account()
    # The last two steps read back; the one before ends the write.
    written = fixture.count_steps(account)[1] - 2
    fixture.run(fixture.new_account(), request=written)
    steps, _, _ = fixture.count_steps(account, settle)

    for step in range(1, steps + 1):
        account = fixture.new_account()
        output = fixture.run(account, request=written)
        assert fixture.outcomes(account) == (Outcome.PROPOSED, Outcome.ATTEMPTED)
        fixture.run(account, settle, step=step)
        check_after_death(fixture, account, output)
    assert steps > 10
    check_record(fixture)


def test_outlives_kills_at_random(fixture: CrashFixture) -> None:
    chance = random.Random(SEED)
    span = sorted(fixture.count_steps(fixture.new_account())[2] for _ in range(5))[2]
    before: set[tuple[Outcome, ...]] = set()

    for number in range(ROUNDS):
        account = fixture.new_account()
        output = fixture.run(account, seconds=chance.uniform(0, span))
        before.add(fixture.outcomes(account))
        try:
            check_after_death(fixture, account, output)
        except Exception as error:
            error.add_note(f"in round {number} of seed {SEED}")
            raise
    assert len(before) > 1, "every process died at the same step"
    check_record(fixture)
