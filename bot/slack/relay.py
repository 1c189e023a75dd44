"""Tells the audit channel of every entry, in order, however long Slack is away."""

import logging
import secrets
import threading
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from slack_sdk.web import WebClient

from bot.core.model import App
from bot.core.ports import Outbox
from bot.errors import AuditError
from bot.slack.channel import Channel, NotPostedError
from bot.slack.messages import render_entries

BATCH = 5
"""The most entries in one message."""
LEASE = 30.0
"""Seconds for which the right to tell is taken: far longer than telling once takes."""
STUCK_SECONDS = 60.0
"""How long an entry may wait before it counts as stuck."""

_DOUBLINGS = 10

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Pace:
    """How long a relay waits, in seconds.

    Args:
        spacing: Between two messages: Slack takes about one a second into a channel.
        poll: Until an empty outbox is looked into again.
        first_wait: Before the try after a failure; twice as long after each further one.
        longest_wait: Between two tries at the most, unless Slack asks for more.
    """

    spacing: float = 1.0
    poll: float = 2.0
    first_wait: float = 0.5
    longest_wait: float = 30.0


USUAL_PACE = Pace()
"""The pace that Slack wishes for."""


@dataclass(frozen=True, slots=True)
class RelayStatus:
    """How the telling goes.

    Args:
        waiting: How many entries wait.
        oldest_seconds: How long the oldest of them has.
        problem: What went wrong last, and what to do; empty when the last try went well.
        running: Whether anybody is at it.
    """

    waiting: int
    oldest_seconds: float
    problem: str
    running: bool


class Relay:
    """A thread that posts the outbox's entries to one channel, from starting it until it is closed.

    An entry counts as told only when Slack said so. Of several processes, the one that holds the outbox's
    right tells; should it die between Slack's answer and noting that, an entry is told twice, and its number
    shows it.

    Args:
        slack: The client of Slack's Web API; it must not repeat calls by itself.
        channel: The channel's id.
        outbox: Which entries are to be told.
        apps: The apps by name.
        masked: By app, the tags of fields whose values the channel is not shown.
        pace: How long it waits.
    """

    def __init__(
        self,
        slack: WebClient,
        channel: str,
        outbox: Outbox,
        *,
        apps: Mapping[str, App],
        masked: Mapping[str, Collection[str]],
        pace: Pace = USUAL_PACE,
    ) -> None:
        self._channel = Channel(slack, channel)
        self._outbox = outbox
        self._apps = apps
        self._masked = masked
        self._pace = pace
        self._holder = secrets.token_hex(8)
        self._holding = False
        self._told: frozenset[str] = frozenset()
        self._failures = 0
        self._problem = ""
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="relay", daemon=True)

    def start(self) -> None:
        """Begin to tell."""
        self._thread.start()

    def close(self) -> None:
        """Finish the message under way, and leave the rest to others."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def status(self) -> RelayStatus:
        """Tell how the telling goes.

        Raises:
            AuditError: The outbox cannot be read.
        """
        waiting, since = self._outbox.count_waiting()
        oldest = max(0.0, (datetime.now(UTC) - since).total_seconds()) if since else 0.0
        return RelayStatus(waiting, oldest, self._problem, self._thread.is_alive())

    def trouble(self) -> str:
        """Say why entries do not get through; empty while they do."""
        try:
            status = self.status()
        except AuditError as error:
            return f"the outbox cannot be read: {error}"
        if not status.running:
            return "nothing tells it of entries any more: restart the bot"
        if status.oldest_seconds < STUCK_SECONDS:
            return ""
        waiting = "1 entry waits" if status.waiting == 1 else f"{status.waiting} entries wait"
        since = f"{waiting}, the oldest for {status.oldest_seconds:.0f} s"
        return f"{since}; {status.problem}" if status.problem else since

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                self._stop.wait(self._step())
        finally:
            self._release()

    def _step(self) -> float:
        """Tell what there is, or wait for it; the seconds to pause before the next step."""
        try:
            told = self._tell()
        except NotPostedError as error:
            return self._fail(str(error), error.wait)
        except AuditError as error:
            return self._fail(f"the outbox does not work: {error}")
        except Exception as error:
            # What kills this thread would keep every further entry from the channel.
            log.exception("entries could not be told")
            return self._fail(f"a fault in the bot ({type(error).__name__}); its log says more")
        self._failures, self._problem = 0, ""
        if told:
            return self._pace.spacing
        self._release()
        return self._pace.poll

    def _tell(self) -> bool:
        """Tell the next entries in one message; False when there are none."""
        entries = self._outbox.take(self._holder, LEASE, BATCH)
        if not entries:
            return False
        self._holding = True
        # Those that Slack has taken, but that could not be noted as told, are only noted now.
        if new := [entry for entry in entries if entry.hash not in self._told]:
            self._channel.post(render_entries(new, self._apps, self._masked))
            self._told = frozenset(entry.hash for entry in entries)
        self._outbox.done(self._holder, entries[-1].sequence)
        return True

    def _fail(self, problem: str, asked: float | None = None) -> float:
        if problem != self._problem:
            log.warning("the audit channel could not be told: %s", problem)
        self._problem = problem
        growing: float = self._pace.first_wait * 2 ** min(self._failures, _DOUBLINGS)
        self._failures += 1
        if asked is None:
            return min(growing, self._pace.longest_wait)
        # What Slack asks of this process it asks of all: none may tell sooner.
        with suppress(AuditError):
            self._outbox.take(self._holder, asked + LEASE, BATCH)
        return asked

    def _release(self) -> None:
        """Let another process tell; should that fail, the right ends by itself."""
        if self._holding:
            self._holding = False
            with suppress(AuditError):
                self._outbox.release(self._holder)
