"""Translation of database and file errors into AuditErrors."""

import errno
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from sqlalchemy.exc import (
    DBAPIError,
    MultipleResultsFound,
    NoResultFound,
    PendingRollbackError,
    SQLAlchemyError,
)

from bot.errors import AuditError

_UNREACHABLE = (
    "the database cannot be reached",
    "Tell the bot's operator to check that it runs, and its address",
)
_SILENT = (
    "the database does not answer in time",
    "Try again; if that fails, tell the bot's operator to check the database and its network",
)
_FULL = ("the disk that holds the record is full", "Tell the bot's operator to free some space")
_READ_ONLY = ("the record is read-only", "Tell the bot's operator to give the bot write permission")
_LOCKED = (
    "the record is locked by another program",
    "Try again; if that fails, tell the bot's operator to stop the program that locks it",
)
_DAMAGED = ("the database is damaged", "Tell the bot's operator to stop the bot and restore a backup")
_REFUSED = (
    "the database refused the connection",
    "Tell the bot's operator to check its user and password",
)
_OLD = ("the database schema is not current", "Tell the bot's operator to run im-bot migrate")
_UNOPENED = ("the database file cannot be opened", "Tell the bot's operator to check its path")
_ODD = (
    "the record has missing or extra rows",
    "Tell the bot's operator to run im-bot audit verify",
)
_OTHER = ("the database failed", "Tell the bot's operator to check the log")

_SQLITE: Mapping[int, tuple[str, str]] = {
    sqlite3.SQLITE_FULL: _FULL,
    sqlite3.SQLITE_READONLY: _READ_ONLY,
    sqlite3.SQLITE_PERM: _READ_ONLY,
    sqlite3.SQLITE_AUTH: _REFUSED,
    sqlite3.SQLITE_BUSY: _LOCKED,
    sqlite3.SQLITE_LOCKED: _LOCKED,
    sqlite3.SQLITE_CORRUPT: _DAMAGED,
    sqlite3.SQLITE_NOTADB: _DAMAGED,
    sqlite3.SQLITE_CANTOPEN: _UNOPENED,
    sqlite3.SQLITE_IOERR: ("the disk that holds the record failed", "Tell the bot's operator to check it"),
}
"""By primary result code."""
_SYSTEM: Mapping[int | None, tuple[str, str]] = {
    errno.ENOSPC: _FULL,
    errno.EDQUOT: _FULL,
    errno.EROFS: _READ_ONLY,
    errno.EACCES: _READ_ONLY,
    errno.EPERM: _READ_ONLY,
}
"""By errno."""
_POSTGRES: Mapping[str, tuple[str, str]] = {
    "08": _UNREACHABLE,
    "28": _REFUSED,
    "3D": _REFUSED,
    "25006": _READ_ONLY,
    "25P03": _SILENT,
    "42501": _READ_ONLY,
    "42P01": _OLD,
    "42703": _OLD,
    "40": _LOCKED,
    "53100": _FULL,
    "55P03": _LOCKED,
    "57014": _SILENT,
    "57P": _UNREACHABLE,
    "XX001": _DAMAGED,
}
"""By SQLSTATE or how it begins."""
_LOST = {"OperationalError", "ConnectionTimeout"}
"""psycopg's errors without an SQLSTATE: they come from no server."""


@contextmanager
def translate_database_errors() -> Iterator[None]:
    """Translate database and file errors into AuditErrors.

    Raises:
        AuditError: The database or file failed; neither text nor detail holds a value.
    """
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error, OSError) as error:
        words, advice, detail = _explain(error)
        # The original error names statements and their values.
        raise AuditError(words, advice=advice, detail=detail) from None


def is_damage(error: Exception) -> bool:
    """Check whether an error means that the database is damaged."""
    return _explain(error)[:2] == _DAMAGED


def _explain(error: Exception) -> tuple[str, str, str]:
    cause = error.orig if isinstance(error, DBAPIError) else error
    kind = type(cause).__name__
    if isinstance(cause, NoResultFound | MultipleResultsFound):
        return *_ODD, kind
    if isinstance(cause, PendingRollbackError):
        # The connection was lost by an earlier statement of the transaction.
        return *_UNREACHABLE, kind
    if isinstance(cause, OSError):
        return *_SYSTEM.get(cause.errno, _UNOPENED), f"{kind} {errno.errorcode.get(cause.errno or 0, '')}"
    if (number := getattr(cause, "sqlite_errorcode", None)) is not None:
        return *_SQLITE.get(number & 0xFF, _OTHER), f"{kind} {getattr(cause, 'sqlite_errorname', number)}"
    if isinstance(cause, sqlite3.OperationalError):
        # Raised by Python, not SQLite: for invalid text.
        return *_DAMAGED, kind
    if state := getattr(cause, "sqlstate", None):
        found = next((_POSTGRES[state[:size]] for size in (5, 3, 2) if state[:size] in _POSTGRES), _OTHER)
        return *found, f"{kind} {state}"
    lost = isinstance(error, DBAPIError) and (error.connection_invalidated or kind in _LOST)
    return *(_UNREACHABLE if lost else _OTHER), kind
