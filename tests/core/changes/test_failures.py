import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from errno import ENOSPC
from itertools import count
from pathlib import Path
from threading import Barrier
from typing import TypeAlias

import pytest
from freezegun import freeze_time
from freezegun.api import FrozenDateTimeFactory, StepTickTimeFactory, TickingDateTimeFactory
from sqlalchemy import Connection, event

from bot.core.changes.applying import WAITS
from bot.core.changes.reconciler import GRACE
from bot.core.changes.service import Changes
from bot.core.model import (
    WATCHED,
    Actor,
    AuditEvent,
    Change,
    Deadline,
    Entry,
    Membership,
    Outcome,
    Surface,
    Value,
    Values,
)
from bot.core.results import Preview, Settled
from bot.core.time_limits import CHANGING_SECONDS, COMMAND_SECONDS, RECORD_SECONDS, WRITE_SECONDS
from bot.errors import (
    AuditError,
    BotError,
    ExpiredError,
    IMError,
    NotAskedError,
    OutcomeUnknownError,
    RateLimitedError,
    RecordUnknownError,
    SlackUnavailableError,
    UnavailableError,
)
from bot.store.record import Store
from bot.store.verify import RecordStatus, verify_url
from tests.support.changes_fixture import ALICE, EDDA, ERIK, NICK, SLACK, ChangesFixture
from tests.support.entries import unaltered
from tests.support.fakes import FakeIM, FakePeople, FakeRecord
from tests.support.migrated import migrated_file

Clock: TypeAlias = FrozenDateTimeFactory | StepTickTimeFactory | TickingDateTimeFactory
"""A stopped clock, as freezegun types it."""
ENDS = {Outcome.SUCCEEDED, Outcome.FAILED, Outcome.UNKNOWN}


@pytest.fixture
def fixture() -> ChangesFixture:
    return ChangesFixture()


def attempted(fixture: ChangesFixture, *, written: bool) -> Change:
    """Leave a change as a process that dies before or after its write."""
    change = fixture.preview()

    faults = fixture.im.losing if written else fixture.im.failing
    fault = {**faults, "portrait_set": [SystemExit()]}
    fixture.im.losing, fixture.im.failing = (fault, {}) if written else ({}, fault)
    with pytest.raises(SystemExit):
        fixture.changes.confirm(EDDA, change.id)
    fixture.im.losing = fixture.im.failing = {}
    return change


def outcome(fixture: ChangesFixture, change: Change) -> Outcome:
    return fixture.record.changes[change.id][0].outcome


def break_read(fixture: ChangesFixture) -> None:
    fixture.im.failing = {"portrait_get": [None, RateLimitedError("too many calls")]}


def break_slack(fixture: ChangesFixture) -> None:
    fixture.people.reachable = False


def break_find(fixture: ChangesFixture) -> None:
    fixture.record.failing = {"find": [AuditError("the disk is full")]}


def break_intent(fixture: ChangesFixture) -> None:
    fixture.record.failing = {"move": [AuditError("the disk is full")]}


@pytest.mark.parametrize("break_it", [break_read, break_slack, break_find, break_intent])
def test_names_the_change_that_still_waits_when_nothing_could_be_sent(
    fixture: ChangesFixture, break_it: Callable[[ChangesFixture], None]
) -> None:
    change = fixture.preview()
    break_it(fixture)

    with pytest.raises(BotError) as caught:
        fixture.changes.confirm(EDDA, change.id)

    assert caught.value.waiting_change == change.id
    assert fixture.writes == 0
    fixture.people.reachable, fixture.im.failing, fixture.record.failing = True, {}, {}
    assert fixture.confirm(change).change.outcome is Outcome.SUCCEEDED


def lose_role(fixture: ChangesFixture) -> None:
    fixture.people = replace(fixture.people, standings={EDDA.user_id: Membership.GUEST})


def lose_intent(fixture: ChangesFixture) -> None:
    fixture.record.failing = {"move": [RecordUnknownError("the record took too long")]}


def lose_outcome(fixture: ChangesFixture) -> None:
    fixture.record.failing = {"move": [None, AuditError("the disk is full")]}


