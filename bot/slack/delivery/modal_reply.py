"""The answer to what was sent in a modal."""

from dataclasses import dataclass, field

from bot.slack.delivery.open_view import OpenView
from bot.slack.delivery.reply import Reply
from bot.slack.messages.blocks import Message
from bot.slack.modals.review import notice_view


@dataclass(slots=True)
class ModalReply(Reply):
    """A reply that is shown in the modal, and sent as a message when nobody would see it there.

    Args:
        open_view: Where it is shown.
    """

    open_view: OpenView = field(kw_only=True)

    def begin(self) -> None:
        """Wait for a line that is being shown: it must not take the place of what is shown from now on."""
        with self._lock:
            pass

    def show_waiting(self, message: Message) -> None:
        """Show that the request waits."""
        if not self.open_view.show(notice_view(message)):
            Reply.show_waiting(self, message)

    def answer(self, message: Message, *, in_channel: bool = False, private: bool = False) -> None:
        """Show the answer."""
        if not self.open_view.show(notice_view(message)):
            Reply.answer(self, message, in_channel=in_channel, private=private)

    def refuse(self, message: Message) -> None:
        """Show what went wrong."""
        if not self.open_view.show(notice_view(message)):
            Reply.refuse(self, message)
