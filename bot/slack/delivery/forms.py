"""Forms: modals opened at once, and filled when their data is ready."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bot.core.model import Actor
from bot.core.parsing.command_line import Apps
from bot.core.results import Form
from bot.errors import BotError, SlackUnavailableError
from bot.slack.api.client import SlackClient
from bot.slack.api.errors import SlackCallError
from bot.slack.delivery.open_view import OpenView
from bot.slack.interactions import Interactions, OpenForm
from bot.slack.modals.profile import account_view, error_view, form_view, loading_view


@dataclass(frozen=True, slots=True)
class Forms:
    """Opens forms."""

    slack: SlackClient
    interactions: Interactions

    def ask_account(self, trigger_id: str, apps: Apps) -> None:
        """Open the view that asks for the account to change.

        Raises:
            SlackUnavailableError: Slack did not open it.
        """
        self.show(trigger_id, account_view(apps))

    def show(self, trigger_id: str, view: Mapping[str, Any]) -> str:
        """Open a view; return its id.

        Raises:
            SlackUnavailableError: Slack did not open it.
        """
        try:
            opened = self.slack.call("views.open", trigger_id=trigger_id, view=view).get("view") or {}
        except SlackCallError as error:
            raise SlackUnavailableError(
                "Slack did not open the form",
                advice='Try again, or type the fields, as in set alice nick="Alice"',
                detail=error.reason,
            ) from None
        return str(opened.get("id", ""))

    def open(self, actor: Actor, trigger_id: str, load: Callable[[], Form], response_url: str) -> None:
        """Open a loading view, and fill it with the form.

        A trigger is valid for three seconds, and Tencent Chat may take longer.

        Raises:
            SlackUnavailableError: Slack did not open it.
            BotError: Loading failed; the view shows it as well.
        """
        open_view = OpenView(self.slack, self.show(trigger_id, loading_view()))
        try:
            self.fill(actor, open_view, load, response_url)
        except BotError as error:
            open_view.show(error_view(error))
            raise

    def expect_view(self) -> OpenView:
        """Make the open view that the coming ack will show."""
        return OpenView.expected(self.slack)

    def fill(self, actor: Actor, open_view: OpenView, load: Callable[[], Form], response_url: str) -> None:
        """Fill an open view with a form, unless it was closed.

        Args:
            actor: The owner of the form.
            open_view: The view.
            load: Reads the values.
            response_url: The response URL for results after the form is closed; empty for direct messages.

        Raises:
            BotError: Loading failed.
        """
        form = load()
        open_view.show(form_view(form, self.interactions.keep(actor, OpenForm(form, response_url))))
