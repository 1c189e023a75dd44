import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import count, pairwise
from typing import TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.model import Deadline
from bot.im.pacer import BULK_SHARE, COMMANDS_AFTER, STALE, LocalPacer, Pacer, Schedule
from bot.im.redis_schedule import RedisSchedule
from bot.im.redis_url import parse_redis_url
from bot.im.shared_pacer import PACE, SharedLimit
from tests.support.redis_server import run_redis
from tests.support.scripted_im import APP_ID
from tests.support.slack import wait_until

A_HAIR = 1e-6
"""Rounding error of a rate just under a whole number."""
ENDPOINTS = count(1)
"""The numbers of the endpoints, none of which is used twice."""
MakePacer: TypeAlias = Callable[[float], Pacer]


@pytest.fixture(scope="module")
def redis_url() -> Iterator[str]:
    with run_redis() as server:
        yield server.url


@pytest.fixture(params=["local", "shared"])
def make_pacer(request: pytest.FixtureRequest) -> Iterator[MakePacer]:
    """Make pacers of a process alone, or of one that shares the limit, by the calls in a second."""
    if request.param == "local":
        yield LocalPacer
        return
    # One app for all tests: a new one's limit is shared only after a while. Each pacer has its own endpoint.
    schedule = RedisSchedule(parse_redis_url(request.getfixturevalue("redis_url")), APP_ID)
    with closing(SharedLimit("prod", schedule)) as limit:
        wait_until(lambda: limit._membership.state == "shared")

        def make(per_second: float) -> Pacer:
            pacer = limit.make_pacer(f"endpoint-{next(ENDPOINTS)}", per_second / PACE)
            # The first slots of an endpoint come a moment later.
            assert pacer.wait(Deadline.after(30))
            return pacer

        yield make


def most_in_a_second(slots: list[float]) -> int:
    return max(sum(start <= slot < start + 1 for slot in slots) for start in slots)


@given(
    per_second=st.floats(0.5, 200),
    looks=st.lists(st.tuples(st.floats(0, 3) | st.just(0.0), st.booleans()), min_size=1, max_size=300),
)
def test_never_grants_more_than_the_rate_in_any_second(
    per_second: float, looks: list[tuple[float, bool]]
) -> None:
    schedule = Schedule(per_second)
    now = 100.0
    slots = []
    for pause, bulk in looks:
        schedule.begin(now)
        now = max(now + pause, schedule.find(0, bulk=bulk))
        slot = schedule.take(now, bulk=bulk)
        assert slot is not None
        assert now - STALE <= slot <= now
        slots.append(slot)

    assert most_in_a_second(slots) <= int(per_second + A_HAIR) + 1
    assert all(later - earlier >= 1 / per_second - A_HAIR for earlier, later in pairwise(slots))


def test_a_pause_saves_nothing_up() -> None:
    schedule = Schedule(200)
    schedule.begin(100)
    schedule.take(100, bulk=False)

    schedule.begin(1000)

    assert schedule.take(1000, bulk=False) == 1000
    assert schedule.take(1000, bulk=False) is None
    assert schedule.find(0, bulk=False) == pytest.approx(1000.005)


def test_a_slot_missed_by_little_is_still_good() -> None:
    schedule = Schedule(100)
    schedule.begin(100)

    assert schedule.take(100 + STALE / 2, bulk=False) == 100
    assert schedule.take(100 + 0.01 + 2 * STALE, bulk=False) == 100 + 0.01 + 2 * STALE


def test_big_jobs_leave_a_share_while_commands_ask() -> None:
    schedule = Schedule(100)

    def fill(start: float, seconds: float) -> int:
        """Count the slots of big jobs."""
        schedule.begin(start)
        return sum(
            schedule.take(start + step / 1000, bulk=True) is not None for step in range(int(seconds * 1000))
        )

    assert fill(100, 2) == pytest.approx(200, abs=1)
    assert schedule.take(102.1, bulk=False)
    assert fill(102.1, 2) == pytest.approx(200 * BULK_SHARE, abs=1)
    assert fill(102.1 + COMMANDS_AFTER, 2) == pytest.approx(200, abs=1)


