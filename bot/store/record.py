"""The record and the outbox, on a database."""

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import Engine, delete, func, select, update

from bot.core.model import Actor, AlteredEntry, Change, Draft, Entry, Head, Outcome
from bot.errors import AuditError
from bot.store import chain
from bot.store.batch import Batch
from bot.store.believing import believe, believe_each, check_latest
from bot.store.engine import open_engine, reading
from bot.store.migrating import check_current, is_current, migrate_engine
from bot.store.schema import changes, entries, entry_accounts, lease, outbox
from bot.store.writer import Writer

_LOOKED_INTO = 100
"""How many of the entries that wait are looked into for one that can be read."""
_OPEN = (Outcome.ATTEMPTED, Outcome.UNKNOWN)


class Store:
    """A Record and an Outbox, for any number of threads and processes.

    An SQLite file is created, and brought to the current schema; a server must have it already.

    Args:
        url: As in DATABASE_URL.

    Raises:
        AuditError: It cannot be opened, or has not the current schema.
    """

    def __init__(self, url: str) -> None:
        self._engine = open_engine(url)
        try:
            _prepare(self._engine)
        except AuditError:
            self._engine.dispose()
            raise
        self._writer = Writer(self._engine)

    def close(self) -> None:
        """Finish what is being written; whoever writes later gets an AuditError."""
        self._writer.close()
        self._engine.dispose()

    def check(self) -> None:
        """Write something that changes nothing.

        Raises:
            AuditError: Nothing can be written now.
        """
        self._writer.submit(_touch)

    def add(self, draft: Draft) -> Entry:
        """Record something that is no step of a change."""
        return self._writer.submit(lambda batch: batch.append(draft))

    def propose(self, change: Change, draft: Draft) -> Entry:
        """Keep a new change, and record it."""
        return self._writer.submit(lambda batch: batch.propose(change, draft))

    def find(self, change_id: str) -> Change | None:
        """Find a change."""
        wanted = select(changes).where(changes.c.id == chain.key(change_id))
        with reading(self._engine) as connection:
            row = connection.execute(wanted).one_or_none()
            return believe(connection, row) if row else None

    def move(self, change: Change, outcome: Outcome, draft: Draft) -> Entry | None:
        """Bring a change from its outcome to another, and record it; None if it has moved since."""
        with reading(self._engine) as connection:
            check_latest(connection, change)
        return self._writer.submit(lambda batch: batch.move(change, outcome, draft))

    def list_open(self, still_since: datetime) -> Sequence[Change]:
        """List the changes that have been attempted or unknown since then, the oldest first."""
        wanted = (
            select(changes)
            .where(changes.c.outcome.in_(_OPEN), changes.c.moved_at <= chain.write_time(still_since))
            .order_by(changes.c.moved_at, changes.c.id)
        )
        with reading(self._engine) as connection:
            return list(believe_each(connection, connection.execute(wanted).all()))

    def list_history(
        self, app: str, account: str, before: int | None, limit: int
    ) -> Sequence[Entry | AlteredEntry]:
        """List the entries about an account, the newest first, from below a sequence number on."""
        about = entry_accounts.c
        wanted = (
            select(entries.c.sequence, entries.c.content, entries.c.hash)
            .join(entry_accounts, about.sequence == entries.c.sequence)
            .where(about.app == chain.key(app), about.account == chain.key(account))
            .order_by(about.sequence.desc())
            .limit(limit)
        )
        if before is not None:
            wanted = wanted.where(about.sequence < before)
        with reading(self._engine) as connection:
            return list(chain.read_each(connection.execute(wanted)))

    def list_done(self, actor: Actor, limit: int) -> Sequence[Entry | AlteredEntry]:
        """List the entries of what an actor did, the newest first."""
        wanted = (
            select(entries.c.sequence, entries.c.content, entries.c.hash)
            .where(entries.c.actor == chain.actor_key(actor))
            .order_by(entries.c.sequence.desc())
            .limit(limit)
        )
        with reading(self._engine) as connection:
            return list(chain.read_each(connection.execute(wanted)))

    def list_proposed(self, since: datetime) -> Sequence[Change]:
        """List the changes proposed since then that are neither confirmed nor cancelled, the oldest first."""
        wanted = (
            select(changes)
            .where(changes.c.outcome == Outcome.PROPOSED, changes.c.moved_at > chain.write_time(since))
            .order_by(changes.c.moved_at, changes.c.id)
        )
        with reading(self._engine) as connection:
            return list(believe_each(connection, connection.execute(wanted).all()))

    def take(self, holder: str, seconds: float, limit: int) -> Sequence[Entry | AlteredEntry]:
        """Take the next entries in order, and the right to tell them for that many seconds."""
        # Who only looks whether there is something must not write each time.
        if not self.count_waiting()[0]:
            return ()
        return self._writer.submit(lambda batch: batch.take(holder, seconds, limit))

    def done(self, holder: str, last: int) -> None:  # noqa: ARG002 - see the next comment
        """Note that every entry up to a sequence number has been told; the right stays."""
        # That they were told is true even when the right has passed to another meanwhile.
        told = delete(outbox).where(outbox.c.sequence <= last)
        self._writer.submit(lambda batch: batch.run(told))

    def release(self, holder: str) -> None:
        """Give the right back."""
        given_back = update(lease).where(lease.c.holder == holder).values(holder="", until=0)
        self._writer.submit(lambda batch: batch.run(given_back))

    def now(self) -> datetime:
        """Tell the time (UTC)."""
        return datetime.now(UTC)

    def checkpoint(self, holder: str, seconds: float, every: float) -> Head | None:  # noqa: ARG002
        """Take the head that the audit channel lacks; none is known yet."""
        return None

    def count_waiting(self) -> tuple[int, datetime | None]:
        """Count the entries that wait, and tell when the oldest that can be read was recorded."""
        some = (
            select(entries.c.sequence, entries.c.content, entries.c.hash)
            .join(outbox, outbox.c.sequence == entries.c.sequence)
            .order_by(entries.c.sequence)
            .limit(_LOOKED_INTO)
        )
        with reading(self._engine) as connection:
            count: int = connection.scalar(select(func.count()).select_from(outbox)) or 0
            oldest = chain.read_each(connection.execute(some)) if count else iter(())
            return count, next((entry.at for entry in oldest if isinstance(entry, Entry)), None)


def _prepare(engine: Engine) -> None:
    if engine.dialect.name != "sqlite":
        check_current(engine)
    elif not is_current(engine):
        migrate_engine(engine)


def _touch(batch: Batch) -> None:
    batch.run(update(lease).values(until=lease.c.until))
