import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
from freezegun import freeze_time
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.commands import LookupCommand
from bot.core.fields import Domain, named
from bot.core.lookups.job import LookupJob
from bot.core.lookups.kinds import ATTRIBUTES, FRIENDS, PROFILES
from bot.core.model import Actor, App, AuditEvent, Deadline, LookupStatus, Outcome, Surface, Values
from bot.core.results import Lookup
from bot.core.time_limits import ASKING_SECONDS, COMMAND_SECONDS, RECORD_SECONDS
from bot.errors import AuditError, CancelledError, IMError
from tests.support.fakes import FakeIM, FakeRecord
from tests.support.slack import TIMEOUT, wait_until

PROD = App("prod", "Singapore")
FIELDS = named(["nick"], Domain.PROFILE, ())
CROWD = tuple(f"u{number}" for number in range(250))
VERA = Actor("U01VERA", "T01HOME")
EVERYBODY = FakeIM(
    {account: {"Tag_Profile_IM_Nick": account} for account in CROWD}, dict.fromkeys(CROWD, True)
)


@dataclass
class SlowIM(FakeIM):
    """A vendor that answers one call for each release of `turns`."""

    turns: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    begun: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    def _call(self, command: str, accounts: Sequence[str], deadline: Deadline) -> None:
        super()._call(command, accounts, deadline)
        self.begun.release()
        assert self.turns.acquire(timeout=TIMEOUT)


def slow_im() -> SlowIM:
    return SlowIM(EVERYBODY.said, EVERYBODY.imported)


def profile(*accounts: str) -> LookupCommand:
    return LookupCommand(PROFILES, PROD, accounts, FIELDS)


def begin(
    command: LookupCommand,
    im: FakeIM,
    pool: Executor,
    record: FakeRecord | None = None,
    begun: float | None = None,
) -> LookupJob:
    event = AuditEvent(VERA, Surface.COMMAND, "prod", "profile", command.accounts, Outcome.ANSWERED)
    kept = FakeRecord() if record is None else record
    return LookupJob(command, event, im, pool, kept, spend=lambda: None, begun=begun)


@contextmanager
def under_way(inquiry: LookupJob, im: SlowIM) -> Iterator["Future[Lookup]"]:
    """Run a lookup in a thread; at the end all calls that still wait are answered."""
    with ThreadPoolExecutor(1) as worker:
        try:
            yield worker.submit(inquiry.run)
        finally:
            im.turns.release(100)


@pytest.mark.parametrize("answered", [0, 1, 2])
def test_accounts_for_everybody_when_it_is_cancelled_between_the_calls(answered: int) -> None:
    im, record = slow_im(), FakeRecord()
    with ThreadPoolExecutor(1) as pool:
        inquiry = begin(profile(*CROWD), im, pool, record)
        with under_way(inquiry, im) as running:
            for _ in range(answered):
                im.turns.release()
            assert all(im.begun.acquire(timeout=TIMEOUT) for _ in range(answered + 1))
            lookup = inquiry.cancel()

            assert lookup
            assert not running.done()
        assert isinstance(running.exception(TIMEOUT), CancelledError)

    known = min(100 * answered, 250)
    assert tuple(row.account for row in lookup.rows) == CROWD
    assert lookup.count().get(LookupStatus.FOUND, 0) == known
    assert lookup.count().get(LookupStatus.NOT_ASKED, 0) == 250 - known
    assert {str(row.problem) for row in lookup.rows[known:]} == {"you cancelled before Tencent Chat answered"}
    assert len(im.calls) <= answered + 1
    (entry,) = record.entries
    assert entry.event.outcome is Outcome.CANCELLED
    assert entry.event.problem == f"cancelled after {known} of 250 accounts were answered"


def test_waits_for_no_call_when_one_call_is_all_there_is() -> None:
    im = slow_im()
    with ThreadPoolExecutor(1) as pool:
        inquiry = begin(profile("u1", "u2"), im, pool)
        with under_way(inquiry, im) as running:
            assert im.begun.acquire(timeout=TIMEOUT)
            lookup = inquiry.cancel()
            assert not running.done()

    assert lookup
    assert lookup.count() == {LookupStatus.NOT_ASKED: 2}


def test_says_of_an_id_that_is_too_long_that_it_is_and_not_that_it_was_cancelled() -> None:
    im, long = slow_im(), "x" * 33
    with ThreadPoolExecutor(1) as pool:
        inquiry = begin(profile("u1", long, *CROWD[2:120]), im, pool)
        with under_way(inquiry, im):
            assert im.begun.acquire(timeout=TIMEOUT)
            progress, lookup = inquiry.progress(), inquiry.cancel()

    assert (progress.asked, progress.done, progress.seconds_left) == (120, 1, None)
    assert lookup
    assert [str(row.problem) for row in lookup.rows[:2]] == [
        "you cancelled before Tencent Chat answered",
        "over 32 bytes",
    ]


def test_says_why_a_lookup_failed_by_an_id_that_was_asked_about() -> None:
    record = FakeRecord()
    failing = FakeIM(failing={"portrait_get": [IMError("the vendor is down")]})
    with ThreadPoolExecutor(1) as pool:
        begin(profile("x" * 33, "u1"), failing, pool, record).run()

    (entry,) = record.entries
    assert (entry.event.outcome, entry.event.problem) == (Outcome.FAILED, "the vendor is down")


def test_asks_nothing_at_all_when_it_is_cancelled_before_it_runs() -> None:
    im = FakeIM(EVERYBODY.said)
    with ThreadPoolExecutor(1) as pool:
        inquiry = begin(profile(*CROWD), im, pool)
        lookup = inquiry.cancel()
        with pytest.raises(CancelledError):
            inquiry.run()

    assert lookup
    assert lookup.count() == {LookupStatus.NOT_ASKED: 250}
    assert im.calls == []


