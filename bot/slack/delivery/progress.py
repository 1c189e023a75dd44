"""Progress of a running lookup."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock

from bot.core.lookups.job import LookupJob
from bot.core.results import Lookup
from bot.errors import CancelledError
from bot.slack.delivery.request import SlackRequest
from bot.slack.interaction_store import Interactions
from bot.slack.interactions import FinishedLookup, RunningLookup, Showing
from bot.slack.messages.blocks import Message
from bot.slack.messages.notices import progressing, working

PROGRESS_AFTER = 1.5
"""Seconds after which the notice shows progress."""


@contextmanager
def showing_progress(
    interactions: Interactions,
    request: SlackRequest,
    job: LookupJob,
    showing: Showing,
    answer: Callable[[Lookup], None],
) -> Iterator[None]:
    """Show the progress of a lookup, with a button to cancel it, until the context ends.

    Args:
        interactions: Keeps the lookup for its Cancel button while it runs.
        request: The request to answer.
        job: The lookup.
        showing: The page to show.
        answer: Answers the request with the partial answer, if another process gets the press of the button.
    """
    notice = _Notice(interactions, request, job)
    request.lookup = RunningLookup(notice.cancel, showing, answer)
    ended: FinishedLookup | None = FinishedLookup()
    try:
        with request.reply.working(notice.make):
            yield
    except CancelledError:
        ended = None
        raise
    finally:
        notice.end(ended)


@dataclass(slots=True)
class _Notice:
    """The notice of a running lookup, made in another thread, and its Cancel button."""

    interactions: Interactions
    request: SlackRequest
    job: LookupJob
    _cancel_id: str = ""
    _lock: Lock = field(default_factory=Lock)

    def cancel(self) -> Lookup | None:
        """Cancel the lookup, and return the partial answer; None if it has ended."""
        if lookup := self.job.cancel():
            self.request.reply.stop_progress()
        return lookup

    def make(self) -> Message:
        """Make the notice as of now, with a Cancel button unless it has just begun or has ended."""
        progress, command, moves = self.job.progress(), self.job.command, self.request.reply.editable
        if moves and progress.seconds < PROGRESS_AFTER:
            return working(command)
        cancel_id = self._keep()
        return (
            progressing(command, progress, cancel_id) if moves and cancel_id else working(command, cancel_id)
        )

    def end(self, ended: FinishedLookup | None) -> None:
        """Replace the lookup by what is left of it; None if its answer has replaced the notice."""
        with self._lock:
            self.request.lookup = ended
            self.interactions.forget(self._cancel_id)
            if ended and self._cancel_id and not self.request.reply.editable:
                # Slack goes on showing the button.
                self.interactions.keep(self.request.actor, ended, self._cancel_id)

    def _keep(self) -> str:
        """Keep the lookup for its button; return the button's id, empty once the lookup has ended."""
        with self._lock:
            if not self._cancel_id and isinstance(self.request.lookup, RunningLookup):
                self._cancel_id = self.interactions.keep(self.request.actor, self.request.lookup)
            return self._cancel_id
