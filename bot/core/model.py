"""The nouns: actors and roles, apps, what became of every asked account, changes, and entries about all."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from threading import Event
from types import MappingProxyType
from typing import TypeAlias

from bot.core.fields import Field
from bot.errors import IMError

Value: TypeAlias = str | int | tuple[str, ...]
"""One field's value as the vendor gave it: text, a number, or names."""
Values: TypeAlias = Mapping[str, Value]
"""One account's profile, friend entry or attributes: values by tag or attribute name, absent when not set."""

NOTHING: Values = MappingProxyType({})
"""A profile with no field set."""
WATCHED = timedelta(days=1)
"""The time for which an unknown outcome is looked into: a profile read later says nothing about it."""


@dataclass(frozen=True, slots=True)
class Actor:
    """The Slack person asking, by the ids of Slack's signed payload."""

    user_id: str
    team_id: str


class Role(StrEnum):
    """A role of an actor; an editor may look up as well."""

    VIEWER = "viewer"
    EDITOR = "editor"


class Membership(StrEnum):
    """A person's membership in the workspace, as Slack reports it."""

    MEMBER = "full member"
    GUEST = "guest"
    STRANGER = "member of another workspace"
    BOT = "bot"
    DEACTIVATED = "deactivated user"


@dataclass(frozen=True, slots=True)
class Grantees:
    """The holders of a role: user ids, user-group ids, or every full member."""

    everyone: bool = False
    people: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class App:
    """One Tencent Chat app as people know it; the admin is the account that the bot acts as."""

    name: str
    region: str
    custom: tuple[Field, ...] = ()
    admin: str = ""


@dataclass(frozen=True, slots=True)
class Deadline:
    """The moment after which nobody waits for a command's answer any more.

    Args:
        at: The moment (monotonic seconds).
        stopped: Set when nobody waits any more although the moment has not come.
    """

    at: float
    stopped: Event = field(default_factory=Event, repr=False, compare=False)

    @classmethod
    def after(cls, seconds: float) -> "Deadline":
        """Set a deadline that many seconds from now."""
        return cls(time.monotonic() + seconds)

    def within(self, seconds: float) -> "Deadline":
        """Set one that many seconds from now, but not after this one."""
        return Deadline(min(self.at, time.monotonic() + seconds), self.stopped)

    def left(self) -> float:
        """Tell how many seconds remain; zero or less when it has passed or was stopped."""
        return 0.0 if self.stopped.is_set() else self.at - time.monotonic()

    def pause(self, seconds: float) -> bool:
        """Sleep; False, and at once, when the deadline is stopped."""
        return not self.stopped.wait(seconds)


class LookupStatus(StrEnum):
    """The result of a lookup for one account."""

    FOUND = "found"
    NOT_A_FRIEND = "not a friend"
    NOT_IMPORTED = "not imported"
    FAILED = "failed"
    NOT_ASKED = "not asked"


UNANSWERED = frozenset({LookupStatus.FAILED, LookupStatus.NOT_ASKED})
"""The statuses of accounts that another try may find."""


@dataclass(frozen=True, slots=True)
class AccountResult:
    """The result for one account: its values when found, the problem when there was one."""

    account: str
    status: LookupStatus
    values: Values = field(default_factory=lambda: NOTHING)
    problem: IMError | None = None


class Surface(StrEnum):
    """The place in Slack that a request came from; the bot is its own surface when it reconciles changes.

    A message is a mention of the bot, or a direct message to it.
    """

    COMMAND = "command"
    BUTTON = "button"
    FORM = "form"
    MESSAGE = "message"
    BOT = "bot"


class Outcome(StrEnum):
    """The outcome of a lookup or of a step of a change.

    A lookup is answered, failed, or cancelled before all of it was answered. A change goes from proposed to
    cancelled, or from proposed over attempted to succeeded, failed or unknown; an unknown one becomes
    succeeded or failed when that can be told.
    """

    PROPOSED = "proposed"
    ATTEMPTED = "attempted"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    UNKNOWN = "unknown"
    CANCELLED = "cancelled"
    DENIED = "denied"
    ANSWERED = "answered"


MOVES: Mapping[Outcome, frozenset[Outcome]] = MappingProxyType(
    {
        Outcome.PROPOSED: frozenset({Outcome.ATTEMPTED, Outcome.CANCELLED}),
        Outcome.ATTEMPTED: frozenset({Outcome.SUCCEEDED, Outcome.FAILED, Outcome.UNKNOWN}),
        Outcome.UNKNOWN: frozenset({Outcome.SUCCEEDED, Outcome.FAILED}),
    }
)
"""To which outcomes a change can go from each; from all others it goes nowhere."""


@dataclass(frozen=True, slots=True)
class Change:
    """One change of one account's profile, bound to exactly the difference its actor was shown.

    Args:
        id: Opaque and random; what buttons carry and people type after undo.
        actor: Who proposed it, and alone may confirm it.
        app: The app's name.
        account: Whose profile.
        before: The fields' values when it was proposed, by tag; absent when not set.
        after: The values to write, by tag; an empty text or 0 clears.
        reason: Why, in the actor's words; may be empty.
        proposed_at: When (UTC).
        undoes: The id of the change whose before-values it restores; empty for others.
        outcome: How far it has come.
    """

    id: str
    actor: Actor
    app: str
    account: str
    before: Values
    after: Values
    reason: str
    proposed_at: datetime
    undoes: str = ""
    outcome: Outcome = Outcome.PROPOSED


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """The content of an entry, before the record gives it its place.

    Args:
        actor: Who did it.
        surface: Where they did it.
        app: The app's name.
        command: The command's word, such as `profile`, `set` or `undo`.
        accounts: Which accounts it was about.
        outcome: How far it came.
        reason: Why, in the actor's words.
        problem: Why it was denied or failed, in ours.
        before: For changes alone: the values before, by tag.
        after: For changes alone: the values written or to be written, by tag.
        change_id: The change it is about; empty for others.
    """

    actor: Actor
    surface: Surface
    app: str
    command: str
    accounts: tuple[str, ...]
    outcome: Outcome
    reason: str = ""
    problem: str = ""
    before: Values = field(default_factory=lambda: NOTHING)
    after: Values = field(default_factory=lambda: NOTHING)
    change_id: str = ""


@dataclass(frozen=True, slots=True)
class Head:
    """The newest entry of the record, which by its hash stands for all before it.

    Args:
        sequence: Its number; 0 before the first.
        hash: Its hash, in hex; 64 zeros before the first.
    """

    sequence: int
    hash: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the record, chained to the one before it.

    Args:
        sequence: Its place, counted from 1 without a gap.
        at: When it was recorded (UTC, whole microseconds).
        event: What it records.
        previous: The hash of the entry before; 64 zeros for the first.
        hash: SHA-256 over its canonical JSON, in hex.
    """

    sequence: int
    at: datetime
    event: AuditEvent
    previous: str
    hash: str


@dataclass(frozen=True, slots=True)
class AlteredEntry:
    """An entry that is in the record, but not as it was written; nothing that it says can be believed."""

    sequence: int
