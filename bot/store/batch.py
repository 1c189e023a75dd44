"""What is written in one transaction: entries in their chain, and what goes with them."""

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TypeAlias

from sqlalchemy import Connection, UpdateBase, insert, or_, select, update

from bot.core.model import AlteredEntry, Change, Draft, Entry, Outcome
from bot.errors import AuditError
from bot.store import chain, kept, schema
from bot.store.schema import changes, entries, lease, outbox

_SETTLED = frozenset({Outcome.SUCCEEDED, Outcome.FAILED, Outcome.UNKNOWN})
_CHANGING = frozenset({"set", "undo", "confirm"})

# Made once: making a statement costs as much as running it.
_LOCK_HEAD = select(schema.head.c.sequence, schema.head.c.hash).with_for_update()
_MOVE_HEAD = update(schema.head)
_ADD_ENTRIES = insert(schema.entries)
_ADD_ACCOUNTS = insert(schema.entry_accounts)
_ADD_TOLD = insert(schema.outbox)

_Row: TypeAlias = dict[str, object]


class Batch:
    """What is committed at once. Until it is made, nobody else can append.

    Args:
        connection: Where it is written; in a transaction of its own.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.sequence, self._hash = connection.execute(_LOCK_HEAD).one()
        """The number of the last entry."""
        self._entries: list[_Row] = []
        self._accounts: list[_Row] = []
        self._told: list[_Row] = []

    def append(self, draft: Draft) -> Entry:
        """Give a draft the next place in the chain."""
        entry, content = chain.link(self.sequence + 1, datetime.now(UTC), draft, self._hash)
        self.sequence, self._hash = entry.sequence, entry.hash
        place: _Row = {"sequence": entry.sequence}
        actor, change = chain.actor_key(draft.actor), chain.key(draft.change_id)
        self._entries.append(
            {**place, "content": content, "hash": entry.hash, "actor": actor, "change": change}
        )
        self._accounts += (
            {**place, "app": chain.key(entry.draft.app), "account": key}
            for key in dict.fromkeys(map(chain.key, entry.draft.accounts))
        )
        if is_told(draft):
            self._told.append(place)
        return entry

    def propose(self, change: Change, draft: Draft) -> Entry:
        """Keep a new change, and give its entry the next place."""
        # Nobody else can write between this and the end of the batch.
        row = kept.write(change, _now())
        if self._connection.scalar(select(changes.c.id).where(changes.c.id == row["id"])) is not None:
            raise AuditError("there is another change of that id", advice="Run the command again")
        self._connection.execute(insert(changes), row)
        return self.append(draft)

    def move(self, change: Change, outcome: Outcome, draft: Draft) -> Entry | None:
        """Bring a change from its outcome to another; None, and nothing appended, if it has moved."""
        moved = self._connection.execute(
            update(changes)
            .where(changes.c.id == chain.key(change.id), changes.c.outcome == change.outcome)
            .values(outcome=outcome, moved_at=_now())
        )
        return self.append(draft) if moved.rowcount else None

    def take(self, holder: str, seconds: float, limit: int) -> Sequence[Entry | AlteredEntry]:
        """Take the next entries to be told, and the right to tell them; nothing while it is another's."""
        now = time.time()
        taken = self._connection.execute(
            update(lease)
            .where(or_(lease.c.holder == holder, lease.c.until <= now))
            .values(holder=holder, until=now + seconds)
        )
        if not taken.rowcount:
            return ()
        wanted = (
            select(entries.c.sequence, entries.c.content, entries.c.hash)
            .join(outbox, outbox.c.sequence == entries.c.sequence)
            .order_by(entries.c.sequence)
            .limit(limit)
        )
        return list(chain.read_each(self._connection.execute(wanted)))

    def run(self, statement: UpdateBase) -> None:
        """Write something that is no entry."""
        self._connection.execute(statement)

    def flush(self) -> None:
        """Write what was appended."""
        for statement, rows in (
            (_ADD_ENTRIES, self._entries),
            (_ADD_ACCOUNTS, self._accounts),
            (_ADD_TOLD, self._told),
        ):
            if rows:
                self._connection.execute(statement, rows)
        if self._entries:
            self._connection.execute(_MOVE_HEAD, {"sequence": self.sequence, "hash": self._hash})


def is_told(draft: Draft) -> bool:
    """Tell whether the audit channel hears of it: what became of changes, and whoever was kept from one."""
    if draft.outcome is Outcome.DENIED:
        return draft.command in _CHANGING
    return bool(draft.change_id) and draft.outcome in _SETTLED


def _now() -> str:
    return chain.write_time(datetime.now(UTC))
