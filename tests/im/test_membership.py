import time

import pytest

from bot.im.lease import HORIZON, LOST_AFTER, Lease
from bot.im.shared_pacer import KEPT, SETTLING, UNKNOWN_SHARE, Membership

OLD = 1000.0
"""An age of the list of processes at which all have come back to it."""


def answered(at: float, *, age: float = OLD, processes: int = 3) -> Lease:
    return Lease(at, 0.001, age, processes, 0, ())


def test_has_no_slots_until_it_knows() -> None:
    now, membership = time.monotonic(), Membership(None)

    assert not membership.is_shared(now)
    assert not membership.is_apart(now + KEPT / 2)
    assert membership.is_apart(now + 2 * KEPT)
    assert membership.share == UNKNOWN_SHARE


def test_shares_from_the_first_answer_on() -> None:
    now, membership = time.monotonic(), Membership(None)
    membership.note_lease(answered(now))

    assert (membership.is_shared(now), membership.is_apart(now)) == (True, False)
    assert membership.state == "shared"


def test_uses_its_share_once_all_that_was_leased_to_others_is_over() -> None:
    now, membership = time.monotonic(), Membership(None)
    membership.note_lease(answered(now))
    membership.note_trouble("it is read-only")

    assert KEPT > LOST_AFTER + HORIZON
    assert not membership.note_time(now + KEPT - 0.01)
    assert membership.note_time(now + KEPT + 0.01)
    assert not membership.note_time(now + KEPT + 0.02)
    assert (membership.state, membership.trouble) == ("apart", "it is read-only")


@pytest.mark.parametrize("at", [0.0, 0.3, KEPT - 0.001, KEPT, KEPT + 0.001, 10.0])
def test_is_never_both(at: float) -> None:
    now, membership = time.monotonic(), Membership(None)
    membership.note_lease(answered(now))

    assert not (membership.is_shared(now + at) and membership.is_apart(now + at))


def test_comes_back_once_all_others_are_back() -> None:
    now, membership = time.monotonic(), Membership(None)
    membership.note_lease(answered(now))
    membership.note_trouble("no answer")
    membership.note_time(now + 10)

    membership.note_lease(answered(now + 10))
    assert (membership.is_shared(now + 10), membership.state) == (False, "apart")
    membership.note_lease(answered(now + 10 + SETTLING))
    assert (membership.is_shared(now + 10 + SETTLING), membership.state) == (True, "shared")
    assert membership.trouble == ""


def test_waits_anew_when_redis_goes_again() -> None:
    now, membership = time.monotonic(), Membership(None)
    membership.note_lease(answered(now))
    membership.note_time(now + 10)
    membership.note_lease(answered(now + 10))
    membership.note_trouble("no answer")

    membership.note_lease(answered(now + 10 + SETTLING))

    assert not membership.is_shared(now + 10 + SETTLING)


def test_keeps_to_its_share_with_a_redis_that_has_just_started() -> None:
    now, membership = time.monotonic(), Membership(None)
    membership.note_lease(answered(now, age=0))
    # Not before Redis knows it.
    assert not membership.is_apart(now)

    membership.note_lease(answered(now, age=0.1))
    assert membership.is_apart(time.monotonic())
    assert membership.trouble == "it has just started"
    membership.note_lease(answered(now + SETTLING, age=SETTLING))
    assert membership.is_shared(now + SETTLING)


def test_leaves_room_for_one_more_process() -> None:
    now, membership, fixed = time.monotonic(), Membership(None), Membership(0.9)
    for each in (membership, fixed):
        each.note_lease(answered(now, processes=3))

    assert (membership.share, fixed.share) == (1 / 4, 0.9)


def test_keeps_the_share_that_redis_knows_while_apart() -> None:
    now, membership = time.monotonic(), Membership(None)
    membership.note_lease(answered(now, processes=3))
    membership.note_time(now + 10)

    membership.note_lease(answered(now + 10, processes=1))

    assert membership.share == 1 / 4
