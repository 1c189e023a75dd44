"""Progress of a running lookup."""

from collections.abc import Iterator
from contextlib import contextmanager

from bot.core.lookups.job import LookupJob
from bot.core.results import Lookup
from bot.slack.delivery.request import SlackRequest
from bot.slack.interactions import Interactions, RunningLookup
from bot.slack.messages.blocks import Message
from bot.slack.messages.notices import progressing, working

PROGRESS_AFTER = 2.0
"""Seconds after which the notice shows progress."""


@contextmanager
def showing_progress(
    interactions: Interactions, request: SlackRequest, job: LookupJob, *, number: int = 0, stays: bool = False
) -> Iterator[None]:
    """Show the progress of a lookup, with a button to cancel it, until the context ends.

    Args:
        interactions: Keeps the lookup for its Cancel button while it runs.
        request: The request to answer.
        job: The lookup.
        number: The page to show.
        stays: Whether the notice stays, because the answer goes elsewhere.
    """
    cancel_id = ""

    def stop() -> Lookup | None:
        if lookup := job.cancel():
            request.reply.stop_progress()
        return lookup

    def line() -> Message:
        nonlocal cancel_id
        progress = job.progress()
        if progress.seconds < PROGRESS_AFTER:
            return working(job.command)
        cancel_id = cancel_id or interactions.keep(
            request.actor, RunningLookup(stop, number, request.reply.public)
        )
        return progressing(job.command, progress, cancel_id)

    try:
        with request.reply.working(line, stays=stays):
            yield
    finally:
        interactions.forget(cancel_id)
