"""Field values as people type them: parsed, compared and formatted."""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date

from bot.core.fields import MAX_UINT32, TEXT_BYTES, Domain, Field, Kind, bare
from bot.core.model import Value, Values
from bot.core.parsing.typography import normalize
from bot.core.parsing.usage_errors import nearest, pasted
from bot.errors import UsageError

_NUMERIC = {Kind.NUMBER, Kind.DATE, Kind.MUTED}
_MUTED = {"received": 0, "not received": 1}
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_YEAR_FIRST = re.compile(r"([0-9]{4})(?:-([0-9]{1,2})-|([0-9]{2}))([0-9]{1,2})")
_DAY_FIRST = re.compile(r"([0-9]{1,2})\s+([A-Za-z]{3,9})\.?\s+([0-9]{4})")
_SEPARATED = re.compile(r"([0-9]{1,4})[-/. ]+([0-9]{1,2})[-/. ]+([0-9]{1,4})\.?")
_TWO_DIGITS = 99
_NUMBER = re.compile(r"0*([0-9]{1,10})")
_UNWRITABLE = re.compile("[\x00\ud800-\udfff]")


def parse_value(field: Field, text: str) -> Value:
    """Parse a value to write into a field; an empty text clears it.

    Raises:
        UsageError: It is not valid for the field, or the field cannot be set; never names the value.
    """
    if not is_settable(field):
        raise UsageError(f"{field.word} cannot be set")
    if field.kind is not Kind.TEXT:
        text = normalize(text).strip()
        return _PARSERS[field.kind](field, text) if text else empty_value(field)
    check_text(field.word, text, field.max_bytes)
    return text


def check_text(name: str, text: str, max_bytes: int = TEXT_BYTES) -> None:
    """Check that a text can be sent and stored.

    Raises:
        UsageError: It is too long, or contains NUL or half a character.
    """
    if _UNWRITABLE.search(text):
        raise UsageError(f"{name} contains a character that cannot be sent", advice="Retype it")
    size = len(text.encode())
    if size > max_bytes:
        raise UsageError(
            f"{name} has {size} bytes; the limit is {max_bytes}",
            advice="A letter from a to z is 1 byte, most others are 2 to 4",
        )


def is_settable(field: Field) -> bool:
    """Check whether people may set a field."""
    return field.domain is Domain.PROFILE and (field.kind is Kind.TEXT or field.kind in _PARSERS)


def choices(field: Field) -> tuple[str, ...]:
    """List a field's words, in a spelling that needs no quotes; empty if it takes other values."""
    return tuple(word.lower().replace(" ", "-") for word in _words(field))


def _words(field: Field) -> tuple[str, ...]:
    return tuple(_MUTED if field.kind is Kind.MUTED else field.choices.values())


def empty_value(field: Field) -> Value:
    """Return the value that clears a field."""
    if field.kind is Kind.CHOICE:
        return next(iter(field.choices))
    return 0 if field.kind in _NUMERIC else ""


def undo_value(field: Field, value: Value | None) -> Value:
    """Return the value that restores a field; the clearing one if it was not set."""
    if value is None or (value == "" and field.kind is not Kind.TEXT):
        return empty_value(field)
    return _as_number(value) if field.kind in _NUMERIC else str(value)


