"""The record and the outbox in a database."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import Engine, Integer, and_, bindparam, func, literal_column, or_, select, update

from bot.core.model import (
    WATCHED,
    Actor,
    AlteredEntry,
    App,
    AuditEvent,
    Change,
    Entry,
    Found,
    Head,
    Outcome,
    OutdatedPost,
    Post,
    RecordQuery,
    SavedState,
)
from bot.encryption import Cipher
from bot.errors import AuditError
from bot.store import chain, states, usage
from bot.store.batch import Batch, is_checkpoint_due
from bot.store.database import clock
from bot.store.database.engine import open_engine, open_snapshot
from bot.store.database.migrate import check_current, is_current, migrate_engine
from bot.store.database.schema import changes, entries, entry_accounts, lease, outbox
from bot.store.database.statements import Statement
from bot.store.database.timeouts import USUAL_TIMEOUTS, StoreTimeouts
from bot.store.files import file_lookup_expiry
from bot.store.files.file_lookups import StoredFileLookups
from bot.store.posts import find_outdated, find_places
from bot.store.search import search
from bot.store.states import find_ids, find_state
from bot.store.verified_changes import check_latest, load_verified, load_verified_each
from bot.store.writer import Writer

MAX_EXPIRED_BATCHES = 10
"""The most transactions that delete what has expired of one kind at a time."""
_MAX_INSPECTED = 100
"""The most waiting entries that are searched for a readable one."""
_LATEST = (
    select(entries.c.sequence, entries.c.content, entries.c.hash, entries.c.change)
    .join(entry_accounts, entry_accounts.c.sequence == entries.c.sequence)
    .where(entry_accounts.c.app == bindparam("app"), entry_accounts.c.account == bindparam("account"))
    .order_by(entry_accounts.c.sequence.desc())
    .limit(bindparam("among", type_=Integer))
    # Else SQLAlchemy adds a parameter of its own for SQLite.
    .offset(literal_column("0"))
    .subquery()
)
_STEPS = Statement(
    select(_LATEST.c.sequence, _LATEST.c.content, _LATEST.c.hash)
    .where(_LATEST.c.change != literal_column("''"))
    .order_by(_LATEST.c.sequence.desc())
)

_EXPIRING = (states, file_lookup_expiry, usage)
"""The modules of what is kept for a while."""


class Store:
    """A Record and an Outbox, safe between threads and processes.

    An SQLite file is created and migrated; a server must have the current schema.

    Args:
        url: As in DATABASE_URL.
        timeouts: Bounds for each use of the database.

    Raises:
        AuditError: It cannot be opened, or has another schema.
    """

    def __init__(self, url: str, timeouts: StoreTimeouts = USUAL_TIMEOUTS) -> None:
        self._engine = open_engine(url, timeouts=timeouts)
        try:
            _ensure_schema(self._engine)
        except AuditError:
            self._engine.dispose()
            raise
        self._writer = Writer(self._engine, timeouts)

    def close(self) -> None:
        """Finish running writes within the entry timeout; later ones get an AuditError."""
        self._writer.close()
        self._engine.dispose()

    def notify_waiting(self, call: Callable[[], None]) -> None:
        """Call this after entries that wait for the audit channel are committed here; it must not wait."""
        self._writer.notify_waiting = call

    def check(self) -> None:
        """Append an entry and roll it back.

        After a check that failed by waiting, writes are refused at once until the next check.

        Raises:
            AuditError: The record cannot be written now.
        """
        self._writer.probe(Batch.try_append)

    def now(self) -> datetime:
        """Return the time (UTC) by the database's clock, never before the newest entry."""
        with open_snapshot(self._engine) as connection:
            return clock.now_not_before_head(connection)

    def add(self, event: AuditEvent, state: SavedState | None = None) -> Entry:
        """Record an event that is no step of a change, and save state in the same transaction."""
        return self._writer.submit(lambda batch: batch.append(event, state))

    def save(self, state: SavedState) -> None:
        """Save state soon; nobody waits for it."""
        self._writer.submit_later(lambda batch: batch.save(state))

    def save_now(self, state: SavedState) -> None:
        """Save state."""
        self._writer.submit(lambda batch: batch.save(state))

    def drop(self, ids: Collection[str]) -> None:
        """Delete states soon; nobody waits for it."""
        self._writer.submit_later(lambda batch: batch.drop(ids))

    def find_state(self, id_: str) -> SavedState | None:
        """Find a state that has not expired."""
        with open_snapshot(self._engine) as connection:
            return find_state(connection, id_, clock.now(connection))

    def take_state(self, id_: str, seconds: float) -> bool:
        """Delete a state within some seconds; return whether it was there, to one process alone."""
        return self._writer.submit(lambda batch: batch.take_state(id_), seconds)

    def find_ids(self, ids: Collection[str]) -> frozenset[str]:
        """Find those of some ids that have a state."""
        with open_snapshot(self._engine) as connection:
            return find_ids(connection, ids)

    def claim(self, id_: str, seconds: float) -> bool:
        """Claim an id for an hour, within some seconds; return False if it is claimed already."""
        return self._writer.submit(lambda batch: batch.claim(id_), seconds)

    def spend(self, actor: Actor, ids: int, most: int, seconds: float) -> datetime | None:
        """Count ids within some seconds, unless a person's would be more than `most` in an hour."""
        work = partial(usage.spend, actor.user_id, ids, most)
        return self._writer.submit(lambda batch: batch.attempt(work), seconds)

    def drop_expired(self) -> None:
        """Delete what has expired, in up to MAX_EXPIRED_BATCHES transactions for each kind."""
        # Polling must not write.
        with open_snapshot(self._engine) as connection:
            now = clock.now(connection)
            due = [kind.drop_expired for kind in _EXPIRING if kind.has_expired(connection, now)]
        for drop in due:
            for _ in range(MAX_EXPIRED_BATCHES):
                if not self._writer.submit(partial(Batch.attempt, work=drop)):
                    break

    def open_file_lookups(self, apps: Mapping[str, App], cipher: Cipher) -> StoredFileLookups:
        """Open the file lookups of this database.

        Args:
            apps: The apps by name.
            cipher: Encrypts their rows.
        """
        return StoredFileLookups(self._engine, self._writer, apps, cipher)

    def propose(self, change: Change, event: AuditEvent) -> Entry:
        """Store a new change, and record it."""
        return self._writer.submit(lambda batch: batch.propose(change, event))

    def find(self, change_id: str) -> Change | None:
        """Find a change."""
        query = select(changes).where(changes.c.id == chain.index_key(change_id))
        with open_snapshot(self._engine) as connection:
            row = connection.execute(query).one_or_none()
            return load_verified(connection, row) if row else None

    def find_each(self, change_ids: Collection[str]) -> Sequence[Change]:
        """Find changes, in any order; one that was altered is left out."""
        query = select(changes).where(changes.c.id.in_([*map(chain.index_key, change_ids)]))
        with open_snapshot(self._engine) as connection:
            return list(load_verified_each(connection, connection.execute(query).all()))

    def move(self, change: Change, outcome: Outcome, event: AuditEvent) -> Entry | None:
        """Move a change to another outcome, and record it; None if it has moved since."""
        with open_snapshot(self._engine) as connection:
            check_latest(connection, change)
        return self._writer.submit(lambda batch: batch.move(change, outcome, event))

    def list_open(self, grace: timedelta) -> Sequence[Change]:
        """List the unsettled changes that have not moved for `grace`, the oldest first."""
        moved = changes.c.moved_at
        with open_snapshot(self._engine) as connection:
            now = clock.now_not_before_head(connection)
            young = and_(changes.c.outcome == Outcome.UNKNOWN, moved > chain.write_time(now - WATCHED))
            query = (
                select(changes)
                .where(or_(changes.c.outcome == Outcome.ATTEMPTED, young))
                .where(moved <= chain.write_time(now - grace))
                .order_by(moved, changes.c.id)
            )
            return list(load_verified_each(connection, connection.execute(query).all()))

    def list_history(
        self, app: str, account: str, before: int | None, limit: int
    ) -> Sequence[Entry | AlteredEntry]:
        """List the entries about an account, the newest first, from below a sequence number on."""
        about = entry_accounts.c
        query = (
            select(entries.c.sequence, entries.c.content, entries.c.hash)
            .join(entry_accounts, about.sequence == entries.c.sequence)
            .where(about.app == chain.index_key(app), about.account == chain.index_key(account))
            .order_by(about.sequence.desc())
            .limit(limit)
        )
        if before is not None:
            query = query.where(about.sequence < before)
        with open_snapshot(self._engine) as connection:
            return list(chain.read_each(connection.execute(query)))

    def list_steps(self, app: str, account: str, among: int) -> Sequence[Entry | AlteredEntry]:
        """List the steps of changes among the latest entries about an account, the newest first."""
        values = {"app": chain.index_key(app), "account": chain.index_key(account), "among": among}
        with open_snapshot(self._engine) as connection:
            return list(chain.read_each(_STEPS.run(connection, values).fetchall()))

    def search(self, query: RecordQuery, before: int | None, limit: int) -> Found:
        """Find entries, newest first, below a sequence number; look at a bounded number of them."""
        with open_snapshot(self._engine) as connection:
            return search(connection, query, before, limit)

    def find_posts(self, sequences: Collection[int]) -> Mapping[int, tuple[str, str]]:
        """Find the channel and time stamp of the audit channel's message of entries, by their numbers."""
        with open_snapshot(self._engine) as connection:
            return find_places(connection, sequences)

    def list_done(self, actor: Actor, limit: int) -> Sequence[Entry | AlteredEntry]:
        """List an actor's entries, the newest first."""
        query = (
            select(entries.c.sequence, entries.c.content, entries.c.hash)
            .where(entries.c.actor == chain.actor_key(actor))
            .order_by(entries.c.sequence.desc())
            .limit(limit)
        )
        with open_snapshot(self._engine) as connection:
            return list(chain.read_each(connection.execute(query)))

    def list_proposed(self, within: timedelta) -> Sequence[Change]:
        """List the changes proposed in that time and neither confirmed nor cancelled, the oldest first."""
        moved = changes.c.moved_at
        with open_snapshot(self._engine) as connection:
            since = chain.write_time(clock.now_not_before_head(connection) - within)
            query = (
                select(changes)
                .where(changes.c.outcome == Outcome.PROPOSED, moved > since)
                .order_by(moved, changes.c.id)
            )
            return list(load_verified_each(connection, connection.execute(query).all()))

    def lease_next(self, holder: str, seconds: float, limit: int) -> Sequence[Entry | AlteredEntry]:
        """Lease the outbox for `seconds`; return its next entries in order."""
        # Polling an empty outbox must not write.
        if not self.count_waiting()[0]:
            return ()
        return self._writer.submit(lambda batch: batch.lease_next(holder, seconds, limit))

    def mark_delivered(
        self,
        holder: str,  # noqa: ARG002 - see the comment below
        last: int,
        posts: Collection[Post] = (),
    ) -> None:
        """Mark every entry up to a number as covered, and keep their messages; the lease stays."""
        # True even if the lease has passed to another holder.
        self._writer.submit(lambda batch: batch.mark_delivered(last, posts))

    def lease_outdated(self, holder: str, seconds: float) -> OutdatedPost | None:
        """Lease the outbox; return the oldest undone change whose message does not say so."""
        # Polling must not write.
        with open_snapshot(self._engine) as connection:
            if find_outdated(connection) is None:
                return None
        return self._writer.submit(lambda batch: batch.lease_outdated(holder, seconds))

    def mark_shown(self, outdated: OutdatedPost) -> None:
        """Mark an undo as shown at its change's message."""
        self._writer.submit(lambda batch: batch.mark_shown(outdated))

    def lease_checkpoint(self, holder: str, seconds: float, every: float) -> Head | None:
        """Lease the outbox and return the head, when a checkpoint is due."""
        # Polling must not write.
        with open_snapshot(self._engine) as connection:
            if not is_checkpoint_due(connection, clock.now(connection), every):
                return None
        return self._writer.submit(lambda batch: batch.lease_checkpoint(holder, seconds, every))

    def release(self, holder: str) -> None:
        """Release the lease."""
        given_back = update(lease).where(lease.c.holder == holder).values(holder="", until=0)
        self._writer.submit(lambda batch: batch.run(given_back))

    def count_waiting(self) -> tuple[int, datetime | None]:
        """Count the waiting entries; also return when the oldest readable one was recorded."""
        oldest_rows = (
            select(entries.c.sequence, entries.c.content, entries.c.hash)
            .join(outbox, outbox.c.sequence == entries.c.sequence)
            .order_by(entries.c.sequence)
            .limit(_MAX_INSPECTED)
        )
        with open_snapshot(self._engine) as connection:
            count: int = connection.scalar(select(func.count()).select_from(outbox)) or 0
            oldest = chain.read_each(connection.execute(oldest_rows)) if count else iter(())
            return count, next((entry.at for entry in oldest if isinstance(entry, Entry)), None)


def _ensure_schema(engine: Engine) -> None:
    if engine.dialect.name != "sqlite":
        check_current(engine)
    elif not is_current(engine):
        migrate_engine(engine)
