"""The rows of a lookup as a spreadsheet: a row for each account, a column for each field."""

from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache

from bot.core.commands import LookupCommand
from bot.core.fields import Field
from bot.core.lookups.fetch import attribute_names
from bot.core.lookups.mutual import mutual_field
from bot.core.lookups.reasons import reason
from bot.core.model import AccountResult, LookupStatus, Value
from bot.core.text.value_words import TEXT_KINDS, format_cell
from bot.core.text.visible_text import make_visible

COLUMNS = ("account", "status", "code", "message", "app", "read_at")
"""The first columns; one for each field follows."""

_KEPT_CELLS = 1000
"""The most cells of a field that are kept: they repeat, and formatting takes ten times as long as finding."""
_NO_ATTRIBUTES = Field("", "Attributes", "")


def all_fields(command: LookupCommand, rows: Iterable[AccountResult]) -> tuple[Field, ...]:
    """List the columns of an answer: its fields, or the rows' attributes as text fields."""
    if command.kind.domain:
        both = (mutual_field(command.owner),) if command.both else ()
        return (*both, *command.fields)
    return attribute_fields(attribute_names(rows))


def attribute_fields(names: Iterable[str]) -> tuple[Field, ...]:
    """Make the columns of attributes by name; an empty one if there are none."""
    return tuple(Field(name, name, name) for name in names) or (_NO_ATTRIBUTES,)


def header(fields: Iterable[Field]) -> tuple[str, ...]:
    """Return the names of all columns."""
    return (*COLUMNS, *(make_visible(field.label) or field.word for field in fields))


class CellWriter:
    """Writes the cells of accounts, values in words.

    Args:
        command: The lookup.
        fields: The columns behind the first ones.
    """

    def __init__(self, command: LookupCommand, fields: Iterable[Field]) -> None:
        self._command = command
        self._words = [(field.tag, _Words(field)) for field in fields]

    def write(self, row: AccountResult, at: datetime) -> tuple[str, ...]:
        """Return the cells of one account, which was read at a time (UTC)."""
        given = row.values.get
        return (
            make_visible(row.account),
            row.status,
            *explain(self._command, row),
            self._command.app.name,
            write_time(at),
            *[words[given(tag)] for tag, words in self._words],
        )


class _Words(dict[Value | None, str]):
    """The cells of a field by its value; those of texts are not kept: they are long, and seldom the same."""

    def __init__(self, field: Field) -> None:
        super().__init__()
        self._field = field
        self._is_text = field.kind in TEXT_KINDS

    def __missing__(self, value: Value | None) -> str:
        cell = format_cell(self._field, value)
        if not (cell and self._is_text) and len(self) < _KEPT_CELLS:
            self[value] = cell
        return cell


@lru_cache(maxsize=1)
def write_time(at: datetime) -> str:
    """Format a time (UTC) for a row."""
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


def explain(command: LookupCommand, row: AccountResult) -> tuple[str, str]:
    """Return the vendor's code and the reason, without advice that is about Slack."""
    if row.status is LookupStatus.FOUND:
        return "", ""
    happened, number, _ = (make_visible(part) for part in reason(command, row))
    return number, happened.removeprefix(f"{row.status}: ")
