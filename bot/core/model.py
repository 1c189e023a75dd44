"""The domain model: actors, roles, apps, account results, changes and audit entries."""

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
"""The time in which reading the profile can settle an unknown outcome."""


TERMINAL = "terminal:"
"""The beginning of the id of an actor in a terminal: the name that they gave follows."""


@dataclass(frozen=True, slots=True)
class Actor:
    """A person in Slack, by the ids of a signed payload; or in a terminal, by a name.

    Args:
        user_id: The person's id, by which actors are compared.
        team_id: A workspace of theirs; payloads name different ones of a person with several. Empty for a
            person in a terminal.
    """

    user_id: str
    team_id: str = field(compare=False)

    @classmethod
    def in_terminal(cls, name: str) -> "Actor":
        """Make the actor of a terminal."""
        return cls(f"{TERMINAL}{name}", "")

    @property
    def is_in_terminal(self) -> bool:
        """Whether this is a person in a terminal, whose name nobody has verified."""
        return self.user_id.startswith(TERMINAL)


class Role(StrEnum):
    """A role; an editor may also look up."""

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
class Preset:
    """A named set of values to write; an empty text or 0 clears."""

    name: str
    values: tuple[tuple[Field, Value], ...]


@dataclass(frozen=True, slots=True)
class App:
    """A Tencent Chat app.

    Args:
        name: Its name in commands.
        region: Its data center, as shown to people.
        custom: Its own profile fields.
        admin: The account that the bot acts as.
        others: The names of the other apps, where an account may be instead.
        presets: The named sets of values that editors can write.
    """

    name: str
    region: str
    custom: tuple[Field, ...] = ()
    admin: str = ""
    others: tuple[str, ...] = ()
    presets: tuple[Preset, ...] = ()


def find_app(name: str, apps: Mapping[str, App]) -> App:
    """Find the app of an entry or a change, which may be in the settings no more."""
    return apps.get(name, App(name, ""))


@dataclass(frozen=True, slots=True)
class Deadline:
    """The time limit of a command, which a cancel may bring forward.

    Args:
        at: The limit (monotonic seconds).
        stopped: Set when the command is cancelled.
        bulk: Whether it is a big job, whose calls yield to those of commands.
    """

    at: float
    stopped: Event = field(default_factory=Event, repr=False, compare=False)
    bulk: bool = False

    @classmethod
    def after(cls, seconds: float) -> "Deadline":
        """Return a deadline that many seconds from now."""
        return cls(time.monotonic() + seconds)

    def within(self, seconds: float) -> "Deadline":
        """Return an earlier deadline, that many seconds from now, or this one's limit."""
        return Deadline(min(self.at, time.monotonic() + seconds), self.stopped, self.bulk)

    def left(self) -> float:
        """Return the remaining seconds; zero or less when passed or stopped."""
        return 0.0 if self.stopped.is_set() else self.at - time.monotonic()

    def pause(self, seconds: float) -> bool:
        """Sleep; return False at once when stopped."""
        return not self.stopped.wait(seconds)


class LookupStatus(StrEnum):
    """The result of a lookup for one account."""

    FOUND = "found"
    NOT_A_FRIEND = "not a friend"
    NOT_IMPORTED = "not imported"
    FAILED = "failed"
    NOT_ASKED = "not asked"


UNANSWERED = frozenset({LookupStatus.FAILED, LookupStatus.NOT_ASKED})
"""The statuses of accounts that a retry may find."""


@dataclass(frozen=True, slots=True)
class AccountResult:
    """The result for one account: its values if found, the problem if there was one."""

    account: str
    status: LookupStatus
    values: Values = field(default_factory=lambda: NOTHING)
    problem: IMError | None = None


class Surface(StrEnum):
    """The origin of a request in Slack; a terminal; the bot itself when it reconciles changes.

    A message is a mention of the bot, or a direct message to it. A file is one of ids, sent to the bot.
    """

    COMMAND = "command"
    BUTTON = "button"
    FORM = "form"
    MESSAGE = "message"
    FILE = "file"
    TERMINAL = "terminal"
    BOT = "bot"


class Outcome(StrEnum):
    """The outcome of a lookup or of a step of a change.

    A lookup is answered, shared, exported, failed or cancelled. A change goes from proposed to cancelled, or
    from proposed through attempted to succeeded, failed or unknown. An unknown one may later become succeeded
    or failed.
    """

    PROPOSED = "proposed"
    ATTEMPTED = "attempted"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    UNKNOWN = "unknown"
    CANCELLED = "cancelled"
    DENIED = "denied"
    ANSWERED = "answered"
    SHARED = "shared"
    EXPORTED = "exported"


class EntryKind(StrEnum):
    """A kind of entry, to filter by: steps of changes, everything asked about accounts, and refusals."""

    CHANGES = "changes"
    LOOKUPS = "lookups"
    REFUSALS = "refusals"


