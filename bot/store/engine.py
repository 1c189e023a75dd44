"""How a database is reached: safely written on disk, and noticed when its file goes away."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, QueuePool, create_engine, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError

from bot.errors import AuditError
from bot.store.failures import in_plain_words

PATIENCE = 5
"""Seconds to wait for a connection, or for another program's lock."""
WRITING = "writing"
"""The execution option of connections that are going to write."""

_HOW = "DATABASE_URL must be sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME"


def open_engine(url: str, *, create: bool = True) -> Engine:
    """Open a database.

    Args:
        url: As in DATABASE_URL.
        create: Whether to create an SQLite file that is not there.

    Raises:
        AuditError: It cannot be opened. A server is asked later, when something is wanted of it.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise AuditError("the database's address makes no sense", advice=_HOW) from None
    match parsed.get_backend_name():
        case "sqlite":
            return _open_file(parsed, create=create)
        case "postgres" | "postgresql":
            return _open_server(parsed)
        case _:
            raise AuditError("this kind of database is not supported", advice=_HOW)


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Read from one unchanging picture of the database.

    Raises:
        AuditError: It cannot be read.
    """
    with in_plain_words(), engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            connection = connection.execution_options(isolation_level="REPEATABLE READ")  # noqa: PLW2901 - the same one
        yield connection


def _open_server(url: URL) -> Engine:
    engine = create_engine(
        url.set(drivername="postgresql+psycopg"),
        pool_pre_ping=True,
        # Without the second a write to a machine that is gone would wait for a quarter of an hour.
        connect_args={"connect_timeout": PATIENCE, "tcp_user_timeout": PATIENCE * 1000},
        hide_parameters=True,
    )

    @event.listens_for(engine, "connect")
    def connect(connection: DBAPIConnection, _: object) -> None:
        # Readers wait for locks too: of who migrates, or looks into the database by hand.
        connection.cursor().execute(f"SET lock_timeout = '{PATIENCE}s'")
        connection.commit()

    return engine


def _open_file(url: URL, *, create: bool) -> Engine:
    if not url.database or url.database == ":memory:":
        raise AuditError("a record in memory would not last", advice=_HOW)
    file = _File.find(Path(url.database).absolute(), create=create)

    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(
            # Never created here: what took the place of a file that is gone would be no record.
            f"file:{quote(str(file.path))}?mode=rw",
            uri=True,
            timeout=PATIENCE,
            isolation_level=None,
            check_same_thread=False,
        )
        # What is no text any more, since somebody altered it, must not hide what else is asked for.
        connection.text_factory = lambda data: data.decode(errors="surrogateescape")
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
            connection.execute(f"PRAGMA {pragma}")
        return connection

    engine = create_engine("sqlite+pysqlite://", creator=connect, poolclass=QueuePool, hide_parameters=True)

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        file.check()
        writing = connection.get_execution_options().get(WRITING)
        # Past SQLAlchemy, which would make a result of it: that takes as long as writing an entry.
        connection.connection.cursor().execute("BEGIN IMMEDIATE" if writing else "BEGIN")

    return engine


@dataclass(frozen=True, slots=True)
class _File:
    """A database file as it was when it was opened."""

    path: Path
    identity: tuple[int, int]

    @classmethod
    def find(cls, path: Path, *, create: bool) -> "_File":
        if create and not path.parent.is_dir():
            raise AuditError(
                f"there is no folder {path.parent} for the record", advice="Create it, or change DATABASE_URL"
            )
        if not create and not path.is_file():
            raise AuditError(f"there is no record at {path}", advice="Check DATABASE_URL")
        with in_plain_words():
            if create:
                # The files SQLite puts beside it get the same permissions.
                os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
            return cls(path, _identify(path))

    def check(self) -> None:
        """Make sure that the file is still the one that was opened.

        Raises:
            AuditError: It was deleted, moved or replaced.
        """
        try:
            found = _identify(self.path)
        except FileNotFoundError:
            raise AuditError(
                "the record's file is gone", advice="An operator should put it back and restart the bot"
            ) from None
        if found != self.identity:
            raise AuditError(
                "the record's file was replaced while the bot ran",
                advice="An operator should put the right one in place and restart the bot",
            )


def _identify(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_dev, found.st_ino
