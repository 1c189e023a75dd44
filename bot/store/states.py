"""State behind buttons and forms, and claims on requests, shared by all processes for a limited time."""

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import Connection, Select, Table, bindparam, delete, insert, select, text

from bot.core.model import SavedState
from bot.core.time_limits import STATE_SECONDS
from bot.store.database.schema import claims, states
from bot.store.database.statements import Statement

CLAIM_SECONDS = 3600.0
"""Seconds for which a claim is kept: Slack sends nothing again after that."""
MAX_EXPIRED = 1000
"""The most expired rows of a table that one transaction deletes."""

_DROP = Statement(delete(states).where(states.c.id == bindparam("key")))
_SAVE = Statement(insert(states))
_CLAIM = Statement(text("INSERT INTO claims (id, expires) VALUES (:id, :expires) ON CONFLICT DO NOTHING"))


def write_states(connection: Connection, written: Mapping[str, SavedState | None], now: datetime) -> None:
    """Save states by their ids, each in place of an earlier one; delete those that are None."""
    _DROP.run_each(connection, [{"key": id_} for id_ in written])
    expires = now.timestamp() + STATE_SECONDS
    rows = [
        {"id": state.id, "owner": state.owner, "content": state.content, "expires": expires}
        for state in written.values()
        if state
    ]
    _SAVE.run_each(connection, rows)


def find_state(connection: Connection, id_: str, now: datetime) -> SavedState | None:
    """Find a state that has not expired."""
    query = select(states.c.id, states.c.owner, states.c.content).where(
        states.c.id == id_, states.c.expires > now.timestamp()
    )
    row = connection.execute(query).one_or_none()
    return SavedState(row.id, row.owner, row.content) if row else None


def take_state(connection: Connection, id_: str) -> bool:
    """Delete a state; return whether it was there."""
    return bool(_DROP.run(connection, {"key": id_}).rowcount)


def find_ids(connection: Connection, ids: Collection[str]) -> frozenset[str]:
    """Find those of some ids that have a state."""
    return frozenset(connection.scalars(select(states.c.id).where(states.c.id.in_([*ids]))))


def add_claim(connection: Connection, id_: str, now: datetime) -> bool:
    """Claim an id; return False if it is claimed already."""
    return bool(_CLAIM.run(connection, {"id": id_, "expires": now.timestamp() + CLAIM_SECONDS}).rowcount)


def has_expired(connection: Connection, now: datetime) -> bool:
    """Check whether a state or a claim has expired."""
    return any(connection.execute(_expired(table, now).limit(1)).first() for table in (states, claims))


def drop_expired(connection: Connection, now: datetime) -> bool:
    """Delete up to MAX_EXPIRED expired rows of each table; return whether there may be more."""
    expired = [delete(table).where(table.c.id.in_(_expired(table, now))) for table in (states, claims)]
    return MAX_EXPIRED in [connection.execute(each).rowcount for each in expired]


def _expired(table: Table, now: datetime) -> Select[tuple[str]]:
    return select(table.c.id).where(table.c.expires <= now.timestamp()).limit(MAX_EXPIRED)
