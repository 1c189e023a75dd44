"""One write transaction: entries appended to the chain, and the rows that belong to them."""

import logging
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from functools import partial
from typing import TypeAlias, TypeVar

import msgspec
from sqlalchemy import Connection, UpdateBase, delete, exists, insert, or_, select, text, update
from sqlalchemy.exc import DBAPIError

from bot.core.model import (
    AlteredEntry,
    AuditEvent,
    Change,
    Entry,
    Head,
    Outcome,
    OutdatedPost,
    Post,
    SavedState,
)
from bot.errors import AuditError
from bot.store import chain
from bot.store.change_codec import encode_change
from bot.store.database import clock, schema
from bot.store.database.errors import translate_database_errors
from bot.store.database.schema import changes, entries, lease, outbox
from bot.store.database.statements import Statement, savepoint
from bot.store.posts import find_outdated, keep_posts, keep_undone, mark_shown
from bot.store.states import add_claim, take_state, write_states

_SETTLED = frozenset({Outcome.SUCCEEDED, Outcome.FAILED, Outcome.UNKNOWN})
_CHANGE_COMMANDS = frozenset({"set", "undo"})

_LOCK_HEAD = {
    dialect: Statement(
        select(
            schema.head.c.sequence, schema.head.c.hash, schema.head.c.at, clock.time_column(dialect)
        ).with_for_update()
    )
    for dialect in ("sqlite", "postgresql")
}
_MOVE_HEAD = Statement(update(schema.head), ("sequence", "hash", "at"))
_ADD_ENTRIES = Statement(insert(schema.entries))
_ADD_ACCOUNTS = Statement(insert(schema.entry_accounts))
# One statement for all: a statement for each of a thousand accounts takes twice as long. As JSON, since the
# driver makes an array in Python, text by text.
_ADD_ACCOUNTS_TO_SERVER = Statement(
    text(
        "INSERT INTO entry_accounts (app, account, sequence) SELECT app, account, sequence "
        "FROM json_to_recordset(CAST(:entries AS json)) AS entry (app text, accounts json, sequence bigint), "
        "json_array_elements_text(accounts) AS account"
    )
)
_ADD_TO_OUTBOX = Statement(insert(schema.outbox))

T = TypeVar("T")
_Row: TypeAlias = dict[str, object]

log = logging.getLogger(__name__)


class _Accounts(msgspec.Struct):
    """The accounts of an entry, as index keys."""

    sequence: int
    app: str
    accounts: list[str]


