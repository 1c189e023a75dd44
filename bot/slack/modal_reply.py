"""The answer to what was sent in a modal."""

from dataclasses import dataclass, field

from bot.slack.messages import Message
from bot.slack.pane import Pane
from bot.slack.reply import Reply
from bot.slack.reviews import notice_view


@dataclass(slots=True)
class ModalReply(Reply):
    """A reply that is shown in the modal, and sent as a message when nobody would see it there.

    Args:
        pane: Where it is shown.
    """

    pane: Pane = field(kw_only=True)

    def answer(self, message: Message, *, in_channel: bool = False, private: bool = False) -> None:
        """Show the answer."""
        if not self.pane.show(notice_view(message)):
            Reply.answer(self, message, in_channel=in_channel, private=private)

    def refuse(self, message: Message) -> None:
        """Show what went wrong."""
        if not self.pane.show(notice_view(message)):
            Reply.refuse(self, message)
