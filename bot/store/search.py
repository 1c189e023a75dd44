"""Search of the record in bounded time."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Subquery, func, not_, select

from bot.core.model import EntryKind, Found, RecordQuery
from bot.store import chain
from bot.store.schema import entries, entry_accounts

SCANNED = 5000
"""The most entries that one search looks at."""

# Within a text of the JSON, quotes are escaped.
_DENIED = entries.c.content.contains('"outcome":"denied"', autoescape=True)
_KINDS: Mapping[EntryKind, ColumnElement[bool]] = {
    EntryKind.CHANGES: (entries.c.change != "") & not_(_DENIED),
    EntryKind.LOOKUPS: (entries.c.change == "") & not_(_DENIED),
    EntryKind.REFUSALS: _DENIED,
}


def search(connection: Connection, query: RecordQuery, before: int | None, limit: int) -> Found:
    """Find the entries of a query, newest first, below a sequence number; look at SCANNED at the most."""
    looked_at = _look_at(query, before)
    wanted = (
        select(entries.c.sequence, entries.c.content, entries.c.hash)
        .join(looked_at, looked_at.c.sequence == entries.c.sequence)
        .order_by(entries.c.sequence.desc())
        .limit(limit)
    )
    if query.kind:
        wanted = wanted.where(_KINDS[query.kind])
    found = tuple(chain.read_each(connection.execute(wanted)))
    if len(found) == limit:
        return Found(found, found[-1].sequence)
    count, oldest = connection.execute(select(func.count(), func.min(looked_at.c.sequence))).one()
    return Found(found, oldest if count == SCANNED else None)


def _look_at(query: RecordQuery, before: int | None) -> Subquery:
    """Select the numbers of the entries to look at, by the index that leaves the fewest."""
    found: Select[Any]
    if query.account:
        about = entry_accounts.c
        number = about.sequence
        found = select(number).where(
            about.app == chain.index_key(query.app), about.account == chain.index_key(query.account)
        )
    else:
        number = entries.c.sequence
        found = select(number).where(*_conditions(query))
    if before is not None:
        found = found.where(number < before)
    return found.order_by(number.desc()).limit(SCANNED).subquery()


def _conditions(query: RecordQuery) -> list[ColumnElement[bool]]:
    if query.entry is not None:
        return [entries.c.sequence == query.entry]
    if query.change:
        # The second condition selects the partial index.
        return [entries.c.change == chain.index_key(query.change), entries.c.change != ""]
    if query.person:
        return [entries.c.actor == chain.actor_key(query.person)]
    return []
