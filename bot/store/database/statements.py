"""Statements that are compiled once, and run past SQLAlchemy, whose part costs ten times the database's."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, cast

from sqlalchemy import ClauseElement, Connection, Dialect, text
from sqlalchemy.exc import DBAPIError


class Statement:
    """A statement with named parameters.

    Args:
        clause: The statement.
        columns: The columns that an update sets by parameters; an insert sets every column.
    """

    def __init__(self, clause: ClauseElement, columns: Sequence[str] | None = None) -> None:
        self._clause = clause
        self._columns = columns
        self._texts: dict[str, str] = {}

    def run(self, connection: Connection, values: Mapping[str, object] | None = None) -> Any:
        """Run it in the connection's transaction; return the driver's cursor.

        Raises:
            DBAPIError: The database failed.
        """
        return self._run("execute", connection, values or {})

    def run_each(self, connection: Connection, rows: Sequence[Mapping[str, object]]) -> None:
        """Run it with the values of each row.

        Raises:
            DBAPIError: The database failed.
        """
        if rows:
            self._run("executemany", connection, rows)

    def _run(self, method: str, connection: Connection, values: object) -> Any:
        if not connection.in_transaction():
            connection.begin()
        dialect, driver = connection.dialect, cast("Any", connection.connection.driver_connection)
        cursor = driver.cursor()
        try:
            getattr(cursor, method)(self._compile(dialect), values)
        except dialect.loaded_dbapi.Error as error:
            # As SQLAlchemy does: a connection that is lost must not be used again.
            is_lost = dialect.is_disconnect(error, driver, cursor)
            if is_lost:
                connection.invalidate(error)
            raise DBAPIError(None, None, error, connection_invalidated=is_lost) from error
        return cursor

    def _compile(self, dialect: Dialect) -> str:
        found = self._texts.get(dialect.name)
        if found is None:
            # SQLite's default is by position.
            named = cast("Any", type(dialect))(paramstyle="named") if dialect.name == "sqlite" else dialect
            found = str(self._clause.compile(dialect=named, column_keys=self._columns))
            self._texts[dialect.name] = found
        return found


_SAVE = Statement(text("SAVEPOINT part"))
_RELEASE = Statement(text("RELEASE SAVEPOINT part"))
_ROLL_BACK = Statement(text("ROLLBACK TO SAVEPOINT part"))


@contextmanager
def savepoint(connection: Connection, *, keep: bool = True) -> Iterator[None]:
    """Roll back what the context wrote if it fails, or if nothing is to be kept, and no more."""
    _SAVE.run(connection)
    try:
        yield
    except BaseException:
        _ROLL_BACK.run(connection)
        _RELEASE.run(connection)
        raise
    if not keep:
        _ROLL_BACK.run(connection)
    _RELEASE.run(connection)
