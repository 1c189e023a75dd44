"""Search of the record, in steps of bounded work."""

import json
from datetime import datetime
from time import monotonic
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, Connection, Subquery, and_, func, not_, or_, select
from sqlalchemy.sql.base import ReadOnlyColumnCollection

from bot.core.changes.saved import SAVED_ANYWAY
from bot.core.model import WRITES, AlteredEntry, Entry, EntryKind, Found, RecordQuery
from bot.store import chain
from bot.store.database.schema import entries, entry_accounts

Columns: TypeAlias = ReadOnlyColumnCollection[str, Any]

SCANNED = 500
"""The most entries that one query looks at."""
SEARCH_SECONDS = 2.0
"""Seconds after which a search stops, and says how far it came; one use of the database takes longer."""

_LOOKED_AT = (entries.c.sequence, entries.c.content, entries.c.hash, entries.c.change, entries.c.actor)


def search(connection: Connection, query: RecordQuery, before: int | None, limit: int) -> Found:
    """Find the entries of a query, newest first, below a sequence number, for SEARCH_SECONDS at the most."""
    ends = monotonic() + SEARCH_SECONDS
    first = _find_first(connection, query.since) if query.since else 1
    if query.until:
        end = _find_first(connection, query.until)
        before = end if before is None else min(before, end)
    found: list[Entry | AlteredEntry] = []
    while True:
        part = _search_step(connection, query, first, before, limit - len(found))
        found += [entry for entry in part.entries if _has_words(entry, query.reason)]
        before = part.searched_to
        if before is None or len(found) == limit or monotonic() > ends:
            return Found(tuple(found), before)


def _search_step(
    connection: Connection, query: RecordQuery, first: int, before: int | None, limit: int
) -> Found:
    """Look at SCANNED entries at the most."""
    looked_at = _look_at(query, first, before, *_LOOKED_AT)
    # No database moves these conditions into the limited query below, whose cost is bounded.
    wanted = (
        select(looked_at.c.sequence, looked_at.c.content, looked_at.c.hash)
        .where(*_list_conditions(query, looked_at.c))
        .order_by(looked_at.c.sequence.desc())
        .limit(limit)
    )
    found = tuple(chain.read_each(connection.execute(wanted)))
    if len(found) == limit:
        return Found(found, found[-1].sequence)
    # Of their numbers alone, which the index holds.
    numbers = _look_at(query, first, before)
    count, oldest = connection.execute(select(func.count(), func.min(numbers.c.sequence))).one()
    return Found(found, oldest if count == SCANNED else None)


def _look_at(query: RecordQuery, first: int, before: int | None, *columns: ColumnElement[Any]) -> Subquery:
    """Select the entries to look at, by the index that leaves the fewest; without columns, their numbers."""
    about = entry_accounts.c
    number = about.sequence if query.account else entries.c.sequence
    found = select(*(columns or (number,)))
    if query.account:
        if columns:
            found = found.join(entry_accounts, about.sequence == entries.c.sequence)
        found = found.where(
            about.app == chain.index_key(query.app), about.account == chain.index_key(query.account)
        )
    elif query.entry is not None:
        found = found.where(number == query.entry)
    elif query.change:
        # The second condition selects the partial index.
        found = found.where(entries.c.change == chain.index_key(query.change), entries.c.change != "")
    elif query.person:
        found = found.where(entries.c.actor == chain.actor_key(query.person))
    if first > 1:
        found = found.where(number >= first)
    if before is not None:
        found = found.where(number < before)
    return found.order_by(number.desc()).limit(SCANNED).subquery()


def _list_conditions(query: RecordQuery, entry: Columns) -> list[ColumnElement[bool]]:
    """List the conditions on the entries that are looked at."""
    # Within a text of the JSON, quotes are escaped; only the keys of values are tags with a colon.
    is_denied = entry.content.contains('"outcome":"denied"', autoescape=True)
    found: list[ColumnElement[bool]] = []
    if query.kind is EntryKind.REFUSALS:
        found.append(is_denied)
    elif query.kind:
        is_change = entry.change != ""
        found += [is_change if query.kind is EntryKind.CHANGES else not_(is_change), not_(is_denied)]
    if query.fields:
        keys = (f"{json.dumps(tag)}:" for tag in query.fields)
        writes = (f'"outcome":"{outcome}"' for outcome in sorted(WRITES))
        has_tag, may_write = (
            or_(*(entry.content.contains(text, autoescape=True) for text in texts))
            for texts in (keys, writes)
        )
        is_refused = entry.content.contains('"outcome":"failed"', autoescape=True)
        found += [has_tag, or_(may_write, and_(is_refused, entry.content.contains(SAVED_ANYWAY)))]
    if query.person and query.account:
        found.append(entry.actor == chain.actor_key(query.person))
    if query.reason:
        found.append(not_(entry.content.contains('"reason":""', autoescape=True)))
    # What matches elsewhere in the entry is sorted out when it is read.
    found += [
        entry.content.icontains(json.dumps(word, ensure_ascii=False)[1:-1], autoescape=True)
        for word in query.reason.split()
        if word.isascii()
    ]
    return found


def _has_words(entry: Entry | AlteredEntry, words: str) -> bool:
    if not words:
        return True
    # Of a search, the words are what was searched for.
    if isinstance(entry, AlteredEntry) or entry.event.command == "history":
        return False
    reason = entry.event.reason.casefold()
    return all(word in reason for word in words.casefold().split())


def _find_first(connection: Connection, moment: datetime) -> int:
    """Find the number of the first entry that was recorded at a time or later: times never go back."""
    low, high = 1, (connection.scalar(select(func.max(entries.c.sequence))) or 0) + 1
    while low < high:
        middle = (low + high) // 2
        entry, at = _read_time(connection, middle, high)
        if at is None or at >= moment:
            high = middle
        else:
            low = entry + 1
    return low


def _read_time(connection: Connection, number: int, end: int) -> tuple[int, datetime | None]:
    """Read the time of an entry, or of the first sound one after it and before the end."""
    query = (
        select(entries.c.sequence, entries.c.content, entries.c.hash)
        .where(entries.c.sequence >= number, entries.c.sequence < end)
        .order_by(entries.c.sequence)
        .limit(100)
    )
    found = chain.read_each(connection.execute(query))
    return next(((each.sequence, each.at) for each in found if isinstance(each, Entry)), (number, None))
