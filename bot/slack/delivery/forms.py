"""Forms: modals opened at once, and filled when the role is checked and their data is ready."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bot.errors import SlackUnavailableError
from bot.slack.api.client import SlackClient
from bot.slack.api.errors import SlackCallError
from bot.slack.delivery.modal import ModalDelivery
from bot.slack.delivery.open_view import OpenView, Simplify
from bot.slack.delivery.request import SlackRequest
from bot.slack.interaction_store import Interactions
from bot.slack.modals.answer import without_alerts
from bot.slack.modals.profile import TITLE, loading_view

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Forms:
    """Opens forms."""

    slack: SlackClient
    interactions: Interactions

    def open(
        self,
        request: SlackRequest,
        title: str,
        make: Callable[[], Mapping[str, Any]],
        simplify: Simplify = without_alerts,
        *,
        forgets: bool = True,
    ) -> bool:
        """Open a loading view and fill it with a form; from then on the view also shows the reply.

        A trigger is valid for three seconds; checking a role and reading a profile may take longer. A press
        in an open modal fills that one.

        Args:
            request: The request, with its trigger.
            title: The form's title.
            make: Checks the role and makes the form.
            simplify: Makes a simpler form if Slack refuses its blocks; None if there is none.
            forgets: As for `fill`.

        Returns:
            Whether the form is shown; False if the view was closed meanwhile.

        Raises:
            SlackUnavailableError: Slack did not open it.
            BotError: There is no form for the actor.
        """
        delivery = request.reply.delivery
        try:
            view = delivery.view if isinstance(delivery, ModalDelivery) else self._open(request, title)
        except SlackCallError as error:
            raise _not_opened(error.reason) from None
        view.title = title
        return self.fill(view, make, simplify, forgets=forgets)

    def open_answer(self, request: SlackRequest, title: str) -> None:
        """Open a view for the reply of a press on the Home tab, or on top of the pressed one.

        Without a view, the reply goes to direct messages, or into the pressed view.
        """
        try:
            self._open(request, title)
        except SlackCallError as error:
            log.info("could not open a modal for an answer (%s)", error.reason)

    def _open(self, request: SlackRequest, title: str) -> OpenView:
        method = "views.push" if request.reply.delivery.is_view else "views.open"
        view = loading_view(title)
        opened = self.slack.call(method, trigger_id=request.trigger_id, view=view).get("view") or {}
        open_view = OpenView(self.slack, title, str(opened.get("id", "")))
        request.reply.move_to(ModalDelivery(open_view, request.reply.delivery))
        return open_view

    def expect_view(self, title: str = TITLE) -> OpenView:
        """Make the open view, usually of the profile form, that the coming ack will show."""
        return OpenView.expected(self.slack, title)

    def fill(
        self,
        open_view: OpenView,
        make: Callable[[], Mapping[str, Any]],
        simplify: Simplify = without_alerts,
        *,
        forgets: bool = True,
    ) -> bool:
        """Fill an open view with a form.

        Args:
            open_view: The view.
            make: Checks the role and makes the form.
            simplify: As for `open`.
            forgets: Whether to forget the state of a form that is not shown; not that of a message's buttons.

        Returns:
            Whether the form is shown; False if the view was closed meanwhile.

        Raises:
            SlackUnavailableError: Slack did not show it.
            BotError: There is no form for the actor.
        """
        form = make()
        if open_view.show(form, simplify):
            return True
        if forgets:
            self.interactions.forget(form.get("private_metadata", ""))
        if not open_view.is_gone:
            raise _not_opened(open_view.problem)
        return False


def _not_opened(reason: str) -> SlackUnavailableError:
    return SlackUnavailableError(
        "Slack did not open the form",
        advice='Try again, or type the fields, as in set alice nick="Alice"',
        detail=reason,
    )
