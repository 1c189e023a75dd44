"""The end of file lookups: what has expired is deleted in parts."""

from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Table, delete, exists, select, tuple_

from bot.store.database.schema import file_lookup_ids, file_lookup_rows, file_lookups

MAX_EXPIRED_PARTS = 200
"""The most expired parts of ids, and of rows, that one transaction deletes."""

_PARTS = (file_lookup_ids, file_lookup_rows)


def has_expired(connection: Connection, now: datetime) -> bool:
    """Check whether a file lookup has expired."""
    return connection.execute(select(file_lookups.c.id).where(_expired(now)).limit(1)).first() is not None


def drop_expired(connection: Connection, now: datetime) -> bool:
    """Delete up to MAX_EXPIRED_PARTS of the expired ids, and of the rows; and what has neither any more.

    Returns whether there may be more.
    """
    lookups = select(file_lookups.c.id).where(_expired(now))
    deleted = []
    for table in _PARTS:
        some = select(table.c.lookup, table.c.place).where(table.c.lookup.in_(lookups))
        key = tuple_(table.c.lookup, table.c.place)
        expired = delete(table).where(key.in_(some.limit(MAX_EXPIRED_PARTS)))
        deleted.append(connection.execute(expired).rowcount)
    connection.execute(delete(file_lookups).where(_expired(now), *(~_has(table) for table in _PARTS)))
    return MAX_EXPIRED_PARTS in deleted


def _expired(now: datetime) -> ColumnElement[bool]:
    return file_lookups.c.expires <= now.timestamp()


def _has(table: Table) -> ColumnElement[bool]:
    return exists(select(table.c.place).where(table.c.lookup == file_lookups.c.id))
