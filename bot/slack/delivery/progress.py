"""What is said of a lookup while it is under way."""

from collections.abc import Iterator
from contextlib import contextmanager

from bot.core.lookups.job import LookupJob
from bot.core.results import Lookup
from bot.slack.delivery.request import Ask
from bot.slack.interactions import Answers, UnderWay
from bot.slack.messages.render import Message, progressing, working

PROGRESS_AFTER = 2.0
"""Seconds from which on it is said how far a lookup has come."""


@contextmanager
def watching(
    answers: Answers, ask: Ask, inquiry: LookupJob, *, number: int = 0, stays: bool = False
) -> Iterator[None]:
    """Tell an actor how far a lookup has come, with a button to cancel it, until the context ends.

    Args:
        answers: Keeps what the button leads back to, as long as there is something to cancel.
        ask: Whose lookup it is.
        inquiry: The lookup.
        number: The page that is to be shown.
        stays: Whether the answer goes elsewhere.
    """
    cancel_id = ""

    def stop() -> Lookup | None:
        if lookup := inquiry.cancel():
            ask.reply.hush()
        return lookup

    def line() -> Message:
        nonlocal cancel_id
        progress = inquiry.progress()
        if progress.seconds < PROGRESS_AFTER:
            return working(inquiry.command)
        cancel_id = cancel_id or answers.keep(ask.actor, UnderWay(stop, number, ask.reply.public))
        return progressing(inquiry.command, progress, cancel_id)

    try:
        with ask.reply.working(line, stays=stays):
            yield
    finally:
        answers.forget(cancel_id)
