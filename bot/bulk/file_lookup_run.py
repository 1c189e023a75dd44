"""The work of one lease of a file lookup: its ids are looked up, or its CSV is sent."""

import logging
import secrets
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from io import BytesIO
from threading import Event

from bot.bulk.file_lookup_csv import choose_format, open_csv
from bot.bulk.file_lookups import is_late, make_event, make_record
from bot.bulk.job import PAUSES, BulkLookup
from bot.bulk.job_record import ENTRY_ACCOUNTS
from bot.bulk.row_formats import RowFormat
from bot.bulk.run import BulkRun
from bot.core.file_lookups import (
    LEASE_SECONDS,
    FileLookup,
    FileLookupNotices,
    FileLookupState,
    FileLookupStore,
)
from bot.core.model import UNANSWERED, LookupStatus, Outcome
from bot.core.scheduling.executor import FairExecutor
from bot.core.services import Services
from bot.errors import (
    AlteredError,
    AuditError,
    AuthenticationError,
    BotError,
    NotFoundError,
    PermissionDeniedError,
    RoleUnconfirmedError,
    SlackUnavailableError,
)

FIRST_WAIT = timedelta(seconds=30)
"""The time after which it is tried again; it doubles with each try."""
LONGEST_WAIT = timedelta(minutes=5)
"""The most that it doubles to."""
MOST_SENDS = 5
"""The times that sending is tried where Slack is not the problem; also of work that breaks inside the bot."""
MOST_LOSSES = 5
"""The leases in a row that may run out: it may be what ends their processes."""
PERSIST_PAUSE = 0.5
"""Seconds after which what the database did not take is written again."""

_ANEW = "Send the file again"
_RESUME = "Resume it; if it fails again, ask the bot's operator to look into the log"
_DOUBLINGS = 10
_LATE = "there was too little time for all ids. Take the rows so far, and send the rest as a new file"
_LOST = "the bot stopped each time in the middle of it"
_BROKEN = "something broke inside the bot"
# These stay until somebody corrects something.
_LASTING = (AuthenticationError, NotFoundError)

log = logging.getLogger(__name__)


class _LeaseLostError(Exception):
    """It was cancelled, or another process has the lease."""


@dataclass(frozen=True, slots=True)
class FileLookupTools:
    """The parts that every run needs.

    Args:
        services: Checks roles; has the record and the vendor's clients.
        store: Keeps the file lookups.
        notices: Tells their actors how far they have come.
        pool: Makes the calls of all runs of this process, which take turns.
        pauses: Seconds before ids that got no answer are asked about again.
        most: Returns the most accounts that are recorded and kept together, up to ENTRY_ACCOUNTS.
    """

    services: Services
    store: FileLookupStore
    notices: FileLookupNotices
    pool: FairExecutor
    pauses: Sequence[float] = PAUSES
    most: Callable[[], int] = lambda: ENTRY_ACCOUNTS


