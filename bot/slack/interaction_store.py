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
from bot.core.time_limits import STATE_SECONDS
from bot.errors import AuditError, ExpiredError
from bot.slack.interactions import (
    Interaction,
    LookupPage,
    RunningLookup,
    SavedLookup,
    WaitingRequest,
    may_be_new,
    new_id,
    split_page_id,
)

T = TypeVar("T")
U = TypeVar("U")

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
_MORE_LOOKS = 3
"""The further looks for state: a press may come before the state of its button is saved."""
LOAD_SECONDS = 1.5
"""Seconds that a press waits for state of another process; Slack waits three for an ack."""
_LOADS = 4
"""The most presses at once that wait for it."""
_EXPIRED = "this button has expired"
_ASKED, _TOO_LATE = '"asked"', '"too late"'
"""The content of a state that passes on a press of a Cancel button."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Entry:
    """A kept interaction, its expiry (monotonic seconds), its owner, and whether the store has it too."""

    expiry: float
    owner: Actor
    what: Interaction
    saved: bool = True


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

    def take_state(self, id_: str, seconds: float) -> bool:
        """Delete a state within some seconds; return whether it was there, to one process alone.

        Raises:
            AuditError: It could not be deleted.
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

    Lookups hold accounts and statuses, never values; a form holds the values it showed, which the store has
    encrypted. A preview is in this process alone. A running lookup is forgotten when it ends.

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
        """Load nothing more, and cancel nothing more for other processes."""
        self._closed.set()
        self._loaders.shutdown(wait=False, cancel_futures=True)

    def keep(self, actor: Actor, what: Interaction, key: str = "") -> str:
        """Remember state for an actor and return its opaque id, a new one unless it replaces another's."""
        key = key or new_id()
        if state := self.prepare(actor, what, key):
            self._store.save(state)
        return key

    def keep_now(self, actor: Actor, what: Interaction, key: str) -> None:
        """Remember state under an id, for every process before this returns, if the store can be written."""
        if state := self.prepare(actor, what, key):
            try:
                self._store.save_now(state)
            except AuditError:
                with self._lock:
                    if kept := self._kept.get(key):
                        self._kept[key] = replace(kept, saved=False)

    def take(self, key: str, seconds: float) -> bool:
        """Forget the state behind an id within some seconds; tell one process alone that it was there.

        Raises:
            AuditError: The store, which has it, cannot be written.
        """
        with self._lock:
            kept = self._drop(key)
        return True if kept and not kept.saved else self._store.take_state(key, seconds)

    def prepare(self, actor: Actor, what: Interaction, key: str) -> SavedState | None:
        """Remember state, and return what the caller saves for other processes; None if there is nothing."""
        self._remember(actor, what, key)
        content = self._codec.encode(what)
        return SavedState(key, actor.user_id, content) if content else None

    def _remember(self, actor: Actor, what: Interaction, key: str) -> None:
        now = time.monotonic()
        with self._lock:
            self._drop(key)
            self._kept[key] = _Entry(now + STATE_SECONDS, actor, what)
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
            kept = self._load(key, _MORE_LOOKS if may_be_new(key) else 0)
        if kept is None or not isinstance(kept.what, kinds):
            raise ExpiredError(_EXPIRED, advice="Run the command again for new buttons")
        if kept.owner != actor:
            raise ExpiredError(
                "only the person who ran the command may use its buttons",
                advice="Run the command yourself",
            )
        what = kept.what
        return replace(what, number=number) if number is not None and isinstance(what, LookupPage) else what

    def exists(self, key: str) -> bool:
        """Check whether an id has state, in any process; False while the store cannot be read."""
        with self._lock:
            kept = self._kept.get(key)
        if kept and kept.expiry >= time.monotonic():
            return True
        with suppress(AuditError):
            return key in self._store.find_ids([key])
        return False

    def find_latest(self, key: str, actor: Actor, kind: type[T]) -> T:
        """Find the state behind an id that another process may have forgotten or replaced since.

        While the store cannot be read, what this process knows counts.

        Raises:
            ExpiredError: As for `find`.
        """
        with self._lock:
            kept = self._kept.get(key)
        if kept is None or kept.saved:
            with suppress(AuditError):
                kept = self._load(key, 1)
        if kept is None or not isinstance(kept.what, kind) or kept.owner != actor:
            raise ExpiredError(_EXPIRED)
        return kept.what

    def cancel_elsewhere(self, key: str, actor: Actor) -> bool:
        """Ask the process that has a request to cancel it; return whether it does, and answers.

        Raises:
            ExpiredError: It has begun and cannot be cancelled any more.
            AuditError: The store cannot be used now.
        """
        asked = SavedState(_cancel_id(key), actor.user_id, _ASKED)
        self._store.save_now(asked)
        deadline = time.monotonic() + CANCEL_SECONDS
        while time.monotonic() < deadline and not self._closed.wait(_LOOK_SECONDS):
            state = self._store.find_state(asked.id)
            if state is None:
                return True
            if state.content == _TOO_LATE:
                self._store.drop([asked.id])
                raise ExpiredError("this has already started", advice="Its answer is here or on the way")
        # Nobody is to cancel it after the person heard that this failed.
        self._store.drop([asked.id])
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
                watched = {key: each for key, (each, until) in self._cancelable.items() if until > now}
                watched = {key: each for key, each in watched.items() if not each.is_over}
                self._cancelable = {key: self._cancelable[key] for key in watched}
                if not watched:
                    self._watches = False
                    return
            try:
                asked = self._store.find_ids([_cancel_id(key) for key in watched])
                for key in (key for key in watched if _cancel_id(key) in asked):
                    self._cancel_here(key, watched[key])
            except AuditError as error:
                log.debug("could not look for cancelled requests: %s", error)
            except Exception:
                # The thread must live on, to cancel later requests.
                log.exception("a request could not be cancelled")

    def _cancel_here(self, key: str, what: RunningLookup | WaitingRequest) -> None:
        with self._lock:
            kept = self._kept.get(key)
        if kept and what.cancel_here():
            self.forget(key)
            self._store.drop([_cancel_id(key)])
        elif kept:
            self._store.save(SavedState(_cancel_id(key), kept.owner.user_id, _TOO_LATE))

    def _load(self, key: str, looks: int) -> _Entry | None:
        """Load what another process kept, or this one before a restart, after some more looks at most."""
        until = time.monotonic() + LOAD_SECONDS
        state = self._ask_store(key, until)
        while state is None and looks and not self._closed.wait(_LOOK_SECONDS):
            state, looks = self._ask_store(key, until), looks - 1
        what = self._codec.decode(state.content) if state else None
        return _Entry(math.inf, Actor(state.owner, ""), what) if state and what else None

    def _ask_store(self, key: str, until: float) -> SavedState | None:
        loading = self._loaders.submit(self._store.find_state, key)
        try:
            return loading.result(max(0.0, until - time.monotonic()))
        except TimeoutError:
            loading.cancel()
            raise AuditError("the record did not answer in time", advice="Try again in a minute") from None

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
