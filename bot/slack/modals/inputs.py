"""Modal inputs by kind of field: initial values, and submitted ones."""

import unicodedata
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from typing import Any

from slack_sdk.models.blocks import (
    Block,
    CheckboxesElement,
    DatePickerElement,
    InputBlock,
    InputInteractiveElement,
    NumberInputElement,
    Option,
    PlainTextInputElement,
    PlainTextObject,
    StaticSelectElement,
)

from bot.core.fields import MAX_UINT32, Field, Kind
from bot.core.model import Value
from bot.core.parsing.values import choices, to_text
from bot.slack.messages.blocks import Truncator
from bot.slack.messages.values import field_label

INPUT = "value"
"""The action id of every input; a block has one. In a form that is made anew, a version may follow it."""
CLEAR = "clear:"
"""The prefix of the block ids of the checkboxes that clear a field, before its tag."""

_MAX_LENGTH = 3000
_MAX_LABEL = 150
_MAX_DIGITS = len(str(MAX_UINT32))
_UNSHOWABLE = {"Cc", "Cf", "Cn", "Co", "Cs", "So"}
"""Categories of characters that Slack's inputs drop or replace, such as emoji."""


def make_inputs(
    field: Field, value: Value | None, typed: str | None, *, clears: bool, action_id: str
) -> Iterator[Block]:
    """Make the input of a settable field, and a checkbox to clear what the input cannot.

    Args:
        field: The field.
        value: Its current value; None if it is not set or was not read.
        typed: The text in the input; None for the current value.
        clears: Whether the checkbox is ticked.
        action_id: The action id of both.
    """
    current, label = initial_value(field, value), field_label(field, Truncator(_MAX_LABEL))
    hidden = to_text(field, value) != "" and current == ""
    held = "The current value can't be shown here. Leave this empty to keep it." if hidden else ""
    hint = " ".join(filter(None, (_HINTS.get(field.kind, "").format(field=field), held)))
    holds = typed is not None and (not typed or _holds(field, typed))
    element = _ELEMENTS[field.kind](field, (typed or "") if holds else current, action_id)
    yield InputBlock(label=label, element=element, block_id=field.tag, optional=True, hint=hint or None)
    if hidden or (field.kind is Kind.DATE and current):
        option = Option(value="clear", text=PlainTextObject(text="Clear", emoji=False))
        yield InputBlock(
            label=f"Tick to clear the {label.lower() if field.kind is Kind.DATE else 'value'}",
            element=CheckboxesElement(
                action_id=action_id, options=[option], initial_options=[option] if clears else None
            ),
            block_id=f"{CLEAR}{field.tag}",
            optional=True,
        )


def initial_value(field: Field, value: Value | None) -> str:
    """Return the initial value of a field's input; empty if the input cannot hold it."""
    if field.kind is Kind.CHOICE:
        return str(value) if value in field.choices else ""
    text = to_text(field, value).replace("\r\n", "\n")
    return text if _holds(field, text) else ""


def reads_clear(values: Mapping[str, Any], field: Field) -> bool:
    """Check whether the checkbox that clears a field is ticked."""
    return bool(read_options(values, f"{CLEAR}{field.tag}"))


def read_options(values: Mapping[str, Any], block_id: str) -> list[str]:
    """Read the chosen options of an input from a view's `state.values`."""
    held = _read(values, block_id) or {}
    return [str(option["value"]) for option in held.get("selected_options") or ()]


def read_input(values: Mapping[str, Any], block_id: str) -> str | None:
    """Read an input from a view's `state.values`; None if the view had no such input."""
    match _read(values, block_id):
        case None:
            return None
        case {"selected_option": {"value": str(text)}} | {"selected_date": str(text)} | {"value": str(text)}:
            return text
        case _:
            return ""


def _read(values: Mapping[str, Any], block_id: str) -> Any:
    return next(iter(values.get(block_id, {}).values()), None)


def _holds(field: Field, text: str) -> bool:
    if field.kind is Kind.CHOICE:
        return text in field.choices
    return text in choices(field) if field.kind is Kind.MUTED else _CAN_HOLD[field.kind](text)


def is_showable(text: str) -> bool:
    """Check whether Slack's text inputs show a text as it is."""
    if len(text) > _MAX_LENGTH:
        return False
    return not any(unicodedata.category(each) in _UNSHOWABLE for each in text if each != "\n")


def _is_number(text: str) -> bool:
    # int() refuses thousands of digits.
    return len(text) <= _MAX_DIGITS and text.isascii() and text.isdecimal() and int(text) <= MAX_UINT32


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _text_input(_: Field, initial: str, action_id: str) -> InputInteractiveElement:
    # No limit of Slack's, which counts characters: the vendor counts bytes.
    return PlainTextInputElement(
        action_id=action_id, initial_value=initial or None, multiline="\n" in initial
    )


def _number_input(_: Field, initial: str, action_id: str) -> InputInteractiveElement:
    return NumberInputElement(
        action_id=action_id,
        is_decimal_allowed=False,
        initial_value=initial or None,
        min_value="0",
        max_value=str(MAX_UINT32),
    )


def _date_input(_: Field, initial: str, action_id: str) -> InputInteractiveElement:
    return DatePickerElement(action_id=action_id, initial_date=initial or None)


def _choice_input(field: Field, initial: str, action_id: str) -> InputInteractiveElement:
    named = field.choices or {word: word.replace("-", " ").capitalize() for word in choices(field)}
    options = {value: Option(value=value, text=PlainTextObject(text=word)) for value, word in named.items()}
    return StaticSelectElement(
        action_id=action_id, options=list(options.values()), initial_option=options.get(initial)
    )


_ELEMENTS: Mapping[Kind, Callable[[Field, str, str], InputInteractiveElement]] = {
    Kind.TEXT: _text_input,
    Kind.NUMBER: _number_input,
    Kind.DATE: _date_input,
    Kind.CHOICE: _choice_input,
    Kind.MUTED: _choice_input,
}
_CAN_HOLD: Mapping[Kind, Callable[[str], bool]] = {
    Kind.TEXT: is_showable,
    Kind.NUMBER: _is_number,
    Kind.DATE: _is_date,
}
_HINTS: Mapping[Kind, str] = {
    Kind.TEXT: "At most {field.max_bytes} bytes.",
    Kind.MUTED: "The preview shows the current value.",
}
