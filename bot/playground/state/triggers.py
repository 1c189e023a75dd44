"""Trigger ids, with which the bot opens modals."""

import secrets
from dataclasses import dataclass
from itertools import count

from bot.playground.errors import SlackError
from bot.playground.people import Person
from bot.playground.state.views import View

LIFETIME = 3
"""Seconds for which a trigger id is valid."""


@dataclass(slots=True)
class Trigger:
    """Origin of a trigger id.

    Args:
        made_at: Creation time in Unix seconds.
        view: The view of the interaction, if any.
        channel: Id of the channel of the interaction.
    """

    person: Person
    made_at: float
    view: View | None = None
    channel: str | None = None
    exchanged: bool = False


class Triggers:
    """All trigger ids."""

    def __init__(self) -> None:
        self._triggers: dict[str, Trigger] = {}
        self._numbers = count(1)

    def make(
        self, person: Person, now: float, *, view: View | None = None, channel: str | None = None
    ) -> str:
        """Make a trigger id for a person's interaction."""
        number = next(self._numbers)
        id_ = f"{number}.{int(now)}.{secrets.token_hex(16)}"
        self._triggers[id_] = Trigger(person, now, view, channel or (view.channel if view else None))
        return id_

    def exchange(self, id_: object, now: float) -> Trigger:
        """Exchange a trigger id, which is valid once.

        Raises:
            SlackError: The id is unknown, exchanged or expired.
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
