"""Long records, inserted straight into a database."""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import islice

import psycopg
from sqlalchemy import make_url

from bot.core.model import AuditEvent, Change, Outcome
from bot.store import chain
from bot.store.change_codec import encode_change
from tests.support.entries import a_change, looked_up, step

Rows = dict[str, list[tuple[object, ...]]]
"""Rows by table."""

_TABLES = {
    "entries": ("sequence", "content", "hash", "actor", "change"),
    "entry_accounts": ("app", "account", "sequence"),
    "changes": ("id", "content", "digest", "outcome", "moved_at"),
}
_BATCH = 20_000
_DONE = (Outcome.PROPOSED, Outcome.ATTEMPTED, Outcome.SUCCEEDED)


def fill(url: str, lookups: int, changes: int) -> int:
    """Fill an empty database of the current schema; returns its number of entries.

    Args:
        url: As in DATABASE_URL.
        lookups: Number of entries that are lookups, of two accounts each.
        changes: Number of changes of three entries each, several open at a time.
    """
    if url.startswith("sqlite"):
        return _fill_file(make_url(url).database or "", _write(lookups, changes))
    return _fill_server(url, _write(lookups, changes))


def _fill_file(path: str, written: Iterable[Rows]) -> int:
    with closing(sqlite3.connect(path)) as connection:

        def add(table: str, rows: Sequence[tuple[object, ...]]) -> None:
            places = ", ".join("?" * len(_TABLES[table]))
            names = ", ".join(_TABLES[table])
            connection.executemany(f"INSERT INTO {table} ({names}) VALUES ({places})", rows)

        last = _add_all(written, add)
        connection.execute(
            "UPDATE head SET (sequence, hash, at) = (SELECT sequence, hash, json_extract(content, '$.at')"
            " FROM entries ORDER BY sequence DESC LIMIT 1)"
        )
        connection.execute("UPDATE lease SET covered = (SELECT sequence FROM head)")
        connection.commit()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return last


def _fill_server(url: str, written: Iterable[Rows]) -> int:
    with psycopg.connect(url) as connection, connection.cursor() as cursor:

        def add(table: str, rows: Sequence[tuple[object, ...]]) -> None:
            command = f"COPY {table} ({', '.join(_TABLES[table])}) FROM STDIN"
            with cursor.copy(command.encode()) as copy:
                for row in rows:
                    copy.write_row(row)

        last = _add_all(written, add)
        cursor.execute(
            "UPDATE head SET (sequence, hash, at) = (SELECT sequence, hash, content::json->>'at'"
            " FROM entries ORDER BY sequence DESC LIMIT 1)"
        )
        cursor.execute("UPDATE lease SET covered = (SELECT sequence FROM head)")
    return last


def _add_all(written: Iterable[Rows], add: Callable[[str, Sequence[tuple[object, ...]]], None]) -> int:
    """Insert all rows; returns the number of the last entry."""
    last = 0
    for rows in written:
        for table in _TABLES:
            add(table, rows[table])
        last = rows["entries"][-1][0]  # type: ignore[assignment]
    return last


def _write(lookups: int, changes: int) -> Iterator[Rows]:
    drafts = _drafts(lookups, changes)
    at, sequence, previous = datetime(2026, 1, 1, tzinfo=UTC), 0, chain.START
    while some := list(islice(drafts, _BATCH)):
        rows: Rows = {table: [] for table in _TABLES}
        for event, change in some:
            at, sequence = at + timedelta(milliseconds=100), sequence + 1
            entry, content = chain.link(sequence, at, event, previous)
            previous = entry.hash
            rows["entries"].append(
                (
                    sequence,
                    content,
                    entry.hash,
                    chain.actor_key(event.actor),
                    chain.index_key(event.change_id),
                )
            )
            rows["entry_accounts"] += ((event.app, account, sequence) for account in event.accounts)
            if change is not None:
                # The change is written with its last step; it was proposed three entries before.
                made = replace(change, proposed_at=at - timedelta(milliseconds=_AGO))
                row = encode_change(made, chain.write_time(at))
                rows["changes"].append(tuple(row[name] for name in _TABLES["changes"]))
        yield rows


_AGO = 900


def _drafts(lookups: int, changes: int) -> Iterator[tuple[AuditEvent, Change | None]]:
    """Yield lookups and the steps of changes, three of which are open at a time."""
    each = lookups / max(changes, 1)
    due = 0.0
    for number in range(changes + 2):
        for place, outcome in enumerate(_DONE):
            if 0 <= (made := number - place) < changes:
                change = _change(made, outcome)
                yield step(change, outcome), change if outcome is _DONE[-1] else None
        due += each
        while due >= 1:
            due -= 1
            yield looked_up(f"user_{number}", f"user_{number + 1}"), None


def _change(number: int, outcome: Outcome) -> Change:
    # Spread like the random ids of real changes.
    change_id = f"op_{number * 2654435761 % 2**32:012x}"
    return replace(a_change(change_id, accounts=(f"user_{number}",)), outcome=outcome)
