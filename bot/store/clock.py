"""The database's clock, by which all processes that share a record go."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, CursorResult, Float, literal_column, null, select

from bot.errors import AlteredError
from bot.store.chain import VERIFY
from bot.store.schema import head

_SERVERS = literal_column("CAST(extract(epoch FROM clock_timestamp()) AS float8)", Float())


def time_column(dialect: str) -> ColumnElement[Any]:
    """Give the column by which a statement reads the clock too; a file has none but its machine's."""
    return _SERVERS if dialect == "postgresql" else null()


def to_datetime(seconds: float | None) -> datetime:
    """Make a time (UTC) of what that column held."""
    return datetime.now(UTC) if seconds is None else datetime.fromtimestamp(seconds, UTC)


def read_head(found: CursorResult[Any]) -> tuple[Any, ...]:
    """Read the one row of the head.

    Raises:
        AlteredError: There is none, or another.
    """
    rows = found.all()
    if len(rows) != 1:
        raise _altered_head()
    return tuple(rows[0])


def read_head_time(at: str) -> datetime:
    """Make a time (UTC) of when the head was written; the earliest there is for a record without entries.

    Raises:
        AlteredError: It is none.
    """
    if not at:
        return datetime.min.replace(tzinfo=UTC)
    try:
        return datetime.fromisoformat(at).astimezone(UTC)
    except ValueError:
        raise _altered_head() from None


def now(connection: Connection) -> datetime:
    """Ask for the time (UTC) by the clock as it is."""
    dialect = connection.dialect.name
    return to_datetime(connection.scalar(select(time_column(dialect))) if dialect == "postgresql" else None)


def now_not_before_head(connection: Connection) -> datetime:
    """Ask for the time (UTC), which is never before that of the newest entry, even if the clock went back."""
    at, seconds = read_head(connection.execute(select(head.c.at, time_column(connection.dialect.name))))
    return max(to_datetime(seconds), read_head_time(at))


def _altered_head() -> AlteredError:
    return AlteredError(
        "the record's head is not what was written: somebody altered the database",
        advice=VERIFY,
    )
