import time

import pytest

from bot.im.lease import DELIVERED_WITHIN, HORIZON, LOST_AFTER, Lease
from bot.im.membership import KEPT, SETTLING, UNKNOWN_SHARE, Membership

OLD = 1000.0
"""An age of the list of processes at which all have come back to it."""


def answer(membership: Membership, at: float, *, age: float = OLD, processes: int = 3) -> None:
    membership.note_request(at)
    membership.note_lease(Lease(at, 0.001, age, processes, 0, ()))


def make_shared(now: float, share: float | None = None) -> Membership:
    membership = Membership(share)
    answer(membership, now)
    answer(membership, now)
    return membership


def cut_off(membership: Membership, now: float) -> None:
    membership.note_request(now)
    membership.note_trouble("no answer")
    assert membership.note_time(now + KEPT)


def test_takes_its_share_where_no_answer_comes() -> None:
    now, membership = time.monotonic(), Membership(None)

    assert membership.is_shared(now + KEPT / 2)
    assert not membership.is_shared(now + 2 * KEPT)
    assert (membership.share, membership.state) == (UNKNOWN_SHARE, "apart")


def test_shares_from_the_first_answer_on() -> None:
    now = time.monotonic()
    membership = make_shared(now)

    assert (membership.is_shared(now), membership.state) == (True, "shared")


def test_uses_its_share_once_all_that_was_leased_to_others_is_over() -> None:
    now = time.monotonic()
    membership = make_shared(now)
    membership.note_request(now + 1)
    membership.note_trouble("it is read-only")
    membership.note_request(now + 1.5)

    assert KEPT > DELIVERED_WITHIN + LOST_AFTER + HORIZON
    assert not membership.note_time(now + 1 + KEPT - 0.01)
    assert membership.note_time(now + 1 + KEPT + 0.01)
    assert not membership.note_time(now + 1 + KEPT + 0.02)
    assert (membership.state, membership.trouble) == ("apart", "it is read-only")


def test_a_short_trouble_changes_nothing() -> None:
    now = time.monotonic()
    membership = make_shared(now)
    membership.note_request(now + 0.1)
    membership.note_trouble("no answer")
    assert membership.state == "apart"

    answer(membership, now + 0.4)

    assert (membership.state, membership.trouble) == ("shared", "")
    assert not membership.note_time(now + 0.4)


def test_comes_back_once_all_others_are_back() -> None:
    now = time.monotonic()
    membership = make_shared(now)
    cut_off(membership, now)

    answer(membership, now + 10)
    assert (membership.is_shared(now + 10), membership.state) == (False, "apart")
    answer(membership, now + 10 + SETTLING)
    assert (membership.is_shared(time.monotonic()), membership.state) == (True, "shared")
    assert membership.trouble == ""


@pytest.mark.parametrize("noticed", [True, False])
def test_waits_anew_when_redis_goes_again(*, noticed: bool) -> None:
    now = time.monotonic()
    membership = make_shared(now)
    if noticed:
        cut_off(membership, now)
        answer(membership, now + 10)
        membership.note_trouble("no answer")
    else:
        # As after the system has stopped the process for a while.
        membership.note_time(now + 10)

    answer(membership, now + 10 + SETTLING)

    assert membership.state == "apart"


def test_keeps_to_its_share_with_a_redis_that_has_just_started() -> None:
    now, membership = time.monotonic(), Membership(None)
    answer(membership, now, age=0)
    assert not membership.is_shared(time.monotonic())
    assert membership.trouble == "it has just started"

    answer(membership, now + SETTLING, age=SETTLING)
    assert membership.is_shared(time.monotonic())


def test_leaves_room_for_one_more_process() -> None:
    now = time.monotonic()
    membership, fixed = make_shared(now), make_shared(now, 0.9)

    assert (membership.share, fixed.share) == (1 / 4, 0.9)
    assert (membership.announced, fixed.announced) == (1 / 4, 0.9)


def test_uses_no_more_than_redis_knows() -> None:
    now = time.monotonic()
    membership = make_shared(now)

    answer(membership, now, processes=1)
    assert (membership.share, membership.announced) == (1 / 4, 1 / 2)
    answer(membership, now, processes=1)
    assert membership.share == 1 / 2
    answer(membership, now, processes=4)
    assert membership.share == 1 / 5


def test_a_share_in_use_only_shrinks() -> None:
    now = time.monotonic()
    membership = make_shared(now)
    cut_off(membership, now)

    for processes, share in ((1, 1 / 4), (4, 1 / 5), (2, 1 / 5)):
        answer(membership, now + 10, processes=processes)
        assert membership.share == membership.announced == share
