"""Profile modal: the form that changes one account, and its submission."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from slack_sdk.models.blocks import (
    Block,
    InputBlock,
    Option,
    PlainTextInputElement,
    PlainTextObject,
    StaticMultiSelectElement,
    StaticSelectElement,
)
from slack_sdk.models.views import View

from bot.core.fields import TEXT_BYTES, Domain, Field, offered
from bot.core.model import App, Preset
from bot.core.parsing.command_line import Apps
from bot.core.parsing.values import empty_value, is_settable
from bot.core.results import Form
from bot.core.text.visible_text import make_visible
from bot.errors import UsageError
from bot.slack.messages.blocks import Truncator, app_label, bold, code, context, paragraph, words
from bot.slack.messages.text import cut
from bot.slack.messages.values import field_label
from bot.slack.modals.errors import FormError
from bot.slack.modals.inputs import (
    INPUT,
    initial_value,
    make_inputs,
    read_input,
    read_options,
    reads_clear,
)

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
PRESET = "preset"
"""The block id of the choice of a preset."""
WHAT = "what"
"""The block id of the choice of fields."""
REASON = "reason"
"""The block id of the reason input; the other inputs have their field's tag."""

_BYTES = "a letter from a to z is 1 byte, most others are 2 to 4"
_MAX_OPTION = 75
_MAX_OPTIONS = 100
_MOST_CHOSEN = 40
"""The most fields that are changed at once: each may need two of a view's hundred blocks."""


def loading_view(title: str, external_id: str = "", says: str = "Loading…") -> dict[str, Any]:
    """Make the view shown until a form or its review is ready; `external_id` finds it again."""
    return make_view([paragraph([words(says)])], title=title, external_id=external_id or None)


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


def app_inputs(apps: Apps, chosen: str | None = None) -> list[Block]:
    """Make the app input if there are several apps, else none; without a choice the default app is chosen."""
    labels = {
        name: cut(make_visible(f"{name} {app.region}"), _MAX_OPTION) for name, app in apps.by_name.items()
    }
    options = {name: Option(value=name, label=label) for name, label in labels.items()}
    element = StaticSelectElement(
        action_id=INPUT,
        options=list(options.values()),
        initial_option=options.get(chosen or apps.default or ""),
    )
    return [InputBlock(label="App", element=element, block_id=APP)] if len(options) > 1 else []


def read_app(view: Mapping[str, Any], apps: Apps) -> App:
    """Read the app from a submitted view; the default one if the view does not ask for it.

    Raises:
        FormError: The settings have changed since it was opened, and it is not known which app is meant.
    """
    try:
        return apps.find(read_input(view["state"]["values"], APP) or None)
    except UsageError:
        moved = "the apps here have changed since this form was opened; close it, and open it again"
        raise FormError(view, {"": moved}) from None


@dataclass(frozen=True, slots=True)
class Filled:
    """The choices and texts in a form.

    Args:
        fields: The fields to change, in reading order.
        typed: The texts of their inputs, by tag; a field without one has its current value.
        cleared: The tags of the fields whose checkbox to clear them is ticked.
        reason: The reason.
        preset: The name of the preset it was filled with last; empty if there was none.
        version: The end of the action ids; Slack keeps what was typed into an input until its id changes.
    """

    fields: tuple[Field, ...] = ()
    typed: Mapping[str, str] = field(default_factory=dict)
    cleared: frozenset[str] = frozenset()
    reason: str = ""
    version: str = ""
    preset: str = ""

    def fill(self, form: Form, preset: Preset) -> "Filled":
        """Return the form filled with a preset's values as well, under new action ids."""
        values = dict(preset.values)
        cleared = {each.tag for each, value in values.items() if value == empty_value(each)}
        tags = {each.tag for each in (*self.fields, *values)}
        return Filled(
            tuple(each for each in form_fields(form) if each.tag in tags),
            {**self.typed, **{each.tag: initial_value(each, value) for each, value in values.items()}},
            self.cleared.difference(each.tag for each in values) | cleared,
            self.reason,
            f"-{int(self.version.removeprefix('-') or 0) + 1}",
            preset.name,
        )


NOTHING_FILLED = Filled()


def form_view(form: Form, key: str, filled: Filled = NOTHING_FILLED) -> dict[str, Any]:
    """Make the form: the choice of fields, and an input for each chosen one.

    Args:
        form: The account and its values.
        key: The opaque id that finds the form again when it is submitted.
        filled: What is filled in.
    """
    action_id = f"{INPUT}{filled.version}"
    return make_view(
        [
            paragraph([bold("Change "), code(form.account), *app_label(form.app)]),
            *_choice_of_presets(form, filled, action_id),
            _choice_of_fields(form, filled, action_id),
            *_inputs_of_fields(form, filled, action_id),
            _reason_input(filled, action_id),
            context("You'll review the changes before saving", _BYTES),
        ],
        submit=PlainTextObject(text="Preview"),
        notify_on_close=True,
        private_metadata=key,
    )


