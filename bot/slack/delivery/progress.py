"""Progress of a running lookup."""

from collections.abc import Iterator
from contextlib import contextmanager

from bot.core.lookups.job import LookupJob
from bot.core.results import Lookup
from bot.slack.delivery.request import SlackRequest
from bot.slack.interactions import FinishedLookup, Interactions, RunningLookup
from bot.slack.messages.blocks import Message
from bot.slack.messages.notices import progressing, working

PROGRESS_AFTER = 1.5
"""Seconds after which the notice shows progress."""


@contextmanager
def showing_progress(
    interactions: Interactions, request: SlackRequest, job: LookupJob, *, number: int = 0
) -> Iterator[None]:
    """Show the progress of a lookup, with a button to cancel it, until the context ends.

    Args:
        interactions: Keeps the lookup for its Cancel button while it runs.
        request: The request to answer.
        job: The lookup.
        number: The page to show.
    """
    cancel_id = request.reply.cancel_id

    def stop() -> Lookup | None:
        if lookup := job.cancel():
            request.reply.stop_progress()
        return lookup

    def make_cancelable() -> str:
        running = RunningLookup(stop, number, request.reply.public)
        return interactions.keep(request.actor, running, cancel_id)

    def line() -> Message:
        nonlocal cancel_id
        progress, moves = job.progress(), request.reply.editable
        if moves and progress.seconds < PROGRESS_AFTER:
            return working(job.command)
        cancel_id = cancel_id or make_cancelable()
        return progressing(job.command, progress, cancel_id) if moves else working(job.command, cancel_id)

    if cancel_id:
        # The notice that the request waits stays, and its button now cancels the lookup.
        make_cancelable()
    try:
        with request.reply.working(line):
            yield
    finally:
        if request.reply.editable:
            interactions.forget(cancel_id)
        elif cancel_id:
            interactions.keep(request.actor, FinishedLookup(), cancel_id)
