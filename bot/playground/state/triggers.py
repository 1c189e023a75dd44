"""Trigger ids: what a bot exchanges, soon and once, for a modal in front of the person who did something."""

import secrets
from dataclasses import dataclass
from itertools import count

from bot.playground.errors import SlackError
from bot.playground.people import Person
from bot.playground.state.views import View

LIFETIME = 3
"""Seconds for which a trigger id can be exchanged."""


@dataclass(slots=True)
class Trigger:
    """What a trigger id stands for.

    Args:
        made_at: When, in unix seconds.
        view: The view in which the person did something, if it was in one.
        channel: The id of the channel in which they did it.
    """

    person: Person
    made_at: float
    view: View | None = None
    channel: str | None = None
    exchanged: bool = False


class Triggers:
    """The trigger ids that were given out."""

    def __init__(self) -> None:
        self._triggers: dict[str, Trigger] = {}
        self._numbers = count(1)

    def make(
        self, person: Person, now: float, *, view: View | None = None, channel: str | None = None
    ) -> str:
        """Make a trigger id for something that a person did just now."""
        number = next(self._numbers)
        id_ = f"{number}.{int(now)}.{secrets.token_hex(16)}"
        self._triggers[id_] = Trigger(person, now, view, channel or (view.channel if view else None))
        return id_

    def exchange(self, id_: object, now: float) -> Trigger:
        """Take a trigger id, which then is of no more use.

        Raises:
            SlackError: There is no such id, it came before, or it comes too late.
        """
        trigger = self._triggers.get(str(id_))
        if trigger is None:
            raise SlackError("invalid_trigger_id")
        if trigger.exchanged:
            raise SlackError("exchanged_trigger_id")
        if now - trigger.made_at > LIFETIME:
            raise SlackError("expired_trigger_id")
        trigger.exchanged = True
        return trigger
