"""PostgreSQL connections that never wait past the running thread's deadline."""

import math
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from threading import Thread
from time import monotonic
from typing import Any, TypeVar

import psycopg
from psycopg.abc import PQGen
from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.pool import ConnectionPoolEntry

from bot.store.database.timeouts import MILLISECONDS, deadline, seconds_left

T = TypeVar("T")

_POOLED = "pooled"
"""Whether a connection leads to a pooler, which gives each transaction another one."""
_OPENED = "opened"
"""The time (monotonic seconds) at which a connection was opened."""
_REOPENED_AFTER = 1.0
"""Seconds for which a connection is used at least, while writes are refused as read-only."""
_SILENT = "the database did not answer in time"


class BoundedConnection(psycopg.Connection[Any]):
    """A connection whose every wait ends at the deadline, and that is closed where it cannot write."""

    def wait(self, gen: PQGen[T], *args: Any, **options: Any) -> T:
        """Wait for the response to a request.

        Raises:
            QueryCanceled: The deadline passed. The connection is closed: its next response would belong to
                the abandoned request.
            ReadOnlySqlTransaction: The server is read-only. The connection is closed: a new one may lead to
                another server.
        """
        bounded = gen if deadline() == math.inf else self._stop_at(deadline(), gen)
        try:
            return super().wait(bounded, *args, **options)
        except psycopg.errors.ReadOnlySqlTransaction:
            self.close()
            raise

    def _stop_at(self, moment: float, gen: PQGen[T]) -> PQGen[T]:
        # Resumed for each byte that comes, and ten times a second when none does.
        try:
            wanted = next(gen)
            while monotonic() < moment:
                wanted = gen.send((yield wanted))
        except StopIteration as done:
            result: T = done.value
            return result
        self.close()
        raise psycopg.errors.QueryCanceled(_SILENT)


def connect(*args: Any, **options: Any) -> psycopg.Connection[Any]:
    """Connect before the deadline, in a thread: resolving a name cannot be interrupted otherwise.

    Raises:
        psycopg.Error: There is no connection, or none in time.
    """

    def make() -> psycopg.Connection[Any]:
        return BoundedConnection.connect(*args, **options)

    if deadline() == math.inf:
        return make()
    found: Future[psycopg.Connection[Any]] = Future()
    Thread(target=_deliver, args=(found, make), name="connecting", daemon=True).start()
    try:
        return found.result(seconds_left())
    except TimeoutError:
        if found.cancel():
            raise psycopg.errors.ConnectionTimeout(_SILENT) from None
    return found.result()


def bound_waits(engine: Engine, waits: Mapping[str, float]) -> None:
    """Let the server end the waits of an engine's transactions: seconds by the setting's name."""
    settings = [f"{name} = {round(wait * MILLISECONDS)}" for name, wait in waits.items()]

    @event.listens_for(engine, "connect")
    def set_up(connection: psycopg.Connection[Any], record: ConnectionPoolEntry) -> None:
        record.info[_POOLED] = is_pooled(connection)
        if record.info[_POOLED]:
            # The next transaction may run on another connection, which has not prepared a statement.
            connection.prepare_threshold = None
        else:
            connection.execute("; ".join(f"SET {setting}" for setting in settings))
        connection.commit()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        if connection.info.get(_POOLED):
            connection.exec_driver_sql("; ".join(f"SET LOCAL {setting}" for setting in settings))


def leave_read_only_servers(engine: Engine) -> None:
    """Open all of an engine's connections anew once a write was refused as read-only.

    Each is opened anew once a second at most while writes are refused, and once when one succeeds again.
    """
    oldest = -math.inf
    is_read_only = False

    @event.listens_for(engine, "connect")
    def set_up(_: object, record: ConnectionPoolEntry) -> None:
        record.info[_OPENED] = monotonic()

    @event.listens_for(engine, "checkout")
    def check_out(_: object, record: ConnectionPoolEntry, __: object) -> None:
        if record.info[_OPENED] < oldest:
            raise DisconnectionError

    @event.listens_for(engine, "invalidate")
    def note_lost(_: object, __: object, error: BaseException | None) -> None:
        nonlocal oldest, is_read_only
        if isinstance(error, psycopg.errors.ReadOnlySqlTransaction):
            oldest, is_read_only = monotonic() - _REOPENED_AFTER, True

    @event.listens_for(engine, "commit")
    def note_written(connection: Connection) -> None:
        nonlocal oldest, is_read_only
        if is_read_only:
            oldest, is_read_only = connection.info[_OPENED], False


def is_pooled(connection: psycopg.Connection[Any]) -> bool:
    """Check whether there is a pooler before the server: it gives a process number of its own."""
    row = connection.execute("SELECT pg_backend_pid()").fetchone()
    return row is not None and row[0] != connection.info.backend_pid


def _deliver(found: "Future[psycopg.Connection[Any]]", make: Callable[[], psycopg.Connection[Any]]) -> None:
    try:
        connection = make()
    except Exception as error:  # noqa: BLE001 - raised again in the thread that waits
        if found.set_running_or_notify_cancel():
            found.set_exception(error)
        return
    if found.set_running_or_notify_cancel():
        found.set_result(connection)
    else:
        connection.close()
