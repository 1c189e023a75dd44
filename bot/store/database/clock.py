"""The database's clock, shared by all processes of a record."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Float, literal_column, null, select

from bot.errors import AlteredError
from bot.store.chain import VERIFY
from bot.store.database.schema import head

_SERVERS = literal_column("CAST(extract(epoch FROM clock_timestamp()) AS float8)", Float())


def time_column(dialect: str) -> ColumnElement[Any]:
    """Return the column that reads the server's clock; null for a file, which uses the machine's clock."""
    return _SERVERS if dialect == "postgresql" else null()


def to_datetime(seconds: float | None) -> datetime:
    """Convert that column's value to a time (UTC)."""
    return datetime.now(UTC) if seconds is None else datetime.fromtimestamp(seconds, UTC)


def read_head(rows: Sequence[Any]) -> tuple[Any, ...]:
    """Return the one row of the head.

    Raises:
        AlteredError: There is none, or more than one.
    """
    if len(rows) != 1:
        raise _altered_head()
    return tuple(rows[0])


def read_head_time(at: str) -> datetime:
    """Convert the head's time to a time (UTC); the earliest possible one before the first entry.

    Raises:
        AlteredError: It is not a time.
    """
    if not at:
        return datetime.min.replace(tzinfo=UTC)
    try:
        return datetime.fromisoformat(at).astimezone(UTC)
    except ValueError:
        raise _altered_head() from None


def now(connection: Connection) -> datetime:
    """Return the time (UTC) by this clock."""
    dialect = connection.dialect.name
    return to_datetime(connection.scalar(select(time_column(dialect))) if dialect == "postgresql" else None)


def now_not_before_head(connection: Connection) -> datetime:
    """Return the time (UTC), never before the newest entry's, even if the clock went back."""
    at, seconds = read_head(connection.execute(select(head.c.at, time_column(connection.dialect.name))).all())
    return max(to_datetime(seconds), read_head_time(at))


def _altered_head() -> AlteredError:
    return AlteredError(
        "the record's head is not as it was written: the database was altered",
        advice=VERIFY,
    )
