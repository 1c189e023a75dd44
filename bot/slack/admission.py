"""The way in to the workers: a request begins, waits and says so, or finds the bot busy."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from threading import Event

from bot.core.commands import SPECS
from bot.slack.delivery.request import SlackRequest
from bot.slack.interactions import Interactions, WaitingRequest
from bot.slack.messages.blocks import Message
from bot.slack.messages.notices import busy, restarting, waiting
from bot.slack.workers import Job, Workers

_QUICK = frozenset(spec.word for spec in SPECS.values() if spec.needs is None)
"""The words of commands that are open to everybody: they ask neither the vendor nor the record."""


def is_quick(typed: str) -> bool:
    """Return whether a typed command has workers of its own, by its first word."""
    return (typed.split(maxsplit=1) or [""])[0].lower() in _QUICK


@dataclass(frozen=True, slots=True)
class Admission:
    """Hands requests to workers, fairly between people; one that waits or finds no room is answered, too.

    Args:
        interactions: Keeps requests that wait for their Cancel buttons.
        workers: Run most requests.
        quick: Run requests that ask neither the vendor nor the record, as the workers may all be stuck.
        priority: Answer that all workers are busy, and cancel what keeps them so.
    """

    interactions: Interactions
    workers: Workers
    quick: Workers
    priority: Workers

    def admit(self, request: SlackRequest, run: Callable[[], object], *, quick: bool = False) -> None:
        """Admit a request, and answer in its stead when it waits or finds no room.

        Args:
            request: The request.
            run: Runs it.
            quick: Whether it asks neither the vendor nor the record.
        """
        if not self.try_to_admit(request, run, quick=quick):
            # Slack shows what a command's ack says, but no other ack: this answer needs a post of its own.
            self.priority.submit(partial(request.reply.refuse, busy()), request.actor)

    def try_to_admit(self, request: SlackRequest, run: Callable[[], object], *, quick: bool = False) -> bool:
        """Admit a request, with a line when it waits; False when there is no room for it."""
        line = self._submit(request, run, self.quick if quick else self.workers)
        if line is None:
            return False
        if line.job.queued:
            request.reply.announce_waiting(line.message, line.over)
        return True

    def admit_command(self, request: SlackRequest, run: Callable[[], object], typed: str) -> Message | None:
        """Admit a slash command; returns the message for its ack when it waits or finds no room.

        Args:
            request: The request.
            run: Runs it.
            typed: The text after the slash command.
        """
        line = self._submit(request, run, self.quick if is_quick(typed) else self.workers)
        if line is None:
            return busy()
        return line.message() if line.job.queued else None

    def _submit(
        self, request: SlackRequest, run: Callable[[], object], workers: Workers
    ) -> "_WaitingLine | None":
        over = Event()

        def begin() -> None:
            over.set()
            request.reply.begin()
            run()

        job = workers.submit(begin, request.actor, partial(request.reply.refuse, restarting()))
        return None if job is None else _WaitingLine(self.interactions, request, workers, job, over)


@dataclass(frozen=True, slots=True)
class _WaitingLine:
    """The line about a request that waits, until that is over."""

    interactions: Interactions
    request: SlackRequest
    workers: Workers
    job: Job
    over: Event

    def message(self) -> Message:
        return waiting(self.interactions.keep(self.request.actor, WaitingRequest(self._cancel)))

    def _cancel(self) -> bool:
        if not self.workers.cancel(self.job):
            return False
        self.over.set()
        return True
