"""The audit channel's messages, and those that must show that a change was undone."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, bindparam, delete, exists, insert, select, update

from bot.core.changes.journal import undo_reason
from bot.core.changes.saved import has_written
from bot.core.model import AlteredEntry, Entry, Outcome, OutdatedPost, Post
from bot.store import chain
from bot.store.database.schema import entries, outbox, posts, undone
from bot.store.entries import stream_rows

_DROP_POST = delete(posts).where(posts.c.sequence == bindparam("number"))
_DROP_UNDONE = delete(undone).where(undone.c.change == bindparam("key"))
_UNDONE = """
    SELECT undone.change, undone.sequence, entries.content, entries.hash
    FROM undone LEFT JOIN entries ON entries.sequence = undone.sequence ORDER BY undone.sequence
"""
_ENTRY = (entries.c.sequence, entries.c.content, entries.c.hash)


def keep_posts(connection: Connection, made: Iterable[Post]) -> None:
    """Keep the messages of entries; of an entry posted twice, the latest."""
    for post in made:
        place = {"channel": post.channel, "ts": post.ts, "seal": post.seal}
        connection.execute(_DROP_POST, [{"number": number} for number in post.sequences])
        connection.execute(insert(posts), [{"sequence": number, **place} for number in post.sequences])


def keep_undone(connection: Connection, found: Mapping[str, int]) -> None:
    """Keep the changes that were undone, by their keys, with the number of the undo's entry."""
    if found:
        connection.execute(_DROP_UNDONE, [{"key": key} for key in found])
        rows = [{"change": key, "sequence": number, "shown": 0} for key, number in found.items()]
        connection.execute(insert(undone), rows)


def find_outdated(connection: Connection) -> OutdatedPost | None:
    """Find the oldest undone change whose message does not say so; none while entries wait."""
    query = (
        select(undone.c.change, undone.c.sequence)
        .where(undone.c.shown == 0, ~exists(select(outbox.c.sequence)))
        .order_by(undone.c.sequence)
        .limit(1)
    )
    row = connection.execute(query).one_or_none()
    if row is None:
        return None
    outdated = OutdatedPost(row.change, row.sequence)
    place = _find_written(connection, row.change)
    return outdated if place is None else _complete(connection, outdated, place)


def mark_shown(connection: Connection, outdated: OutdatedPost) -> None:
    """Mark an undo as shown, unless there is a later one."""
    connection.execute(
        update(undone)
        .where(undone.c.change == outdated.change, undone.c.sequence == outdated.undo)
        .values(shown=1)
    )


def _find_written(connection: Connection, key: str) -> Any:
    """Find the message that says that a change wrote fields; refusals may name the change as well."""
    query = (
        select(*_ENTRY, posts.c.channel, posts.c.ts, posts.c.seal)
        .join(posts, posts.c.sequence == entries.c.sequence)
        .where(entries.c.change == key, entries.c.change != "")
        .order_by(entries.c.sequence.desc())
    )
    for row in connection.execute(query).all():
        (entry,) = chain.read_each([row[: len(_ENTRY)]])
        if isinstance(entry, Entry) and has_written(entry.event):
            return row
    return None


def _complete(connection: Connection, outdated: OutdatedPost, place: Any) -> OutdatedPost:
    """Add the message, its entries, and which of their changes were undone."""
    query = (
        select(*_ENTRY)
        .join(posts, posts.c.sequence == entries.c.sequence)
        .where(posts.c.channel == place.channel, posts.c.ts == place.ts)
        .order_by(entries.c.sequence)
    )
    held = tuple(chain.read_each(connection.execute(query)))
    post = Post(place.channel, place.ts, place.seal, tuple(each.sequence for each in held))
    return replace(outdated, post=post, entries=held, undone=_find_undone(connection, held))


def _find_undone(connection: Connection, held: Sequence[Entry | AlteredEntry]) -> Mapping[str, Entry]:
    """Find the undo of each change, whose entry must say so."""
    ids = {each.event.change_id for each in held if isinstance(each, Entry)} - {""}
    query = (
        select(*_ENTRY)
        .join(undone, undone.c.sequence == entries.c.sequence)
        .where(undone.c.change.in_([*map(chain.index_key, ids)]))
    )
    found = chain.read_each(connection.execute(query))
    by_reason = {undo.event.reason: undo for undo in found if isinstance(undo, Entry) and _is_undo(undo)}
    return {id_: by_reason[reason] for id_ in ids if (reason := undo_reason(id_)) in by_reason}


def find_places(connection: Connection, sequences: Collection[int]) -> Mapping[int, tuple[str, str]]:
    """Find the channel and time stamp of the message of each posted entry."""
    query = select(posts.c.sequence, posts.c.channel, posts.c.ts).where(posts.c.sequence.in_([*sequences]))
    return {row.sequence: (row.channel, row.ts) for row in connection.execute(query)}


def find_altered_undone(connection: Connection) -> str:
    """Describe a change that is said to be undone by an entry that says otherwise; empty if there is none."""
    with closing(stream_rows(connection, _UNDONE)) as rows:
        for change, *row in rows:
            (entry,) = chain.read_each([row])
            if not (isinstance(entry, Entry) and _is_undo(entry) and _names(entry, change)):
                return f"the table undone says that entry {row[0]} undid change {change}, which it did not"
    return ""


def _is_undo(entry: Entry) -> bool:
    return entry.event.command == "undo" and entry.event.outcome is Outcome.SUCCEEDED


def _names(entry: Entry, key: str) -> bool:
    """Check whether an undo's entry names the change of a key."""
    undone_id = entry.event.reason.removeprefix(undo_reason(""))
    return undo_reason(undone_id) == entry.event.reason and chain.index_key(undone_id) == key
