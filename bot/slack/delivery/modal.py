"""Delivery to an open modal view."""

from dataclasses import dataclass, field
from typing import ClassVar

from bot.slack.delivery.open_view import OpenView
from bot.slack.delivery.reply import Audience, Delivery
from bot.slack.messages.blocks import Message
from bot.slack.modals.answer import notice_view


@dataclass(slots=True)
class ModalDelivery:
    """Delivery to an open view, with a fallback once it is closed.

    Args:
        view: The view.
        otherwise: The fallback.
    """

    view: OpenView
    otherwise: Delivery
    _fallen: bool = field(default=False, init=False)
    editable: ClassVar[bool] = True
    is_view: ClassVar[bool] = True

    @property
    def public(self) -> bool:
        """Whether others see the messages."""
        return self.otherwise.public

    @property
    def updates(self) -> tuple[float, ...]:
        """The seconds after which a progress notice is updated."""
        return self.otherwise.updates

    def send(self, message: Message, audience: Audience = Audience.USUAL, *, in_place: bool = False) -> bool:
        """Show a message in the view, or send it by the fallback; what is for everyone goes there at once."""
        if audience is not Audience.CHANNEL and self.view.show(notice_view(message, self.view.title)):
            return True
        # A notice shown in the view cannot be replaced elsewhere.
        in_place = in_place and self._fallen and self.otherwise.editable
        self._fallen = True
        return self.otherwise.send(message, audience, in_place=in_place)

    def show_status(self, status: str) -> bool:  # noqa: ARG002 - the protocol's
        """Show none."""
        return False

    def update(self, message: Message) -> None:
        """Show a message in the view, if it is open."""
        self.view.show(notice_view(message, self.view.title))
