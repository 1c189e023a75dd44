"""Delivery to one person in a thread, by ephemeral messages."""

import logging
from dataclasses import dataclass
from typing import ClassVar

from bot.slack.api.errors import SlackCallError
from bot.slack.delivery.channel import Channel
from bot.slack.delivery.reply import Audience, Delivery
from bot.slack.messages.blocks import Message

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class PrivateThread:
    """Delivery to one person in a thread that has replies; else Slack would show them to nobody.

    Args:
        channel: The thread.
        user_id: The person.
        otherwise: The fallback.
    """

    channel: Channel
    user_id: str
    otherwise: Delivery
    public: ClassVar[bool] = False
    editable: ClassVar[bool] = False
    is_view: ClassVar[bool] = False
    updates: ClassVar[tuple[float, ...]] = ()

    def send(self, message: Message, audience: Audience = Audience.USUAL, *, in_place: bool = False) -> bool:
        """Send a message for the person alone; what is for everyone goes the other way."""
        if audience is not Audience.CHANNEL:
            try:
                self.channel.post_ephemeral(self.user_id, message)
            except SlackCallError as error:
                log.warning("could not answer in a thread (%s); trying another way", error)
            else:
                return True
        return self.otherwise.send(message, audience, in_place=in_place)

    def show_status(self, status: str) -> bool:  # noqa: ARG002 - the protocol's
        """Show none."""
        return False

    def update(self, message: Message) -> None:
        """Update nothing: an ephemeral message stays as it is."""
