"""One field in words: its label and its value."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime

from bot.core.fields import Field, Kind
from bot.core.model import Value
from bot.slack.messages.blocks import Truncator
from bot.slack.messages.text import make_visible

ABSENT = "—"
"""What stands where the API returned nothing."""

_NUMBER = re.compile("-?[0-9]{1,20}")
# Not strftime's names: those follow the machine's language.
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def field_label(field: Field, trim: Truncator) -> str:
    """Name a field, literally."""
    return trim(make_visible(field.label) or ABSENT)


def format_value(field: Field, value: Value | None) -> str:
    """Say a field's value in words; never empty, on one line, and otherwise literal."""
    return format_safe(field, value) or make_visible(_text(value).removeprefix(field.prefix)) or ABSENT


def format_safe(field: Field, value: Value | None) -> str | None:
    """Say a field's value when nothing but our own words, numbers and dates is needed for it."""
    if field.kind in (Kind.TEXT, Kind.NAMES):
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
    """Read 19900419 as a day; the vendor checks no calendar, so a number that is no day stays one."""
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
    """Say when something was, to the minute; the moment is one of UTC."""
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
