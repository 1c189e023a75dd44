"""One request of a person, from any surface."""

from dataclasses import dataclass, field

from bot.core.model import Actor, Surface
from bot.slack.delivery.reply import Reply


@dataclass(frozen=True, slots=True)
class SlackRequest:
    """A request: the actor, the surface, the channel and the reply.

    Args:
        actor: The person who asks.
        surface: The surface they used.
        reply: Takes the answer.
        channel_id: The channel they asked in; empty where there is none.
        trigger_id: Allows to open one modal within three seconds; empty where nothing does.
        response_url: The response URL, for what a modal that is opened comes to; empty where there is none.
    """

    actor: Actor
    surface: Surface
    reply: Reply
    channel_id: str = ""
    trigger_id: str = field(default="", repr=False)
    response_url: str = field(default="", repr=False)
