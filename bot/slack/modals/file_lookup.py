"""File modal: the view that asks for the column of the ids, and what to look up."""

from collections.abc import Iterator, Sequence
from typing import Any

from slack_sdk.models.blocks import (
    Block,
    InputBlock,
    Option,
    OptionGroup,
    PlainTextObject,
    StaticSelectElement,
)

from bot.bulk.id_column import Column, ColumnGuess
from bot.core.commands import LookupCommand
from bot.core.parsing.command_line import Apps
from bot.slack.messages.blocks import code, context, paragraph, words
from bot.slack.messages.text import cut, plural
from bot.slack.modals.inputs import INPUT
from bot.slack.modals.lookup import TITLE, ask_kind, option
from bot.slack.modals.profile import make_view

FILE_MODAL = "file_lookup_modal"
"""The callback id of the view."""
COLUMN = "column"
"""The block id of the input for the column; its values are what `IdsFile` takes."""

_MAX_NAME = 100
_MAX_LETTERS = 75


def file_view(apps: Apps, name: str, guess: ColumnGuess, command: LookupCommand, key: str) -> dict[str, Any]:
    """Make the view that asks what to look up of a file.

    Args:
        apps: The configured apps.
        name: The file's name.
        guess: Its columns.
        command: The lookup that is chosen so far, without accounts.
        key: The opaque id of the file.
    """
    ids = f": {plural(guess.count, 'id')} in the column chosen here"
    note = context("you get a CSV in your direct messages", "each id is looked up once")
    blocks = [
        paragraph([code(cut(name, _MAX_NAME)), words(f"{ids}.")]),
        _ask_column(guess),
        *ask_kind(apps, command),
        note,
    ]
    submit = PlainTextObject(text="Look up")
    return make_view(blocks, title=TITLE, callback_id=FILE_MODAL, submit=submit, private_metadata=key)


def _ask_column(guess: ColumnGuess) -> Block:
    groups = {
        "The first line names the columns": list(_options(guess.named, "{}")),
        "The first line holds an id, too": list(_options(guess.numbered, "Column {}")),
    }
    if guess.likely in guess.numbered:
        groups = dict(reversed(groups.items()))
    shown = [
        OptionGroup(label=PlainTextObject(text=title), options=options)
        for title, options in groups.items()
        if options
    ]
    likely = [each for options in groups.values() for each in options if each.value == guess.likely.name]
    element = StaticSelectElement(
        action_id=INPUT,
        placeholder="Choose a column",
        option_groups=shown,
        initial_option=likely[0] if likely else None,
    )
    return InputBlock(label="Column of the ids", element=element, block_id=COLUMN)


def _options(columns: Sequence[Column], label: str) -> Iterator[Option]:
    for column in columns:
        # Slack takes no longer value; the number of such a column stays to be chosen.
        if len(column.name) <= _MAX_LETTERS:
            yield option(column.name, label.format(column.name), ", ".join(column.examples))
