"""Response URLs: what is remembered of each."""

from dataclasses import dataclass

from bot.playground.people import Channel, Person
from bot.playground.state.messages import Message


@dataclass(slots=True)
class ResponseUrl:
    """What a response URL may still do.

    Args:
        source: The message that `replace_original` replaces: the one whose button was pressed, or the last
            answer to a slash command.
        pressed: It came with a button rather than with a slash command.
        command: The slash command as typed, until it has been shown to the channel.
    """

    channel: Channel
    actor: Person
    made_at: float
    source: Message | None = None
    pressed: bool = False
    command: str | None = None
    uses: int = 0
