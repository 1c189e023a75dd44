"""SQLite connections: durable writes to a file that must stay the same, with bounded waits."""

import os
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import Connection

from bot.errors import AuditError
from bot.store.database.errors import translate_database_errors
from bot.store.database.timeouts import MILLISECONDS, seconds_left

_BUSY_TIMEOUT = "busy_timeout"


@dataclass(frozen=True, slots=True)
class DatabaseFile:
    """A database file, known by its identity when it was opened."""

    path: Path
    identity: tuple[int, int]

    @classmethod
    def find(cls, path: Path, *, create: bool) -> "DatabaseFile":
        """Find a file, or create it.

        Raises:
            AuditError: There is none, or no folder for it.
        """
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

    def connect(self, lock: float) -> sqlite3.Connection:
        """Connect; a lock is waited for `lock` seconds at most."""
        connection = sqlite3.connect(
            # Never created here: a new file in place of a lost one would be no record.
            f"file:{quote(str(self.path))}?mode=rw",
            uri=True,
            timeout=min(lock, seconds_left()),
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


def begin_transaction(connection: Connection, lock: float, *, writing: bool) -> None:
    """Begin a transaction that waits `lock` seconds for another one at most."""
    # Not through SQLAlchemy, whose result object costs as much as writing an entry.
    cursor = connection.connection.cursor()
    wait = round(min(lock, seconds_left()) * MILLISECONDS)
    if connection.info.get(_BUSY_TIMEOUT) != wait:
        cursor.execute(f"PRAGMA busy_timeout = {wait}")
        connection.info[_BUSY_TIMEOUT] = wait
    cursor.execute("BEGIN IMMEDIATE" if writing else "BEGIN")


def _identify(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_dev, found.st_ino
