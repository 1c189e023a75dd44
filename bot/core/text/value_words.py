"""Values in words."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime

from bot.core.fields import Field, Kind
from bot.core.model import Value
from bot.core.text.visible_text import make_visible

ABSENT = "—"
"""The placeholder for a value that the API did not return."""

TEXT_KINDS = (Kind.TEXT, Kind.NAMES)
"""The kinds whose values are words of people."""
_NUMBER = re.compile("-?[0-9]{1,20}")
# strftime's month names depend on the machine's language.
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def format_value(field: Field, value: Value | None) -> str:
    """Format a field's value on one line; never empty."""
    return format_safe(field, value) or make_visible(_text(value).removeprefix(field.prefix)) or ABSENT


def format_cell(field: Field, value: Value | None) -> str:
    """Format a field's value for a cell of a spreadsheet; a missing one is empty."""
    return "" if value in (None, "", ()) else format_value(field, value)


def is_set(field: Field, value: Value | None) -> bool:
    """Check whether a field has a value, other than the one that means that it has none."""
    return bool(_text(value)) and (not field.unset or format_safe(field, value) != field.unset)


def format_safe(field: Field, value: Value | None) -> str | None:
    """Format a value that is a word of the bot, a number or a date; None for all others."""
    if field.kind in TEXT_KINDS:
        return None
    text = _text(value)
    if not text:
        return ABSENT
    if field.kind is Kind.CHOICE:
        return field.choices.get(text)
    if not _NUMBER.fullmatch(text):
        return None
    return field.unset if field.unset and not int(text) else _NUMERIC[field.kind](int(text))


def _text(value: Value | None) -> str:
    if value is None:
        return ""
    return ", ".join(value) if isinstance(value, tuple) else str(value)


def _date(number: int) -> str:
    """Format 19900419 as a date; the vendor accepts any number, so one that is no date stays a number."""
    try:
        return _day(date(number // 10000, number // 100 % 100, number % 100))
    except (ValueError, OverflowError):
        return str(number)


def _time(number: int) -> str:
    try:
        moment = datetime.fromtimestamp(number, UTC)
    except (ValueError, OverflowError, OSError):
        return str(number)
    return format_time(moment)


def format_time(moment: datetime) -> str:
    """Format a UTC time to the minute."""
    return f"{_day(moment)} {moment:%H:%M} UTC"


def _day(day: date) -> str:
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def _muted(number: int) -> str:
    return "Not received" if number & 1 else "Received"


_NUMERIC: Mapping[Kind, Callable[[int], str]] = {
    Kind.NUMBER: str,
    Kind.DATE: _date,
    Kind.MUTED: _muted,
    Kind.TIME: _time,
}
