"""Forms: modals opened at once, and filled when the role is checked and their data is ready."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bot.errors import SlackUnavailableError
from bot.slack.api.client import SlackClient
from bot.slack.api.errors import SlackCallError
from bot.slack.delivery.modal import ModalDelivery
from bot.slack.delivery.open_view import OpenView
from bot.slack.delivery.request import SlackRequest
from bot.slack.interactions import Interactions
from bot.slack.modals.profile import TITLE, loading_view


@dataclass(frozen=True, slots=True)
class Forms:
    """Opens forms."""

    slack: SlackClient
    interactions: Interactions

    def open(self, request: SlackRequest, title: str, make: Callable[[], Mapping[str, Any]]) -> None:
        """Open a loading view and fill it with a form; from then on the view also shows the reply.

        A trigger is valid for three seconds; checking a role and reading a profile may take longer.

        Args:
            request: The request, with its trigger.
            title: The form's title.
            make: Checks the role and makes the form.

        Raises:
            SlackUnavailableError: Slack did not open it.
            BotError: There is no form for the actor.
        """
        view = loading_view(title)
        try:
            opened = self.slack.call("views.open", trigger_id=request.trigger_id, view=view).get("view") or {}
        except SlackCallError as error:
            raise _not_opened(error.reason) from None
        open_view = OpenView(self.slack, title, str(opened.get("id", "")))
        request.reply.move_to(ModalDelivery(open_view, request.reply.delivery))
        self.fill(open_view, make)

    def expect_view(self) -> OpenView:
        """Make the open view of the profile form that the coming ack will show."""
        return OpenView.expected(self.slack, TITLE)

    def fill(self, open_view: OpenView, make: Callable[[], Mapping[str, Any]]) -> None:
        """Fill an open view with a form; if it was closed meanwhile, forget the form.

        Args:
            open_view: The view.
            make: Checks the role and makes the form.

        Raises:
            SlackUnavailableError: Slack did not show it.
            BotError: There is no form for the actor.
        """
        form = make()
        if open_view.show(form):
            return
        self.interactions.forget(form.get("private_metadata", ""))
        if not open_view.is_gone:
            raise _not_opened(open_view.problem)


def _not_opened(reason: str) -> SlackUnavailableError:
    return SlackUnavailableError(
        "Slack did not open the form",
        advice='Try again, or type the fields, as in set alice nick="Alice"',
        detail=reason,
    )