def to_text(field: Field, value: Value | None) -> str:
    """Format a value as people type it."""
    if value is None or (field.kind is Kind.DATE and _as_number(value) == 0):
        return ""
    if field.kind is Kind.CHOICE:
        return field.choices.get(str(value), str(value))
    number = _as_number(value) if field.kind in _NUMERIC else None
    if not isinstance(number, int):
        return str(value)
    if field.kind is Kind.MUTED:
        return next(word for word, bit in _MUTED.items() if bit == number & 1)
    if field.kind is Kind.DATE and (day := _day(number // 10000, number // 100 % 100, number % 100)):
        return day.isoformat()
    return str(number)


def equivalent(field: Field, one: Value | None, other: Value | None) -> bool:
    """Check whether two values mean the same: not set is cleared, and digits are their number."""
    return _meaning(field, one) == _meaning(field, other)


def changed_fields(fields: Iterable[Field], one: Values, other: Values) -> tuple[Field, ...]:
    """List the fields whose values are not equivalent."""
    return tuple(field for field in fields if not equivalent(field, one.get(field.tag), other.get(field.tag)))


def _meaning(field: Field, value: Value | None) -> Value:
    if field.kind is Kind.CHOICE:
        # If the vendor documents no empty meaning, not set is a value of its own.
        return value or (empty_value(field) if field.unset else "")
    if field.kind in _NUMERIC:
        number = _as_number(value or 0)
        return number & 1 if field.kind is Kind.MUTED and isinstance(number, int) else number
    return "" if value is None else str(value)


def _as_number(value: Value) -> Value:
    return int(match[1]) if isinstance(value, str) and (match := _NUMBER.fullmatch(value)) else value


def _parse_choice(field: Field, text: str) -> Value:
    words: dict[str, Value] = {word: value for value, word in field.choices.items()}
    if field.unset:
        words |= {"none": empty_value(field), "unset": empty_value(field)}
    short = {value.rpartition("_")[2]: value for value in field.choices}
    return _choose(field, text, {**short, **words}, {value: value for value in field.choices})


def _parse_muted(field: Field, text: str) -> Value:
    return _choose(field, text, _MUTED)


def _choose(field: Field, text: str, *names: Mapping[str, Value]) -> Value:
    """Return the value by its name or unique prefix, from the first mapping with a match."""
    typed = bare(text)
    for known in names:
        by_name = {bare(name): value for name, value in known.items()}
        found = {value for name, value in by_name.items() if name.startswith(typed)}
        if typed in by_name or len(found) == 1:
            return by_name.get(typed, next(iter(found)))
        if found:
            break
    words = _words(field)
    near = nearest(text, words)
    meant = f"Did you mean {field.word}={pasted(near)}? " if near else ""
    raise UsageError(
        f"{field.word} has no such value"
        if not found
        else f"{field.word} has several values that start like this",
        advice=f"{meant}Choose one of: {', '.join(map(pasted, words))}",
        correction=(text, pasted(near)) if near else None,
    )


def _parse_number(field: Field, text: str) -> Value:
    match = _NUMBER.fullmatch(text)
    if match is None or int(match[1]) > MAX_UINT32:
        raise UsageError(f"{field.word} takes a whole number from 0 to {MAX_UINT32}")
    return int(match[1])


def _parse_date(field: Field, text: str) -> Value:
    if text.strip("0") == "" or text.casefold() == field.unset:
        return empty_value(field)
    day, is_day = None, False
    if match := _YEAR_FIRST.fullmatch(text):
        # Without dashes only two digits each are a month and a day.
        compact = match[3] and len(match[4]) == 2  # noqa: PLR2004 - the digits of a day
        if is_day := bool(match[2] or compact):
            day = _day(int(match[1]), int(match[2] or match[3]), int(match[4]))
    elif (match := _DAY_FIRST.fullmatch(text)) and match[2][:3].lower() in _MONTHS:
        is_day, day = True, _day(int(match[3]), _MONTHS.index(match[2][:3].lower()) + 1, int(match[1]))
    if day is None:
        what = f"{field.word} is not a calendar date" if is_day else f"{field.word} takes a date"
        raise UsageError(what, advice=f"Write it as {' or '.join(_meant(text)) or '1990-04-19'}")
    return day.year * 10000 + day.month * 100 + day.day


def _meant(text: str) -> list[str]:
    """Return the ISO dates that an ambiguous text may mean, month and day either way around."""
    if (match := _SEPARATED.fullmatch(text)) is None:
        return []
    parts = [int(part) for part in match.groups()]
    year = next((part for part in (parts[0], parts[2]) if part > _TWO_DIGITS), 0)
    one, other = parts[1:] if year == parts[0] else parts[:2]
    days = {day for month, each in ((one, other), (other, one)) if (day := _day(year, month, each))}
    if year == parts[0]:
        days = {day for day in days if day.month == one} or days
    return [day.isoformat() for day in sorted(days)]


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except (ValueError, OverflowError):
        return None


_PARSERS: Mapping[Kind, Callable[[Field, str], Value]] = {
    Kind.CHOICE: _parse_choice,
    Kind.NUMBER: _parse_number,
    Kind.DATE: _parse_date,
    Kind.MUTED: _parse_muted,
}
