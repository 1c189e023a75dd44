"""Search of the record, in steps of bounded work."""

import json
from collections.abc import Mapping
from datetime import datetime
from time import monotonic
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Subquery, func, not_, select

from bot.core.model import AlteredEntry, Entry, EntryKind, Found, RecordQuery
from bot.store import chain
from bot.store.schema import entries, entry_accounts

SCANNED = 2000
"""The most entries that one query looks at."""
SEARCH_SECONDS = 2.0
"""Seconds after which a search stops, and says how far it came; one use of the database takes longer."""

# Within a text of the JSON, quotes are escaped.
_DENIED = entries.c.content.contains('"outcome":"denied"', autoescape=True)
_KINDS: Mapping[EntryKind, ColumnElement[bool]] = {
    EntryKind.CHANGES: (entries.c.change != "") & not_(_DENIED),
    EntryKind.LOOKUPS: (entries.c.change == "") & not_(_DENIED),
    EntryKind.REFUSALS: _DENIED,
}


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
    looked_at = _look_at(query, first, before)
    wanted = (
        select(entries.c.sequence, entries.c.content, entries.c.hash)
        .join(looked_at, looked_at.c.sequence == entries.c.sequence)
        .where(*_list_conditions(query))
        .order_by(entries.c.sequence.desc())
        .limit(limit)
    )
    found = tuple(chain.read_each(connection.execute(wanted)))
    if len(found) == limit:
        return Found(found, found[-1].sequence)
    count, oldest = connection.execute(select(func.count(), func.min(looked_at.c.sequence))).one()
    return Found(found, oldest if count == SCANNED else None)


def _look_at(query: RecordQuery, first: int, before: int | None) -> Subquery:
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
        found = select(number)
        if query.entry is not None:
            found = found.where(number == query.entry)
        if query.change:
            # The second condition selects the partial index.
            found = found.where(entries.c.change == chain.index_key(query.change), entries.c.change != "")
        if query.person:
            found = found.where(entries.c.actor == chain.actor_key(query.person))
    if first > 1:
        found = found.where(number >= first)
    if before is not None:
        found = found.where(number < before)
    return found.order_by(number.desc()).limit(SCANNED).subquery()


def _list_conditions(query: RecordQuery) -> list[ColumnElement[bool]]:
    """List the conditions on the entries that are looked at."""
    found: list[ColumnElement[bool]] = []
    if query.kind:
        found.append(_KINDS[query.kind])
    if query.person and query.account:
        found.append(entries.c.actor == chain.actor_key(query.person))
    if query.reason:
        found.append(not_(entries.c.content.contains('"reason":""', autoescape=True)))
    # What matches elsewhere in the entry is sorted out when it is read.
    found += [
        entries.c.content.icontains(json.dumps(word, ensure_ascii=False)[1:-1], autoescape=True)
        for word in query.reason.split()
        if word.isascii()
    ]
    return found


def _has_words(entry: Entry | AlteredEntry, words: str) -> bool:
    if not words:
        return True
    reason = entry.event.reason.casefold() if isinstance(entry, Entry) else ""
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
