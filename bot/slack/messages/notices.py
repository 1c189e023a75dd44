"""Notices: working, waiting, busy, restarting and the like."""

from collections.abc import Sequence
from itertools import chain

from slack_sdk.models.blocks import RichTextElement

from bot.core.commands import LookupCommand
from bot.core.lookups.job import Progress
from bot.core.text.visible_text import make_visible
from bot.slack.messages.blocks import Button, Message, bold, buttons, code, make_message, paragraph, words
from bot.slack.messages.lookups.progress import show_progress, show_working
from bot.slack.messages.text import and_more, cut

_MAX_WORDS = 20
_MAX_LABEL = 40

WORKING = "is working on it…"
"""The status shown after the bot's name, before there is a notice."""


def working(command: LookupCommand, cancel_id: str = "") -> Message:
    """Make the notice of a running lookup.

    Args:
        command: The lookup.
        cancel_id: The opaque id of its Cancel button, if the notice stays and the answer follows.
    """
    return make_message(lambda _: show_working(command, cancel_id))


def progressing(command: LookupCommand, progress: Progress, cancel_id: str) -> Message:
    """Make the progress notice of a lookup, which the answer replaces.

    Args:
        command: The lookup.
        progress: Its progress.
        cancel_id: The opaque id of its Cancel button.
    """
    return make_message(lambda _: show_progress(command, progress, cancel_id))


def finished() -> Message:
    """Make the notice that replaces that of a finished lookup."""
    return _notice([bold("This lookup has finished."), words(" The answer is a message of its own.")])


def sending() -> Message:
    """Make the notice of a file being sent."""
    return _notice([bold("Sending the CSV…"), words(" It will arrive in your direct messages.")])


def unread(left_out: Sequence[str], run_id: str) -> Message:
    """Make the notice of words in a message that were not read as account ids.

    Args:
        left_out: The words.
        run_id: The opaque id of the command that looks them up.
    """
    first, *others = left_out
    named = chain.from_iterable((words(", "), code(word)) for word in left_out[:_MAX_WORDS])
    more = and_more(len(left_out) - _MAX_WORDS)
    label = "Look those up too" if others else cut(f"Look up {make_visible(first)} too", _MAX_LABEL)
    said = [words("Not read as account ids: "), *list(named)[1:], words(f" {more}." if more else ".")]
    return make_message(lambda _: [paragraph(said), buttons(Button(label, "run_suggestion", run_id))])


def changing() -> Message:
    """Make the notice of a change being prepared or made."""
    return _notice([bold("Contacting Tencent Chat…"), words(" The answer follows.")])


def busy() -> Message:
    """Make the notice that the queue is full."""
    return _notice(
        [bold("The bot is busy right now.")], [words("Nothing was sent. Try again in a few seconds.")]
    )


def waiting(cancel_id: str) -> Message:
    """Make the notice of a request that waits in the queue.

    Args:
        cancel_id: The opaque id of its Cancel button.
    """
    return make_message(
        lambda _: [
            paragraph(
                [bold("Waiting in the queue."), words(" The bot is busy with other requests.")],
                [words("Yours starts by itself. Until then you can cancel it.")],
            ),
            buttons(Button("Cancel", "cancel_lookup", cancel_id, "danger")),
        ]
    )


def withdrawn() -> Message:
    """Make the notice of a request cancelled in the queue."""
    return _notice(
        [
            bold("Cancelled before it started."),
            words(" Nothing was sent. Run the command again when you need it."),
        ]
    )


def restarting() -> Message:
    """Make the notice of a request refused because the bot is stopping."""
    return _notice([bold("The bot is restarting."), words(" Nothing was sent. Try again in a minute.")])


def _notice(*lines: Sequence[RichTextElement]) -> Message:
    return make_message(lambda _: [paragraph(*lines)])