@pytest.mark.parametrize("break_it", [lose_role, lose_intent, lose_outcome])
def test_names_no_change_that_may_have_been_sent_or_may_not_be_confirmed(
    fixture: ChangesFixture, break_it: Callable[[ChangesFixture], None]
) -> None:
    change = fixture.preview()
    break_it(fixture)

    with pytest.raises(BotError) as caught:
        fixture.changes.confirm(EDDA, change.id)

    assert caught.value.waiting_change == ""


@pytest.mark.parametrize(("written", "end"), [(True, Outcome.SUCCEEDED), (False, Outcome.FAILED)])
def test_settles_by_reading_what_a_crash_left_open(
    fixture: ChangesFixture, *, written: bool, end: Outcome
) -> None:
    with freeze_time() as clock:
        change = attempted(fixture, written=written)
        clock.tick(GRACE)

        (settled,) = fixture.changes.settle_open()

    assert settled.change.outcome is outcome(fixture, change) is end
    event = settled.entry.event
    assert (event.actor, event.surface, event.outcome) == (EDDA, Surface.BOT, end)
    assert event.problem == ("" if written else "the profile still has the old values")
    assert fixture.writes == 1


def test_leaves_alone_what_a_live_process_may_still_be_at(fixture: ChangesFixture) -> None:
    with freeze_time() as clock:
        change = attempted(fixture, written=True)
        clock.tick(GRACE - timedelta(seconds=1))

        assert list(fixture.changes.settle_open()) == []

    assert outcome(fixture, change) is Outcome.ATTEMPTED


def test_sends_nothing_when_recording_the_intent_took_so_long_that_others_may_settle_it(
    fixture: ChangesFixture,
) -> None:
    with freeze_time() as clock:

        class Slow(FakeRecord):
            def move(self, change: Change, outcome: Outcome, event: AuditEvent) -> Entry | None:
                clock.tick(WRITE_SECONDS)
                return super().move(change, outcome, event)

        fixture.record = Slow()

        settled = fixture.confirm(fixture.preview())

    assert settled.change.outcome is Outcome.FAILED
    assert isinstance(settled.problem, NotAskedError)
    assert fixture.writes == 0


def test_waits_longer_than_a_live_change_can_take() -> None:
    assert sum(WAITS) < CHANGING_SECONDS
    assert timedelta(seconds=2 * COMMAND_SECONDS) < GRACE


@dataclass
class SilentIM(FakeIM):
    """An app that takes a change, and then lets every call run into its deadline."""

    now: Callable[[float], object] = field(default=lambda _: None)

    def set_profile(self, account: str, values: Mapping[str, Value], deadline: Deadline) -> None:
        super().set_profile(account, values, deadline)
        self.now(deadline.left())
        raise OutcomeUnknownError("Tencent Chat took too long to answer")

    def get_profiles(
        self, accounts: Sequence[str], tags: Sequence[str], deadline: Deadline
    ) -> Mapping[str, Values | IMError]:
        if ("portrait_set", tuple(accounts)) in self.calls:
            self.now(deadline.left())
            raise UnavailableError("Tencent Chat took too long to answer")
        return super().get_profiles(accounts, tags, deadline)


def test_says_in_time_that_it_is_not_known_whether_a_change_happened(fixture: ChangesFixture) -> None:
    with freeze_time() as clock:
        fixture.im = SilentIM(fixture.im.said, fixture.im.imported, now=clock.tick)
        change = fixture.preview()
        began = time.monotonic()

        settled = fixture.confirm(change)
        took = time.monotonic() - began

        assert settled.change.outcome is Outcome.UNKNOWN
        assert took <= CHANGING_SECONDS
        assert CHANGING_SECONDS + 2 * RECORD_SECONDS < COMMAND_SECONDS
        fixture.im = FakeIM(fixture.im.said, fixture.im.imported)
        clock.tick(GRACE)
        (settled,) = fixture.changes.settle_open()
    assert settled.change.outcome is Outcome.SUCCEEDED


def test_a_fault_after_sending_leaves_the_outcome_unknown(fixture: ChangesFixture) -> None:
    fixture.im.losing = {"portrait_set": [ZeroDivisionError()]}

    settled = fixture.confirm(fixture.preview())

    assert settled.change.outcome is Outcome.UNKNOWN
    assert fixture.steps[-1] is Outcome.UNKNOWN
    (later,) = fixture.changes.settle_open(timedelta(0))
    assert later.change.outcome is Outcome.SUCCEEDED
    assert fixture.writes == 1


