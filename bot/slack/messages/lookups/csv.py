"""A lookup as a CSV file, and the message about the file."""

from collections.abc import Iterator
from datetime import datetime

from slack_sdk.models.blocks import Block

from bot.core.commands import LookupCommand
from bot.core.lookups.csv_rows import CellWriter, all_fields, header
from bot.core.results import Lookup
from bot.core.text.spreadsheet import lines
from bot.slack.messages.blocks import code, context, paragraph, words
from bot.slack.messages.lookups.lookup import headline
from bot.slack.messages.text import escape, plural


def to_csv(lookup: Lookup, at: datetime) -> bytes:
    """Write a row for each account, in the order asked.

    Args:
        lookup: The lookup.
        at: The time it was read (UTC).
    """
    latest = lookup.latest()
    fields = all_fields(lookup.command, latest)
    cells = CellWriter(lookup.command, fields)
    rows = [header(fields), *(cells.write(row, at) for row in latest)]
    # Without a byte order mark, Excel reads UTF-8 as the machine's old code page; others skip the mark.
    # make_visible has replaced characters that UTF-8 cannot encode.
    return lines(rows).encode("utf-8-sig")


def file_name(command: LookupCommand, at: datetime) -> str:
    """Return the file's name, by command, app and time (UTC); no ids, since names show up elsewhere."""
    return f"{command.kind.word}-{command.app.name}-{at:%Y%m%d-%H%M%S}.csv"


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
