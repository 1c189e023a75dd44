"""The turns of file lookups: which one is leased next."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, Select, and_, case, func, select

from bot.core.file_lookups import OVER, FileLookupState
from bot.store.database.schema import file_lookups

OPEN = tuple(state for state in FileLookupState if state not in OVER)
"""The states of those that are not over."""
_LEASED = (FileLookupState.RUNNING, FileLookupState.SENDING)
"""The states that a leased one may have."""

_table = file_lookups.c


def is_alive(now: datetime) -> ColumnElement[bool]:
    """Select those that have not expired."""
    return _table.expires > now.timestamp()


def is_due(now: datetime, unknown: Collection[str]) -> ColumnElement[bool]:
    """Select those that may be leased, without some."""
    at = now.timestamp()
    is_free = and_(_table.state.in_(OPEN), _table.retry_at <= at, _table.until <= at)
    return and_(is_free, _table.id.not_in(unknown), is_alive(now))


def is_unshown(now: datetime, unknown: Collection[str]) -> ColumnElement[bool]:
    """Select those whose end should be shown by now, without some."""
    is_late = and_(_table.state.in_(OVER), _table.until > 0, _table.until <= now.timestamp())
    return and_(is_late, _table.id.not_in(unknown), is_alive(now))


def select_next(now: datetime, unknown: Collection[str]) -> Select[tuple[str]]:
    """Lock the one that is to be leased next: what is to be sent first, then people take turns."""
    leased = and_(_table.state.in_(_LEASED), _table.until > now.timestamp())
    owners = (
        select(_table.owner, func.count().label("running")).where(leased).group_by(_table.owner).subquery()
    )
    is_sent = case((_table.state == FileLookupState.SENDING, 0), else_=1)
    # What was tried in vain waits behind what is new.
    order = (is_sent, func.coalesce(owners.c.running, 0), _table.tries, _table.made, _table.id)
    query = select(_table.id).outerjoin(owners, owners.c.owner == _table.owner)
    query = query.where(is_due(now, unknown)).order_by(*order).limit(1)
    return query.with_for_update(of=file_lookups, skip_locked=True)
