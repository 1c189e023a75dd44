"""The ids that people have looked up in the last hour, counted by the minute for all processes."""

from datetime import UTC, datetime

from sqlalchemy import Connection, Select, delete, insert, select, tuple_, update

from bot.store.database.schema import lookup_usage
from bot.store.states import MAX_EXPIRED

_MINUTE = 60
# What was counted in a minute may have been at its end.
_KEPT = 3600 + _MINUTE

_table = lookup_usage.c


def spend(owner: str, ids: int, most: int, connection: Connection, now: datetime) -> datetime | None:
    """Count ids, unless there would be more than `most` in an hour; then return when there would not."""
    at = int(now.timestamp())
    minute = at - at % _MINUTE
    query = select(_table.minute, _table.ids).where(_table.owner == owner, _table.minute > at - _KEPT)
    # No other transaction can write before this one ends.
    rows = connection.execute(query.order_by(_table.minute)).all()
    over = sum(row.ids for row in rows) + ids - most
    for row in rows:
        if over <= 0:
            break
        over -= row.ids
        if over <= 0:
            return datetime.fromtimestamp(row.minute + _KEPT, UTC)
    key = (_table.owner == owner, _table.minute == minute)
    if not connection.execute(update(lookup_usage).where(*key).values(ids=_table.ids + ids)).rowcount:
        connection.execute(insert(lookup_usage), {"owner": owner, "minute": minute, "ids": ids})
    return None


def has_expired(connection: Connection, now: datetime) -> bool:
    """Check whether something is counted that is over an hour old."""
    return connection.execute(_expired(now).limit(1)).first() is not None


def drop_expired(connection: Connection, now: datetime) -> bool:
    """Delete up to MAX_EXPIRED rows of over an hour ago; return whether there may be more."""
    key = tuple_(_table.owner, _table.minute)
    expired = delete(lookup_usage).where(key.in_(_expired(now).limit(MAX_EXPIRED)))
    return connection.execute(expired).rowcount == MAX_EXPIRED


def _expired(now: datetime) -> Select[tuple[str, int]]:
    return select(_table.owner, _table.minute).where(_table.minute <= now.timestamp() - _KEPT)
