"""Lookups of files, with their ids and rows, in a database that all processes share, for a day."""

import logging
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Row,
    ScalarSelect,
    Select,
    Table,
    and_,
    bindparam,
    case,
    func,
    insert,
    or_,
    select,
    update,
)

from bot.core.file_lookups import OVER, SHOW_SECONDS, FileLookup, FileLookupState
from bot.core.model import Actor, App, LookupStatus
from bot.core.time_limits import STATE_SECONDS
from bot.encryption import Cipher
from bot.errors import AuditError
from bot.store.database import clock
from bot.store.database.engine import open_snapshot
from bot.store.database.schema import file_lookup_ids, file_lookup_rows, file_lookups
from bot.store.database.statements import Statement
from bot.store.files.file_lookup_codec import (
    decode_ids,
    decode_lookup,
    decode_rows,
    encode_counts,
    encode_ids,
    encode_lookup,
    encode_rows,
)
from bot.store.files.file_lookup_turns import OPEN, is_alive, is_due, is_unshown, select_next
from bot.store.writer import Writer

_T = TypeVar("_T")
_ADDING = ""
"""The state until all ids are kept."""
_ADDING_SECONDS = 60.0
"""Seconds after which one that is still being added counts as lost with its process."""
_PARTS = 16
"""The parts of ids that one transaction adds or reads: it costs as much as a few hundred ids."""
_UNKNOWN = "its app or one of its fields is not in these settings, or it was altered"

_FIRST_TRY = {"tries": 0, "losses": 0}

_table = file_lookups.c
_LEASED = and_(
    # A holder's name is of one lease, and goes with it.
    _table.id == bindparam("leased"),
    _table.holder == bindparam("by"),
    _table.expires > bindparam("now"),
)
_FIND_PLACE = Statement(select(_table.done).where(_LEASED))
_ADD_ROWS = Statement(insert(file_lookup_rows))
_MOVE = Statement(update(file_lookups).where(_LEASED), ("counts", "done", "problem", *_FIRST_TRY, "recorded"))

log = logging.getLogger(__name__)