class FileLookupRun:
    """The work of one lease; one thread runs it, once.

    Args:
        lookup: The file lookup, as it was leased.
        holder: The holder of the lease.
        tools: The parts it needs.
        lease_seconds: Seconds for which its lease holds without being renewed.

    Attributes:
        ended: Set once it has ended.
    """

    def __init__(
        self, lookup: FileLookup, holder: str, tools: FileLookupTools, lease_seconds: float = LEASE_SECONDS
    ) -> None:
        self.lookup = lookup
        self.holder = holder
        self.ended = Event()
        self._services = tools.services
        self._store = tools.store
        self._notices = tools.notices
        self._record = make_record(tools.services.record, lookup)
        self._pool = tools.pool.group(bulk=True)
        self._pauses = tools.pauses
        self._most = tools.most
        self._lease_seconds = lease_seconds
        self._bulk: BulkLookup | None = None
        self._stopped = Event()
        self._began = time.monotonic()
        self._kept: Mapping[LookupStatus, int] = lookup.counts

    @property
    def is_late(self) -> bool:
        """Whether too little time is left to look up more."""
        return self.lookup.state is not FileLookupState.SENDING and is_late(self.lookup)

    def stop(self) -> None:
        """End it soon; rows that are finished are kept, and the lease is given back."""
        self._stopped.set()
        if bulk := self._bulk:
            bulk.stop.set()

    def give_back(self, error: Exception) -> None:
        """Log an unexpected error under a reference, and give the lease back for a while."""
        reference = secrets.token_hex(4)
        log.error("a file lookup could not go on, reference %s", reference, exc_info=error)
        problem = f"{_BROKEN}. If it does not go on, tell the bot's operator the reference {reference}"
        self._give_back(partial(self._wait, problem, MOST_SENDS))

    def run(self) -> None:
        """Work until it is done, cannot go on, or is stopped."""
        try:
            if self.lookup.losses >= MOST_LOSSES:
                self._fail(f"{_LOST}. {_RESUME}")
            elif self.lookup.state is FileLookupState.SENDING:
                self._send()
            else:
                self._look_up()
        except _LeaseLostError:
            log.info("a file lookup was cancelled, or goes on in another process")
        except AlteredError as error:
            self._give_back(partial(self._fail, _describe(error)))
        except BotError as error:
            # Its words may hold an id of the file.
            log.warning("a file lookup waits (%s)", type(error).__name__)
            is_outage = isinstance(error, SlackUnavailableError)
            sends = self.lookup.state is FileLookupState.SENDING
            most = MOST_SENDS if sends and not is_outage else None
            self._give_back(partial(self._wait, _describe(error), most))
        except Exception as error:  # noqa: BLE001 - it may go on in another lease, and this process must
            self.give_back(error)
        finally:
            if self._record.unrecorded:
                log.warning("%d accounts of a file lookup are not in the record", self._record.unrecorded)
            self.ended.set()

    def _look_up(self) -> None:
        lookup = self.lookup
        im, form = self._services.ims[lookup.command.app.name], choose_format(lookup.command)
        # Where the rows so far cannot be read any more, this raises, and nothing more is asked.
        answered = self._find_answered(form)
        self._bulk = BulkLookup(lookup.command, im, form, self._pool, pauses=self._pauses, answered=answered)
        if self._stopped.is_set() or self.is_late:
            self._bulk.stop.set()
        self._notices.show(lookup)
        run = BulkRun(self._bulk, self._record, self._keep, Counter(lookup.counts), self._most)
        problem = run.run(self._store.list_ids(lookup.id, lookup.done))
        if sum(self._kept.values()) == lookup.total:
            self._move(FileLookupState.SENDING)
        elif isinstance(problem, _LASTING):
            self._fail(_describe(problem))
        elif problem:
            self._wait(_describe(problem))
        elif self.is_late:
            self._fail(_LATE)
        elif self._stopped.is_set():
            self._move(FileLookupState.WAITING)
        else:
            raise AlteredError("some of its ids are missing in the database", advice=_ANEW)

    def _find_answered(self, form: RowFormat) -> str:
        """Find one of the first ids that was answered about; empty if there is none."""
        rows = BytesIO(next(self._store.list_rows(self.lookup.id), b""))
        for row, account in zip(rows, self._store.list_ids(self.lookup.id, 0), strict=False):
            status = form.read_status(row, account)
            if status and status not in UNANSWERED:
                return account
        return ""

    def _keep(self, rows: bytes, counts: Mapping[LookupStatus, int]) -> None:
        lookup = self.lookup
        # Without this, all that is answered behind these rows would be asked again.
        if not self._persist(partial(self._append, rows, counts)):
            raise _LeaseLostError
        self._kept = dict(counts)
        shown = replace(lookup, counts=self._kept, problem="", is_recorded=self._is_recorded)
        self._notices.show(shown, self._estimate())

    def _append(self, rows: bytes, counts: Mapping[LookupStatus, int]) -> bool:
        id_, is_recorded = self.lookup.id, self._is_recorded
        return self._store.append(id_, self.holder, rows, counts, is_recorded=is_recorded)

    @property
    def _is_recorded(self) -> bool:
        return self.lookup.is_recorded and self._record.problem is None

    def _persist(self, write: Callable[[], bool]) -> bool:
        """Write, and try again while the database fails and no other process can have the lease."""
        until = time.monotonic() + self._lease_seconds
        while True:
            try:
                return write()
            except AuditError:
                if time.monotonic() > until:
                    raise
                time.sleep(PERSIST_PAUSE)

    def _estimate(self) -> float:
        """Estimate the seconds left, by the pace since this lease began."""
        done = sum(self._kept.values())
        seconds = time.monotonic() - self._began
        return seconds / (done - self.lookup.done) * (self.lookup.total - done)

    def _send(self) -> None:
        lookup, event = self.lookup, make_event(self.lookup.actor, self.lookup.command)
        try:
            self._services.allow(lookup.actor, event.command, event.surface, event.app, event.accounts)
        except PermissionDeniedError as refusal:
            if isinstance(refusal, RoleUnconfirmedError):
                raise
            self._fail(_describe(refusal))
            return
        over = FileLookupState.FAILED if lookup.problem else FileLookupState.CANCELLED
        end = FileLookupState.DONE if self._is_whole else over
        with open_csv(self._store, lookup) as (csv, size):
            if self._stopped.is_set():
                self._move(FileLookupState.SENDING, lookup.problem)
                return
            if not self._store.is_leased(lookup.id, self.holder):
                raise _LeaseLostError
            self._record.end(lookup.counts, Outcome.EXPORTED)
            self._notices.send(replace(lookup, state=end, is_recorded=self._is_recorded), csv, size)
        self._settle(end, lookup.problem if end is over else "")

    def _settle(self, end: FileLookupState, problem: str) -> None:
        """Keep that the CSV was sent; never raises, as what is tried again is sent again."""
        try:
            self._persist(lambda: self._store.release(self.lookup.id, self.holder, end, problem))
        except AuditError as error:
            log.warning("a file was sent, and may be sent again: %s", error)
        self._show()

    @property
    def _is_whole(self) -> bool:
        return self.lookup.done == self.lookup.total

    def _wait(self, problem: str, most: int | None = None) -> None:
        """Give the lease back for a while; fail after `most` tries, or if little time is left."""
        lookup = self.lookup
        tries = lookup.tries if self._kept == lookup.counts else 1
        wait = min(FIRST_WAIT * 2 ** min(tries - 1, _DOUBLINGS), LONGEST_WAIT)
        if (most and tries >= most) or is_late(lookup, wait):
            self._fail(problem)
        elif lookup.state is FileLookupState.SENDING:
            # The problem of a part that is sent is why there is no more of it.
            self._move(lookup.state, problem if self._is_whole else lookup.problem, wait)
        else:
            self._move(FileLookupState.WAITING, problem, wait)

    def _fail(self, problem: str) -> None:
        self._release(FileLookupState.FAILED, problem)
        self._record.end(self._kept, Outcome.FAILED, problem)
        self._show()

    def _move(self, state: FileLookupState, problem: str = "", wait: timedelta = timedelta(0)) -> None:
        self._release(state, problem, wait)
        self._show()

    def _release(self, state: FileLookupState, problem: str, wait: timedelta = timedelta(0)) -> None:
        if not self._store.release(self.lookup.id, self.holder, state, problem, wait):
            raise _LeaseLostError

    def _show(self) -> None:
        try:
            found = self._store.find(self.lookup.id)
        except AuditError as error:
            log.info("a file lookup could not be shown: %s", error)
            return
        if found:
            self._notices.show(replace(found, is_recorded=found.is_recorded and self._is_recorded))

    def _give_back(self, give_back: Callable[[], None]) -> None:
        try:
            give_back()
        except _LeaseLostError:
            log.info("a file lookup was cancelled, or goes on in another process")
        except AuditError as error:
            log.warning("a file lookup goes on once its lease has run out: %s", error)


def _describe(error: BotError) -> str:
    return f"{error}. {error.advice}".rstrip(". ")