def test_calls_no_change_failed_that_it_had_no_time_to_see(fixture: ChangesFixture) -> None:
    with freeze_time() as clock:
        fixture.im.losing = {"portrait_set": [OutcomeUnknownError("the connection to Tencent Chat broke")]}
        before = dict(fixture.profile)
        change = fixture.preview()

        class Late(FakeIM):
            def get_profiles(
                self, accounts: Sequence[str], tags: Sequence[str], deadline: Deadline
            ) -> Mapping[str, Values | IMError]:
                if ("portrait_set", tuple(accounts)) not in self.calls:
                    return super().get_profiles(accounts, tags, deadline)
                clock.tick(CHANGING_SECONDS)
                return {"alice": before}

        fixture.im = Late(fixture.im.said, fixture.im.imported, losing=fixture.im.losing)

        assert fixture.confirm(change).change.outcome is Outcome.UNKNOWN


def test_records_once_that_an_outcome_stays_unknown_and_settles_it_later(fixture: ChangesFixture) -> None:
    with freeze_time() as clock:
        change = attempted(fixture, written=False)
        fixture.someone_else_writes({NICK: "Ally"})
        clock.tick(GRACE)

        (settled,) = fixture.changes.settle_open()
        assert settled.change.outcome is Outcome.UNKNOWN
        assert "neither the old nor the new values" in settled.entry.event.problem
        clock.tick(GRACE)
        assert list(fixture.changes.settle_open()) == []

        fixture.someone_else_writes({NICK: "Alicia"})
        (settled,) = fixture.changes.settle_open()

    assert settled.change.outcome is outcome(fixture, change) is Outcome.SUCCEEDED
    assert fixture.steps[2:] == [Outcome.UNKNOWN, Outcome.SUCCEEDED]


def test_calls_unknown_what_it_cannot_read(fixture: ChangesFixture) -> None:
    with freeze_time() as clock:
        attempted(fixture, written=True)
        clock.tick(GRACE)
        fixture.im.failing = {"portrait_get": [None] * 2 + [UnavailableError("the vendor sleeps")]}

        (settled,) = fixture.changes.settle_open()

    assert settled.change.outcome is Outcome.UNKNOWN
    assert settled.entry.event.problem == "the profile cannot be read: the vendor sleeps"


def test_stops_asking_after_a_day(fixture: ChangesFixture) -> None:
    with freeze_time() as clock:
        attempted(fixture, written=False)
        fixture.someone_else_writes({NICK: "Ally"})
        clock.tick(WATCHED + GRACE)
        (settled,) = fixture.changes.settle_open()
        assert settled.change.outcome is Outcome.UNKNOWN
        clock.tick(GRACE)
        fixture.im.calls.clear()

        assert list(fixture.changes.settle_open()) == []

    assert fixture.im.calls == []


def test_leaves_to_another_process_what_that_has_just_settled(fixture: ChangesFixture) -> None:
    with freeze_time() as clock:
        attempted(fixture, written=True)
        clock.tick(GRACE)
        elsewhere = fixture.record.list_open(GRACE)
        list(fixture.changes.settle_open())

        class Late(FakeRecord):
            def list_open(self, grace: timedelta) -> Sequence[Change]:  # noqa: ARG002 - it was read before
                return elsewhere

        fixture.record = Late(entries=fixture.record.entries, changes=fixture.record.changes)

        assert list(fixture.changes.settle_open()) == []


def test_two_clicks_at_once_write_once(fixture: ChangesFixture) -> None:
    change = fixture.preview()
    together = Barrier(2)

    class Together(FakeIM):
        def get_profiles(
            self, accounts: Sequence[str], tags: Sequence[str], deadline: Deadline
        ) -> Mapping[str, Values | IMError]:
            found = super().get_profiles(accounts, tags, deadline)
            if len(self.calls) <= 2:
                together.wait(30)
            return found

    fixture.im = Together(fixture.im.said, fixture.im.imported)

    def click(_: int) -> object:
        try:
            return fixture.changes.confirm(EDDA, change.id)
        except ExpiredError as error:
            return error

    with ThreadPoolExecutor(2) as pool:
        results = [*pool.map(click, range(2))]

    assert fixture.writes == 1
    assert fixture.steps == [Outcome.PROPOSED, Outcome.ATTEMPTED, Outcome.SUCCEEDED]
    assert sum(isinstance(result, Settled) for result in results) == 1
    assert sum(isinstance(result, ExpiredError) for result in results) == 1