MOVES: Mapping[Outcome, frozenset[Outcome]] = MappingProxyType(
    {
        Outcome.PROPOSED: frozenset({Outcome.ATTEMPTED, Outcome.CANCELLED}),
        Outcome.ATTEMPTED: frozenset({Outcome.SUCCEEDED, Outcome.FAILED, Outcome.UNKNOWN}),
        Outcome.UNKNOWN: frozenset({Outcome.SUCCEEDED, Outcome.FAILED}),
    }
)
"""The possible next outcomes of a change, by outcome; the others are final."""
WRITES = frozenset({Outcome.ATTEMPTED, Outcome.SUCCEEDED, Outcome.UNKNOWN})
"""The outcomes of a change that has written its fields, or may have."""


@dataclass(frozen=True, slots=True)
class Change:
    """A change of one account's profile, bound to exactly what was shown to its actor.

    Args:
        id: The opaque, random id, which buttons carry and people type after undo.
        actor: The person who proposed it, and alone may confirm it.
        app: The app's name.
        account: The account.
        before: The fields' values when it was proposed, by tag; absent if not set.
        after: The values to write, by tag; an empty text or 0 clears.
        reason: The actor's reason; may be empty.
        proposed_at: The time of the proposal (UTC).
        undoes: The id of the change that it undoes; empty if none.
        outcome: The outcome so far.
        kept: The requested values that the profile had already, by tag; they are not written.
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
    kept: Values = field(default_factory=lambda: NOTHING)


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """The content of an entry that is not yet in the record.

    Args:
        actor: The person.
        surface: The surface that they used.
        app: The app's name.
        command: The command's word, such as `profile`, `set` or `undo`.
        accounts: The accounts.
        outcome: The outcome.
        reason: The actor's reason.
        problem: The bot's reason for a refusal or failure.
        before: A change's values before, by tag.
        after: A change's values after, by tag.
        change_id: The change's id; empty if it is about none.
        channel: The channel that a lookup's answer was for; empty if only the actor sees it.
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
    channel: str = ""


@dataclass(frozen=True, slots=True)
class Head:
    """The newest entry of the record; its hash covers all before it.

    Args:
        sequence: Its number; 0 before the first.
        hash: Its hash, in hex; 64 zeros before the first.
    """

    sequence: int
    hash: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the record, chained to the one before it.

    Args:
        sequence: Its number, counted from 1 without a gap.
        at: The time of recording (UTC, whole microseconds).
        event: Its content.
        previous: The hash of the entry before; 64 zeros for the first.
        hash: SHA-256 over its canonical JSON, in hex.
    """

    sequence: int
    at: datetime
    event: AuditEvent
    previous: str
    hash: str


@dataclass(frozen=True, slots=True)
class Post:
    """A message in the audit channel.

    Args:
        channel: The channel's id.
        ts: The message's time stamp.
        seal: Proof that the bot posted these entries in it.
        sequences: The numbers of its entries, in order.
    """

    channel: str
    ts: str
    seal: str
    sequences: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class SavedState:
    """State that is kept beside the record for a while, and found by its id.

    Args:
        id: An opaque id.
        owner: The user id of the person it belongs to.
        content: Its content, as JSON.
    """

    id: str
    owner: str
    content: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class AlteredEntry:
    """An entry that was altered in the record; its content cannot be trusted."""

    sequence: int


@dataclass(frozen=True, slots=True)
class OutdatedPost:
    """An undone change, and the message that does not say so yet.

    Args:
        change: The key of the undone change.
        undo: The number of the undo's entry.
        post: The message; None if the change was never posted.
        entries: The message's entries, in order.
        undone: The entry of the latest undo, by the id of each undone change of the message.
    """

    change: str
    undo: int
    post: Post | None = None
    entries: tuple[Entry | AlteredEntry, ...] = ()
    undone: Mapping[str, Entry] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RecordQuery:
    """A search of the record; what is given narrows it.

    Args:
        account: The account; its app must be given, too.
        app: The app's name.
        person: The actor.
        change: The change's id.
        entry: The entry's number.
        kind: The kind of entry.
        reason: Words of the reason, in any order and case.
        since: The earliest time (UTC).
        until: The time (UTC) before which it was recorded.
        fields: Tags of profile fields, one of which a change wrote or may have written.
    """

    account: str = ""
    app: str = ""
    person: Actor | None = None
    change: str = ""
    entry: int | None = None
    kind: EntryKind | None = None
    reason: str = ""
    since: datetime | None = None
    until: datetime | None = None
    fields: tuple[str, ...] = ()

    @property
    def is_search(self) -> bool:
        """Whether it may find entries about any account: neither a change nor an entry is named."""
        return not self.change and self.entry is None


@dataclass(frozen=True, slots=True)
class Found:
    """Entries found by a search of the record, newest first.

    Args:
        entries: The entries.
        searched_to: The number of the oldest entry looked at; None if there is none before it.
    """

    entries: tuple[Entry | AlteredEntry, ...]
    searched_to: int | None = None
