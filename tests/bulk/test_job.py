from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from copy import copy
from dataclasses import dataclass, field
from itertools import chain, count, repeat
from threading import Barrier, Event, Lock

import pytest

from bot.bulk.job import WINDOW, BulkLookup, RowBatch
from bot.bulk.row_formats import CsvRows
from bot.core.commands import make_lookup
from bot.core.lookups.kinds import PROFILES
from bot.core.model import App, Deadline, LookupStatus, Values
from bot.errors import AuthenticationError, IMError, RateLimitedError, UnavailableError
from tests.support.fakes import FakeIM

COMMAND = make_lookup(PROFILES, App("prod", ""), ())
NICK: Values = {"Tag_Profile_IM_Nick": "Someone"}
DOWN = UnavailableError("Tencent Chat is down", code=60008)
SOON = (0.001, 0.001)


@dataclass
class Crowd(FakeIM):
    """An app in which everyone is imported, and of which some calls fail.

    Args:
        problems: The errors of calls, in order.
        broken: The errors of every call that names an account.
        alone: The errors of accounts for themselves.
        together: The first calls begin together; they do not by default.
        release: Calls wait for it; none by default.
    """

    problems: Iterator[Exception | None] = field(default_factory=lambda: iter(()))
    broken: Mapping[str, IMError] = field(default_factory=dict)
    alone: Mapping[str, IMError] = field(default_factory=dict)
    together: Barrier | None = None
    release: Event | None = None
    lock: Lock = field(default_factory=Lock)
    asked: int = 0

    def get_profiles(
        self,
        accounts: Sequence[str],
        tags: Sequence[str],  # noqa: ARG002 - the port's
        deadline: Deadline,  # noqa: ARG002 - the port's
    ) -> Mapping[str, Values | IMError]:
        with self.lock:
            self.asked += 1
            problem = next(self.problems, None)
            is_first = self.together is not None and self.asked <= self.together.parties
        if self.together and is_first:
            self.together.wait(30)
        if self.release:
            self.release.wait(30)
        if problem := problem or next((self.broken[each] for each in accounts if each in self.broken), None):
            raise copy(problem)
        return {each: self.alone.get(each, NICK) for each in accounts}


def look_up(
    im: Crowd, ids: Sequence[str], *, answered: bool = False, pauses: Sequence[float] = SOON
) -> list[RowBatch]:
    with ThreadPoolExecutor(4) as pool:
        return list(
            BulkLookup(COMMAND, im, CsvRows(COMMAND), pool, pauses=pauses).run(ids, answered=answered)
        )


def make_ids(number: int) -> list[str]:
    return [f"u{place}" for place in range(number)]


def test_yields_every_id_in_order() -> None:
    ids = make_ids(1234)

    batches = look_up(Crowd(), ids)

    assert [*chain.from_iterable(batch.accounts for batch in batches)] == ids
    assert sum(batch.counts[LookupStatus.FOUND] for batch in batches) == 1234
    assert all(batch.rows.count(b"\n") == len(batch.accounts) for batch in batches)


@pytest.mark.parametrize("problem", [DOWN, RateLimitedError("too many calls", code=60007)])
def test_asks_again_about_what_failed_for_now(problem: IMError) -> None:
    batches = look_up(Crowd(problems=iter([problem, problem])), make_ids(500))

    assert {status for batch in batches for status in batch.counts} == {LookupStatus.FOUND}


def test_asks_once_more_about_an_id_that_fails_alone() -> None:
    im = Crowd(alone={"u1": DOWN})

    (batch,) = look_up(im, make_ids(100), pauses=(0.001, 60.0))

    assert batch.counts == {LookupStatus.FOUND: 99, LookupStatus.FAILED: 1}
    assert im.asked == 2


def test_says_that_ids_failed_when_others_were_answered() -> None:
    im = Crowd(broken={"u150": DOWN})

    batches = look_up(im, make_ids(500), pauses=(0.05,))

    assert [batch.counts for batch in batches if batch.counts[LookupStatus.FOUND]] == [
        {LookupStatus.FOUND: 100}
    ] * 4
    (failed,) = (batch for batch in batches if batch.counts.get(LookupStatus.FAILED))
    assert failed.rows.count(b'"failed","60008","Tencent Chat is down"') == 100