class Batch:
    """One write transaction; it locks the head, so that no other can append.

    Args:
        connection: A connection in a transaction of its own.

    Raises:
        AlteredError: The record has no head any more, or more than one.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        locked = _LOCK_HEAD[connection.dialect.name].run(connection)
        sequence, digest, at, seconds = clock.read_head(locked.fetchall())
        self._now = clock.to_datetime(seconds)
        # Entries never go back in time, even if the clock does.
        self._at = max(self._now, clock.read_head_time(at))
        self.head = Head(sequence, digest)
        """The last entry."""
        self._entries: list[_Row] = []
        self._accounts: list[_Accounts] = []
        self._outbox: list[_Row] = []
        self._undone: dict[str, int] = {}
        self._states: dict[str, SavedState | None] = {}

    @property
    def waits(self) -> bool:
        """Whether it has entries that wait for the audit channel."""
        return bool(self._outbox)

    def append(self, event: AuditEvent, state: SavedState | None = None) -> Entry:
        """Append an event to the chain, and save state beside it."""
        if state:
            self.save(state)
        entry, content = chain.link(self.head.sequence + 1, self._at, event, self.head.hash)
        self.head = Head(entry.sequence, entry.hash)
        place: _Row = {"sequence": entry.sequence}
        actor, change = chain.actor_key(event.actor), chain.index_key(event.change_id)
        self._entries.append(
            {**place, "content": content, "hash": entry.hash, "actor": actor, "change": change}
        )
        keys = list(dict.fromkeys(map(chain.index_key, entry.event.accounts)))
        self._accounts.append(_Accounts(entry.sequence, chain.index_key(entry.event.app), keys))
        if is_for_channel(event):
            self._outbox.append(place)
        return entry

    def propose(self, change: Change, event: AuditEvent) -> Entry:
        """Insert a new change, and append its entry."""
        # No other transaction can write before this one ends.
        row = encode_change(change, chain.write_time(self._at))
        if self._connection.scalar(select(changes.c.id).where(changes.c.id == row["id"])) is not None:
            raise AuditError("there is already a change with this id", advice="Run the command again")
        self._connection.execute(insert(changes), row)
        return self.append(event)

    def move(self, change: Change, outcome: Outcome, event: AuditEvent) -> Entry | None:
        """Move a change to another outcome, and append its entry; None if it has already moved."""
        moved = self._connection.execute(
            update(changes)
            .where(changes.c.id == chain.index_key(change.id), changes.c.outcome == change.outcome)
            .values(outcome=outcome, moved_at=chain.write_time(self._at))
        )
        if not moved.rowcount:
            return None
        entry = self.append(event)
        if change.undoes and outcome is Outcome.SUCCEEDED:
            self._undone[chain.index_key(change.undoes)] = entry.sequence
        return entry

    def lease_next(self, holder: str, seconds: float, limit: int) -> Sequence[Entry | AlteredEntry]:
        """Lease the outbox for `seconds`; return its next entries, none while another has the lease."""
        if not self._take_lease(holder, seconds):
            return ()
        query = (
            select(entries.c.sequence, entries.c.content, entries.c.hash)
            .join(outbox, outbox.c.sequence == entries.c.sequence)
            .order_by(entries.c.sequence)
            .limit(limit)
        )
        return list(chain.read_each(self._connection.execute(query)))

    def mark_delivered(self, last: int, made: Collection[Post] = ()) -> None:
        """Remove the entries up to a number from the outbox as covered, and keep their messages."""
        if made:
            self._keep(partial(keep_posts, self._connection, made))
        self._connection.execute(delete(outbox).where(outbox.c.sequence <= last))
        self._connection.execute(
            update(lease)
            .where(lease.c.covered <= last)
            .values(covered=last, covered_at=self._now.timestamp())
        )

    def lease_outdated(self, holder: str, seconds: float) -> OutdatedPost | None:
        """Lease the outbox; return the oldest undone change whose message does not say so."""
        outdated = None if self._outbox else find_outdated(self._connection)
        return outdated if outdated and self._take_lease(holder, seconds) else None

    def mark_shown(self, outdated: OutdatedPost) -> None:
        """Mark an undo as shown, unless there is a later one."""
        mark_shown(self._connection, outdated)

    def lease_checkpoint(self, holder: str, seconds: float, every: float) -> Head | None:
        """Lease the outbox and return the head for a checkpoint; None when no checkpoint is due."""
        if self._outbox or not is_checkpoint_due(self._connection, self._now, every):
            return None
        return self.head if self._take_lease(holder, seconds) else None

    def save(self, state: SavedState) -> None:
        """Save state."""
        self._states[state.id] = state

    def drop(self, ids: Collection[str]) -> None:
        """Delete states."""
        self._states.update(dict.fromkeys(ids))

    def take_state(self, id_: str) -> bool:
        """Delete a state; return whether it was there."""
        there = self.attempt(lambda connection, _: take_state(connection, id_))
        return self._states.pop(id_, None) is not None or there

    def claim(self, id_: str) -> bool:
        """Claim an id; return False if it is claimed already.

        Raises:
            AuditError: It cannot be claimed; the entries of the batch are none the worse.
        """
        return self.attempt(lambda connection, now: add_claim(connection, id_, now))

    def attempt(self, work: Callable[[Connection, datetime], T]) -> T:
        """Write beside the entries; return the result.

        Args:
            work: Writes by a connection, and the time (UTC).

        Raises:
            AuditError: It failed, and has written nothing; the entries of the batch are none the worse.
        """
        with translate_database_errors(), savepoint(self._connection):
            return work(self._connection, self._now)

    def try_append(self) -> None:
        """Append an entry and roll it back; use a batch of its own, since committing it needs as much room.

        Raises:
            AuditError: An entry could not be written.
        """
        place: _Row = {"sequence": self.head.sequence + 1}
        filler: _Row = {"content": "{}", "hash": chain.START, "actor": "-", "change": "-"}
        # SQLite still writes the touched pages, unchanged: where no entry fits, it cannot.
        with translate_database_errors(), savepoint(self._connection, keep=False):
            _ADD_ENTRIES.run(self._connection, {**place, **filler})
            _ADD_ACCOUNTS.run(self._connection, {**place, "app": "-", "account": "-"})
            _ADD_TO_OUTBOX.run(self._connection, place)
            _MOVE_HEAD.run(self._connection, {**place, "hash": chain.START, "at": ""})

    def run(self, statement: UpdateBase) -> None:
        """Run a statement that writes no entry."""
        self._connection.execute(statement)

    def flush(self) -> None:
        """Insert the appended entries and their rows, and move the head."""
        _ADD_ENTRIES.run_each(self._connection, self._entries)
        self._add_accounts()
        _ADD_TO_OUTBOX.run_each(self._connection, self._outbox)
        if self._undone:
            self._keep(partial(keep_undone, self._connection, self._undone))
        if self._states:
            self._keep(partial(write_states, self._connection, self._states, self._now))
        if self._entries:
            at = chain.write_time(self._at)
            moved: _Row = {"sequence": self.head.sequence, "hash": self.head.hash, "at": at}
            _MOVE_HEAD.run(self._connection, moved)

    def _add_accounts(self) -> None:
        if self._connection.dialect.name == "sqlite":
            rows = [
                {"app": entry.app, "account": account, "sequence": entry.sequence}
                for entry in self._accounts
                for account in entry.accounts
            ]
            _ADD_ACCOUNTS.run_each(self._connection, rows)
        elif self._accounts:
            entries = msgspec.json.encode(self._accounts).decode()
            _ADD_ACCOUNTS_TO_SERVER.run(self._connection, {"entries": entries})

    def _keep(self, write: Callable[[], None]) -> None:
        """Write what only buttons or updates of the audit channel need; no entry fails for it."""
        try:
            with savepoint(self._connection):
                write()
        except DBAPIError as error:
            log.warning("could not keep what a later press or an undo needs (%s)", type(error.orig).__name__)

    def _take_lease(self, holder: str, seconds: float) -> bool:
        now = self._now.timestamp()
        taken = self._connection.execute(
            update(lease)
            .where(or_(lease.c.holder == holder, lease.c.until <= now))
            .values(holder=holder, until=now + seconds)
        )
        return bool(taken.rowcount)


def is_checkpoint_due(connection: Connection, now: datetime, every: float) -> bool:
    """Check whether the audit channel lacks a checkpoint."""
    due = (
        select(schema.head.c.id)
        .join(lease, lease.c.id == schema.head.c.id)
        .where(schema.head.c.sequence > lease.c.covered, lease.c.covered_at <= now.timestamp() - every)
        .where(~exists(select(outbox.c.sequence)))
    )
    return connection.scalar(due) is not None


def is_for_channel(event: AuditEvent) -> bool:
    """Check whether an event is posted in the audit channel: outcomes of changes, and refused changes."""
    if event.outcome is Outcome.DENIED:
        return event.command in _CHANGE_COMMANDS
    return bool(event.change_id) and event.outcome in _SETTLED
