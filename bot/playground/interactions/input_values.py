"""Input values, and their validation by Slack's rules."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import PurePath
from typing import Any, TypeAlias

from bot.playground.blockkit.checker import check_option
from bot.playground.blockkit.rules import FORMS
from bot.playground.errors import SlackError
from bot.playground.json_types import Json
from bot.playground.state.messages import list_elements

State: TypeAlias = dict[str, dict[str, Json]]
"""Values of elements, by block id and action id."""


MOST_FILE_BYTES = 10 * 2**20
"""Bytes of a file in a form at most."""

_TOO_LARGE = "Please choose files of at most 10 MB."


@dataclass(frozen=True, slots=True)
class InputSpec:
    """Specification of an input type.

    Args:
        key: Key of the value in actions and states.
        initial: Key of the initial value in the element; empty if it has none.
        accepts: Checks whether a value is valid for the element.
        empty: The empty value.
        in_state: States have the value.
    """

    key: str
    initial: str
    accepts: Callable[[Json, Any], bool]
    empty: Any = None
    in_state: bool = True


def _is_text(_: Json, value: Any) -> bool:
    return isinstance(value, str)


def _is_date(_: Json, value: Any) -> bool:
    return isinstance(value, str) and bool(FORMS["YYYY-MM-DD"].fullmatch(value))


def _is_option(_: Json, value: Any) -> bool:
    return not check_option(value)


def _is_offered(element: Json, value: Any) -> bool:
    groups = element.get("option_groups", [element])
    return any(value in group["options"] for group in groups)


def _are_offered(element: Json, values: Any) -> bool:
    return isinstance(values, list) and all(_is_offered(element, value) for value in values)


def _are_texts(_: Json, values: Any) -> bool:
    return isinstance(values, list) and all(isinstance(value, str) for value in values)


_TEXT = InputSpec("value", "initial_value", _is_text)
_OPTION = InputSpec("selected_option", "initial_option", _is_offered)
_OPTIONS = InputSpec("selected_options", "initial_options", _are_offered, empty=[])

INPUT_SPECS: Mapping[str, InputSpec] = {
    "plain_text_input": _TEXT,
    "number_input": _TEXT,
    "email_text_input": _TEXT,
    "url_text_input": _TEXT,
    "static_select": _OPTION,
    "external_select": InputSpec("selected_option", "initial_option", _is_option),
    "radio_buttons": _OPTION,
    "checkboxes": _OPTIONS,
    "multi_static_select": _OPTIONS,
    "datepicker": InputSpec("selected_date", "initial_date", _is_date),
    "users_select": InputSpec("selected_user", "initial_user", _is_text),
    "conversations_select": InputSpec("selected_conversation", "initial_conversation", _is_text),
    "channels_select": InputSpec("selected_channel", "initial_channel", _is_text),
    "file_input": InputSpec("files", "", _are_texts, empty=[]),
    "overflow": InputSpec("selected_option", "", _is_offered, in_state=False),
}
"""Elements with a value, by type."""


def read_choice(element: Json, given: Mapping[str, Any]) -> Json:
    """Read the value of an element from the page's action; empty for a button.

    Raises:
        SlackError: The value is invalid for the element.
    """
    spec = INPUT_SPECS.get(element["type"])
    if spec is None:
        return {}
    value = given.get(spec.key)
    if spec.key not in given or (value and not spec.accepts(element, value)):
        raise SlackError("invalid_action")
    return {spec.key: value or spec.empty}


def read_state(blocks: list[Json] | None, given: Any) -> State:
    """Read the value of every element from the page's state; missing values are the initial ones.

    Raises:
        SlackError: A value is invalid for its element.
    """
    state: State = {}
    for block, element in list_elements(blocks):
        spec = INPUT_SPECS.get(element["type"])
        if spec is None or not spec.in_state:
            continue
        submitted = _get(_get(given, block["block_id"]), element["action_id"])
        value = submitted[spec.key] if spec.key in submitted else element.get(spec.initial)
        if value and not spec.accepts(element, value):
            raise SlackError("invalid_state")
        entry = {"type": element["type"], spec.key: value or spec.empty}
        state.setdefault(block["block_id"], {})[element["action_id"]] = entry
    return state


def find_errors(blocks: list[Json], state: State) -> dict[str, str]:
    """Return Slack's validation errors by block id."""
    errors = {}
    for block in blocks:
        element = block.get("element")
        if element and element["type"] in INPUT_SPECS:
            entry = state[block["block_id"]][element["action_id"]]
            errors[block["block_id"]] = _find_error(block, element, entry[INPUT_SPECS[element["type"]].key])
    return {block_id: error for block_id, error in errors.items() if error}


def _find_error(block: Json, element: Json, value: Any) -> str:
    if not value:
        return "" if block.get("optional") else "Please complete this required field."
    check = _CHECKS.get(element["type"])
    return check(element, value) if check else ""


def _get(value: Any, key: str) -> Mapping[str, Any]:
    found = value.get(key) if isinstance(value, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def _check_length(element: Json, value: str) -> str:
    least, most = element.get("min_length", 0), element.get("max_length", 3000)
    if len(value) < least:
        return f"Please enter at least {least} characters."
    return f"Please enter at most {most} characters." if len(value) > most else ""


def _check_number(element: Json, value: str) -> str:
    if not FORMS["a number"].fullmatch(value):
        return "Please enter a number."
    if not element["is_decimal_allowed"] and "." in value:
        return "Please enter a whole number."
    least, most = element.get("min_value"), element.get("max_value")
    if least is not None and Decimal(value) < Decimal(least):
        return f"Please enter a number of at least {least}."
    if most is not None and Decimal(value) > Decimal(most):
        return f"Please enter a number of at most {most}."
    return ""


def _check_files(element: Json, files: list[Json]) -> str:
    most, kinds = element.get("max_files", 10), [kind.lower() for kind in element.get("filetypes", ())]
    if len(files) > most:
        return f"Please choose at most {most} file{'s' if most > 1 else ''}."
    if kinds and any(PurePath(file["name"]).suffix.lower().removeprefix(".") not in kinds for file in files):
        return f"Please choose files of these types: {', '.join(kinds)}."
    return _TOO_LARGE if any(file["size"] > MOST_FILE_BYTES for file in files) else ""


def _check_form(form: str, error: str) -> Callable[[Json, str], str]:
    pattern = re.compile(form)
    return lambda _, value: "" if pattern.fullmatch(value) else error


_CHECKS: Mapping[str, Callable[[Json, Any], str]] = {
    "plain_text_input": _check_length,
    "number_input": _check_number,
    "email_text_input": _check_form(
        r"[^@\s]++@(?=[^@\s]+\.[^@\s])[^@\s]++", "Please enter a valid email address."
    ),
    "file_input": _check_files,
    "url_text_input": _check_form(r"[a-z][a-z0-9+.-]*://\S+", "Please enter a valid URL."),
}
