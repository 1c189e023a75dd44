"""Admission of requests to the workers, with notices for waiting and refused ones."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from threading import Event

from bot.core.commands import SPECS
from bot.slack.delivery.request import SlackRequest
from bot.slack.interaction_store import Interactions
from bot.slack.interactions import FinishedLookup, RunningLookup, WaitingRequest
from bot.slack.messages.blocks import Message
from bot.slack.messages.notices import busy, restarting, waiting, withdrawn
from bot.slack.workers import Job, Workers

_QUICK = frozenset(spec.word for spec in SPECS.values() if spec.needs is None)
"""The words of commands without a role, which call neither the vendor nor the record."""


def is_quick(typed: str) -> bool:
    """Check by its first word whether a typed command is quick, with workers of its own."""
    return (typed.split(maxsplit=1) or [""])[0].lower() in _QUICK


@dataclass(frozen=True, slots=True)
class Admission:
    """Submits requests to workers, fairly between people; waiting and refused ones get a notice.

    Args:
        interactions: Keeps waiting requests for their Cancel buttons.
        workers: Run most requests.
        quick: Run quick requests, even while all other workers are stuck.
        priority: Answer that the bot is busy, and run cancels.
    """

    interactions: Interactions
    workers: Workers
    quick: Workers
    priority: Workers

    def admit(self, request: SlackRequest, run: Callable[[], object], *, quick: bool = False) -> None:
        """Admit a request, with a notice if it waits or there is no room.

        Args:
            request: The request.
            run: Runs it.
            quick: Whether it calls neither the vendor nor the record.
        """
        if not self.try_to_admit(request, run, quick=quick):
            # Slack shows the text of a command's ack, but of no other ack.
            self.priority.submit(partial(request.reply.refuse, busy()), request.actor)

    def try_to_admit(self, request: SlackRequest, run: Callable[[], object], *, quick: bool = False) -> bool:
        """Admit a request, with a notice if it waits; return False if there is no room."""
        request.runs_once = not quick
        line = self._submit(request, run, self.quick if quick else self.workers)
        if line is None:
            return False
        if line.job.queued:
            request.reply.announce_waiting(line.message, line.over)
        return True

    def admit_command(self, request: SlackRequest, run: Callable[[], object], typed: str) -> Message | None:
        """Admit a slash command; return the notice for its ack if it waits or there is no room.

        Args:
            request: The request.
            run: Runs it.
            typed: The text after the slash command.
        """
        request.runs_once = not is_quick(typed)
        line = self._submit(request, run, self.workers if request.runs_once else self.quick)
        if line is None:
            return busy()
        if not line.job.queued:
            return None
        request.reply.show_in_ack()
        return line.message()

    def _submit(
        self, request: SlackRequest, run: Callable[[], object], workers: Workers
    ) -> "_WaitingLine | None":
        over = Event()

        def begin() -> None:
            over.set()
            request.reply.begin()
            run()

        job = workers.submit(begin, request.actor, lambda: request.reply.refuse(restarting()))
        return None if job is None else _WaitingLine(self.interactions, request, workers, job, over)


@dataclass(frozen=True, slots=True)
class _WaitingLine:
    """The notice of a waiting request."""

    interactions: Interactions
    request: SlackRequest
    workers: Workers
    job: Job
    over: Event

    def message(self) -> Message:
        request = WaitingRequest(self._cancel, self._find_lookup, self._answer)
        return waiting(self.interactions.keep(self.request.actor, request))

    def _cancel(self) -> bool:
        if not self.workers.cancel(self.job):
            return False
        self.over.set()
        return True

    def _answer(self) -> None:
        self.request.reply.answer(withdrawn())

    def _find_lookup(self) -> RunningLookup | FinishedLookup | None:
        # In public the progress has a button of its own, and its message takes the answer.
        return None if self.request.reply.public else self.request.lookup
