"""The store of the state behind button and form ids, for this process and for others."""

import logging
import math
import time
from collections import OrderedDict
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import islice
from threading import Event, Lock, Thread
from typing import Any, Protocol, TypeVar, overload

from bot.core.model import Actor, SavedState
from bot.errors import AuditError, ExpiredError
from bot.slack.interactions import (
    Interaction,
    LookupPage,
    RunningLookup,
    SavedLookup,
    WaitingRequest,
    new_id,
    split_page_id,
)

T = TypeVar("T")
U = TypeVar("U")

LIFETIME = 24 * 3600
"""Seconds for which a button works."""
CAPACITY = 10_000
"""The most ids that are kept; the oldest is dropped first."""
MOST_ACCOUNTS = 200_000
"""The most accounts of all kept answers: about 35 MB, buttons included."""
CANCEL_SECONDS = 3.0
"""Seconds that a press waits for the process that it cancels in."""
WATCH_SECONDS = 120.0
"""Seconds for which a request can be cancelled from another process; by then it has ended."""
_LOOK_SECONDS = 0.25
"""Seconds between two looks at what the other side has done."""
LOAD_SECONDS = 1.5
"""Seconds that a press waits for state of another process; Slack waits three for an ack."""
_LOADS = 4
"""The most presses at once that wait for it."""
_EXPIRED = "this button has expired"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Entry:
    """A kept interaction, its expiry (monotonic seconds) and its owner."""

    expiry: float
    owner: Actor
    what: Interaction


class StateStore(Protocol):
    """Keeps state for other processes and after a restart; see bot.store.record.Store."""

    def save(self, state: SavedState) -> None:
        """Save state soon; nobody waits for it."""
        ...

    def save_now(self, state: SavedState) -> None:
        """Save state.

        Raises:
            AuditError: It could not be saved.
        """
        ...

    def drop(self, ids: Collection[str]) -> None:
        """Delete states soon; nobody waits for it."""
        ...

    def find_state(self, id_: str) -> SavedState | None:
        """Find a state that has not expired.

        Raises:
            AuditError: It cannot be read.
        """
        ...

    def find_ids(self, ids: Collection[str]) -> Collection[str]:
        """Find those of some ids that have a state.

        Raises:
            AuditError: They cannot be read.
        """
        ...


class Codec(Protocol):
    """Turns state into JSON and back."""

    def encode(self, what: Interaction) -> str | None:
        """Return state as JSON; None for what only its own process can use."""
        ...

    def decode(self, content: str) -> Interaction | None:
        """Return the state that JSON stands for; None if there is none."""
        ...


