"""Forms: opened at once, filled when the values are there, and read when they are sent."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from slack_sdk.errors import SlackApiError
from slack_sdk.web import WebClient

from bot.core.commands import EditProfile, SetFields
from bot.core.model import Actor
from bot.core.parsing.command_line import Apps, check_accounts
from bot.core.parsing.values import check_text, parse_value
from bot.core.results import Form
from bot.errors import BotError, ExpiredError, SlackUnavailableError, UsageError
from bot.slack.delivery.open_view import OpenView
from bot.slack.interactions import Interactions, OpenForm
from bot.slack.messages.blocks import sentence
from bot.slack.messages.text import cut, make_visible
from bot.slack.modals.profile import (
    ACCOUNT,
    REASON,
    account_view,
    error_view,
    form_fields,
    form_view,
    loading_view,
    read_account,
    read_form,
)

_MOST = 1000
"""How many characters are said at one input."""


class FormError(Exception):
    """A form cannot be taken as it was filled in.

    Args:
        view: The view that was sent.
        mistakes: Why, by the input's block id; what concerns the whole form has none, and stands first.
    """

    def __init__(self, view: Mapping[str, Any], mistakes: Mapping[str, str]) -> None:
        super().__init__("; ".join(mistakes))
        first = next(block["block_id"] for block in view["blocks"] if block["type"] == "input")
        self.mistakes = {at or first: cut(sentence(make_visible(why)), _MOST) for at, why in mistakes.items()}
        """What Slack shows at the inputs, by block id."""


def busy_error(view: Mapping[str, Any]) -> FormError:
    """Say in a form that it cannot be taken on now."""
    return FormError(view, {"": "the bot is busy; try again in a few seconds"})


@dataclass(frozen=True, slots=True)
class Forms:
    """Opens forms over a client of Slack's Web API, and reads them."""

    slack: WebClient
    interactions: Interactions

    def ask_account(self, trigger_id: str, apps: Apps) -> None:
        """Open the view that asks whose profile the form is to show.

        Raises:
            SlackUnavailableError: Slack did not open it.
        """
        self.show(trigger_id, account_view(apps))

    def show(self, trigger_id: str, view: Mapping[str, Any]) -> str:
        """Open a view and give Slack's id for it.

        Raises:
            SlackUnavailableError: Slack did not open it.
        """
        return self._call("views.open", trigger_id=trigger_id, view=view)

    def open(self, actor: Actor, trigger_id: str, load: Callable[[], Form], response_url: str) -> None:
        """Open a form that says it is loading, and fill it.

        A trigger lives three seconds, and Tencent Chat may take longer than that.

        Raises:
            SlackUnavailableError: Slack did not open it.
            BotError: What loading raises; the form says so, too.
        """
        open_view = OpenView(self.slack, self.show(trigger_id, loading_view()))
        try:
            self.fill(actor, open_view, load, response_url)
        except BotError as error:
            open_view.show(error_view(error))
            raise

    def expect(self) -> OpenView:
        """Make the pane for a view that an ack brings from now on."""
        return OpenView.expected(self.slack)

    def fill(self, actor: Actor, open_view: OpenView, load: Callable[[], Form], response_url: str) -> None:
        """Fill an open view with a form; nothing comes of it when it was closed meanwhile.

        Args:
            actor: Whose form it is.
            open_view: Where the view is.
            load: Reads the values.
            response_url: Where what comes of the form goes once it is closed; empty for direct messages.

        Raises:
            BotError: What loading raises.
        """
        form = load()
        open_view.show(form_view(form, self.interactions.keep(actor, OpenForm(form, response_url))))

    def read_account(self, view: Mapping[str, Any], apps: Apps) -> EditProfile:
        """Read whose profile the form is to show.

        Raises:
            FormError: It is no account's id.
        """
        typed, app = read_account(view["state"])
        try:
            (account,) = check_accounts([typed] if typed else [])
        except UsageError as error:
            raise FormError(view, {ACCOUNT: in_words(error)}) from None
        return EditProfile(apps.find(app), account)

    def read(self, actor: Actor, view: Mapping[str, Any]) -> tuple[SetFields, str]:
        """Read a form that was sent; gives the command and the response URL.

        Raises:
            FormError: Something in it cannot be taken.
        """
        try:
            opened = self.interactions.find(str(view.get("private_metadata")), actor, OpenForm)
        except ExpiredError:
            raise FormError(view, {"": "this form is too old; close it and run the command again"}) from None
        form = opened.form
        typed, reason = read_form(view["state"], form)
        if not typed:
            raise FormError(view, {"": "nothing is changed yet; change a field, or cancel"})
        values, mistakes = {}, {}
        for field in form_fields(form):
            try:
                if field.tag in typed:
                    values[field] = parse_value(field, typed[field.tag])
            except UsageError as error:
                mistakes[field.tag] = in_words(error)
        try:
            check_text("the reason", reason)
        except UsageError as error:
            mistakes[REASON] = in_words(error)
        if mistakes:
            raise FormError(view, mistakes)
        return SetFields(form.app, form.account, values, reason), opened.response_url

    def _call(self, method: str, **params: Any) -> str:
        try:
            view = self.slack.api_call(method, json=params).get("view") or {}
        except Exception as error:  # noqa: BLE001 - slack_sdk lets errors of several libraries through
            detail = str(error.response.get("error")) if isinstance(error, SlackApiError) else ""
            raise SlackUnavailableError(
                "Slack did not open the form",
                advice='Try again, or type the fields, as in set alice nick="Alice"',
                detail=detail or type(error).__name__,
            ) from None
        return str(view.get("id", ""))


def in_words(error: UsageError) -> str:
    """Say at an input what is wrong with what was typed there."""
    return f"{error}. {error.advice}" if error.advice else str(error)