class StoredFileLookups:
    """A FileLookupStore beside the record, safe between threads and processes.

    Ids are compressed; rows, which hold values of people, are also encrypted.

    Args:
        engine: The database.
        writer: Its writer.
        apps: The apps by name.
        cipher: Encrypts the rows.
    """

    def __init__(self, engine: Engine, writer: Writer, apps: Mapping[str, App], cipher: Cipher) -> None:
        self._engine = engine
        self._writer = writer
        self._apps = apps
        self._cipher = cipher
        # This process cannot read these; another one may, with newer settings.
        self._unknown: set[str] = set()

    def add(self, lookup: FileLookup, ids: Iterable[Sequence[str]], most: int | None = None) -> bool:
        """Keep a new file lookup and its ids; False if as many of its actor's as `most` are open."""
        if not self._write(partial(_begin, lookup, most)):
            return False
        parts = _make_parts(lookup.id, ids)
        try:
            while some := list(islice(parts, _PARTS)):
                self._write(partial(_insert_ids, lookup.id, some))
            self._write(partial(_update, _table.id == lookup.id, {"state": lookup.state}))
        except BaseException:
            with suppress(AuditError):
                # As what has expired: that is deleted in parts.
                self._write(partial(_update, _table.id == lookup.id, {"expires": 0.0}))
            raise
        return True

    def find(self, id_: str) -> FileLookup | None:
        """Find a file lookup that has not expired."""
        found = self._read(select(file_lookups).where(_table.id == id_, _table.state != _ADDING))
        return next(iter(found), None)

    def list_open(self, actor: Actor) -> Sequence[FileLookup]:
        """List an actor's file lookups that are not over, oldest first."""
        mine = and_(_table.owner == actor.user_id, _table.state.in_(OPEN))
        return self._read(select(file_lookups).where(mine).order_by(_table.made, _table.id))

    def lease_next(self, holder: str, seconds: float) -> FileLookup | None:
        """Lease the next one that is to be sent, waits, or has lost its lease."""
        # Polling must not write.
        with open_snapshot(self._engine) as connection:
            due = select(_table.id).where(is_due(clock.now(connection), self._unknown))
            if connection.execute(due.limit(1)).first() is None:
                return None
        return self._write(partial(self._lease, holder, seconds))

    def renew(self, id_: str, holder: str, seconds: float) -> bool:
        """Renew a lease; False if it is over."""

        def renew(connection: Connection, now: datetime) -> bool:
            until = now.timestamp() + seconds
            return _update(_leased(id_, holder, now), {"until": until}, connection, now)

        return self._write(renew)

    def is_leased(self, id_: str, holder: str) -> bool:
        """Check, without writing, whether a holder still has a lease."""
        with open_snapshot(self._engine) as connection:
            mine = _leased(id_, holder, clock.now(connection))
            return connection.scalar(select(_table.id).where(mine)) is not None

    def list_ids(self, id_: str, after: int) -> Iterator[str]:
        """Yield its ids in order, without the first `after`; sixteen parts in a read."""
        ids, place = file_lookup_ids.c, after
        first = select(func.max(ids.place)).where(ids.lookup == id_, ids.place <= after)
        for part in self._list_parts(file_lookup_ids, id_, first.scalar_subquery(), _PARTS):
            if part.place > place:
                # One is missing.
                return
            some = decode_ids(part.content)[place - part.place :]
            yield from some
            place += len(some)

    def append(
        self,
        id_: str,
        holder: str,
        rows: bytes,
        counts: Mapping[LookupStatus, int],
        *,
        is_recorded: bool = True,
    ) -> bool:
        """Keep more rows, the counts of all, and whether all are recorded; False without the lease."""
        content = encode_rows(rows, self._cipher)
        values = {**encode_counts(counts), "problem": "", **_FIRST_TRY, "recorded": is_recorded}

        def append(connection: Connection, now: datetime) -> bool:
            mine = {"leased": id_, "by": holder, "now": now.timestamp()}
            # No other transaction can write before this one ends.
            found = _FIND_PLACE.run(connection, mine).fetchone()
            if found is None:
                return False
            (place,) = found
            if place != values["done"]:
                # Else an earlier try was kept, though its answer was lost.
                part = {"lookup": id_, "place": place, "content": content}
                _ADD_ROWS.run(connection, part)
                _MOVE.run(connection, {**mine, **values})
            return True

        return self._write(append)

    def list_rows(self, id_: str) -> Iterator[bytes]:
        """Yield its rows in parts, each in a read of its own, as a row may be long."""
        for part in self._list_parts(file_lookup_rows, id_, 0, 1):
            yield decode_rows(part.content, self._cipher)

    def release(
        self,
        id_: str,
        holder: str,
        state: FileLookupState,
        problem: str = "",
        wait: timedelta = timedelta(0),
    ) -> bool:
        """Give a lease back with a new state, to be leased again after a while; False without it."""

        def release(connection: Connection, now: datetime) -> bool:
            values = _free(state, problem, now)
            if wait:
                values |= {"retry_at": (now + wait).timestamp(), "tries": _table.tries}
            return _update(_leased(id_, holder, now), values, connection, now)

        return self._write(release)

    def set_state(
        self,
        id_: str,
        old: Collection[FileLookupState],
        new: FileLookupState,
        problem: str = "",
        most: int | None = None,
    ) -> bool:
        """Move it from one of some states to another, and end its lease; False if it is in none."""

        def move(connection: Connection, now: datetime) -> bool:
            owner = connection.scalar(select(_table.owner).where(_table.id == id_))
            if owner is None or not _has_room(owner, most, connection, now):
                return False
            # Slack may have its CSV already.
            is_sent = and_(_table.state == FileLookupState.SENDING, _table.until > now.timestamp())
            there = and_(_table.id == id_, _table.state.in_(old), ~is_sent, is_alive(now))
            return _update(there, _free(new, problem, now), connection, now)

        return self._write(move)

    def set_message(self, id_: str, channel: str, ts: str) -> None:
        """Keep the message that shows it."""
        self._write(partial(_update, _table.id == id_, {"channel": channel, "ts": ts}))

    def take_unshown(self) -> FileLookup | None:
        """Take one whose end should be shown by now, for SHOW_SECONDS."""
        # Polling must not write.
        with open_snapshot(self._engine) as connection:
            late = is_unshown(clock.now(connection), self._unknown)
            if connection.execute(select(_table.id).where(late).limit(1)).first() is None:
                return None
        return self._write(self._take_unshown)

    def hold_end(self, id_: str, state: FileLookupState, seconds: float) -> None:
        """Let no other process take its end for some seconds."""

        def hold(connection: Connection, now: datetime) -> bool:
            mine = and_(_table.id == id_, _table.state == state, _table.until > 0)
            return _update(mine, {"until": now.timestamp() + seconds}, connection, now)

        self._write(hold)

    def set_shown(self, id_: str, state: FileLookupState) -> None:
        """Keep that its end is shown."""
        self._write(partial(_update, and_(_table.id == id_, _table.state == state), {"until": 0.0}))

    def _take_unshown(self, connection: Connection, now: datetime) -> FileLookup | None:
        late = select(file_lookups).with_for_update(skip_locked=True)
        while row := connection.execute(late.where(is_unshown(now, self._unknown)).limit(1)).one_or_none():
            if lookup := self._decode(row):
                until = {"until": now.timestamp() + SHOW_SECONDS}
                _update(_table.id == row.id, until, connection, now)
                return lookup
        return None

    def _decode(self, row: Row[Any]) -> FileLookup | None:
        """Decode one that this process might take; if it cannot, leave it to others from now on."""
        lookup = decode_lookup(row, self._apps)
        if lookup is None:
            log.warning("a file lookup is left to other processes: %s", _UNKNOWN)
            self._unknown.add(row.id)
        return lookup

    def _write(self, work: Callable[[Connection, datetime], _T]) -> _T:
        return self._writer.submit(lambda batch: batch.attempt(work))

    def _read(self, query: Select[Any]) -> Sequence[FileLookup]:
        with open_snapshot(self._engine) as connection:
            rows = connection.execute(query.where(is_alive(clock.now(connection)))).all()
        return [lookup for row in rows if (lookup := decode_lookup(row, self._apps))]

    def _list_parts(
        self, table: Table, id_: str, place: int | ScalarSelect[int], at_once: int
    ) -> Iterator[Row[Any]]:
        """Yield the parts of a file lookup from a place on, so many in a read."""
        parts = table.c
        while True:
            query: Select[Any] = select(parts.place, parts.content).where(
                parts.lookup == id_, parts.place >= place
            )
            with open_snapshot(self._engine) as connection:
                found = connection.execute(query.order_by(parts.place).limit(at_once)).all()
            yield from found
            if len(found) < at_once:
                return
            place = found[-1].place + 1

    def _lease(self, holder: str, seconds: float, connection: Connection, now: datetime) -> FileLookup | None:
        while row := connection.execute(select_next(now, self._unknown)).one_or_none():
            mine = _table.id == row.id
            if not self._decode(connection.execute(select(file_lookups).where(mine)).one()):
                continue
            is_sent = _table.state == FileLookupState.SENDING
            values = {
                "state": case((is_sent, FileLookupState.SENDING), else_=FileLookupState.RUNNING),
                "holder": holder,
                "until": now.timestamp() + seconds,
                "tries": _table.tries + 1,
                "losses": _table.losses + case((_table.until > 0, 1), else_=0),
                "retry_at": 0.0,
            }
            leased = update(file_lookups).where(mine).values(values).returning(file_lookups)
            return decode_lookup(connection.execute(leased).one(), self._apps)
        return None


