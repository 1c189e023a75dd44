"""Profile modal: the form that changes one account, and its submission."""

from collections.abc import Mapping, Sequence
from typing import Any

from slack_sdk.models.blocks import (
    Block,
    InputBlock,
    Option,
    PlainTextInputElement,
    PlainTextObject,
    StaticSelectElement,
)
from slack_sdk.models.views import View

from bot.core.fields import TEXT_BYTES, Domain, Field, defaults
from bot.core.parsing.command_line import Apps
from bot.core.parsing.values import is_settable
from bot.core.results import Form
from bot.slack.messages.blocks import app_label, bold, code, context, paragraph, words
from bot.slack.modals.inputs import INPUT, initial_value, make_input, read_input

TITLE = "Change a profile"
"""The title of the form."""
SET_SHORTCUT = "set_profile"
"""The callback id of the global shortcut that opens the form."""
SET_ACCOUNT = "set_account"
"""The callback id of the view that asks for the account."""
SET_MODAL = "set_modal"
"""The callback id of the form."""
ACCOUNT = "account"
"""The block id of the account input."""
APP = "app"
"""The block id of the app input, shown if there are several apps."""
REASON = "reason"
"""The block id of the reason input; the other inputs have their field's tag."""


def loading_view(title: str, external_id: str = "") -> dict[str, Any]:
    """Make the view shown until a form or its review is ready; `external_id` finds it again."""
    return make_view([paragraph([words("Loading…")])], title=title, external_id=external_id or None)


def changing_view(external_id: str) -> dict[str, Any]:
    """Make the view shown while a change is made; closing it closes the form as well."""
    notice = paragraph(
        [bold("Changing…")],
        [words("You can close this. The change continues, and the bot will message you.")],
    )
    return make_view([notice], external_id=external_id, clear_on_close=True)


def account_view(apps: Apps) -> dict[str, Any]:
    """Make the view that asks for the account."""
    account = InputBlock(
        label="Account",
        element=PlainTextInputElement(action_id=INPUT, placeholder="alice"),
        block_id=ACCOUNT,
        hint="One account id, exactly as in your app.",
    )
    inputs = [account, *app_inputs(apps)]
    return make_view(inputs, callback_id=SET_ACCOUNT, submit=PlainTextObject(text="Next"))


def app_inputs(apps: Apps) -> list[Block]:
    """Make the app input if there are several apps, else none."""
    options = {name: Option(value=name, label=f"{name} {app.region}") for name, app in apps.by_name.items()}
    element = StaticSelectElement(
        action_id=INPUT, options=list(options.values()), initial_option=options.get(apps.default or "")
    )
    return [InputBlock(label="App", element=element, block_id=APP)] if len(options) > 1 else []


def read_account(state: Mapping[str, Any]) -> tuple[str, str | None]:
    """Read the account and the app's name, None for the only app, from a submitted view's state."""
    values = state["values"]
    return (read_input(values, ACCOUNT) or "").strip(), read_input(values, APP)


def form_view(form: Form, key: str) -> dict[str, Any]:
    """Make the form: one input for each field, with the current values.

    Args:
        form: The account and its values.
        key: The opaque id that finds the form again when it is submitted.
    """
    head = paragraph([bold("Change "), code(form.account), *app_label(form.app)])
    inputs = [make_input(field, form.values.get(field.tag)) for field in form_fields(form)]
    reason = InputBlock(
        label="Reason",
        element=PlainTextInputElement(action_id=INPUT, max_length=TEXT_BYTES),
        block_id=REASON,
        optional=True,
        hint="Visible to everyone who reads the record or the audit channel.",
    )
    note = context("only fields you edit will change, after you confirm a preview")
    return make_view(
        [head, *inputs, reason, note],
        submit=PlainTextObject(text="Preview"),
        notify_on_close=True,
        private_metadata=key,
    )


def form_fields(form: Form) -> tuple[Field, ...]:
    """List the fields of a form: the default ones that are settable."""
    return tuple(field for field in defaults(Domain.PROFILE, form.app.custom) if is_settable(field))


def read_form(state: Mapping[str, Any], form: Form) -> tuple[dict[str, str], str]:
    """Read the edited values, as typed and by tag, and the reason; an empty value clears.

    Args:
        state: The state of the submitted view.
        form: The form as it was opened.
    """
    values = state["values"]
    altered = {}
    for field in form_fields(form):
        text = read_input(values, field.tag)
        if text is not None and text != initial_value(field, form.values.get(field.tag)):
            altered[field.tag] = text
    return altered, read_input(values, REASON) or ""


def make_view(blocks: Sequence[Block | dict[str, Any]], *, title: str = TITLE, **more: Any) -> dict[str, Any]:
    """Make a view, usually of the profile modal, from blocks and other view properties."""
    parts = {"callback_id": SET_MODAL, "close": PlainTextObject(text="Cancel"), "blocks": blocks, **more}
    return View(type="modal", title=PlainTextObject(text=title), **parts).to_dict()
