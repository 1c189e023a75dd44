"""The accounts that a lookup found: one as a card, a few side by side, many as rows."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType

from slack_sdk.models.blocks import Block, RichTextElement

from bot.core.fields import NICK, Domain, Field, Kind
from bot.core.lookups.csv_rows import all_fields
from bot.core.model import AccountResult
from bot.core.results import Drift, Lookup
from bot.core.text.value_words import format_value, is_set
from bot.core.text.visible_text import make_visible
from bot.slack.messages.blocks import (
    DATA_TABLE,
    MAX_HEADER,
    PICTURE,
    Button,
    DataTable,
    Truncator,
    bold,
    buttons,
    code,
    header,
    illustrated,
    paragraph,
    person,
    plain_context,
    table,
    words,
)
from bot.slack.messages.lookups.pictures import AVATAR, find_picture
from bot.slack.messages.text import cut
from bot.slack.messages.values import field_label, show_time

SIDE_BY_SIDE = 4
"""The most accounts shown side by side."""
DIFFERS, SAME = "≠", "="
"""The marks of a row whose values differ, and of one whose values are the same."""
NOTABLE = "⚠"
"""The mark of a value that restricts the account."""
_MAX_COLUMNS = 20
_MAX_LABEL = 60
_MAX_ROWS = 100
_MAX_LEFT_OUT = 1900


def is_card(lookup: Lookup, found: Sequence[AccountResult]) -> bool:
    """Check whether an answer is shown as a card: it found the one profile that was asked for."""
    return len(found) == len(lookup.answer.rows) == 1 and lookup.command.kind.domain is Domain.PROFILE


def show_card(
    lookup: Lookup,
    row: AccountResult,
    headline: str,
    trim: Truncator,
    avoid: Collection[str],
    *,
    drift_id: str | None = None,
) -> Iterator[Block]:
    """Show one profile: its nickname, the headline, its avatar, and the fields that are set.

    Args:
        lookup: The answer.
        row: Its only account.
        headline: The first line.
        trim: The truncator.
        avoid: The kinds of blocks to avoid.
        drift_id: The opaque id of the history of the fields that were overwritten.
    """
    title = make_visible(str(row.values.get(NICK.tag) or row.account))
    yield header(title)
    picture = "" if PICTURE in avoid else find_picture(row.values.get(AVATAR.tag))
    account = make_visible(row.account)
    yield illustrated(f"{account}  ·  {headline}", picture, f"Avatar of {account}")
    fields = sorted(shown_fields(lookup, [row]), key=lambda field: not _is_notable(field, row))
    filled = [field for field in fields if is_set(field, row.values.get(field.tag))]
    below = [field for field in filled if field != NICK or len(title) > MAX_HEADER]
    if below:
        corner = lookup.command.kind.column.capitalize()
        yield table(_side_by_side(corner, [row], below, trim))
    if empty := [field_label(field, trim) for field in fields if field not in filled]:
        yield plain_context(cut(f"Not set: {', '.join(empty)}", _MAX_LEFT_OUT))
    if lookup.drift:
        yield paragraph(*(_show_drift(drift, trim) for drift in lookup.drift))
        if drift_id:
            yield buttons(Button(_drift_label(lookup.drift), "field_history", drift_id))


def _drift_label(found: Sequence[Drift]) -> str:
    """Label the button to the values before."""
    label, *others = [make_visible(drift.field.label) for drift in found]
    return f"History of {f'{len(found)} fields' if others else cut(label, _MAX_LABEL)}"


def _show_drift(drift: Drift, trim: Truncator) -> list[RichTextElement]:
    """Say that a field is no longer what this bot wrote last."""
    label = bold(field_label(drift.field, trim))
    writer = person(drift.actor.user_id)
    return [
        words(f"{NOTABLE} "),
        label,
        words(" is no longer what "),
        writer,
        words(" set "),
        show_time(drift.at),
    ]


def show_found(
    lookup: Lookup, found: Sequence[AccountResult], trim: Truncator, avoid: Collection[str]
) -> Iterator[Block]:
    """Show a page's found accounts, in a shape that depends on the answer's size."""
    if not found:
        return
    fields = shown_fields(lookup, found)
    if len(lookup.answer.rows) > SIDE_BY_SIDE:
        rows = _rows(found, fields, trim)
        numbers = {place for place, field in enumerate(fields, 1) if field.kind is Kind.NUMBER}
        caption = lookup.command.kind.noun.capitalize()
        if DATA_TABLE in avoid:
            shown = list(rows)
            yield table(shown[:_MAX_ROWS])
            # The page of a data table that Slack refused may have a row more.
            yield from (
                paragraph([code(account), words(f"  {' · '.join(rest)}")])
                for account, *rest in shown[_MAX_ROWS:]
            )
        else:
            yield DataTable(caption, rows, numbers)
        return
    corner = lookup.command.kind.column.capitalize()
    marks, legend = _compare(found, fields) if len(found) > 1 else ({}, "")
    yield table(_side_by_side(corner, found, fields, trim, marks))
    if legend:
        yield plain_context(legend)


def _compare(found: Sequence[AccountResult], fields: Sequence[Field]) -> tuple[Mapping[Field, str], str]:
    """Mark the rows that differ or those that do not, whichever are fewer; return the marks and their key."""
    different = [field for field in fields if len({row.values.get(field.tag) for row in found}) > 1]
    same = [field for field in fields if field not in different]
    if not different:
        return {}, "every field is the same"
    if not same:
        return {}, "every field differs" if len(fields) > 1 else ""
    if len(different) <= len(same):
        return dict.fromkeys(different, DIFFERS), f"{DIFFERS} marks what differs"
    return dict.fromkeys(same, SAME), f"{SAME} marks what is the same, the rest differs"


def shown_fields(lookup: Lookup, rows: Iterable[AccountResult]) -> tuple[Field, ...]:
    """List the columns for which the shape has room."""
    fields = all_fields(lookup.command, rows)
    if len(lookup.answer.rows) <= SIDE_BY_SIDE:
        return fields[: _MAX_ROWS - 1]
    wanted = fields if lookup.command.wants_all else tuple(field for field in fields if field.brief)
    return wanted[: _MAX_COLUMNS - 1]


def _rows(found: Iterable[AccountResult], fields: Sequence[Field], trim: Truncator) -> Iterator[list[str]]:
    yield ["Account", *(field_label(field, trim) for field in fields)]
    for row in found:
        yield [make_visible(row.account), *(_cell(field, row, trim) for field in fields)]


def _side_by_side(
    corner: str,
    found: Sequence[AccountResult],
    fields: Iterable[Field],
    trim: Truncator,
    marks: Mapping[Field, str] = MappingProxyType({}),
) -> Iterator[list[str]]:
    yield [corner, *(make_visible(row.account) for row in found)]
    for field in fields:
        label = f"{marks.get(field, '')} {field_label(field, trim)}".lstrip()
        yield [label, *(_cell(field, row, trim) for row in found)]


def _is_notable(field: Field, row: AccountResult) -> bool:
    return field.notable != "" and row.values.get(field.tag) == field.notable


def _cell(field: Field, row: AccountResult, trim: Truncator) -> str:
    value = trim(format_value(field, row.values.get(field.tag)))
    return f"{NOTABLE} {value}" if _is_notable(field, row) else value
