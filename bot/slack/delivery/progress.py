"""Progress of a running lookup."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from bot.core.lookups.job import LookupJob
from bot.core.results import Lookup
from bot.errors import CancelledError
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
    cancel_id, lock = "", Lock()

    def stop() -> Lookup | None:
        if lookup := job.cancel():
            request.reply.stop_progress()
        return lookup

    def line() -> Message:
        nonlocal cancel_id
        progress, moves = job.progress(), request.reply.editable
        if moves and progress.seconds < PROGRESS_AFTER:
            return working(job.command)
        with lock:
            # The lookup may have ended meanwhile.
            if request.lookup is running and not cancel_id:
                cancel_id = interactions.keep(request.actor, running)
        if not cancel_id:
            return working(job.command)
        return progressing(job.command, progress, cancel_id) if moves else working(job.command, cancel_id)

    request.lookup = running = RunningLookup(stop, number, request.reply.public)
    finished: FinishedLookup | None = FinishedLookup()
    try:
        with request.reply.working(line):
            yield
    except CancelledError:
        finished = None
        raise
    finally:
        with lock:
            request.lookup = finished
            interactions.forget(cancel_id)
            if finished and cancel_id and not request.reply.editable:
                # Slack goes on showing the button.
                interactions.keep(request.actor, finished, cancel_id)
