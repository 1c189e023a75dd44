"""A lookup of any number of ids: many calls at once, rows in order, in bounded memory."""

import time
from collections import Counter, deque
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from concurrent.futures import Executor, Future, wait
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import islice
from random import uniform
from threading import Event, Lock

from bot.bulk.row_formats import RowFormat
from bot.core.commands import LookupCommand
from bot.core.ids import fits
from bot.core.lookups.fetch import look_up
from bot.core.model import UNANSWERED, AccountResult, Deadline, LookupStatus
from bot.core.ports import CALL_ACCOUNTS, IM
from bot.errors import (
    AuthenticationError,
    CancelledError,
    IMError,
    NotFoundError,
    RateLimitedError,
    UnavailableError,
)

WINDOW = 256
"""The most calls whose rows wait for an earlier one: a second of the vendor's limit."""
CALL_SECONDS = 15.0
"""Seconds for asking about the ids of one call, the call's own retries included."""
PAUSES = (1.0, 4.0, 10.0)
"""Seconds before the ids that got no answer are asked about again, and again.

Those of a call that others were answered in are asked about once more: it is not Tencent Chat that fails.
"""
STOP_SECONDS = 2.0
"""Seconds that calls under way still get when the lookup is stopped."""
SWITCH_SECONDS = 0.001
"""Seconds after which threads take turns while many compute: with Python's 5 ms, calls leave late."""

_TEMPORARY = (UnavailableError, RateLimitedError)
# Of a whole call: these say that the next call will fail, too.
_HOPELESS = (*_TEMPORARY, AuthenticationError, NotFoundError)
_LOOK = 0.1


@dataclass(frozen=True, slots=True)
class RowBatch:
    """The rows of one call.

    Args:
        accounts: The accounts that were asked about.
        rows: Their rows, as they are written.
        counts: Their numbers by status.
        problem: The reason why nothing more is learned by going on; None if there is none.
    """

    accounts: tuple[str, ...]
    rows: bytes
    counts: Mapping[LookupStatus, int]
    problem: IMError | None


class BulkLookup:
    """A lookup of any number of ids; one thread runs it, once.

    Args:
        command: The lookup, without accounts.
        im: The vendor's client.
        form: The format of the rows.
        pool: Makes the calls.
        watch: Called again and again while it waits.
        pauses: Seconds between the tries.
        answered: An account that was answered about before; empty if none is known.

    Attributes:
        stop: Ends it early, when set.
    """

    def __init__(
        self,
        command: LookupCommand,
        im: IM,
        form: RowFormat,
        pool: Executor,
        *,
        watch: Callable[[], None] = lambda: None,
        pauses: Sequence[float] = PAUSES,
        answered: str = "",
    ) -> None:
        self.stop = Event()
        self._command = command
        self._im = im
        self._form = form
        self._pool = pool
        self._watch = watch
        self._pauses = pauses
        self._answered = answered
        self._stop_left = STOP_SECONDS
        # Many threads that compute at once would make each other's calls leave late.
        self._writing = Lock()
        self._left: Sequence[Future[RowBatch]] = ()

    def run(self, ids: Iterable[str], *, answered: bool = False) -> Generator[RowBatch, None, None]:
        """Look up distinct ids; yield their rows in order, until the end or until it is stopped.

        Args:
            ids: The ids.
            answered: Whether ids before them were answered.

        Raises:
            IMError: The vendor cannot be asked: nothing more is learned by going on.
        """
        # The owner takes a place in the call that checks accounts.
        size = CALL_ACCOUNTS - 1 if self._command.kind.has_owner else CALL_ACCOUNTS
        rest = iter(ids)
        waiting: deque[Future[RowBatch]] = deque()
        try:
            while True:
                while (
                    not self.stop.is_set() and len(waiting) < WINDOW and (chunk := tuple(islice(rest, size)))
                ):
                    waiting.append(self._pool.submit(self._ask, chunk))
                if not waiting or (batch := self._wait(waiting[0])) is None:
                    return
                waiting.popleft()
                # The last ids of all may be the reason themselves, where no answered one can be asked again.
                is_known = bool(waiting or self._answered or not answered)
                if batch.problem and (is_known or not _may_be_theirs(batch.problem)):
                    raise batch.problem
                answered = answered or not batch.problem
                yield batch
        finally:
            # Nobody reads any more what calls under way would bring.
            self.stop.set()
            self._left = [future for future in waiting if not future.cancel()]

    @property
    def is_busy(self) -> bool:
        """Whether calls are still under way."""
        return not all(future.done() for future in self._left)

    def _wait(self, future: Future[RowBatch]) -> RowBatch | None:
        """Wait for rows; None when it is stopped before they came."""
        with suppress(CancelledError):
            while self._stop_left > 0:
                if wait([future], _LOOK).done:
                    return future.result()
                self._watch()
                self._stop_left -= _LOOK if self.stop.is_set() else 0
        return None

    def _ask(self, accounts: tuple[str, ...]) -> RowBatch:
        found: dict[str, AccountResult] = {}
        rest = accounts
        for pause in (0.0, *self._pauses):
            deadline = Deadline(time.monotonic() + CALL_SECONDS + pause, self.stop, bulk=True)
            if self.stop.is_set() or not deadline.pause(pause * uniform(0.75, 1.25)):  # noqa: S311 - spreads calls
                raise CancelledError("it was stopped")
            answer = look_up(replace(self._command, accounts=rest), self._im, deadline, self._pool)
            found |= {row.account: row for row in answer}
            rest = tuple(row.account for row in answer if _is_open(row))
            self._answered = _find_answered(answer) or self._answered
            if not rest or (pause and len(rest) < len(accounts)):
                break
        rows = [found[account] for account in accounts]
        # A stop also cuts off the calls that tell a missing account from a failure.
        if self.stop.is_set() and any(row.status in UNANSWERED for row in rows):
            raise CancelledError("it was stopped")
        problem = _find_problem(rows)
        if problem and _may_be_theirs(problem) and self._is_answering():
            problem = None
        counts = Counter(row.status for row in rows)
        at = datetime.now(UTC)
        with self._writing:
            return RowBatch(accounts, self._form.write(rows, at), counts, problem)

    def _is_answering(self) -> bool:
        """Check whether the vendor still answers about an account that it has answered about."""
        if not self._answered:
            return False
        command = replace(self._command, accounts=(self._answered,))
        deadline = Deadline(time.monotonic() + CALL_SECONDS, self.stop, bulk=True)
        return bool(_find_answered(look_up(command, self._im, deadline, self._pool)))


def _find_answered(rows: Iterable[AccountResult]) -> str:
    """Find an account with an answer; empty if there is none."""
    return next((row.account for row in rows if fits(row.account) and not _is_hopeless(row)), "")


def _may_be_theirs(problem: IMError) -> bool:
    """Check whether ids may be the reason of a problem."""
    return not isinstance(problem, AuthenticationError)


def _is_open(row: AccountResult) -> bool:
    """Check whether an account may be found by asking again soon."""
    return isinstance(row.problem, _TEMPORARY) and fits(row.account)


def _find_problem(rows: Iterable[AccountResult]) -> IMError | None:
    """Return the reason why nothing was learned of any account; None if something was."""
    sent = [row for row in rows if fits(row.account)]
    return sent[0].problem if sent and all(map(_is_hopeless, sent)) else None


def _is_hopeless(row: AccountResult) -> bool:
    """Check whether an account has no answer for a reason that holds for others, too."""
    return row.status in UNANSWERED and isinstance(row.problem, _HOPELESS)
