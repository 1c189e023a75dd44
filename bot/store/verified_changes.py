"""Changes, each verified against its audit entries, which cannot be rewritten unseen."""

import json
import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import datetime, timedelta
from itertools import pairwise
from operator import attrgetter
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, select

from bot.core.changes.journal import undo_reason
from bot.core.model import MOVES, Change, Entry, Outcome, Value
from bot.errors import AlteredError
from bot.store import chain
from bot.store.chain import BrokenChainError, follow
from bot.store.change_codec import (
    ChangeContent,
    ChangeRow,
    make_altered_error,
    make_storable,
    read_content,
)
from bot.store.database.schema import changes, entries, head
from bot.store.entries import stream_entries, stream_rows

_MAX_DELAY = timedelta(minutes=1)
"""The longest time from proposing a change to its entry, and from a step to the row's move."""
_MAX_QUERIED = 500
"""The most changes whose steps are read in one query; databases limit a query's length."""
_MAX_CLOCK_SKEW = timedelta(seconds=1)
"""The most that the clock may go back in between."""

_WITH_ENTRIES = """
    SELECT id, content, digest, outcome, moved_at, (
        SELECT '[' || {}(content, ',') || ']' FROM (
            SELECT content FROM entries WHERE change = changes.id AND change <> '' ORDER BY sequence
        ) AS found
    ) FROM changes
"""
"""Changes, each with its entries as a JSON list; in the order of insertion, entries lie close together."""
_JOIN = {"sqlite": "group_concat", "postgresql": "string_agg"}
_ORPHANS = """
    SELECT entries.sequence, entries.content, entries.hash FROM entries
    WHERE entries.change <> '' AND NOT EXISTS (SELECT 1 FROM changes WHERE changes.id = entries.change)
"""

log = logging.getLogger(__name__)


class Step(msgspec.Struct, gc=False):
    """The entry of one step of a change; values stay JSON, which is canonical."""

    accounts: tuple[str, ...]
    after: msgspec.Raw
    app: str
    at: str
    before: msgspec.Raw
    change: str
    command: str
    outcome: Outcome
    reason: str
    sequence: int
    team: str
    user: str


_read_step = msgspec.json.Decoder(Step).decode
_read_each_step = msgspec.json.Decoder(list[Step]).decode
_read_values = msgspec.json.Decoder(dict[str, Value]).decode
_shared_fields = attrgetter(
    "change", "user", "team", "app", "command", "accounts", "reason", "before", "after"
)
"""Returns the fields that all steps of a change share."""


def load_verified(connection: Connection, row: Row[Any]) -> Change:
    """Load a change, verified against its entries.

    Raises:
        AlteredError: The change or one of its entries was altered.
    """
    return _verify(row, _list_steps(connection, row.id))


def load_verified_each(connection: Connection, rows: Sequence[Row[Any]]) -> Iterator[Change]:
    """Load changes, verified; an altered one is logged and left out."""
    for first in range(0, len(rows), _MAX_QUERIED):
        some = rows[first : first + _MAX_QUERIED]
        steps = _list_steps_of(connection, [row.id for row in some])
        for row in some:
            try:
                yield _verify(row, _read_steps(steps[row.id]))
            except AlteredError as error:
                log.warning("skipping change %.40r: %s", row.id, error)


def check_latest(connection: Connection, change: Change) -> None:
    """Check that the record holds no later step of a change than the known ones.

    The columns that entries are found by can be altered unseen. So every entry since the latest known step
    is read, whatever change its columns name: these are chained to each other and to the head.

    Raises:
        AlteredError: There is a later step, or an entry since then was altered or is missing.
    """
    found = connection.execute(
        select(changes).where(changes.c.id == chain.index_key(change.id))
    ).one_or_none()
    if found is None:
        raise make_altered_error()
    steps = _list_steps(connection, found.id)
    known = _verify(found, steps)
    if known.outcome is not change.outcome:
        return  # It has moved since it was read, as it may.
    last = steps[-1].sequence
    end = (last, connection.scalar(select(entries.c.hash).where(entries.c.sequence == last)) or "")
    mention = f'"change":{json.dumps(chain.replace_unstorable(change.id), ensure_ascii=False)}'
    try:
        with closing(stream_entries(connection, last)) as rows:
            for sequence, content, digest, _, _ in follow(rows, *end):
                end = (sequence, digest)
                if mention in content and _is_step(chain.read(content, digest), change.id):
                    raise make_altered_error()
    except BrokenChainError:
        raise make_altered_error() from None
    if [tuple(row) for row in connection.execute(select(head.c.sequence, head.c.hash))] != [end]:
        raise make_altered_error()


