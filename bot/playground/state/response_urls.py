"""Response URLs."""

from dataclasses import dataclass

from bot.playground.people import Channel, Person
from bot.playground.state.messages import Message


@dataclass(slots=True)
class ResponseUrl:
    """State of a response URL.

    Args:
        source: Target of `replace_original`: the message of the pressed button, or the last response to a
            slash command.
        pressed: It belongs to a button rather than to a slash command.
        command: The slash command as typed, until it is shown in the channel.
    """

    channel: Channel
    actor: Person
    made_at: float
    source: Message | None = None
    pressed: bool = False
    command: str | None = None
    uses: int = 0
