"""The accounts that a lookup found: one as a card, a few side by side, many as rows."""

from collections.abc import Iterable, Iterator, Sequence

from slack_sdk.models.blocks import Block, RichTextElement

from bot.core.fields import Field
from bot.core.lookups.fetch import attribute_names
from bot.core.model import AccountResult
from bot.core.results import Lookup
from bot.slack.messages.blocks import Truncator, bold, code, paragraph, section_fields, table, words
from bot.slack.messages.text import make_visible
from bot.slack.messages.values import ABSENT, field_label, format_safe, format_value

SIDE_BY_SIDE = 4
"""The most accounts shown side by side."""
_MAX_COLUMNS = 20
_MAX_ROWS = 100
_HEADING = "nick"
_NO_ATTRIBUTES = Field("", "Attributes", "")


def show_found(lookup: Lookup, found: Sequence[AccountResult], trim: Truncator) -> Iterator[Block]:
    """Show a page's found accounts, in a shape that depends on the answer's size."""
    if not found:
        return
    fields = shown_fields(lookup, found)
    if len(lookup.answer.rows) == 1:
        yield from _card(found[0], fields, trim)
    elif len(lookup.answer.rows) <= SIDE_BY_SIDE:
        corner = lookup.command.kind.column.capitalize()
        yield table(_side_by_side(corner, found, fields, trim))
    else:
        yield table(_rows(found, fields, trim))


def all_fields(lookup: Lookup, rows: Iterable[AccountResult]) -> tuple[Field, ...]:
    """List the columns of an answer: its fields, or the rows' attributes as text fields."""
    if lookup.command.kind.domain:
        return lookup.command.fields
    names = attribute_names(rows)
    return tuple(Field(name, name, name) for name in names) or (_NO_ATTRIBUTES,)


def shown_fields(lookup: Lookup, rows: Iterable[AccountResult]) -> tuple[Field, ...]:
    """List the columns for which the shape has room."""
    fields = all_fields(lookup, rows)
    if len(lookup.answer.rows) <= SIDE_BY_SIDE:
        return fields[: _MAX_ROWS - 1]
    wanted = fields if lookup.command.wants_all else tuple(field for field in fields if field.brief)
    return wanted[: _MAX_COLUMNS - 1]


def _rows(found: Iterable[AccountResult], fields: Sequence[Field], trim: Truncator) -> Iterator[list[str]]:
    yield ["Account", *(field_label(field, trim) for field in fields)]
    for row in found:
        yield [make_visible(row.account), *(_cell(field, row, trim) for field in fields)]


def _side_by_side(
    corner: str, found: Sequence[AccountResult], fields: Iterable[Field], trim: Truncator
) -> Iterator[list[str]]:
    yield [corner, *(make_visible(row.account) for row in found)]
    for field in fields:
        yield [field_label(field, trim), *(_cell(field, row, trim) for row in found)]


def _card(row: AccountResult, fields: Iterable[Field], trim: Truncator) -> Iterator[Block]:
    heading = [code(row.account)]
    short: list[tuple[str, str]] = []
    long: list[list[RichTextElement]] = []
    for field in fields:
        value = row.values.get(field.tag)
        ours, cell = format_safe(field, value), _cell(field, row, trim)
        if ours is not None:
            short.append((field.label, ours))
        elif field.word == _HEADING and cell != ABSENT:
            heading = [bold(cell), words("  "), *heading]
        else:
            long.append([bold(field_label(field, trim)), words(f"  {cell}")])
    yield paragraph(heading)
    if short:
        yield section_fields(short)
    if long:
        yield paragraph(*long)


def _cell(field: Field, row: AccountResult, trim: Truncator) -> str:
    return trim(format_value(field, row.values.get(field.tag)))
