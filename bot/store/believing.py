"""Holds each change against the entries that tell of it, which nobody can rewrite unseen."""

import json
import logging
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from datetime import datetime, timedelta
from itertools import groupby, pairwise
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Row, select

from bot.core.journal import undo_reason
from bot.core.model import MOVES, AlteredEntry, Change, Draft, Entry, Outcome
from bot.errors import AlteredError
from bot.store import chain, kept
from bot.store.rows import BrokenChainError, fetch, follow, stream
from bot.store.schema import changes, entries, head

_SOON = timedelta(minutes=1)
"""The longest from making a change to recording it, and between its step and its move."""
_JITTER = timedelta(seconds=1)
"""The most that a clock may go back in between."""

_BY_CHANGE = """
    SELECT changes.id, changes.content, changes.digest, changes.outcome, changes.moved_at,
        entries.sequence, entries.content, entries.hash
    FROM changes LEFT JOIN entries ON entries.change = changes.id AND entries.change <> ''
    ORDER BY changes.id, entries.sequence
"""
_OF_NO_CHANGE = """
    SELECT entries.sequence, entries.content, entries.hash FROM entries
    WHERE entries.change <> '' AND NOT EXISTS (SELECT 1 FROM changes WHERE changes.id = entries.change)
"""

log = logging.getLogger(__name__)


def believe(connection: Connection, row: Row[Any]) -> Change:
    """Read a change back, if it is what its entries tell.

    Raises:
        AlteredError: It is not.
    """
    return _judge(row, _list_steps(connection, row.id))[0]


def believe_each(connection: Connection, rows: Iterable[Row[Any]]) -> Iterator[Change]:
    """Read changes back; one that was altered is left out, so that it does not stand in the way of others."""
    for row in rows:
        try:
            yield believe(connection, row)
        except AlteredError as error:
            log.warning("change %.40r is left alone: %s", row.id, error)


def check_latest(connection: Connection, change: Change) -> None:
    """Make sure that what a change is thought to have come to is the latest that the record tells of it.

    The columns by which entries are found can be altered unseen. So every entry is read that was recorded
    since the latest known step, whatever change it is said to be of: those are chained to each other, and to
    the head.

    Raises:
        AlteredError: It is not, or an entry since then was altered, or is missing.
    """
    found = connection.execute(select(changes).where(changes.c.id == chain.key(change.id))).one_or_none()
    if found is None:
        raise kept.altered()
    known, last = _judge(found, _list_steps(connection, found.id))
    if known.outcome is not change.outcome:
        return  # It has moved since it was read, as it may.
    end = (last.sequence, last.hash)
    named = f'"change":{json.dumps(chain.storable(change.id), ensure_ascii=False)}'.encode()
    try:
        with closing(stream(connection, last.sequence)) as rows:
            for sequence, content, digest, _, _ in follow(rows, last.sequence, last.hash.encode()):
                end = (sequence, digest.decode())
                if named in content and _is_step(chain.read(content.decode(), end[1]), change.id):
                    raise kept.altered()
    except BrokenChainError:
        raise kept.altered() from None
    if [tuple(row) for row in connection.execute(select(head.c.sequence, head.c.hash))] != [end]:
        raise kept.altered()


def find_altered_change(connection: Connection) -> str:
    """Give the id of a change that is not what the entries tell, or is gone; empty when there is none.

    The entries, and what they are found by, must have been found sound.
    """
    with closing(fetch(connection, _OF_NO_CHANGE)) as rows:
        for entry in chain.read_each(rows):
            if not isinstance(entry, Entry):
                return f"of entry {entry.sequence}"
            if entry.draft.outcome is not Outcome.DENIED:
                return entry.draft.change_id
    with closing(fetch(connection, _BY_CHANGE)) as rows:
        for _, group in groupby(rows, key=itemgetter(0)):
            found = list(group)
            row = kept.Kept(*found[0][:5])
            try:
                _judge(row, [] if found[0][5] is None else _read_steps(each[5:] for each in found))
            except AlteredError:
                return str(row.id)
    return ""


def _list_steps(connection: Connection, change_id: str) -> Sequence[Entry]:
    """List the entries of a change's steps, in order.

    Raises:
        AlteredError: One is not as it was written.
    """
    wanted = (
        select(entries.c.sequence, entries.c.content, entries.c.hash)
        # The second part leads to the index, which only has entries of changes.
        .where(entries.c.change == change_id, entries.c.change != "")
        .order_by(entries.c.sequence)
    )
    return _read_steps(connection.execute(wanted))


def _read_steps(rows: Iterable[Sequence[Any]]) -> Sequence[Entry]:
    found = list(chain.read_each(rows))
    steps = [each for each in found if isinstance(each, Entry) and each.draft.outcome is not Outcome.DENIED]
    if any(isinstance(each, AlteredEntry) for each in found):
        raise kept.altered()
    return steps


def _judge(row: Row[Any] | kept.Kept, steps: Sequence[Entry]) -> tuple[Change, Entry]:
    """Read a change back, and give the latest of its steps, if the change is what they tell.

    Raises:
        AlteredError: It is not.
    """
    change = kept.read(row)
    if not (steps and _is_told(change, steps) and _is_in_time(change, row.moved_at, steps)):
        raise kept.altered()
    return change, steps[-1]


def _is_told(change: Change, steps: Sequence[Entry]) -> bool:
    """Tell whether steps are those of a change, one after the other, up to where it has come."""
    drafts = [entry.draft for entry in steps]
    said = drafts[0]
    return (
        (said.outcome, drafts[-1].outcome) == (Outcome.PROPOSED, change.outcome)
        and all(later.outcome in MOVES.get(step.outcome, ()) for step, later in pairwise(drafts))
        and said.change_id == chain.storable(change.id)
        and said.actor == chain.storable_actor(change.actor)
        and (said.app, said.accounts) == (chain.storable(change.app), (chain.storable(change.account),))
        and said.reason == chain.storable(change.reason)
        and said.before == chain.storable_values(change.before)
        and said.after == chain.storable_values(change.after)
        and (said.command == "undo") == bool(change.undoes)
        and (not change.undoes or said.reason == chain.storable(undo_reason(change.undoes)))
        and all(_essence(step) == _essence(said) for step in drafts)
    )


def _essence(draft: Draft) -> tuple[object, ...]:
    """Give what all steps of a change have in common."""
    about = (draft.actor, draft.app, draft.command, draft.accounts, draft.reason, draft.change_id)
    return (*about, draft.before, draft.after)


def _is_in_time(change: Change, moved_at: str, steps: Sequence[Entry]) -> bool:
    """Tell whether a change was made, and last moved, when its steps were recorded."""
    try:
        moved = datetime.fromisoformat(moved_at)
        return -_JITTER <= steps[0].at - change.proposed_at < _SOON and abs(steps[-1].at - moved) < _SOON
    except (TypeError, ValueError, OverflowError):
        return False


def _is_step(entry: Entry, change_id: str) -> bool:
    draft = entry.draft
    return draft.change_id == chain.storable(change_id) and draft.outcome is not Outcome.DENIED
