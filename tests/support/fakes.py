"""Fakes of the ports of the core, with prepared answers."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from threading import RLock

from bot.core.changes.saved import has_written
from bot.core.model import (
    WATCHED,
    WRITES,
    Actor,
    AlteredEntry,
    AuditEvent,
    Change,
    Deadline,
    Entry,
    EntryKind,
    Found,
    Membership,
    Outcome,
    RecordQuery,
    SavedState,
    Value,
    Values,
)
from bot.core.ports import CALL_ACCOUNTS
from bot.core.time_limits import STATE_SECONDS
from bot.errors import AuditError, IMError, NotAskedError, NotFoundError, SlackUnavailableError
from bot.store import change_codec
from bot.store.chain import actor_key


@dataclass
class FakePeople:
    """Slack's people: full members, except those in `standings`.

    Args:
        standings: Memberships by user id.
        groups: User ids by group; any other group cannot be read.
        reachable: Whether Slack answers.
        cache_bypassed: Whether each call bypassed the cache, in order.
    """

    standings: Mapping[str, Membership] = field(default_factory=dict)
    groups: Mapping[str, frozenset[str]] = field(default_factory=dict)
    reachable: bool = True
    cache_bypassed: list[bool] = field(default_factory=list)

    def get_membership(self, actor: Actor, *, bypass_cache: bool = False) -> Membership:
        self.cache_bypassed.append(bypass_cache)
        if not self.reachable:
            raise SlackUnavailableError("Slack could not be reached")
        return self.standings.get(actor.user_id, Membership.MEMBER)

    def list_group(self, group_id: str, *, bypass_cache: bool = False) -> frozenset[str]:
        self.cache_bypassed.append(bypass_cache)
        if not self.reachable or group_id not in self.groups:
            raise SlackUnavailableError("Slack refused to answer")
        return self.groups[group_id]


@dataclass
class FakeIM:
    """A Tencent Chat app with prepared answers.

    Args:
        said: The values or the error of an account's lookup; any other account is missing from answers.
        imported: Whether an account is imported; any other account is missing from answers.
        strict: The code with which a whole lookup fails for one account that is not imported; 0 never does.
        failing: The errors of whole calls, by command and in order; None for a call that succeeds.
        losing: The same for calls that are carried out and whose answer is lost.
    """

    said: Mapping[str, Values | IMError] = field(default_factory=dict)
    imported: Mapping[str, bool | IMError] = field(default_factory=dict)
    strict: int = 0
    failing: Mapping[str, Sequence[BaseException | None]] = field(default_factory=dict)
    losing: Mapping[str, Sequence[BaseException | None]] = field(default_factory=dict)
    calls: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)

    def get_profiles(
        self, accounts: Sequence[str], tags: Sequence[str], deadline: Deadline
    ) -> Mapping[str, Values | IMError]:
        assert tags
        return self._look_up("portrait_get", accounts, deadline)

    def get_friends(
        self, owner: str, accounts: Sequence[str], tags: Sequence[str], deadline: Deadline
    ) -> Mapping[str, Values | IMError]:
        assert tags
        return self._look_up("friend_get_list", accounts, deadline, owner)

    def get_attributes(self, accounts: Sequence[str], deadline: Deadline) -> Mapping[str, Values | IMError]:
        return self._look_up("im_get_attr", accounts, deadline)

    def check_accounts(self, accounts: Sequence[str], deadline: Deadline) -> Mapping[str, bool | IMError]:
        self._call("account_check", accounts, deadline)
        return {account: self.imported[account] for account in accounts if account in self.imported}

    def set_profile(self, account: str, values: Mapping[str, Value], deadline: Deadline) -> None:
        self._call("portrait_set", [account], deadline)
        now = self.said.get(account, {})
        assert not isinstance(now, IMError)
        # The vendor keeps no field that was cleared.
        self.said = {
            **self.said,
            account: {tag: value for tag, value in {**now, **values}.items() if value not in ("", 0)},
        }
        self._lose("portrait_set")

    def _look_up(
        self, command: str, accounts: Sequence[str], deadline: Deadline, *others: str
    ) -> Mapping[str, Values | IMError]:
        self._call(command, accounts, deadline)
        if self.strict and any(self.imported.get(account) is False for account in (*others, *accounts)):
            raise NotFoundError("somebody does not exist", code=self.strict)
        self._lose(command)
        # In another order than the request, as the vendor may.
        return {account: self.said[account] for account in reversed(accounts) if account in self.said}

    def _call(self, command: str, accounts: Sequence[str], deadline: Deadline) -> None:
        assert 0 < len(accounts) == len(set(accounts)) <= CALL_ACCOUNTS
        if deadline.left() <= 0:
            raise NotAskedError("there was no time left to ask")
        self.calls.append((command, tuple(accounts)))
        self._raise(self.failing, command)

    def _lose(self, command: str) -> None:
        self._raise(self.losing, command)

    def _raise(self, problems: Mapping[str, Sequence[BaseException | None]], command: str) -> None:
        place = sum(called == command for called, _ in self.calls) - 1
        problem = next(iter(problems.get(command, ())[place : place + 1]), None)
        if problem:
            raise problem


_MOVES = {
    Outcome.PROPOSED: {Outcome.ATTEMPTED, Outcome.CANCELLED},
    Outcome.ATTEMPTED: {Outcome.SUCCEEDED, Outcome.FAILED, Outcome.UNKNOWN},
    Outcome.UNKNOWN: {Outcome.SUCCEEDED, Outcome.FAILED},
}


@dataclass
class FakeRecord:
    """A record in memory, as strict as one on disk; safe between threads.

    Args:
        failing: The errors of calls, by method and in order; None for a call that succeeds.
        entries: The entries, the oldest first.
        altered: The numbers of entries that are listed as altered.
        changes: Each change, its digest when proposed, and the time it last moved.
    """

    failing: Mapping[str, Sequence[BaseException | None]] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)
    altered: set[int] = field(default_factory=set)
    changes: dict[str, tuple[Change, str, datetime]] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    states: dict[str, tuple[SavedState, datetime]] = field(default_factory=dict)
    claims: set[str] = field(default_factory=set)
    lock: RLock = field(default_factory=RLock)

    def add(self, event: AuditEvent, state: SavedState | None = None) -> Entry:
        with self._working("add"):
            if state:
                self.save(state)
            return self._append(event)

    def save(self, state: SavedState) -> None:
        self.states[state.id] = state, datetime.now(UTC) + timedelta(seconds=STATE_SECONDS)

    def save_now(self, state: SavedState) -> None:
        with self._working("save_now"):
            self.save(state)

    def drop(self, ids: Collection[str]) -> None:
        for id_ in ids:
            self.states.pop(id_, None)

    def take_state(self, id_: str, _: float) -> bool:
        with self._working("take_state"):
            return self.states.pop(id_, None) is not None

    def find_ids(self, ids: Collection[str]) -> frozenset[str]:
        with self._working("find_ids"):
            return frozenset(ids) & self.states.keys()

    def claim(self, id_: str, _: float) -> bool:
        with self._working("claim"):
            claimed = id_ in self.claims
            self.claims.add(id_)
            return not claimed

    def find_state(self, id_: str) -> SavedState | None:
        with self._working("find_state"):
            state, until = self.states.get(id_, (None, datetime.min.replace(tzinfo=UTC)))
            return state if datetime.now(UTC) < until else None

    def propose(self, change: Change, event: AuditEvent) -> Entry:
        with self._working("propose"):
            assert change.outcome is Outcome.PROPOSED
            if change.id in self.changes:
                raise AuditError("there is already a change with this id")
            return self._keep(change, digest_of(change), event)

    def find(self, change_id: str) -> Change | None:
        with self._working("find"):
            return self._believed(*self.changes[change_id]) if change_id in self.changes else None

    def find_each(self, change_ids: Collection[str]) -> Sequence[Change]:
        with self._working("find_each"):
            found: list[Change] = []
            for each in change_ids:
                with suppress(KeyError, AuditError):
                    found.append(self._believed(*self.changes[each]))
            return found

    def move(self, change: Change, outcome: Outcome, event: AuditEvent) -> Entry | None:
        with self._working("move"):
            kept, digest, _ = self.changes[change.id]
            if kept.outcome is not change.outcome:
                return None
            assert outcome in _MOVES[kept.outcome]
            return self._keep(replace(kept, outcome=outcome), digest, event)

    def now(self) -> datetime:
        with self._working("now"):
            return self._now()

    def list_open(self, grace: timedelta) -> Sequence[Change]:
        with self._working("list_open"):
            watched = {Outcome.ATTEMPTED: timedelta.max, Outcome.UNKNOWN: WATCHED}
            now = datetime.now(UTC)
            return [
                self._believed(*each)
                for each in self.changes.values()
                if grace <= now - each[2] < watched.get(each[0].outcome, timedelta())
            ]

    def search(self, query: RecordQuery, before: int | None, limit: int) -> Found:
        with self._working("search"):
            entries = reversed(self.entries[: (before or len(self.entries) + 1) - 1])
            found = self._shown(entry for entry in entries if _matches(query, entry))
            return Found(tuple(found[:limit]), found[limit - 1].sequence if len(found) >= limit else None)

    def find_posts(self, sequences: Collection[int]) -> Mapping[int, tuple[str, str]]:
        with self._working("find_posts"):
            return {number: ("C01AUDIT", f"17.{number}") for number in sequences}

    def list_history(
        self, app: str, account: str, before: int | None, limit: int
    ) -> Sequence[Entry | AlteredEntry]:
        with self._working("list_history"):
            about = [
                entry
                for entry in reversed(self.entries)
                if entry.event.app == app and account in entry.event.accounts
            ]
            return self._shown(entry for entry in about if before is None or entry.sequence < before)[:limit]

    def list_steps(self, app: str, account: str, among: int) -> Sequence[Entry | AlteredEntry]:
        with self._working("list_steps"):
            latest = self.list_history(app, account, None, among)
            return [each for each in latest if isinstance(each, AlteredEntry) or each.event.change_id]

    def list_done(self, actor: Actor, limit: int) -> Sequence[Entry | AlteredEntry]:
        with self._working("list_done"):
            key = actor_key(actor)
            done = (each for each in reversed(self.entries) if actor_key(each.event.actor) == key)
            return self._shown(done)[:limit]

    def list_proposed(self, within: timedelta) -> Sequence[Change]:
        with self._working("list_proposed"):
            waiting = [each for each in self.changes.values() if each[0].outcome is Outcome.PROPOSED]
            return [self._believed(*each) for each in waiting if datetime.now(UTC) - each[2] < within]

    def _shown(self, entries: Iterable[Entry]) -> list[Entry | AlteredEntry]:
        return [AlteredEntry(each.sequence) if each.sequence in self.altered else each for each in entries]

    @contextmanager
    def _working(self, method: str) -> Iterator[None]:
        with self.lock:
            place = self.calls.count(method)
            self.calls.append(method)
            problem = next(iter(self.failing.get(method, ())[place : place + 1]), None)
            if problem:
                raise problem
            yield

    def _keep(self, change: Change, digest: str, event: AuditEvent) -> Entry:
        assert (event.change_id, event.outcome) == (change.id, change.outcome)
        entry = self._append(event)
        self.changes[change.id] = (change, digest, datetime.now(UTC))
        return entry

    def _append(self, event: AuditEvent) -> Entry:
        previous = self.entries[-1].hash if self.entries else "0" * 64
        sequence = len(self.entries) + 1
        content = sha256(f"{sequence} {previous} {event}".encode("utf-8", "surrogatepass")).hexdigest()
        entry = Entry(sequence, self._now(), event, previous, content)
        self.entries.append(entry)
        return entry

    def _now(self) -> datetime:
        return max(
            datetime.now(UTC), *(entry.at for entry in self.entries[-1:]), datetime.min.replace(tzinfo=UTC)
        )

    @staticmethod
    def _believed(change: Change, digest: str, _: datetime) -> Change:
        if digest_of(change) != digest:
            raise AuditError("the change is not as it was stored")
        return change


def _matches(query: RecordQuery, entry: Entry) -> bool:
    event = entry.event
    is_denied, is_change = event.outcome is Outcome.DENIED, bool(event.change_id)
    kind = EntryKind.CHANGES if is_change else EntryKind.LOOKUPS
    return (
        (not query.account or (query.app == event.app and query.account in event.accounts))
        and (query.person is None or actor_key(query.person) == actor_key(event.actor))
        and query.change in ("", event.change_id)
        and query.entry in (None, entry.sequence)
        and query.kind in (None, EntryKind.REFUSALS if is_denied else kind)
        and (
            not query.fields
            or (
                (event.outcome in WRITES or has_written(event))
                and not event.after.keys().isdisjoint(query.fields)
            )
        )
    )


def digest_of(change: Change) -> str:
    return change_codec.encode_change(change, "")["digest"]
