"""What buttons and forms lead back to, under opaque ids."""

import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock
from typing import TypeAlias, TypeVar

from bot.core.commands import LookupCommand, ShowHistory
from bot.core.model import Actor, App
from bot.core.results import Form, Lookup
from bot.errors import ExpiredError

T = TypeVar("T", "Page", "Again", "Subject", "OpenForm", "OpenLookup", "UnderWay")

LIFETIME = 24 * 3600
"""How long a button works, in seconds."""
ROOM = 10_000
"""How many buttons are remembered; the oldest goes first."""


@dataclass(frozen=True, slots=True)
class Page:
    """A page of an answer, counted from zero; turning to it asks anew."""

    command: LookupCommand | ShowHistory
    number: int = 0


@dataclass(frozen=True, slots=True)
class Again:
    """A lookup to be run anew: all of an answer's accounts, or some."""

    command: LookupCommand


@dataclass(frozen=True, slots=True)
class Subject:
    """The one account that an answer is about."""

    app: App
    account: str


@dataclass(frozen=True, slots=True)
class OpenForm:
    """A form that somebody has before them, and the response URL of the command that opened it."""

    form: Form
    response_url: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class OpenLookup:
    """The form of a lookup that somebody has before them, and where its answer goes."""

    channel_id: str
    response_url: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class UnderWay:
    """A lookup that has not ended.

    Args:
        stop: Cancels it, and gives the answer as far as it has come; None when it has ended meanwhile.
        number: The page that is to be shown, counted from zero.
        public: Whether others see the answer.
    """

    stop: Callable[[], Lookup | None]
    number: int = 0
    public: bool = False


Kept: TypeAlias = Page | Again | Subject | OpenForm | OpenLookup | UnderWay
"""Anything that an id can stand for."""


class Answers:
    """Remembers, for a day and in this process only, what an id stands for, and whose it is.

    What leads to a lookup holds ids and what was asked, never what the vendor answered; a form holds what
    it showed. A lookup under way is forgotten when it ends.
    """

    def __init__(self) -> None:
        self._kept: OrderedDict[str, tuple[float, Actor, Kept]] = OrderedDict()
        self._lock = Lock()

    def keep(self, actor: Actor, what: Kept) -> str:
        """Remember something of an actor's and return its opaque id."""
        key = secrets.token_urlsafe(12)
        with self._lock:
            self._kept[key] = (time.monotonic() + LIFETIME, actor, what)
            if len(self._kept) > ROOM:
                self._kept.popitem(last=False)
        return key

    def forget(self, key: str) -> None:
        """Forget what an id stands for, if anything."""
        with self._lock:
            self._kept.pop(key, None)

    def find(self, key: str, actor: Actor, kind: type[T]) -> T:
        """Find what an id stands for.

        Raises:
            ExpiredError: It is too old, from before a restart, or somebody else's.
        """
        with self._lock:
            expiry, owner, what = self._kept.get(key, (0.0, actor, None))
        if not isinstance(what, kind) or expiry < time.monotonic():
            raise ExpiredError("this button is too old", advice="Run the command again for fresh buttons")
        if owner != actor:
            raise ExpiredError(
                "only the person who asked may use the buttons of an answer",
                advice="Run the command yourself",
            )
        return what