def test_a_slot_after_the_deadline_is_refused_and_not_used_up(make_pacer: MakePacer) -> None:
    gap = 1.0

    def wait_after_a_refusal() -> float:
        pacer = make_pacer(1 / gap)
        assert pacer.wait(Deadline.after(20))
        begin = time.monotonic()
        assert not pacer.wait(Deadline.after(0.1))
        assert pacer.wait(Deadline.after(20))
        return time.monotonic() - begin

    # A busy machine may miss the slot, and then takes the next; a slot that was used up is never there.
    assert any(wait_after_a_refusal() < 1.5 * gap for _ in range(5))


def test_says_at_once_that_the_deadline_is_too_near() -> None:
    pacer = LocalPacer(0.01)
    assert pacer.wait(Deadline.after(1))

    assert not pacer.wait(Deadline.after(50))


def test_a_passed_deadline_is_refused(make_pacer: MakePacer) -> None:
    assert not make_pacer(200).wait(Deadline.after(-1))


def test_threads_leave_one_after_the_other(make_pacer: MakePacer) -> None:
    pacer = make_pacer(150)
    left = []

    def leave(_: int) -> None:
        assert pacer.wait(Deadline.after(20))
        left.append(time.monotonic())

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(leave, range(50)))

    assert max(left) - min(left) >= 49 / 150 - 2 * STALE


@pytest.mark.parametrize("late", [1, 2])
def test_takes_one_new_slot_after_waking_past_its_own(late: int) -> None:
    taken = []

    class Late(LocalPacer):
        def _take(self, now: float, *, bulk: bool) -> float | None:
            slot = super()._take(now, bulk=bulk)
            if slot is None:
                return None
            taken.append(slot)
            return slot if len(taken) > late else slot - 2 * STALE

    assert Late(100).wait(Deadline.after(20))
    assert len(taken) == 2


def test_a_stopped_deadline_ends_the_wait_for_a_slot(make_pacer: MakePacer) -> None:
    pacer, deadline = make_pacer(0.01), Deadline.after(1000)
    while pacer.wait(Deadline.after(0.3)):
        """Use up what is due."""

    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(pacer.wait, deadline)
        deadline.stopped.set()

        assert not waiting.result(30)
    assert not pacer.wait(deadline)


class Callers:
    """Threads that wait for slots of one pacer, each in the order in which it was started."""

    def __init__(self, pacer: Pacer) -> None:
        self._pacer = pacer
        self._threads: list[threading.Thread] = []
        self.left: list[str] = []

    def start(self, name: str, deadline: Deadline) -> None:
        waiting = len(self._pacer._turns)

        def leave() -> None:
            assert self._pacer.wait(deadline)
            self.left.append(name)

        thread = threading.Thread(target=leave)
        thread.start()
        self._threads.append(thread)
        wait_until(lambda: len(self._pacer._turns) > waiting or not thread.is_alive())

    def join(self) -> list[str]:
        for thread in self._threads:
            thread.join(60)
        return self.left


def test_commands_take_turns(make_pacer: MakePacer) -> None:
    callers = Callers(make_pacer(8))
    many, one = Deadline.after(60), Deadline.after(60)
    for _ in range(6):
        callers.start("many", many)
    callers.start("one", one.within(50))

    assert callers.join().index("one") <= 2


def test_a_command_goes_before_a_big_job(make_pacer: MakePacer) -> None:
    callers = Callers(make_pacer(8))
    job = Deadline(time.monotonic() + 60, bulk=True)
    for _ in range(6):
        callers.start("job", job.within(50))
    callers.start("command", Deadline.after(60))

    assert callers.join().index("command") <= 1