@pytest.mark.parametrize("problem", [DOWN, AuthenticationError("the key is wrong", code=70009)])
def test_stops_when_nothing_is_answered(problem: IMError) -> None:
    im = Crowd(problems=iter(lambda: problem, None))

    with pytest.raises(type(problem)):
        look_up(im, make_ids(50_000))

    assert im.asked <= WINDOW * 3


@pytest.mark.parametrize("problem", [DOWN, AuthenticationError("the key is wrong", code=70009)])
def test_an_outage_on_the_way_becomes_no_rows(problem: IMError) -> None:
    im = Crowd(problems=chain(repeat(None, 3), repeat(problem)), together=Barrier(4))
    batches: list[RowBatch] = []
    with ThreadPoolExecutor(4) as pool:
        lookup = BulkLookup(COMMAND, im, CsvRows(COMMAND), pool, pauses=(0.05,))
        with pytest.raises(type(problem)):
            batches.extend(lookup.run(make_ids(2000)))

    assert {status for batch in batches for status in batch.counts} <= {LookupStatus.FOUND}
    assert len(batches) <= 3


def test_wrong_credentials_are_no_reason_of_an_id() -> None:
    with pytest.raises(AuthenticationError):
        look_up(Crowd(problems=repeat(AuthenticationError("the key is wrong"))), make_ids(50), answered=True)


def test_raises_what_a_call_should_never_raise() -> None:
    with pytest.raises(TimeoutError):
        look_up(Crowd(problems=repeat(TimeoutError("a bug"))), make_ids(50))


def test_the_last_ids_may_be_the_reason_that_they_fail() -> None:
    im = Crowd(broken={"u20": DOWN})

    with pytest.raises(UnavailableError):
        look_up(im, make_ids(50))
    (batch,) = look_up(im, make_ids(50), answered=True)

    assert batch.counts == {LookupStatus.FAILED: 50}


def test_asks_nothing_once_it_is_stopped() -> None:
    im = Crowd()
    with ThreadPoolExecutor(2) as pool:
        lookup = BulkLookup(COMMAND, im, CsvRows(COMMAND), pool, pauses=SOON)
        lookup.stop.set()

        assert list(lookup.run(make_ids(5000))) == []
    assert im.asked == 0


def test_takes_no_more_ids_than_it_can_ask_about_soon() -> None:
    taken = 0

    def endless() -> Iterator[str]:
        nonlocal taken
        for number in count():
            taken += 1
            yield f"u{number}"

    with ThreadPoolExecutor(4) as pool:
        lookup = BulkLookup(COMMAND, Crowd(), CsvRows(COMMAND), pool, pauses=SOON)
        batches = lookup.run(endless())
        for number in range(1, 50):
            next(batches)
            assert taken <= (WINDOW + number) * 100
        batches.close()
        assert lookup.stop.is_set()


def test_yields_what_is_answered_while_it_stops() -> None:
    release = Event()
    im = Crowd(release=release)

    def stop() -> None:
        lookup.stop.set()
        release.set()

    with ThreadPoolExecutor(2) as pool:
        lookup = BulkLookup(COMMAND, im, CsvRows(COMMAND), pool, watch=stop, pauses=SOON)
        batches = list(lookup.run(make_ids(5000)))

        assert len(batches) <= 2
        assert not lookup.is_busy or release.is_set()


def test_leaves_a_call_that_does_not_end() -> None:
    release = Event()
    with ThreadPoolExecutor(2) as pool:
        lookup = BulkLookup(COMMAND, Crowd(release=release), CsvRows(COMMAND), pool, pauses=SOON)

        def stop() -> None:
            lookup.stop.set()

        lookup._watch = stop
        assert list(lookup.run(make_ids(5000))) == []
        assert lookup.is_busy
        release.set()
