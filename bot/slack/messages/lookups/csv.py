"""A lookup as a CSV file, and the message about the file."""

from collections.abc import Iterator
from datetime import datetime

from slack_sdk.models.blocks import Block

from bot.core.fields import Field
from bot.core.model import AccountResult, LookupStatus
from bot.core.results import Lookup
from bot.core.spreadsheet import line
from bot.core.value_words import format_value
from bot.core.visible_text import make_visible
from bot.slack.messages.blocks import code, context, paragraph, words
from bot.slack.messages.lookups.lookup import headline
from bot.slack.messages.lookups.lookup_errors import reason
from bot.slack.messages.lookups.tables import all_fields
from bot.slack.messages.text import escape, plural

COLUMNS = ("account", "status", "code", "message", "app", "read_at")
"""The first columns; one for each field follows."""


def to_csv(lookup: Lookup, at: datetime) -> bytes:
    """Write a row for each account, in the order asked.

    Args:
        lookup: The lookup.
        at: The time it was read (UTC).
    """
    latest = lookup.latest()
    fields = all_fields(lookup, latest)
    rows = [(*COLUMNS, *(make_visible(field.label) or field.word for field in fields))]
    rows += [
        (
            make_visible(row.account),
            row.status,
            *_problem(lookup, row),
            lookup.command.app.name,
            f"{at:%Y-%m-%dT%H:%M:%SZ}",
            *(_cell(field, row) for field in fields),
        )
        for row in latest
    ]
    # Without a byte order mark, Excel reads UTF-8 as the machine's old code page; others skip the mark.
    # make_visible has replaced characters that UTF-8 cannot encode.
    return "".join(map(line, rows)).encode("utf-8-sig")


def file_name(lookup: Lookup, at: datetime) -> str:
    """Return the file's name, by command, app and time (UTC); no ids, since names show up elsewhere."""
    return f"{lookup.command.kind.word}-{lookup.command.app.name}-{at:%Y%m%d-%H%M%S}.csv"


def comment(lookup: Lookup) -> str:
    """Return the text above the file."""
    word, accounts = lookup.command.kind.word, plural(len(lookup.answer.rows), "account")
    return escape(f"The CSV you asked for: {word} of {accounts} in {lookup.command.app.name}.")


def show_sent(lookup: Lookup, name: str, *, seen_by: str, note: str) -> Iterator[Block]:
    """Show the counts of a lookup, and the place and name of its file."""
    yield paragraph(headline(lookup))
    yield paragraph(
        [words("The CSV is in your direct messages with this bot: "), code(name)],
        [words("It has a row for every account you asked about. Only you received it.")],
        *([[words(note, "italic")]] if note else []),
    )
    yield context(seen_by)


def _problem(lookup: Lookup, row: AccountResult) -> tuple[str, str]:
    """Return the vendor's code and the reason, without advice that is about Slack."""
    if row.status is LookupStatus.FOUND:
        return "", ""
    happened, number, _ = (make_visible(part) for part in reason(lookup.command, row))
    return number, happened.removeprefix(f"{row.status}: ")


def _cell(field: Field, row: AccountResult) -> str:
    """Format a value as in an answer; a missing one is an empty cell."""
    value = row.values.get(field.tag)
    return format_value(field, value) if value not in (None, "", ()) else ""