def test_cannot_be_cancelled_when_it_has_ended() -> None:
    record = FakeRecord()
    with ThreadPoolExecutor(1) as pool:
        inquiry = begin(profile("u1"), EVERYBODY, pool, record)
        inquiry.run()

        assert inquiry.cancel() is None
    assert [entry.event.outcome for entry in record.entries] == [Outcome.ANSWERED]


def test_is_cancelled_once() -> None:
    record = FakeRecord()
    with ThreadPoolExecutor(1) as pool:
        inquiry = begin(profile("u1"), EVERYBODY, pool, record)

        assert inquiry.cancel()
        assert inquiry.cancel() is None
    assert len(record.entries) == 1


@pytest.mark.parametrize(("is_public", "channel"), [(True, "C1"), (False, "")])
def test_records_where_the_part_of_a_cancelled_lookup_was_seen(*, is_public: bool, channel: str) -> None:
    record = FakeRecord()
    with ThreadPoolExecutor(1) as pool:
        inquiry = begin(profile("u1"), EVERYBODY, pool, record)
        inquiry.disclose("C1", exported=False, when_cancelled=is_public)
        inquiry.cancel()

    event = record.entries[-1].event
    assert (event.outcome, event.channel) == (Outcome.CANCELLED, channel)


def test_says_that_a_cancelled_lookup_could_not_be_recorded() -> None:
    record = FakeRecord({"add": [AuditError("the disk is full")]})
    with ThreadPoolExecutor(1) as pool:
        lookup = begin(profile("u1"), EVERYBODY, pool, record).cancel()

    assert lookup
    assert not lookup.recorded


def test_reports_progress_and_the_time_left() -> None:
    im = slow_im()
    with freeze_time() as clock, ThreadPoolExecutor(1) as pool:
        inquiry = begin(profile(*CROWD), im, pool)
        nothing_yet = inquiry.progress()
        with under_way(inquiry, im):
            assert im.begun.acquire(timeout=TIMEOUT)
            clock.tick(2)
            im.turns.release()
            wait_until(lambda: inquiry.progress().done == 100)
            progress = inquiry.progress()
            clock.tick(ASKING_SECONDS - 3)
            late = inquiry.progress()

    assert (nothing_yet.asked, nothing_yet.done, nothing_yet.seconds_left) == (250, 0, None)
    assert progress.counts == {LookupStatus.FOUND: 100}
    assert progress.seconds == pytest.approx(2)
    assert progress.seconds_left == pytest.approx(4)
    assert late.seconds_left == pytest.approx(1)


@dataclass
class TimedIM(FakeIM):
    """A vendor that records the seconds left for each call."""

    given: list[float] = field(default_factory=list)

    def _call(self, command: str, accounts: Sequence[str], deadline: Deadline) -> None:
        super()._call(command, accounts, deadline)
        self.given.append(deadline.left())


def test_leaves_the_record_its_time_and_counts_what_came_before_the_vendor() -> None:
    im = TimedIM(EVERYBODY.said, EVERYBODY.imported)
    with freeze_time(), ThreadPoolExecutor(1) as pool:
        command, begun = profile("u1"), time.monotonic() - 5
        begin(command, im, pool, begun=begun).run()

    assert im.given == [pytest.approx(ASKING_SECONDS - 5)]
    assert ASKING_SECONDS + RECORD_SECONDS < COMMAND_SECONDS


@dataclass
class CancellingIM(FakeIM):
    """A vendor that cancels the lookup during its nth call."""

    press_at: int = 0
    inquiry: LookupJob | None = None
    cancelled: Lookup | None = None

    def _call(self, command: str, accounts: Sequence[str], deadline: Deadline) -> None:
        super()._call(command, accounts, deadline)
        if len(self.calls) == self.press_at and self.inquiry:
            self.cancelled = self.inquiry.cancel()


said: st.SearchStrategy[Values | IMError] = st.sampled_from(
    [{"Tag_Profile_IM_Nick": "x"}, {}, IMError("no", code=40003)]
)


@settings(max_examples=50, deadline=None)
@given(
    accounts=st.sets(st.text(min_size=1, max_size=3), min_size=1, max_size=320),
    kind=st.sampled_from(["profile", "friends", "attrs"]),
    press_at=st.integers(0, 12),
    answers=st.lists(said, min_size=1, max_size=5),
    left_out=st.integers(1, 7),
)
def test_accounts_for_every_id_exactly_once_wherever_it_is_cancelled(
    accounts: set[str], kind: str, press_at: int, answers: list[Values | IMError], left_out: int
) -> None:
    asked = tuple(accounts)
    commands: Mapping[str, LookupCommand] = {
        "profile": LookupCommand(PROFILES, PROD, asked, FIELDS),
        "friends": LookupCommand(FRIENDS, PROD, asked, FIELDS, owner="owner"),
        "attrs": LookupCommand(ATTRIBUTES, PROD, asked),
    }
    known = {account: answers[n % len(answers)] for n, account in enumerate(asked) if n % left_out}
    im = CancellingIM(known, dict.fromkeys(asked, True), press_at=press_at)
    record = FakeRecord()
    with ThreadPoolExecutor(1) as pool:
        im.inquiry = begin(commands[kind], im, pool, record)
        try:
            lookup = im.inquiry.run()
        except CancelledError:
            assert im.cancelled
            lookup = im.cancelled
            assert len(im.calls) == press_at
        else:
            assert im.cancelled is None

    assert tuple(row.account for row in lookup.rows) == asked
    assert len(record.entries) == 1