# A story in which each call fails once


@dataclass
class WatchedIM(FakeIM):
    """Checks that every write has its intent in the record, and lists the changes written."""

    list_attempted: Callable[[], Iterable[Change]] = tuple
    written: list[str] = field(default_factory=list)

    def set_profile(self, account: str, values: Mapping[str, Value], deadline: Deadline) -> None:
        (intent,) = (change for change in self.list_attempted() if change.after == values)
        try:
            super().set_profile(account, values, deadline)
        finally:
            if self._has(values):
                self.written.append(intent.id)

    def _has(self, values: Values) -> bool:
        profile = self.said["alice"]
        assert not isinstance(profile, IMError)
        return all(profile.get(tag) == value for tag, value in values.items())


@dataclass
class FailingPeople(FakePeople):
    """People of a Slack that fails one call."""

    fails_at: int = -1

    def get_membership(self, actor: Actor, *, bypass_cache: bool = False) -> Membership:
        self._fail_once()
        return super().get_membership(actor, bypass_cache=bypass_cache)

    def list_group(self, group_id: str, *, bypass_cache: bool = False) -> frozenset[str]:
        self._fail_once()
        return super().list_group(group_id, bypass_cache=bypass_cache)

    def _fail_once(self) -> None:
        if len(self.cache_bypassed) == self.fails_at:
            self.cache_bypassed.append(True)
            raise SlackUnavailableError("Slack could not be reached")


def run_story(fixture: ChangesFixture, clock: Clock) -> None:
    """Set, confirm twice, undo, confirm twice, then settle; each failure is suppressed."""
    with suppress(BotError):
        change = fixture.preview("nick=Alicia level=8", ERIK)
        click_twice(fixture, change)
        undo = fixture.changes.undo(ERIK, change.id)
        assert isinstance(undo, Preview)
        click_twice(fixture, undo.change)
    for _ in range(2):
        clock.tick(GRACE)
        with suppress(BotError):
            list(fixture.changes.settle_open())


def click_twice(fixture: ChangesFixture, change: Change) -> None:
    for _ in range(2):
        with suppress(BotError):
            fixture.changes.confirm(ERIK, change.id)


def make_watched(fails_at: int = -1) -> ChangesFixture:
    record = FakeRecord()

    def list_attempted() -> list[Change]:
        return [change for change, _, _ in record.changes.values() if change.outcome is Outcome.ATTEMPTED]

    im = WatchedIM({"alice": ALICE}, {"alice": True}, list_attempted=list_attempted)
    return ChangesFixture(im, FailingPeople(SLACK.standings, SLACK.groups, fails_at=fails_at), record)


def failing_fixtures() -> Iterator[tuple[str, ChangesFixture]]:
    """Make a fixture for each call of the story without failures, in which this call fails."""
    unfailing = make_watched()
    with freeze_time() as clock:
        run_story(unfailing, clock)
    for place in range(len(unfailing.people.cache_bypassed)):
        yield f"people {place}", make_watched(place)
    for called, number in Counter(called for called, _ in unfailing.im.calls).items():
        for place in range(number):
            for lost in (False, True):
                # Only a write can be lost after it was carried out; other calls are refused or never sent.
                for kind in (OutcomeUnknownError, UnavailableError)[: 1 if lost else 2]:
                    fixture = make_watched()
                    fault = {called: [*[None] * place, kind("trouble")]}
                    fixture.im.failing, fixture.im.losing = ({}, fault) if lost else (fault, {})
                    yield f"{called} {place} {kind.__name__} lost={lost}", fixture
    for method, number in Counter(unfailing.record.calls).items():
        for place in range(number):
            for failures in (1, 2):
                fixture = make_watched()
                fixture.record.failing = {method: [*[None] * place, *[AuditError("trouble")] * failures]}
                yield f"{method} {place} {failures} times", fixture