def _inputs_of_fields(form: Form, filled: Filled, action_id: str) -> Iterator[Block]:
    for each in filled.fields[:_MOST_CHOSEN]:
        yield from make_inputs(
            each,
            form.values.get(each.tag),
            filled.typed.get(each.tag),
            clears=each.tag in filled.cleared,
            action_id=action_id,
        )


def _reason_input(filled: Filled, action_id: str) -> Block:
    return InputBlock(
        label="Reason",
        element=PlainTextInputElement(action_id=action_id, initial_value=filled.reason or None),
        block_id=REASON,
        optional=True,
        hint=f"At most {TEXT_BYTES} bytes. Visible to everyone who reads the record or the audit channel.",
    )


def _choice_of_fields(form: Form, filled: Filled, action_id: str) -> Block:
    options = {
        field.tag: Option(
            value=field.tag,
            text=PlainTextObject(text=field_label(field, Truncator(_MAX_OPTION)), emoji=False),
        )
        for field in form_fields(form)[:_MAX_OPTIONS]
    }
    chosen = [options[field.tag] for field in filled.fields if field.tag in options]
    return InputBlock(
        label="What to change",
        element=StaticMultiSelectElement(
            action_id=action_id,
            placeholder="Choose fields",
            options=list(options.values()),
            initial_options=chosen[:_MOST_CHOSEN] or None,
            max_selected_items=_MOST_CHOSEN,
        ),
        block_id=WHAT,
        dispatch_action=True,
    )


def _choice_of_presets(form: Form, filled: Filled, action_id: str) -> Iterator[Block]:
    options = {
        preset.name: Option(value=preset.name, text=PlainTextObject(text=preset.name, emoji=False))
        for preset in form.app.presets
        if can_fill(preset)
    }
    if options:
        yield InputBlock(
            label="Preset",
            element=StaticSelectElement(
                action_id=action_id,
                placeholder="Choose a preset",
                options=list(options.values()),
                initial_option=options.get(filled.preset),
            ),
            block_id=PRESET,
            dispatch_action=True,
            optional=True,
            hint="Fills in the values below. You can still change them.",
        )


def can_fill(preset: Preset) -> bool:
    """Check whether the inputs of a form can hold all values of a preset."""
    return all(initial_value(each, value) or value == empty_value(each) for each, value in preset.values)


def form_fields(form: Form) -> tuple[Field, ...]:
    """List the fields that a form offers: all that are settable."""
    return tuple(field for field in offered(Domain.PROFILE, form.app.custom) if is_settable(field))


def read_filled(view: Mapping[str, Any], form: Form) -> Filled:
    """Read what is filled into an open form."""
    values = view["state"]["values"]
    tags = read_options(values, WHAT)
    typed = {field.tag: read_input(values, field.tag) for field in form_fields(form)}
    return Filled(
        tuple(field for field in form_fields(form) if field.tag in tags),
        {tag: text for tag, text in typed.items() if text is not None},
        frozenset(field.tag for field in form_fields(form) if reads_clear(values, field)),
        read_input(values, REASON) or "",
        next(iter(values.get(WHAT, {})), INPUT).removeprefix(INPUT),
        read_input(values, PRESET) or "",
    )


def read_form(state: Mapping[str, Any], form: Form) -> tuple[dict[str, str], str]:
    """Read the edited values, as typed and by tag, and the reason; an empty value clears.

    Args:
        state: The state of the submitted view.
        form: The form as it was opened.
    """
    values = state["values"]
    altered = {}
    for each in form_fields(form):
        text = read_input(values, each.tag)
        if reads_clear(values, each):
            altered[each.tag] = ""
        elif text is not None and text != initial_value(each, form.values.get(each.tag)):
            altered[each.tag] = text
    return altered, read_input(values, REASON) or ""


def make_view(blocks: Sequence[Block | dict[str, Any]], *, title: str = TITLE, **more: Any) -> dict[str, Any]:
    """Make a view, usually of the profile modal, from blocks and other view properties."""
    parts = {"callback_id": SET_MODAL, "close": PlainTextObject(text="Cancel"), "blocks": blocks, **more}
    return View(type="modal", title=PlainTextObject(text=title), **parts).to_dict()
