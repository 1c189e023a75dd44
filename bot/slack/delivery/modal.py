"""Delivery into an open view of a modal."""

from dataclasses import dataclass, field
from typing import ClassVar

from bot.slack.delivery.open_view import OpenView
from bot.slack.delivery.reply import Audience, Delivery
from bot.slack.messages.blocks import Message
from bot.slack.modals.review import notice_view


@dataclass(slots=True)
class ModalDelivery:
    """Delivery into an open view, and by another way once it is closed.

    Args:
        view: The view.
        otherwise: The other way.
    """

    view: OpenView
    otherwise: Delivery
    _fallen: bool = field(default=False, init=False)
    beside: ClassVar[bool] = False
    is_view: ClassVar[bool] = True

    @property
    def public(self) -> bool:
        """Whether others see what is sent."""
        return self.otherwise.public

    def updates(self, *, stays: bool) -> tuple[float, ...]:
        """List the seconds after which a working line is updated."""
        return self.otherwise.updates(stays=stays)

    def send(self, message: Message, audience: Audience = Audience.USUAL, *, in_place: bool = False) -> None:
        """Show a message in the view, or send it the other way."""
        if not self.view.show(notice_view(message)):
            # A line that was shown in the view is nothing that could be replaced elsewhere.
            self.otherwise.send(message, audience, in_place=in_place and self._fallen)
            self._fallen = True

    def update(self, message: Message) -> None:
        """Show a message in the view, if it is open."""
        self.view.show(notice_view(message))
