"""SQLAlchemy engines: durable writes, bounded waits, and one way to open both kinds of database."""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from sqlalchemy import URL, Connection, Engine, QueuePool, create_engine, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError

from bot.errors import AuditError
from bot.store.database.errors import translate_database_errors
from bot.store.database.sqlite import DatabaseFile, begin_transaction
from bot.store.database.timeouts import MILLISECONDS, USUAL_TIMEOUTS, StoreTimeouts, within

WRITING = "writing"
"""The execution option of connections that write."""

_TIMEOUT = "within"
_KEPT = 10
"""Connections that a process keeps open."""
_CONNECTIONS = 30
"""The most connections of a process: 16 workers and 4 presses that read, the writer and the background.

Three processes fit into the 100 connections that PostgreSQL allows unless set otherwise.
"""
_URL_ADVICE = "DATABASE_URL must be sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME"


def open_engine(url: str, *, create: bool = True, timeouts: StoreTimeouts | None = None) -> Engine:
    """Open a database.

    Args:
        url: As in DATABASE_URL.
        create: Create a missing SQLite file.
        timeouts: Bounds for each use; None for no bounds.

    Raises:
        AuditError: It cannot be opened. A server is connected at its first use.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise AuditError("the database URL is not valid", advice=_URL_ADVICE) from None
    match parsed.get_backend_name():
        case "sqlite":
            engine = _open_file(parsed, timeouts or USUAL_TIMEOUTS, create=create)
        case "postgres" | "postgresql":
            engine = _open_server(parsed, timeouts)
        case _:
            raise AuditError("this kind of database is not supported", advice=_URL_ADVICE)
    return engine.execution_options(**{_TIMEOUT: timeouts.use}) if timeouts else engine


@contextmanager
def open_connection(engine: Engine) -> Iterator[Connection]:
    """Open a connection, bounded by the engine's timeout.

    Raises:
        AuditError: The database failed, or did not answer in time.
    """
    seconds = engine.get_execution_options().get(_TIMEOUT, math.inf)
    with translate_database_errors(), within(seconds), engine.connect() as connection:
        yield connection


@contextmanager
def open_snapshot(engine: Engine) -> Iterator[Connection]:
    """Open a connection that reads one snapshot of the database.

    Raises:
        AuditError: It cannot be read.
    """
    with open_connection(engine) as connection:
        if engine.dialect.name == "postgresql":
            connection = connection.execution_options(isolation_level="REPEATABLE READ")  # noqa: PLW2901 - the same one
        yield connection


def _open_server(url: URL, timeouts: StoreTimeouts | None) -> Engine:
    # Loaded only when the database is a server.
    from bot.store.database import postgresql  # noqa: PLC0415

    longest = timeouts or USUAL_TIMEOUTS
    engine = create_engine(
        url.set(drivername="postgresql+psycopg"),
        pool_pre_ping=True,
        pool_size=_KEPT,
        max_overflow=_CONNECTIONS - _KEPT,
        pool_timeout=longest.use,
        connect_args={
            "connect_timeout": math.ceil(longest.use),
            # Detects a machine that is gone, while waiting for it and while idle.
            "tcp_user_timeout": round(longest.use * MILLISECONDS),
            "keepalives_idle": 10,
            "keepalives_interval": 5,
            "keepalives_count": 3,
        },
        hide_parameters=True,
    )

    @event.listens_for(engine, "do_connect")
    def connect(_: object, __: object, args: Sequence[Any], options: dict[str, Any]) -> DBAPIConnection:
        return cast("DBAPIConnection", postgresql.connect(*args, **options))

    # Readers wait for locks too: of a migration, or of a manual session.
    waits = {"lock_timeout": longest.lock}
    if timeouts:
        # Abandoned statements end, and a lost transaction holds no lock.
        waits |= {"statement_timeout": timeouts.use, "idle_in_transaction_session_timeout": timeouts.use}
    postgresql.bound_waits(engine, waits)
    postgresql.leave_read_only_servers(engine)
    return engine


def _open_file(url: URL, timeouts: StoreTimeouts, *, create: bool) -> Engine:
    if not url.database or url.database == ":memory:":
        raise AuditError("a record cannot be kept in memory", advice=_URL_ADVICE)
    file = DatabaseFile.find(Path(url.database).absolute(), create=create)
    engine = create_engine(
        "sqlite+pysqlite://",
        creator=lambda: file.connect(timeouts.lock),
        poolclass=QueuePool,
        pool_size=_KEPT,
        max_overflow=_CONNECTIONS - _KEPT,
        pool_timeout=timeouts.use,
        hide_parameters=True,
    )

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        file.check()
        writing = connection.get_execution_options().get(WRITING, False)
        begin_transaction(connection, timeouts.lock, writing=writing)

    return engine