def _leased(id_: str, holder: str, now: datetime) -> ColumnElement[bool]:
    return and_(_table.id == id_, _table.holder == holder, is_alive(now))


def _free(state: FileLookupState, problem: str, now: datetime) -> dict[str, object]:
    """Make the columns of one that nobody has leased."""
    # Until then its end is shown by the process that ended it.
    until = now.timestamp() + SHOW_SECONDS if state in OVER else 0.0
    return {"state": state, "problem": problem, "holder": "", "until": until, "retry_at": 0.0, **_FIRST_TRY}


def _update(
    which: ColumnElement[bool],
    values: Mapping[str, object],
    connection: Connection,
    _: datetime,
) -> bool:
    return bool(connection.execute(update(file_lookups).where(which).values(values)).rowcount)


def _begin(lookup: FileLookup, most: int | None, connection: Connection, now: datetime) -> bool:
    if not _has_room(lookup.actor.user_id, most, connection, now):
        return False
    at = now.timestamp()
    times = {"made": at, "expires": at + STATE_SECONDS}
    connection.execute(insert(file_lookups), {**encode_lookup(lookup), **times, "state": _ADDING})
    return True


def _has_room(owner: str, most: int | None, connection: Connection, now: datetime) -> bool:
    """Check whether an owner may have one more open."""
    if most is None:
        return True
    is_new = and_(_table.state == _ADDING, _table.made > now.timestamp() - _ADDING_SECONDS)
    mine = and_(_table.owner == owner, or_(_table.state.in_(OPEN), is_new), is_alive(now))
    return (connection.scalar(select(func.count()).select_from(file_lookups).where(mine)) or 0) < most


def _make_parts(id_: str, ids: Iterable[Sequence[str]]) -> Iterator[dict[str, object]]:
    place = 0
    for part in ids:
        yield {"lookup": id_, "place": place, "content": encode_ids(part)}
        place += len(part)


def _insert_ids(
    id_: str, parts: Sequence[Mapping[str, object]], connection: Connection, now: datetime
) -> None:
    connection.execute(insert(file_lookup_ids), parts)
    # It counts as open for as long as it moves.
    _update(_table.id == id_, {"made": now.timestamp()}, connection, now)
