"""Modal inputs by kind of field: initial values, and submitted ones."""

import unicodedata
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from slack_sdk.models.blocks import (
    Block,
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
from bot.core.parsing.values import to_text
from bot.slack.messages.blocks import Truncator
from bot.slack.messages.values import field_label

INPUT = "value"
"""The action id of every input; a block has one."""

_MAX_LENGTH = 3000
_MAX_LABEL = 150
_MAX_DIGITS = len(str(MAX_UINT32))
_UNSHOWABLE = {"Cc", "Cf", "Cn", "Co", "Cs", "So"}
"""Categories of characters that Slack's inputs drop or replace, such as emoji."""


def make_input(field: Field, value: Value | None) -> Block:
    """Make the input of a settable field, with its value if the input can hold it."""
    initial = initial_value(field, value)
    hidden = to_text(field, value) != "" and initial == ""
    held = "The current value can't be shown here. Leave this empty to keep it." if hidden else ""
    hints = [_HINTS.get(field.kind, "").format(field=field), held]
    return InputBlock(
        label=field_label(field, Truncator(_MAX_LABEL)),
        element=_ELEMENTS[field.kind](field, initial),
        block_id=field.tag,
        optional=True,
        hint=" ".join(filter(None, hints)) or None,
    )


def initial_value(field: Field, value: Value | None) -> str:
    """Return the initial value of a field's input; empty if the input cannot hold it."""
    if field.kind is Kind.CHOICE:
        return str(value) if value in field.choices else ""
    text = to_text(field, value).replace("\r\n", "\n")
    return text if _CAN_HOLD[field.kind](text) else ""


def read_input(values: Mapping[str, Any], block_id: str, action_id: str = INPUT) -> str | None:
    """Read an input from a view's `state.values`; None if the view had no such input."""
    match values.get(block_id, {}).get(action_id):
        case None:
            return None
        case {"selected_option": {"value": str(text)}} | {"selected_date": str(text)} | {"value": str(text)}:
            return text
        case _:
            return ""


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


def _text_input(field: Field, initial: str) -> InputInteractiveElement:
    return PlainTextInputElement(
        action_id=INPUT,
        initial_value=initial or None,
        multiline="\n" in initial,
        # Slack counts characters and the vendor bytes; a text never has more characters than bytes.
        max_length=min(_MAX_LENGTH, max(field.max_bytes, len(initial))),
    )


def _number_input(_: Field, initial: str) -> InputInteractiveElement:
    return NumberInputElement(
        action_id=INPUT,
        is_decimal_allowed=False,
        initial_value=initial or None,
        min_value="0",
        max_value=str(MAX_UINT32),
    )


def _date_input(_: Field, initial: str) -> InputInteractiveElement:
    return DatePickerElement(action_id=INPUT, initial_date=initial or None)


def _choice_input(field: Field, initial: str) -> InputInteractiveElement:
    options = {
        value: Option(value=value, text=PlainTextObject(text=word)) for value, word in field.choices.items()
    }
    return StaticSelectElement(
        action_id=INPUT, options=list(options.values()), initial_option=options.get(initial)
    )


_ELEMENTS: Mapping[Kind, Callable[[Field, str], InputInteractiveElement]] = {
    Kind.TEXT: _text_input,
    Kind.NUMBER: _number_input,
    Kind.DATE: _date_input,
    Kind.CHOICE: _choice_input,
}
_CAN_HOLD: Mapping[Kind, Callable[[str], bool]] = {
    Kind.TEXT: is_showable,
    Kind.NUMBER: _is_number,
    Kind.DATE: _is_date,
}
_HINTS: Mapping[Kind, str] = {
    Kind.TEXT: "Up to {field.max_bytes} bytes: 1 for a basic Latin letter, 2 to 4 for most others.",
    # Slack's date picker cannot be cleared.
    Kind.DATE: "A date can't be cleared here. Use the set command with {field.word}= instead.",
}
