"""A running lookup: its accounts, its progress, and the Cancel button."""

from collections.abc import Iterator

from slack_sdk.models.blocks import Block, RichTextElement

from bot.core.commands import LookupCommand
from bot.core.lookups.job import Progress
from bot.core.lookups.reasons import COUNTED
from bot.core.model import LookupStatus
from bot.slack.messages.blocks import Button, bold, buttons, code, paragraph, words
from bot.slack.messages.text import plural

_CELLS = 20
_NAMES = {LookupStatus.FOUND: "found", **COUNTED}


def show_working(command: LookupCommand, cancel_id: str = "") -> Iterator[Block]:
    """Show a running lookup; with a Cancel button where this notice stays."""
    if cancel_id:
        yield paragraph(_name(command), [words("The answer follows as a new message.")])
        yield _cancel(cancel_id)
    else:
        yield paragraph(_name(command))


def show_progress(command: LookupCommand, progress: Progress, cancel_id: str) -> Iterator[Block]:
    """Show the progress of a lookup, as a bar and in numbers."""
    yield paragraph(_name(command))
    yield paragraph([words(_bar(progress), "code"), words(f"  {' · '.join(_numbers(progress))}")])
    yield _cancel(cancel_id)


def _name(command: LookupCommand) -> list[RichTextElement]:
    """Name the number of accounts and the app."""
    what = f"Looking up {plural(len(command.accounts), 'account')}"
    return [bold(what), words(" in "), code(command.app.name), words(f" {command.app.region}…")]


def _cancel(cancel_id: str) -> Block:
    return buttons(Button("Cancel", "cancel_lookup", cancel_id, "danger"))


def _bar(progress: Progress) -> str:
    full = progress.done * _CELLS // progress.asked
    return "█" * full + "░" * (_CELLS - full)


def _numbers(progress: Progress) -> Iterator[str]:
    yield f"{progress.done:,} of {progress.asked:,}"
    for status, name in _NAMES.items():
        if number := progress.counts.get(status):
            yield f"{number:,} {name}"
    if progress.seconds_left is not None:
        yield f"about {max(1, round(progress.seconds_left))} s left"
