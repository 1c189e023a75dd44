"""The one thread that writes: writes queued during a commit are committed together."""

import logging
import math
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, select
from sqlalchemy.exc import SQLAlchemyError

from bot.core.model import Head
from bot.errors import AlteredError, AuditError, RecordUnknownError
from bot.store.batch import Batch
from bot.store.database.engine import WRITING, open_connection
from bot.store.database.schema import entries
from bot.store.database.timeouts import StoreTimeouts

MAX_BATCH = 500
"""The most writes in one commit."""

T = TypeVar("T")

log = logging.getLogger(__name__)


_UNKNOWN = "the record did not answer in time, so it is unknown whether this was recorded"
_CHECK_HISTORY = "Check the account's history"
_STUCK = "the record did not answer in time, and this was not recorded"
_LATER = "Try again in a minute; if that fails, tell the bot's operator to check the database"
_TROUBLE_SECONDS = 10.0
"""Seconds for which a failed check is remembered; a running bot checks more often."""


class _Submission:
    """A write that a caller waits for."""

    def __init__(self, work: Callable[[Batch], Any], *, alone: bool) -> None:
        self.alone = alone
        self._work = work
        self._result: Any = None
        self._refusal: AuditError | None = None
        # Taken once: by the thread that begins it, or by the caller that gives up before.
        self._claim = threading.Lock()
        # Ten times cheaper than a Future, which counts with many writers.
        self._settled = threading.Lock()
        self._settled.acquire()

    def run(self, batch: Batch) -> None:
        """Run it, unless its caller has given up; its error is raised when the batch is settled."""
        if not self._claim.acquire(blocking=False):
            return
        try:
            self._result = self._work(batch)
        except AuditError as error:
            self._refusal = error

    def settle(self, failure: AuditError | None = None) -> None:
        """Wake the caller, with the failure of the whole batch if there is one."""
        if failure:
            self._refusal = _copy(failure)
        self._settled.release()

    def wait(self, seconds: float) -> Any:
        """Wait until it is settled.

        Raises:
            RecordUnknownError: It began, and did not end in time.
            AuditError: It was refused, or did not begin in time and never will.
        """
        if not self._settled.acquire(timeout=seconds):
            if self._claim.acquire(blocking=False):
                raise AuditError(_STUCK, advice=_LATER)
            raise RecordUnknownError(_UNKNOWN, advice=_CHECK_HISTORY)
        if self._refusal:
            raise self._refusal
        return self._result


class _UnawaitedSubmission(_Submission):
    """A write that nobody waits for."""

    def settle(self, failure: AuditError | None = None) -> None:
        """Log the failure of the write, or of its whole batch."""
        super().settle(failure)
        if self._refusal:
            log.warning("a write that nobody waits for failed: %s", self._refusal)


