"""A running lookup, with its progress and a way to cancel it."""

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from threading import Lock

from bot.core.commands import LookupCommand
from bot.core.ids import fits
from bot.core.lookups.drift import find_drift
from bot.core.lookups.fetch import look_up, never_asked, split
from bot.core.model import (
    UNANSWERED,
    AccountResult,
    AuditEvent,
    Deadline,
    LookupStatus,
    Outcome,
    SavedState,
)
from bot.core.ports import IM, Record
from bot.core.results import Lookup
from bot.core.time_limits import ASKING_SECONDS
from bot.errors import AuditError, CancelledError, NotAskedError, RecordUnknownError

_DRIFT_WITHIN = 10
"""The seconds within which a lookup still compares with the record."""


@dataclass(frozen=True, slots=True)
class Progress:
    """The progress of a lookup.

    Args:
        asked: The number of accounts.
        counts: The numbers of finished accounts, by status.
        seconds: The seconds since the start.
        seconds_left: The estimated seconds to the end, by the pace so far; None before the first answer.
    """

    asked: int
    counts: Mapping[LookupStatus, int]
    seconds: float
    seconds_left: float | None

    @property
    def done(self) -> int:
        """The number of finished accounts."""
        return sum(self.counts.values())


class LookupJob:
    """A lookup that one thread runs and others may watch and cancel; it completes or is cancelled, once.

    Args:
        command: The command; the actor's role has been checked.
        asked: The audit event of a successful lookup.
        im: The vendor's client.
        pool: Runs the calls in parallel.
        record: The record, written when it ends.
        spend: Counts its ids against the actor's limit, before the first call.
        earlier: The answer that it refreshes; None for a new lookup.
        begun: The start of the command's time limit (monotonic seconds); None for now.
    """

    def __init__(
        self,
        command: LookupCommand,
        asked: AuditEvent,
        im: IM,
        pool: Executor,
        record: Record,
        *,
        spend: Callable[[], None],
        earlier: Lookup | None = None,
        begun: float | None = None,
    ) -> None:
        self.command = command
        self._earlier = earlier
        self._asked = asked
        self._im = im
        self._pool = pool
        self._record = record
        self._spend = spend
        self._started = time.monotonic()
        self._deadline = Deadline((self._started if begun is None else begun) + ASKING_SECONDS)
        self._rows = {row.account: row for row in never_asked(command)}
        self._answered = 0
        self._seen_in = ""
        self._lock = Lock()
        self._ended = False
        self._save: Callable[[Lookup], SavedState | None] = _save_nothing

    def save_with(self, save: Callable[[Lookup], SavedState | None]) -> None:
        """Note, before it runs, what makes the state that is saved with its entry."""
        self._save = save

    def disclose(self, channel: str, *, exported: bool, when_cancelled: bool = False) -> None:
        """Note, before it runs, that the answer is shared in a channel or exported.

        Args:
            channel: The channel whose members see the answer; empty if only the actor does.
            exported: Whether it becomes a file.
            when_cancelled: Whether the channel also sees the partial answer of a cancelled lookup.
        """
        self._seen_in = channel if when_cancelled else ""
        shared = Outcome.SHARED if channel else Outcome.ANSWERED
        outcome = Outcome.EXPORTED if exported else shared
        self._asked = replace(self._asked, outcome=outcome, channel=channel)

    def run(self) -> Lookup:
        """Look up every account, and record it.

        Raises:
            LimitError: The actor has looked up too much; nothing was sent.
            CancelledError: It was cancelled; `cancel` returned the answer.
        """
        self._spend()
        rows = look_up(self.command, self._im, self._deadline, self._pool, self._note)
        if not self._end():
            raise CancelledError("you cancelled it")
        ended = _ended(self._asked, rows)
        if ended.outcome is Outcome.FAILED and self._asked.outcome is Outcome.EXPORTED:
            # There is no file, and nothing is shared.
            ended = replace(ended, channel=self._seen_in)
        lookup = self._close(rows, ended)
        # A record that was slow or failed is not asked again: the answer would be late.
        in_time = bool(lookup.recorded) and time.monotonic() - self._started < _DRIFT_WITHIN
        drift = find_drift(self._record, self.command, rows) if in_time else ()
        return replace(lookup, drift=drift)

    def cancel(self) -> Lookup | None:
        """Cancel, and return the partial answer; None if it has already ended.

        Does not wait for running calls, whose results are dropped.
        """
        if not self._end():
            return None
        self._deadline.stopped.set()
        why = NotAskedError("you cancelled before Tencent Chat answered", advice="Look up the rest again")
        answered = self._rows
        rows = tuple(
            answered.get(account) or AccountResult(account, LookupStatus.NOT_ASKED, problem=why)
            for account in self.command.accounts
        )
        words = f"cancelled after {len(answered)} of {len(rows)} accounts were answered"
        event = replace(self._asked, outcome=Outcome.CANCELLED, problem=words, channel=self._seen_in)
        return self._close(rows, event, cancelled=True)

    def progress(self) -> Progress:
        """Return the progress."""
        with self._lock:
            answered, counts = self._answered, Counter(row.status for row in self._rows.values())
        seconds, left = time.monotonic() - self._started, None
        if answered:
            rest = len(split(self.command)) - answered
            left = min(seconds / answered * rest, max(self._deadline.left(), 0.0))
        return Progress(len(self.command.accounts), counts, seconds, left)

    def _note(self, rows: Sequence[AccountResult]) -> None:
        with self._lock:
            if not self._ended:
                self._answered += 1
                self._rows.update((row.account, row) for row in rows)

    def _end(self) -> bool:
        """End it; return False if it had already ended."""
        with self._lock:
            first, self._ended = not self._ended, True
        return first

    def _close(
        self, rows: tuple[AccountResult, ...], event: AuditEvent, *, cancelled: bool = False
    ) -> Lookup:
        lookup = Lookup(self.command, rows, earlier=self._earlier, cancelled=cancelled)
        try:
            self._record.add(event, self._save(lookup))
        except RecordUnknownError:
            return replace(lookup, recorded=None)
        except AuditError:
            return replace(lookup, recorded=False)
        return lookup


def _save_nothing(_: Lookup) -> None:
    """Save no state."""


def _ended(asked: AuditEvent, rows: Sequence[AccountResult]) -> AuditEvent:
    """Make the audit event of a completed lookup: failed if every account failed."""
    sent = [row for row in rows if fits(row.account)]
    if not sent or not all(row.status in UNANSWERED for row in sent):
        return asked
    return replace(asked, outcome=Outcome.FAILED, problem=str(sent[0].problem))