def find_altered_change(connection: Connection) -> str:
    """Return the id of an altered or missing change; empty when there is none.

    The entries and their index columns must have been verified.
    """
    with closing(stream_rows(connection, _ORPHANS)) as rows:
        for entry in chain.read_each(rows):
            if not isinstance(entry, Entry):
                return f"of entry {entry.sequence}"
            if entry.event.outcome is not Outcome.DENIED:
                return entry.event.change_id
    with closing(stream_rows(connection, _WITH_ENTRIES.format(_JOIN[connection.dialect.name]))) as rows:
        for *change, steps in rows:
            row = ChangeRow(*change)
            try:
                _check(row, _drop_refusals(_read_each_step(steps)))
            except (AlteredError, TypeError, RecursionError, msgspec.MsgspecError):
                return str(row.id)
    return ""


def _list_steps(connection: Connection, change_id: str) -> Sequence[Step]:
    """List the steps of a change in order.

    Raises:
        AlteredError: A step was altered.
    """
    query = (
        select(entries.c.sequence, entries.c.content, entries.c.hash)
        # The second condition selects the partial index.
        .where(entries.c.change == change_id, entries.c.change != "")
        .order_by(entries.c.sequence)
    )
    return _read_steps(connection.execute(query))


def _list_steps_of(
    connection: Connection, change_ids: Sequence[str]
) -> Mapping[str, Sequence[Sequence[Any]]]:
    """List the steps' rows in order, by change, in one query."""
    query = (
        select(entries.c.change, entries.c.sequence, entries.c.content, entries.c.hash)
        .where(entries.c.change.in_(change_ids), entries.c.change != "")
        .order_by(entries.c.sequence)
    )
    rows: defaultdict[str, list[Sequence[Any]]] = defaultdict(list)
    for change_id, *step in connection.execute(query):
        rows[change_id].append(step)
    return rows


def _read_steps(found: Iterable[Sequence[Any]]) -> Sequence[Step]:
    """Read the steps of a change from rows of sequence, JSON and hash.

    Raises:
        AlteredError: A step was altered.
    """
    rows = list(found)
    if any(chain.read(content, digest).sequence != sequence for sequence, content, digest in rows):
        raise make_altered_error()
    return _drop_refusals(_read_step(content) for _, content, _ in rows)


def _drop_refusals(found: Iterable[Step]) -> Sequence[Step]:
    """Drop refusals, which name a change but are no step of it."""
    return [each for each in found if each.outcome is not Outcome.DENIED]


def _verify(row: Row[Any], steps: Sequence[Step]) -> Change:
    """Decode a change, and verify it against its steps.

    Raises:
        AlteredError: They differ.
    """
    return _check(row, steps).to_change(Outcome(row.outcome))


def _check(row: Row[Any] | ChangeRow, steps: Sequence[Step]) -> ChangeContent:
    """Verify a change against its steps; return its content.

    Raises:
        AlteredError: They differ.
    """
    content = read_content(row)
    if not (
        steps
        and steps[-1].outcome == row.outcome
        and _match_steps(make_storable(content, row.content), steps)
        and _match_times(content.proposed_at, row.moved_at, steps)
    ):
        raise make_altered_error()
    return content


def _match_steps(change: ChangeContent, steps: Sequence[Step]) -> bool:
    """Check that steps are those of a storable change, in order."""
    first = steps[0]
    shared = [*map(_shared_fields, steps)]
    return (
        first.outcome is Outcome.PROPOSED
        and all(later.outcome in MOVES.get(step.outcome, ()) for step, later in pairwise(steps))
        and shared.count(shared[0]) == len(shared)
        and (first.change, first.user, first.team) == (change.id, change.user, change.team)
        and (first.app, first.accounts) == (change.app, (change.account,))
        and first.reason == change.reason
        and _read_values(first.before) == change.before
        and _read_values(first.after) == change.after
        and (first.command == "undo") == bool(change.undoes)
        and (not change.undoes or first.reason == undo_reason(change.undoes))
    )


def _match_times(proposed_at: str, moved_at: str, steps: Sequence[Step]) -> bool:
    """Check that a change was proposed at its first step's time, and moved at its last step's."""
    times = (proposed_at, steps[0].at, steps[-1].at, moved_at)
    try:
        proposed, first, last, moved = map(datetime.fromisoformat, times)
        return (
            proposed.tzinfo is not None
            and -_MAX_CLOCK_SKEW <= first - proposed < _MAX_DELAY
            and abs(moved - last) < _MAX_DELAY
        )
    except (TypeError, ValueError, OverflowError):
        return False


def _is_step(entry: Entry, change_id: str) -> bool:
    event = entry.event
    return event.change_id == chain.replace_unstorable(change_id) and event.outcome is not Outcome.DENIED
