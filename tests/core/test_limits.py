"""The limits of one person's lookups."""

from datetime import UTC, datetime, timedelta

import pytest
from freezegun import freeze_time

from bot.core.limits import NO_LIMITS, SPEND_SECONDS, LookupLimits
from bot.core.model import Actor
from bot.errors import AuditError, LimitError

VERA = Actor("U01VERA", "T1")
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
AGAIN = NOW + timedelta(minutes=17, seconds=30)


class Usage:
    """A usage that answers as it was made to."""

    def __init__(self, answer: datetime | AuditError | None) -> None:
        self.answer = answer
        self.asked: list[tuple[Actor, int, int]] = []

    def spend(self, actor: Actor, ids: int, most: int, seconds: float) -> datetime | None:
        assert seconds == SPEND_SECONDS
        self.asked.append((actor, ids, most))
        if isinstance(self.answer, AuditError):
            raise self.answer
        return self.answer


def test_counts_nothing_without_a_setting() -> None:
    usage = Usage(AGAIN)

    NO_LIMITS.spend(VERA, 1_000_000)
    LookupLimits(usage, at_once=1).spend(VERA, 1_000_000)

    assert usage.asked == []


def test_says_when_to_try_again() -> None:
    with freeze_time(NOW), pytest.raises(LimitError, match="100 ids in an hour, and with these 50") as caught:
        LookupLimits(Usage(AGAIN), 100).spend(VERA, 50)

    assert caught.value.advice == "Try again in 18 min, at 12:17 UTC, or ask for fewer ids"


def test_asks_for_fewer_where_no_hour_has_room() -> None:
    usage = Usage(None)

    with pytest.raises(LimitError, match="these are 101") as caught:
        LookupLimits(usage, 100).spend(VERA, 101)

    assert (caught.value.advice, usage.asked) == ("Ask for 100 ids or fewer", [])


def test_lets_lookups_go_on_where_they_cannot_be_counted() -> None:
    usage = Usage(AuditError("the disk is full"))

    LookupLimits(usage, 100).spend(VERA, 50)

    assert usage.asked == [(VERA, 50, 100)]
