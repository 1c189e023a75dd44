"""A running lookup: its accounts, its progress, and the Cancel button."""

from collections.abc import Iterator, Mapping

from slack_sdk.models.blocks import Block, RichTextElement

from bot.core.commands import LookupCommand
from bot.core.lookups.job import Progress
from bot.core.lookups.reasons import COUNTED
from bot.core.model import LookupStatus
from bot.slack.messages.blocks import Button, bold, buttons, code, paragraph, words
from bot.slack.messages.text import plural

_CELLS = 20
_HOUR = 60
_MINUTES = 2
"""The fewest minutes that are not counted in seconds."""
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
    yield paragraph(bar_line(progress))
    yield _cancel(cancel_id)


def bar_line(progress: Progress) -> list[RichTextElement]:
    """Show how far a lookup has come in one line, as a bar and in numbers."""
    return [words(_bar(progress), "code"), words(f"  {' · '.join(_numbers(progress))}")]


def count_by_status(counts: Mapping[LookupStatus, int]) -> Iterator[str]:
    """Yield the numbers of accounts by status, without those of none."""
    for status, name in _NAMES.items():
        if number := counts.get(status):
            yield f"{number:,} {name}"


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
    yield from count_by_status(progress.counts)
    if progress.seconds_left is not None:
        yield f"about {_format_seconds(max(1, round(progress.seconds_left)))} left"


def _format_seconds(seconds: int) -> str:
    minutes = round(seconds / 60)
    if minutes < _MINUTES:
        return f"{seconds} s"
    return f"{minutes} min" if minutes < _HOUR else f"{minutes // _HOUR} h {minutes % _HOUR} min"