class Interactions:
    """Keeps the state behind ids, and its owner, for a day: in this process, and for others in a store.

    Lookups hold accounts and statuses, never values. In this process alone, a form and a preview hold the
    values they showed. A running lookup is forgotten when it ends.

    Args:
        store: Keeps state for other processes.
        codec: Turns state into what the store keeps.
        capacity: The most ids that are kept; the oldest is dropped first.
        accounts: The most accounts of all kept answers; the oldest answers are dropped first.
    """

    def __init__(
        self, store: StateStore, codec: Codec, capacity: int = CAPACITY, accounts: int = MOST_ACCOUNTS
    ) -> None:
        self._store = store
        self._codec = codec
        self._cancelable: dict[str, tuple[RunningLookup | WaitingRequest, float]] = {}
        self._watches = False
        self._closed = Event()
        self._loaders = ThreadPoolExecutor(_LOADS, thread_name_prefix="state")
        self._capacity = capacity
        self._most_accounts = accounts
        self._kept: OrderedDict[str, _Entry] = OrderedDict()
        # The buttons of one answer hold the same accounts, which count once.
        self._holding: OrderedDict[int, set[str]] = OrderedDict()
        self._accounts = 0
        self._lock = Lock()

    def close(self) -> None:
        """Cancel nothing more for other processes."""
        self._closed.set()

    def keep(self, actor: Actor, what: Interaction, key: str = "") -> str:
        """Remember state for an actor and return its opaque id, a new one unless it replaces another's."""
        key = key or new_id()
        if state := self.prepare(actor, what, key):
            self._store.save(state)
        return key

    def keep_now(self, actor: Actor, what: Interaction, key: str) -> None:
        """Remember state under an id, for every process before this returns, if the store can be written."""
        if state := self.prepare(actor, what, key):
            with suppress(AuditError):
                self._store.save_now(state)

    def prepare(self, actor: Actor, what: Interaction, key: str) -> SavedState | None:
        """Remember state, and return what the caller saves for other processes; None if there is nothing."""
        self._remember(actor, what, key)
        content = self._codec.encode(what)
        return SavedState(key, actor.user_id, content) if content else None

    def _remember(self, actor: Actor, what: Interaction, key: str) -> None:
        now = time.monotonic()
        with self._lock:
            self._drop(key)
            self._kept[key] = _Entry(now + LIFETIME, actor, what)
            if isinstance(what, RunningLookup | WaitingRequest):
                self._watch(key, what, now)
            if accounts := _accounts_of(what):
                if id(accounts) not in self._holding:
                    self._accounts += len(accounts)
                self._holding.setdefault(id(accounts), set()).add(key)
                self._holding.move_to_end(id(accounts))
            while len(self._kept) > self._capacity or self._is_oldest_expired(now):
                self._drop(next(iter(self._kept)))
            while self._accounts > self._most_accounts:
                for oldest in tuple(next(iter(self._holding.values()))):
                    self._drop(oldest)

    def forget(self, key: str) -> None:
        """Forget the state behind an id, if there is any."""
        if not key:
            return
        with self._lock:
            kept = self._drop(key)
        if kept is None or self._codec.encode(kept.what):
            self._store.drop([key])

    @overload
    def find(self, key: str, actor: Actor, kind: type[T], /) -> T: ...

    @overload
    def find(self, key: str, actor: Actor, kind: type[T], other: type[U], /) -> T | U: ...

    def find(self, key: str, actor: Actor, *kinds: type[Any]) -> Any:
        """Find the state behind an id, of one of some kinds.

        Raises:
            ExpiredError: It is too old, or another actor's.
            AuditError: It is another process's, and cannot be read now.
        """
        key, number = split_page_id(key)
        with self._lock:
            kept = self._kept.get(key)
        if kept is None or kept.expiry < time.monotonic():
            kept = self._load(key)
        if kept is None or not isinstance(kept.what, kinds):
            raise ExpiredError(_EXPIRED, advice="Run the command again for new buttons")
        if kept.owner != actor:
            raise ExpiredError(
                "only the person who ran the command may use its buttons",
                advice="Run the command yourself",
            )
        what = kept.what
        return replace(what, number=number) if number is not None and isinstance(what, LookupPage) else what

    def find_latest(self, key: str, actor: Actor, kind: type[T]) -> T:
        """Find the state behind an id that another process may have forgotten or replaced since.

        Raises:
            ExpiredError: As for `find`.
        """
        try:
            kept = self._load(key)
        except AuditError:
            # The store cannot be read now: what this process knows is the best guess.
            return self.find(key, actor, kind)
        if kept is None or not isinstance(kept.what, kind) or kept.owner != actor:
            raise ExpiredError(_EXPIRED)
        return kept.what

    def cancel_elsewhere(self, key: str, actor: Actor) -> bool:
        """Ask the process that has a request to cancel it; return whether it did within CANCEL_SECONDS."""
        asked = SavedState(_cancel_id(key), actor.user_id, "{}")
        self._store.save_now(asked)
        deadline = time.monotonic() + CANCEL_SECONDS
        while time.monotonic() < deadline and not self._closed.wait(_LOOK_SECONDS):
            if asked.id not in self._store.find_ids([asked.id]):
                return True
        return False

    def _watch(self, key: str, what: RunningLookup | WaitingRequest, now: float) -> None:
        """Look for presses of its Cancel button that other processes got, in a thread while there is one."""
        self._cancelable[key] = what, now + WATCH_SECONDS
        if not self._watches:
            self._watches = True
            Thread(target=self._cancel_asked, name="cancels", daemon=True).start()

    def _cancel_asked(self) -> None:
        while not self._closed.wait(_LOOK_SECONDS):
            with self._lock:
                now = time.monotonic()
                self._cancelable = {
                    key: (each, until)
                    for key, (each, until) in self._cancelable.items()
                    if until > now and not each.is_over
                }
                watched = {key: each for key, (each, _) in self._cancelable.items()}
                if not watched:
                    self._watches = False
                    return
            try:
                asked = self._store.find_ids([_cancel_id(key) for key in watched])
            except AuditError as error:
                log.info("could not look for cancelled requests: %s", error)
                continue
            for key, what in watched.items():
                if _cancel_id(key) in asked:
                    self._cancel_here(key, what)

    def _cancel_here(self, key: str, what: RunningLookup | WaitingRequest) -> None:
        try:
            what.cancel_here()
        except Exception:
            # The thread must live on, to cancel later requests.
            log.exception("a request could not be cancelled")
        self.forget(key)
        self._store.drop([_cancel_id(key)])

    def _load(self, key: str) -> _Entry | None:
        """Load what another process kept, or this one before a restart."""
        try:
            state = self._loaders.submit(self._store.find_state, key).result(LOAD_SECONDS)
        except TimeoutError:
            raise AuditError("the record did not answer in time", advice="Try again in a minute") from None
        what = self._codec.decode(state.content) if state else None
        return _Entry(math.inf, Actor(state.owner, ""), what) if state and what else None

    def _is_oldest_expired(self, now: float) -> bool:
        return any(kept.expiry < now for kept in islice(self._kept.values(), 1))

    def _drop(self, key: str) -> _Entry | None:
        kept = self._kept.pop(key, None)
        self._cancelable.pop(key, None)
        if kept and (accounts := _accounts_of(kept.what)):
            keys = self._holding[id(accounts)]
            keys.remove(key)
            if not keys:
                del self._holding[id(accounts)]
                self._accounts -= len(accounts)
        return kept


def _cancel_id(key: str) -> str:
    """Return the id under which a press of a Cancel button is passed on."""
    return f"cancel {key}"


def _accounts_of(what: Interaction) -> tuple[object, ...]:
    """Return the accounts that a state keeps in memory."""
    match what:
        case LookupPage(answer=answer):
            return answer.rows
        case SavedLookup(command=command):
            return command.accounts
        case _:
            return ()