class Writer:
    """Commits the writes of all threads in order, until it is closed.

    Args:
        engine: The database.
        timeouts: Bounds for each use of the database.
    """

    def __init__(self, engine: Engine, timeouts: StoreTimeouts) -> None:
        self._engine = engine.execution_options(**{WRITING: True})
        self._timeouts = timeouts
        self._queue: SimpleQueue[_Submission | None] = SimpleQueue()
        self._closing = threading.Lock()
        self._closed = False
        self._head: Head | None = None
        self._began = math.inf
        self._trouble: tuple[AuditError, float] | None = None
        self.notify_waiting: Callable[[], None] = lambda: None
        """Called after a commit of entries that wait for the audit channel; it must not wait."""
        self._thread = threading.Thread(target=self._run, name="record", daemon=True)
        self._thread.start()

    def submit(self, work: Callable[[Batch], T], seconds: float | None = None) -> T:
        """Run a write, and return its result once it is on disk.

        Args:
            work: Writes through a batch; if it raises an AuditError, it must have written nothing.
            seconds: The most seconds to wait; None for the entry timeout.

        Raises:
            RecordUnknownError: It did not end in time: it may be, or become, written.
            AuditError: It could not be written, or the writer is closed.
        """
        if trouble := self._trouble:
            error, until = trouble
            if time.monotonic() < until:
                raise _copy(error)
        result: T = self._submit(_Submission(work, alone=False), seconds)
        return result

    def submit_later(self, work: Callable[[Batch], object]) -> None:
        """Queue a write that nobody waits for; if it fails, it is lost, with a line in the log."""
        is_stuck = self._trouble or time.monotonic() - self._began > self._timeouts.entry
        with self._closing:
            if not self._closed and not is_stuck:
                self._queue.put(_UnawaitedSubmission(work, alone=False))
                return
        log.info("a write that nobody waits for was left out: the record is closed or stuck")

    def probe(self, work: Callable[[Batch], object]) -> None:
        """Run a write in a batch of its own, and remember a failure that took long.

        Raises:
            AuditError: As for `submit`.
        """
        began = time.monotonic()
        try:
            self._submit(_Submission(work, alone=True))
        except AuditError as error:
            # A quick failure costs no other caller time.
            waited = time.monotonic() - began >= self._timeouts.lock / 2
            # The check's outcome may be unknown, but writes refused because of it never begin.
            unknown = isinstance(error, RecordUnknownError)
            refusal = AuditError(_STUCK, advice=_LATER) if unknown else error
            self._trouble = (refusal, time.monotonic() + _TROUBLE_SECONDS) if waited else None
            raise

    def close(self) -> None:
        """Commit submitted writes within the entry timeout, and stop."""
        with self._closing:
            if not self._closed:
                self._closed = True
                self._queue.put(None)
        self._thread.join(self._timeouts.entry)
        if self._thread.is_alive():
            log.warning("the record did not close in time: the last writes may be lost")

    def _submit(self, write: _Submission, seconds: float | None = None) -> Any:
        if time.monotonic() - self._began > self._timeouts.entry:
            raise AuditError(_STUCK, advice=_LATER)
        with self._closing:
            if self._closed:
                raise AuditError(
                    "the bot is stopping and has closed the record", advice="Try again in a minute"
                )
            self._queue.put(write)
        return write.wait(self._timeouts.entry if seconds is None else seconds)

    def _run(self) -> None:
        while writes := self._gather():
            together = [write for write in writes if not write.alone]
            for batch in (together, *([write] for write in writes if write.alone)):
                if batch:
                    self._settle(batch)

    def _settle(self, writes: Sequence[_Submission]) -> None:
        failure: AuditError | None = None
        self._began = time.monotonic()
        try:
            self._commit(writes)
        except AuditError as error:
            failure = error
        except Exception:
            # The callers must get an error, and this thread must live on.
            log.exception("the record could not be written")
            failure = AuditError(
                "the record could not be written", advice="Tell the bot's operator: the log says why"
            )
        else:
            self._trouble = None
        self._began = math.inf
        for write in writes:
            write.settle(failure)

    def _gather(self) -> Sequence[_Submission]:
        """Wait for a write, then take all queued ones; nothing after close."""
        writes: list[_Submission] = []
        with suppress(Empty):
            while len(writes) < MAX_BATCH:
                write = self._queue.get(block=not writes)
                if write is None:
                    # The next call must find the end, too.
                    self._queue.put(None)
                    break
                writes.append(write)
        return writes

    def _commit(self, writes: Sequence[_Submission]) -> None:
        with open_connection(self._engine) as connection:
            batch = Batch(connection)
            self._check_continues(connection, batch.head)
            for write in writes:
                write.run(batch)
            batch.flush()
            _make_durable(connection)
            self._head = batch.head
        if batch.waits:
            self.notify_waiting()

    def _check_continues(self, connection: Connection, head: Head) -> None:
        """Check that the record still holds the entry that was its last.

        Raises:
            AuditError: The record was restored from a copy, or its last entries were replaced.
        """
        last = self._head
        if last is None or last == head or last.sequence == 0:
            return
        if head.sequence < last.sequence:
            raise AuditError(
                "the record was reset to an earlier state while the bot was running",
                advice="Tell the bot's operator to restore the right one and restart the bot",
            )
        # Another process has appended, or this one did without learning of it.
        query = select(entries.c.hash).where(entries.c.sequence == last.sequence)
        if head.sequence == last.sequence or connection.scalar(query) != last.hash:
            raise AlteredError(
                "the record's last entries were replaced while the bot was running",
                advice="Tell the bot's operator to run im-bot audit verify, restore them and restart the bot",
            )


def _make_durable(connection: Connection) -> None:
    # Before the commit, nothing can have been recorded.
    was_lost = connection.invalidated
    try:
        connection.commit()
    except Exception as error:
        lost = connection.dialect.name != "sqlite" and connection.invalidated and not was_lost
        # A failed transaction must not linger in a connection that is used again.
        connection.invalidate()
        if lost and isinstance(error, SQLAlchemyError):
            raise RecordUnknownError(
                "the connection was lost during the write, so it is unknown whether this was recorded",
                advice=_CHECK_HISTORY,
            ) from None
        raise


def _copy(error: AuditError) -> AuditError:
    """Copy an error: threads that raise the same one would share its traceback."""
    return type(error)(str(error), advice=error.advice, detail=error.detail)
