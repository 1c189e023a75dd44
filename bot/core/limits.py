"""Limits of what one person may look up, which the settings set."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from bot.core.model import Actor
from bot.errors import AuditError, LimitError

SPEND_SECONDS = 3.0
"""The most seconds that a lookup waits for its ids to be counted."""


class LookupUsage(Protocol):
    """Counts the ids that people look up, for all processes."""

    def spend(self, actor: Actor, ids: int, most: int, seconds: float) -> datetime | None:
        """Count ids within some seconds, unless there would be more than `most` in an hour.

        A negative number is given back.

        Returns:
            None if they are counted, else the time (UTC) at which they may be.

        Raises:
            AuditError: They cannot be counted now.
        """
        ...


@dataclass(frozen=True, slots=True)
class LookupLimits:
    """The limits of a person's lookups in Slack; without settings there are none, and nothing is counted.

    Args:
        usage: Counts the ids; None without a limit of them.
        ids_per_hour: The most ids in any hour; None for any number.
        at_once: The most file lookups that are open; None for any number.
    """

    usage: LookupUsage | None = None
    ids_per_hour: int | None = None
    at_once: int | None = None

    def spend(self, actor: Actor, ids: int) -> None:
        """Count ids that are about to be looked up.

        Raises:
            LimitError: There would be too many.
        """
        most = self.ids_per_hour
        if self.usage is None or most is None or not ids:
            return
        rule = f"one person may look up {most:,} ids in an hour"
        if ids > most:
            raise LimitError(f"{rule}, and these are {ids:,}", advice=f"Ask for {most:,} ids or fewer")
        try:
            again = self.usage.spend(actor, ids, most, SPEND_SECONDS)
        except AuditError:
            # As without a record, lookups go on.
            return
        if again:
            raise LimitError(
                f"{rule}, and with these {ids:,} you would have more",
                advice=f"Try again {_describe(again)}, or ask for fewer ids",
            )

    def give_back(self, actor: Actor, ids: int) -> None:
        """Count ids no more that were counted, and are not looked up."""
        if self.usage is not None and self.ids_per_hour is not None and ids:
            with suppress(AuditError):
                self.usage.spend(actor, -ids, self.ids_per_hour, SPEND_SECONDS)

    def make_open_error(self) -> LimitError:
        """Make the refusal of one more file lookup."""
        return LimitError(
            f"one person may have {self.at_once} file lookups at once, and yours are not over",
            advice="Try again once one of them has ended, or cancel one",
        )


NO_LIMITS = LookupLimits()
"""The limits without settings."""


def _describe(moment: datetime) -> str:
    minutes = -(-(moment - datetime.now(UTC)).total_seconds() // 60)
    return f"in {max(1, int(minutes))} min, at {moment:%H:%M} UTC"
