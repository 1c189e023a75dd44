"""SQLAlchemy engines: durable writes, bounded waits, and a check that the file is still the same."""

import math
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, QueuePool, create_engine, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import ConnectionPoolEntry

from bot.errors import AuditError
from bot.store.database.errors import translate_database_errors
from bot.store.database.timeouts import USUAL_TIMEOUTS, StoreTimeouts, seconds_left, within

WRITING = "writing"
"""The execution option of connections that write."""

_TIMEOUT = "within"
_BUSY_TIMEOUT = "busy_timeout"
_POOLED = "pooled"
"""Whether a connection leads to a pooler, which gives each transaction another one."""
_MILLISECONDS = 1000
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
            "tcp_user_timeout": round(longest.use * _MILLISECONDS),
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
    settings = {"lock_timeout": longest.lock}
    if timeouts:
        # Abandoned statements end, and a lost transaction holds no lock.
        settings |= {"statement_timeout": timeouts.use, "idle_in_transaction_session_timeout": timeouts.use}
    waits = [f"{name} = {round(wait * _MILLISECONDS)}" for name, wait in settings.items()]

    @event.listens_for(engine, "connect")
    def set_up(connection: Any, record: ConnectionPoolEntry) -> None:
        record.info[_POOLED] = postgresql.is_pooled(connection)
        if record.info[_POOLED]:
            # The next transaction may run on another connection, which has not prepared a statement.
            connection.prepare_threshold = None
        else:
            connection.cursor().execute("; ".join(f"SET {wait}" for wait in waits))
        connection.commit()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        if connection.info.get(_POOLED):
            connection.connection.cursor().execute("; ".join(f"SET LOCAL {wait}" for wait in waits))

    return engine


def _open_file(url: URL, timeouts: StoreTimeouts, *, create: bool) -> Engine:
    if not url.database or url.database == ":memory:":
        raise AuditError("a record cannot be kept in memory", advice=_URL_ADVICE)
    file = _DatabaseFile.find(Path(url.database).absolute(), create=create)

    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(
            # Never created here: a new file in place of a lost one would be no record.
            f"file:{quote(str(file.path))}?mode=rw",
            uri=True,
            timeout=min(timeouts.lock, seconds_left()),
            isolation_level=None,
            check_same_thread=False,
        )
        # A value that is no text any more must not hide the others.
        connection.text_factory = lambda data: data.decode(errors="surrogateescape")
        try:
            for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
                connection.execute(f"PRAGMA {pragma}")
        except BaseException:
            connection.close()
            raise
        return connection

    engine = create_engine(
        "sqlite+pysqlite://",
        creator=connect,
        poolclass=QueuePool,
        pool_size=_KEPT,
        max_overflow=_CONNECTIONS - _KEPT,
        pool_timeout=timeouts.use,
        hide_parameters=True,
    )

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        file.check()
        writing = connection.get_execution_options().get(WRITING)
        # Not through SQLAlchemy, whose result object costs as much as writing an entry.
        cursor = connection.connection.cursor()
        wait = round(min(timeouts.lock, seconds_left()) * _MILLISECONDS)
        if connection.info.get(_BUSY_TIMEOUT) != wait:
            cursor.execute(f"PRAGMA busy_timeout = {wait}")
            connection.info[_BUSY_TIMEOUT] = wait
        cursor.execute("BEGIN IMMEDIATE" if writing else "BEGIN")

    return engine


@dataclass(frozen=True, slots=True)
class _DatabaseFile:
    """The identity of a database file when it was opened."""

    path: Path
    identity: tuple[int, int]

    @classmethod
    def find(cls, path: Path, *, create: bool) -> "_DatabaseFile":
        if create and not path.parent.is_dir():
            raise AuditError(
                f"there is no folder {path.parent} for the record", advice="Create it, or change DATABASE_URL"
            )
        if not create and not path.is_file():
            raise AuditError(f"there is no record at {path}", advice="Check DATABASE_URL")
        with translate_database_errors():
            if create:
                # SQLite's files beside it get the same permissions.
                os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
            return cls(path, _identify(path))

    def check(self) -> None:
        """Check that the file is still the one that was opened.

        Raises:
            AuditError: It was deleted, moved or replaced.
        """
        try:
            found = _identify(self.path)
        except FileNotFoundError:
            raise AuditError(
                "the record's file is gone",
                advice="Tell the bot's operator to restore it and restart the bot",
            ) from None
        if found != self.identity:
            raise AuditError(
                "the record's file was replaced while the bot was running",
                advice="Tell the bot's operator to restore the right one and restart the bot",
            )


def _identify(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_dev, found.st_ino
