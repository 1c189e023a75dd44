"""Validation of field values, and their defaults."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from bot.core.fields import MAX_UINT32, TEXT_BYTES, Field, Kind
from bot.sandbox.behavior import Behavior
from bot.sandbox.rest_api.codes import ApiError

WRONG_TYPE = 40610
"""Code for a value of the wrong type."""

_DIGITS = re.compile(r"[0-9]{1,20}")
_WORDS, _TOO_LONG, _BAD_VALUE = 40005, 40601, 40605
_UNSET: Mapping[Kind, str | int] = {Kind.TEXT: "", Kind.NUMBER: 0, Kind.DATE: 0, Kind.MUTED: 0, Kind.TIME: 0}
# The default is the first choice, except here, where the vendor's client shows the open rule.
_UNSET_CHOICE = {"Tag_Profile_IM_AllowType": "AllowType_Type_AllowAny"}


def validate(field: Field, value: Any, behavior: Behavior) -> str | int:
    """Return a value as it is stored.

    Raises:
        ApiError: The value is invalid for the field.
    """
    if field.kind is Kind.CHOICE:
        return _choice(field, value)
    return _text(field, value, behavior) if field.kind is Kind.TEXT else _number(value, behavior)


def _choice(field: Field, value: Any) -> str:
    if not isinstance(value, str):
        raise ApiError(WRONG_TYPE)
    if value not in field.choices:
        raise ApiError(_BAD_VALUE)
    return value


def _text(field: Field, value: Any, behavior: Behavior) -> str:
    if not isinstance(value, str):
        raise ApiError(WRONG_TYPE)
    if len(value.encode()) > field.max_bytes:
        raise ApiError(_TOO_LONG if field.max_bytes == TEXT_BYTES else _BAD_VALUE)
    if not value and behavior.empty_string == "refuse":
        raise ApiError(_BAD_VALUE)
    if any(word in value for word in behavior.words):
        raise ApiError(_WORDS)
    return value


def _number(value: Any, behavior: Behavior) -> int:
    if behavior.int_strings and isinstance(value, str) and _DIGITS.fullmatch(value):
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise ApiError(WRONG_TYPE)
    if not 0 <= value <= MAX_UINT32:
        raise ApiError(_BAD_VALUE)
    return value


def defaults(fields: Iterable[Field]) -> dict[str, str | int]:
    """Return the defaults of fields by tag; fields without one are left out."""
    return {field.tag: default for field in fields if (default := _default(field)) is not None}


def _default(field: Field) -> str | int | None:
    if field.kind is Kind.CHOICE:
        return _UNSET_CHOICE.get(field.tag) or next(iter(field.choices))
    return _UNSET.get(field.kind)
