"""State behind button and form ids."""

import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import islice
from threading import Lock
from typing import TypeAlias, TypeVar

from bot.core.commands import LookupCommand, SearchRecord, ShowHistory
from bot.core.model import Actor, App
from bot.core.results import Form, Lookup, Preview
from bot.errors import ExpiredError

T = TypeVar(
    "T",
    "Page",
    "LookupPage",
    "SavedLookup",
    "SavedText",
    "SavedAccount",
    "OpenForm",
    "OpenLookup",
    "ShownPreview",
    "Cancelable",
)

LIFETIME = 24 * 3600
"""Seconds for which a button works."""
CAPACITY = 10_000
"""The most ids that are kept; the oldest is dropped first."""
MOST_ACCOUNTS = 200_000
"""The most accounts of all kept answers: about 35 MB, buttons included."""


class Page:
    """A page behind a button."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class LookupPage(Page):
    """A page of an answer.

    Args:
        answer: The answer without values; it determines the accounts of each page.
        number: The page, counted from zero.
        size: The found accounts per page.
        failed: The accounts on it that the answer found, but that failed when the page was shown.
    """

    answer: Lookup
    number: int
    size: int
    failed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HistoryPage(Page):
    """A page of a history, read again when shown."""

    command: ShowHistory | SearchRecord


@dataclass(frozen=True, slots=True)
class SavedLookup:
    """A lookup to run again."""

    command: LookupCommand


@dataclass(frozen=True, slots=True)
class SavedText:
    """The text of a command that was meant."""

    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class SavedAccount:
    """The account of an answer about one alone."""

    app: App
    account: str


@dataclass(frozen=True, slots=True)
class OpenForm:
    """An open form, and the response URL of the command that opened it."""

    form: Form
    response_url: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ShownPreview:
    """The preview of a change, kept under the change's id to be shown again."""

    preview: Preview


@dataclass(frozen=True, slots=True)
class OpenLookup:
    """An open lookup form, and the destination of its answer; without a thread, the channel itself."""

    channel_id: str
    response_url: str = field(repr=False)
    thread_ts: str = ""


class Cancelable:
    """State that its owner can cancel."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class RunningLookup(Cancelable):
    """A lookup that has not ended.

    Args:
        stop: Cancels it, and returns the partial answer; None if it has ended.
        number: The page to show, counted from zero.
        public: Whether others see the answer.
        size: The found accounts per page; None for a new answer.
    """

    stop: Callable[[], Lookup | None]
    number: int = 0
    public: bool = False
    size: int | None = None


@dataclass(frozen=True, slots=True)
class FinishedLookup(Cancelable):
    """A lookup that has ended, behind a Cancel button that Slack still shows."""


@dataclass(frozen=True, slots=True)
class WaitingRequest(Cancelable):
    """A request that waits for a worker, or did.

    Args:
        cancel: Cancels it; returns False if it has begun.
        find_lookup: Returns its lookup, None before one has begun.
    """

    cancel: Callable[[], bool]
    find_lookup: Callable[[], RunningLookup | FinishedLookup | None]


Interaction: TypeAlias = (
    LookupPage
    | HistoryPage
    | SavedLookup
    | SavedText
    | SavedAccount
    | OpenForm
    | OpenLookup
    | ShownPreview
    | WaitingRequest
    | RunningLookup
    | FinishedLookup
)
"""State that an id can stand for."""


@dataclass(frozen=True, slots=True)
class _Entry:
    """A kept interaction, its expiry (monotonic seconds) and its owner."""

    expiry: float
    owner: Actor
    what: Interaction


class Interactions:
    """Keeps the state behind ids, and its owner, for a day and in this process only.

    Saved lookups hold accounts and statuses, never values; a form and a preview hold the values they showed.
    A running lookup is forgotten when it ends.

    Args:
        capacity: The most ids that are kept; the oldest is dropped first.
        accounts: The most accounts of all kept answers; the oldest answers are dropped first.
    """

    def __init__(self, capacity: int = CAPACITY, accounts: int = MOST_ACCOUNTS) -> None:
        self._capacity = capacity
        self._most_accounts = accounts
        self._kept: OrderedDict[str, _Entry] = OrderedDict()
        # The buttons of one answer hold the same accounts, which count once.
        self._holding: OrderedDict[int, set[str]] = OrderedDict()
        self._accounts = 0
        self._lock = Lock()

    def keep(self, actor: Actor, what: Interaction, key: str = "") -> str:
        """Remember state for an actor and return its opaque id, a new one unless it replaces another's."""
        key, now = key or secrets.token_urlsafe(12), time.monotonic()
        with self._lock:
            self._drop(key)
            self._kept[key] = _Entry(now + LIFETIME, actor, what)
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
        return key

    def forget(self, key: str) -> None:
        """Forget the state behind an id, if there is any."""
        with self._lock:
            self._drop(key)

    def find(self, key: str, actor: Actor, kind: type[T]) -> T:
        """Find the state behind an id.

        Raises:
            ExpiredError: It is too old, from before a restart, or another actor's.
        """
        with self._lock:
            kept = self._kept.get(key)
        if kept is None or not isinstance(kept.what, kind) or kept.expiry < time.monotonic():
            raise ExpiredError("this button has expired", advice="Run the command again for new buttons")
        if kept.owner != actor:
            raise ExpiredError(
                "only the person who ran the command may use its buttons",
                advice="Run the command yourself",
            )
        return kept.what

    def _is_oldest_expired(self, now: float) -> bool:
        return any(kept.expiry < now for kept in islice(self._kept.values(), 1))

    def _drop(self, key: str) -> None:
        kept = self._kept.pop(key, None)
        if kept is None:
            return
        if accounts := _accounts_of(kept.what):
            keys = self._holding[id(accounts)]
            keys.remove(key)
            if not keys:
                del self._holding[id(accounts)]
                self._accounts -= len(accounts)


def _accounts_of(what: Interaction) -> tuple[object, ...]:
    """Return the accounts that a state keeps in memory."""
    match what:
        case LookupPage(answer=answer):
            return answer.rows
        case SavedLookup(command=command):
            return command.accounts
        case _:
            return ()