def check_story(im: WatchedIM, entries: Sequence[Entry]) -> int:
    """Check the writes and the record against the rules; returns the number of intents."""
    steps: dict[str, list[Outcome]] = {}
    for entry in entries:
        if entry.event.outcome is not Outcome.DENIED:
            steps.setdefault(entry.event.change_id, []).append(entry.event.outcome)
    intents = {change_id: taken for change_id, taken in steps.items() if Outcome.ATTEMPTED in taken}
    assert all(sum(step in ENDS for step in taken) == 1 for taken in intents.values())
    assert {change_id for change_id, taken in intents.items() if Outcome.SUCCEEDED in taken} == set(
        im.written
    )
    assert len(im.written) == len(set(im.written))
    assert [entry.sequence for entry in entries] == [*range(1, len(entries) + 1)]
    return sum(taken.count(Outcome.ATTEMPTED) for taken in intents.values())


FAILING_FIXTURES = dict(failing_fixtures())


@pytest.fixture
def clock() -> Iterator[Clock]:
    """A stopped clock; stopping it costs as much as a story."""
    with freeze_time() as clock:
        yield clock


def test_the_story_without_failures_writes_and_undoes(clock: Clock) -> None:
    fixture = make_watched()

    run_story(fixture, clock)

    assert fixture.profile == ALICE
    assert fixture.writes == 2
    assert fixture.steps == [Outcome.PROPOSED, Outcome.ATTEMPTED, Outcome.SUCCEEDED] * 2


@pytest.mark.parametrize("failure", FAILING_FIXTURES)
def test_one_failed_call_writes_nothing_twice_or_unrecorded_and_every_intent_ends(
    failure: str, clock: Clock
) -> None:
    fixture = FAILING_FIXTURES[failure]
    assert isinstance(fixture.im, WatchedIM)

    run_story(fixture, clock)

    assert fixture.writes == check_story(fixture.im, fixture.record.entries)


def test_fails_more_than_fifty_calls_one_by_one() -> None:
    assert len(FAILING_FIXTURES) > 50


# The same story over a database that fails at one BEGIN or COMMIT after another


@dataclass
class StoredChangesFixture(ChangesFixture):
    """Changes whose record is a file that others can open too."""

    store: Store = field(kw_only=True)

    @property
    def changes(self) -> Changes:
        return replace(super().changes, record=self.store)


@contextmanager
def open_stored(file: Path) -> Iterator[tuple[StoredChangesFixture, WatchedIM, Store]]:
    """Open a record twice: for the fixture, and for checks from outside."""
    with closing(Store(f"sqlite:///{file}")) as store, closing(Store(f"sqlite:///{file}")) as elsewhere:
        im = WatchedIM(
            {"alice": ALICE}, {"alice": True}, list_attempted=lambda: elsewhere.list_open(timedelta(0))
        )
        yield StoredChangesFixture(im, store=store), im, elsewhere


@dataclass(eq=False)
class DatabaseFault:
    """Fails a database `times` times, from the `place`th call on."""

    place: int
    times: int
    committed: bool = False
    calls: int = 0

    def __call__(self, connection: Connection) -> None:
        self.calls += 1
        if self.place < self.calls <= self.place + self.times:
            if self.committed:
                connection.connection.commit()
            raise OSError(ENOSPC, "trouble")


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("record") / "im-bot.db"
    migrated_file(file)
    return file


@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize(
    ("moment", "committed"), [("begin", False), ("commit", False), ("commit", True)], ids=str
)
def test_a_failed_transaction_writes_nothing_twice_or_unrecorded(
    empty: Path, tmp_path: Path, clock: Clock, moment: str, *, committed: bool, times: int
) -> None:
    for place in count():
        file = tmp_path / f"{place}.db"
        shutil.copy(empty, file)
        fault = DatabaseFault(place, times, committed)
        with open_stored(file) as (fixture, im, elsewhere):
            event.listen(fixture.store._engine, moment, fault)
            run_story(fixture, clock)
            entries = unaltered(reversed(elsewhere.list_history("prod", "alice", None, 100)))

        intents = check_story(im, entries)
        # An intent that was committed although the bot saw an error has no write.
        assert fixture.writes == intents or (committed and fixture.writes == intents - 1), place
        assert verify_url(f"sqlite:///{file}").status is RecordStatus.SOUND
        if fault.calls <= place:
            break
    assert place > 5
    assert fixture.profile == ALICE
    assert fixture.writes == 2
