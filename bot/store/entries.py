"""Streams of rows, in constant memory."""

from collections.abc import Generator, Iterable
from typing import Any, cast

from sqlalchemy import Connection, TextClause, text
from sqlalchemy.exc import DBAPIError

from bot.store.chain import EntryRow

FIRST = -(2**63)
"""A number below every possible sequence number."""

_ENTRIES = (
    "SELECT sequence, content, hash, actor, change FROM entries WHERE sequence > :after ORDER BY sequence"
)
_AT_A_TIME = 2000


def stream_entries(connection: Connection, after: int = FIRST) -> Generator[EntryRow, None, None]:
    """Stream the entries after a sequence number, in order."""
    return stream_rows(connection, _ENTRIES, after=after)


def stream_rows(connection: Connection, query: str, **values: object) -> Generator[Any, None, None]:
    """Run a query and stream its rows.

    Raises:
        DBAPIError: The database failed.
    """
    statement = text(query).bindparams(**values)
    # Not through SQLAlchemy, whose rows cost as much as all the hashing.
    try:
        if connection.dialect.name == "postgresql":
            yield from _fetch_from_server(connection, statement)
        else:
            with connection.execute(statement) as found:
                yield from cast("Iterable[Any]", found.cursor)
    except connection.dialect.loaded_dbapi.Error as error:
        raise DBAPIError(None, None, error) from error


def _fetch_from_server(connection: Connection, statement: TextClause) -> Generator[Any, None, None]:
    if not connection.in_transaction():
        connection.begin()
    compiled = statement.compile(dialect=connection.dialect)
    server = cast("Any", connection.connection.driver_connection)
    with server.cursor(name=f"rows {id(compiled)}") as cursor:
        cursor.execute(str(compiled), compiled.params)
        while rows := cursor.fetchmany(_AT_A_TIME):
            yield from rows


def require_text(connection: Connection) -> None:
    """Make SQLite fail on invalid text instead of decoding it leniently, which is slower."""
    if connection.dialect.name == "sqlite":
        cast("Any", connection.connection.driver_connection).text_factory = str
