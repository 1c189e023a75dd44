"""The results of commands."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TypeAlias

from bot.core.commands import LookupCommand, SearchRecord, ShowHistory, Spec
from bot.core.fields import Field
from bot.core.ids import fits
from bot.core.model import (
    NOTHING,
    UNANSWERED,
    AccountResult,
    Actor,
    AlteredEntry,
    App,
    Change,
    Entry,
    EntryKind,
    Grantees,
    LookupStatus,
    RecordQuery,
    Role,
    Value,
    Values,
)
from bot.errors import AuthenticationError, BotError, IMError, RateLimitedError, UnavailableError

_NOT_THROUGH = (UnavailableError, RateLimitedError, AuthenticationError)
"""The errors that say nothing about the account."""


@dataclass(frozen=True, slots=True)
class Drift:
    """A field whose value is no longer what this bot wrote last: the actor and the time of that (UTC)."""

    field: Field
    actor: Actor
    at: datetime


@dataclass(frozen=True, slots=True)
class Lookup:
    """The answer to a lookup: one row for each account, in the order asked.

    Args:
        command: The command.
        rows: The results.
        recorded: Whether it was recorded; None if unknown.
        earlier: The answer, without values, that this one refreshes in part; None if it is a new lookup.
        cancelled: Whether it was cancelled, so that some accounts were not read.
        drift: The fields of an only profile that were overwritten outside this bot.
    """

    command: LookupCommand
    rows: tuple[AccountResult, ...]
    recorded: bool | None = True
    earlier: "Lookup | None" = None
    cancelled: bool = False
    drift: tuple[Drift, ...] = ()

    @property
    def answer(self) -> "Lookup":
        """The answer behind pages, files and buttons: the earlier one, or this."""
        return self.earlier or self

    def count(self) -> Mapping[LookupStatus, int]:
        """Count the rows by status, in the order of LookupStatus, without zeros."""
        counts = {status: sum(row.status is status for row in self.rows) for status in LookupStatus}
        return {status: number for status, number in counts.items() if number}

    def latest(self) -> tuple[AccountResult, ...]:
        """List the latest result for every account of the answer."""
        if self.earlier is None:
            return self.rows
        again = {row.account: row for row in self.rows}
        return tuple(again.get(row.account, row) for row in self.earlier.rows)

    def unanswered(self) -> tuple[str, ...]:
        """List the accounts that a retry may find."""
        return tuple(row.account for row in self.latest() if row.status in UNANSWERED and fits(row.account))

    @property
    def is_unanswered(self) -> bool:
        """Whether nothing is known of any account: each failed for a reason not its own, or was not asked."""
        asked = [row for row in self.rows if fits(row.account)]
        return bool(asked) and all(isinstance(row.problem, _NOT_THROUGH) for row in asked)

    def is_unread(self, row: AccountResult) -> bool:
        """Check whether an account was not read because the lookup was cancelled."""
        return self.answer.cancelled and row.status is LookupStatus.NOT_ASKED and fits(row.account)

    def narrow(self, accounts: Collection[str]) -> "Lookup":
        """Return the part of an answer about some of its accounts."""
        rows = tuple(row for row in self.rows if row.account in accounts)
        command = replace(self.command, accounts=tuple(row.account for row in rows))
        return replace(self, command=command, rows=rows)

    def without_values(self) -> "Lookup":
        """Return the answer without values and log details, to be kept; equal problems share one error."""
        if self.earlier:
            return self.earlier
        problems: dict[tuple[object, ...], IMError] = {}
        rows = (
            replace(
                row,
                # Of an account that is no friend, only whether it lists the owner.
                values=NOTHING if row.status is LookupStatus.FOUND else row.values,
                problem=_keep(row.problem, problems),
            )
            for row in self.rows
        )
        return Lookup(self.command, tuple(rows), self.recorded, cancelled=self.cancelled)


def _keep(problem: IMError | None, problems: dict[tuple[object, ...], IMError]) -> IMError | None:
    if problem is None:
        return None
    kind, words = type(problem), str(problem)
    kept = kind(words, code=problem.code, advice=problem.advice)
    return problems.setdefault((kind, words, problem.code, problem.advice), kept)


@dataclass(frozen=True, slots=True)
class RoleReport:
    """The actor's role, its source, and the holders of both roles.

    Args:
        role: The actor's role; None if they have none.
        reason: The rule that grants the role, or refuses.
        viewers: The viewers.
        editors: The editors.
    """

    role: Role | None
    reason: str
    viewers: Grantees
    editors: Grantees


@dataclass(frozen=True, slots=True)
class Recent:
    """A recent entry of the actor.

    Args:
        entry: The entry.
        again: The entry's lookup, to repeat it; None if it is not one, or its app is gone.
        about: The history of the entry's account; None if it has several, or none.
        can_be_undone: Whether it is a change that succeeded, and that the actor has not undone.
    """

    entry: Entry
    again: LookupCommand | None
    about: ShowHistory | None = None
    can_be_undone: bool = False


@dataclass(frozen=True, slots=True)
class Start:
    """The start: the actor's role, the apps, and the accounts looked up most recently.

    Args:
        report: The actor's role.
        apps: All apps, the default one first.
        recent: A lookup for each recent account, the latest first.
        problem: The reason why the record could not be read; empty if it could.
    """

    report: RoleReport
    apps: tuple[App, ...]
    recent: tuple[LookupCommand, ...] = ()
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Home:
    """The Home of one person.

    Args:
        report: Their role.
        apps: All apps, the default one first.
        recent: Their recent entries, the latest first.
        waiting: An editor's changes to confirm, the oldest first.
        problem: The reason why the record could not be read; empty if it could.
    """

    report: RoleReport
    apps: tuple[App, ...]
    recent: tuple[Recent, ...] = ()
    waiting: tuple[Change, ...] = ()
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Withheld:
    """A command that the actor may not run, and the people who may."""

    spec: Spec
    holders: Grantees


@dataclass(frozen=True, slots=True)
class Help:
    """The commands the actor may run, or one of them with its examples; and all the apps.

    Args:
        specs: The commands they may run.
        topic: The command to explain; None for the list.
        apps: All apps.
        withheld: The command they asked about, if they may not run it.
        full: Whether to list every command with its usage, instead of one example of each group.
    """

    specs: tuple[Spec, ...]
    topic: Spec | None
    apps: tuple[App, ...]
    withheld: Withheld | None = None
    full: bool = False


@dataclass(frozen=True, slots=True)
class Origin:
    """The person who changed a field, and how long ago."""

    actor: Actor
    ago: timedelta


@dataclass(frozen=True, slots=True)
class LaterChange:
    """A field that changed after a preview or a change.

    Args:
        field: The field.
        before: The value before; None if not set.
        now: The current value, or one that may yet be written; None if not set.
        origin: The change through this bot; None if there was none.
        is_outside: Whether it changed outside this bot, as far as the record knows.
    """

    field: Field
    before: Value | None
    now: Value | None
    origin: Origin | None = None
    is_outside: bool = True


@dataclass(frozen=True, slots=True)
class Overwritten:
    """The later changes that an undo would overwrite; nothing is sent."""

    app: App
    change: Change
    later: tuple[LaterChange, ...]


@dataclass(frozen=True, slots=True)
class Preview:
    """A proposed change, to be confirmed or cancelled.

    Args:
        app: The app.
        change: The change, bound to what is shown.
        later: The fields that changed after an earlier preview, which this one replaces.
        nick: The account's nickname, which exposes a wrong id; empty if it has none or was not read.
        problem: The reason why the last try to confirm it sent nothing; None before the first.
    """

    app: App
    change: Change
    later: tuple[LaterChange, ...] = ()
    nick: str = ""
    problem: BotError | None = None


@dataclass(frozen=True, slots=True)
class Unchanged:
    """No change: every field has the requested value already; nothing is sent."""

    app: App
    account: str
    values: Values


@dataclass(frozen=True, slots=True)
class Settled:
    """The outcome of a change: succeeded, failed, unknown or cancelled.

    Args:
        app: The app.
        change: The change, with its outcome.
        entry: The entry of the outcome.
        problem: The reason for a failed or unknown outcome, or the refusal of a change that succeeded all the
            same; None otherwise.
        saved: The fields that have the new values although it failed; None if they could not be read.
    """

    app: App
    change: Change
    entry: Entry
    problem: IMError | None = None
    saved: tuple[Field, ...] | None = ()


@dataclass(frozen=True, slots=True)
class Form:
    """One account's current values, to be edited.

    Args:
        app: The app.
        account: The account.
        values: The current values, by tag.
    """

    app: App
    account: str
    values: Values


@dataclass(frozen=True, slots=True)
class History:
    """The entries about one account, newest first.

    Args:
        app: The app.
        account: The account.
        entries: One page of them, with only the latest of each change.
        older: The command for the next page; None on the last.
        newer: The command for the page before; None on the first.
        with_values: Whether the actor may see the values of changes.
        kind: The only kind of entry shown; None if all are.
        posts: The channel and time stamp of the audit channel's message of entries, by their numbers.
        fields: The fields whose changes alone are shown; empty if all entries are.
    """

    app: App
    account: str
    entries: tuple[Entry | AlteredEntry, ...]
    older: ShowHistory | None
    with_values: bool
    newer: ShowHistory | None = None
    kind: EntryKind | None = None
    posts: Mapping[int, tuple[str, str]] = field(default_factory=dict)
    fields: tuple[Field, ...] = ()


ChangeResult: TypeAlias = Preview | Unchanged | Overwritten | Settled
"""Any result of a step of a change."""


@dataclass(frozen=True, slots=True)
class RecordPage:
    """The entries of a change, a number or a person, newest first.

    Args:
        query: What was searched for.
        apps: All apps by name.
        entries: One page of them.
        older: The command for the next page; None on the last.
        with_values: Whether the actor may see the values of changes.
        newer: The command for the page before; None on the first.
        posts: The channel and time stamp of the audit channel's message of entries, by their numbers.
    """

    query: RecordQuery
    apps: Mapping[str, App]
    entries: tuple[Entry | AlteredEntry, ...]
    older: SearchRecord | None
    with_values: bool
    newer: SearchRecord | None = None
    posts: Mapping[int, tuple[str, str]] = field(default_factory=dict)


Result: TypeAlias = Lookup | ChangeResult | Form | History | RecordPage | Start | RoleReport | Help
"""Any result of a command that does not raise a BotError."""
