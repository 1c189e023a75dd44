"""One thread that writes for all others: what has queued up while it wrote is committed at once."""

import logging
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from bot.errors import AuditError
from bot.store.batch import Batch
from bot.store.engine import WRITING
from bot.store.failures import in_plain_words

MOST = 500
"""The most writes that are committed at once."""

T = TypeVar("T")

log = logging.getLogger(__name__)


class _Write:
    """What a caller waits for."""

    def __init__(self, work: Callable[[Batch], Any]) -> None:
        self._work = work
        self._result: Any = None
        self._refusal: AuditError | None = None
        # A tenth of what a Future costs; at many writers that is what they wait for.
        self._settled = threading.Lock()
        self._settled.acquire()

    def run(self, batch: Batch) -> None:
        """Do it; what it is refused is told when the batch is settled."""
        try:
            self._result = self._work(batch)
        except AuditError as error:
            self._refusal = error

    def settle(self, failure: AuditError | None = None) -> None:
        """Wake the caller, with what went wrong with the batch as a whole."""
        if failure:
            # One of its own for each: threads that raise the same one would share its traceback.
            self._refusal = AuditError(str(failure), advice=failure.advice, detail=failure.detail)
        self._settled.release()

    def wait(self) -> Any:
        """Wait until it is settled."""
        self._settled.acquire()
        if self._refusal:
            raise self._refusal
        return self._result


class Writer:
    """Commits what any thread submits, in order, from its making until it is closed."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine.execution_options(**{WRITING: True})
        self._queue: SimpleQueue[_Write | None] = SimpleQueue()
        self._closing = threading.Lock()
        self._closed = False
        self._last = 0
        self._thread = threading.Thread(target=self._run, name="record", daemon=True)
        self._thread.start()

    def submit(self, work: Callable[[Batch], T]) -> T:
        """Run a write, and return what it did when that is on disk.

        Args:
            work: Writes by the batch it is given; when it raises an AuditError it must have written nothing.

        Raises:
            AuditError: It could not be written, or the writer is closed.
        """
        write = _Write(work)
        with self._closing:
            if self._closed:
                raise AuditError(
                    "the record is closed, because the bot stops", advice="Try again in a minute"
                )
            self._queue.put(write)
        result: T = write.wait()
        return result

    def close(self) -> None:
        """Commit what was submitted, and end."""
        with self._closing:
            if not self._closed:
                self._closed = True
                self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        while writes := self._gather():
            failure: AuditError | None = None
            try:
                self._commit(writes)
            except AuditError as error:
                failure = error
            except Exception:
                # Whoever waits must hear of it, and this thread must live on.
                log.exception("the record could not be written")
                failure = AuditError("the record could not be written", advice="See the bot's log")
            for write in writes:
                write.settle(failure)

    def _gather(self) -> Sequence[_Write]:
        """Wait for something to write; then take all there is. Nothing comes when the end has come."""
        writes: list[_Write] = []
        with suppress(Empty):
            while len(writes) < MOST:
                write = self._queue.get(block=not writes)
                if write is None:
                    # The end is still ahead of whoever asks next.
                    self._queue.put(None)
                    break
                writes.append(write)
        return writes

    def _commit(self, writes: Sequence[_Write]) -> None:
        with in_plain_words(), self._engine.connect() as connection:
            batch = Batch(connection)
            if batch.sequence < self._last:
                raise AuditError(
                    "the record was put back to an earlier state while the bot ran",
                    advice="An operator should put the right one in place and restart the bot",
                )
            for write in writes:
                write.run(batch)
            batch.flush()
            _make_durable(connection)
            self._last = batch.sequence


def _make_durable(connection: Connection) -> None:
    try:
        connection.commit()
    except Exception as error:
        lost = connection.dialect.name != "sqlite" and connection.invalidated
        # What could not be committed must not linger, half done, in a connection that is used again.
        connection.invalidate()
        if lost and isinstance(error, SQLAlchemyError):
            raise AuditError(
                "the connection was lost while the record was written: whether it was, is not known",
                advice="The history of the account tells",
            ) from None
        raise
