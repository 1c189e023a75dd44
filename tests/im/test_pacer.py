import threading
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.model import Deadline
from bot.im.pacer import STALE, Pacer

FAR = 1e9
A_HAIR = 1e-6
"""Rounding error of a rate just under a whole number."""


def most_in_a_second(slots: list[float]) -> int:
    return max(sum(start <= slot < start + 1 for slot in slots) for start in slots)


@given(
    per_second=st.floats(0.5, 200),
    pauses=st.lists(st.floats(0, 3) | st.just(0.0), min_size=1, max_size=300),
)
def test_never_grants_more_than_the_rate_in_any_second(per_second: float, pauses: list[float]) -> None:
    pacer = Pacer(per_second)
    now = 100.0
    slots = []
    for pause in pauses:
        now += pause
        slot = pacer.reserve(now, FAR)
        assert slot is not None
        assert slot >= now
        slots.append(slot)

    assert most_in_a_second(slots) <= int(per_second + A_HAIR) + 1
    assert all(later - earlier >= 1 / per_second - 1e-6 for earlier, later in pairwise(slots))


def test_a_pause_saves_nothing_up() -> None:
    pacer = Pacer(200)
    pacer.reserve(100, FAR)

    after_idling = [pacer.reserve(1000, FAR) for _ in range(3)]

    assert after_idling == pytest.approx([1000, 1000.005, 1000.01])


def test_a_slot_after_the_deadline_is_refused_and_not_used_up() -> None:
    pacer = Pacer(1)
    assert pacer.reserve(100, 100.5) == 100

    assert pacer.reserve(100, 100.5) is None
    assert pacer.reserve(100, 101) == 101


def test_says_at_once_that_the_deadline_is_too_near() -> None:
    pacer = Pacer(0.01)
    assert pacer.wait(Deadline.after(1))

    assert not pacer.wait(Deadline.after(50))


def test_a_passed_deadline_is_refused() -> None:
    assert not Pacer(200).wait(Deadline.after(-1))


def test_threads_leave_one_after_the_other() -> None:
    pacer = Pacer(500)
    left = []

    def leave(_: int) -> None:
        assert pacer.wait(Deadline.after(5))
        left.append(time.monotonic())

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(leave, range(50)))

    assert max(left) - min(left) >= 49 / 500 - 0.001


@pytest.mark.parametrize("late", [[2 * STALE, 0.0], [2 * STALE, 2 * STALE]])
def test_takes_one_new_slot_after_sleeping_past_its_own(
    late: list[float],
) -> None:
    pacer = Pacer(10)
    assert pacer.wait(Deadline.after(5))
    slept = []

    class Oversleeper(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            slept.append(timeout)
            for _ in range(4):  # other callers meanwhile
                pacer.reserve(time.monotonic(), FAR)
            return super().wait((timeout or 0) + late[len(slept) - 1])

    assert pacer.wait(Deadline(time.monotonic() + 5, Oversleeper()))
    assert len(slept) == 2


def test_a_stopped_deadline_ends_the_wait_for_a_slot() -> None:
    pacer, deadline = Pacer(0.01), Deadline.after(1000)
    assert pacer.wait(deadline)

    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(pacer.wait, deadline)
        deadline.stopped.set()

        assert not waiting.result(30)
    assert not pacer.wait(deadline)
