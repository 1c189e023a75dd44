"""A person's request, from any surface."""

from dataclasses import dataclass, field

from bot.core.model import Actor, Surface
from bot.slack.delivery.reply import Reply
from bot.slack.interactions import FinishedLookup, RunningLookup


@dataclass(slots=True)
class SlackRequest:
    """A request: the actor, the surface, the channel and the reply.

    Args:
        actor: The person who asks, as the payload names them until it runs.
        surface: The surface they used.
        reply: Takes the answer.
        channel_id: The id of the channel; empty if there is none.
        trigger_id: The id that allows opening one modal within three seconds; empty if there is none.
        response_url: The response URL for a modal's result; empty if there is none.
        message_id: Names the message that asks; empty if none does.
        pressed: The channel and the time stamp of the pressed message; empty if there is none, or only the
            actor sees it.
        runs_once: Whether a copy of it is left out; quick requests may run twice.
        lookup: Its lookup once one has begun, for the Cancel button of an earlier notice.
    """

    actor: Actor
    surface: Surface
    reply: Reply
    channel_id: str = ""
    trigger_id: str = field(default="", repr=False)
    response_url: str = field(default="", repr=False)
    message_id: str = ""
    pressed: tuple[str, str] = ("", "")
    runs_once: bool = True
    lookup: RunningLookup | FinishedLookup | None = field(default=None, init=False)

    @property
    def id(self) -> str:
        """Its id, which no other request has; empty if Slack gave it none."""
        return self.trigger_id or self.message_id
