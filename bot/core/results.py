"""The results of commands."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from bot.core.commands import LookupCommand, ShowHistory, Spec
from bot.core.ids import fits
from bot.core.model import (
    NOTHING,
    UNANSWERED,
    AccountResult,
    AlteredEntry,
    App,
    Change,
    Entry,
    Grantees,
    LookupStatus,
    Role,
    Values,
)
from bot.errors import IMError


@dataclass(frozen=True, slots=True)
class Lookup:
    """The answer to a lookup: one row for each asked account, each once, in the order asked.

    Args:
        command: What was asked.
        rows: What became of every account.
        seconds: How long it took.
        recorded: Whether the record says that it was asked; None when that is not known.
        earlier: The answer, without values, that some of the accounts it found were asked about again for;
            None where nothing was found before.
    """

    command: LookupCommand
    rows: tuple[AccountResult, ...]
    seconds: float
    recorded: bool | None = True
    earlier: "Lookup | None" = None

    @property
    def answer(self) -> "Lookup":
        """The answer that pages, files and buttons are about: the earlier one, or this."""
        return self.earlier or self

    def count(self) -> Mapping[LookupStatus, int]:
        """Count the rows by what became of them, in the order of LookupStatus, without zeros."""
        counts = {status: sum(row.status is status for row in self.rows) for status in LookupStatus}
        return {status: number for status, number in counts.items() if number}

    def latest(self) -> tuple[AccountResult, ...]:
        """List every account of the answer with the latest that is known of it."""
        if self.earlier is None:
            return self.rows
        again = {row.account: row for row in self.rows}
        return tuple(again.get(row.account, row) for row in self.earlier.rows)

    def unanswered(self) -> tuple[str, ...]:
        """List the accounts that are worth asking about again."""
        return tuple(row.account for row in self.latest() if row.status in UNANSWERED and fits(row.account))

    def narrow(self, accounts: Collection[str]) -> "Lookup":
        """Take the part of an answer that is about some of its accounts."""
        rows = tuple(row for row in self.rows if row.account in accounts)
        command = replace(self.command, accounts=tuple(row.account for row in rows))
        return replace(self, command=command, rows=rows)

    def without_values(self) -> "Lookup":
        """Make what may be kept of the answer: what became of each account, and why.

        Equal problems become one, without what only a log or a traceback is to say.
        """
        if self.earlier:
            return self.earlier
        problems: dict[tuple[object, ...], IMError] = {}
        rows = (
            AccountResult(row.account, row.status, problem=_keep(row.problem, problems)) for row in self.rows
        )
        return Lookup(self.command, tuple(rows), self.seconds, self.recorded)


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
        role: The actor's role; None when they have none.
        reason: Where the role comes from, or the rule that refused.
        viewers: Who may look up.
        editors: Who may change.
    """

    role: Role | None
    reason: str
    viewers: Grantees
    editors: Grantees


@dataclass(frozen=True, slots=True)
class Recent:
    """A recent entry of the actor.

    Args:
        entry: What the record says of it.
        again: The lookup that asks the same once more; None where it was none, or its app is no more.
        about: The history of the one account it was about; None where there were others, or none.
    """

    entry: Entry
    again: LookupCommand | None
    about: ShowHistory | None = None


@dataclass(frozen=True, slots=True)
class Start:
    """The start: the actor's role, the apps, and the accounts looked up most recently.

    Args:
        report: The actor's role.
        apps: All the apps, the one asked by default first.
        recent: A lookup for each account they looked up, the latest first.
        problem: Why the record could not be read; empty when it could.
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
        apps: All the apps, the one asked by default first.
        recent: Their recent entries, the latest first.
        waiting: Their changes that wait to be confirmed, the oldest first; for editors alone.
        problem: Why the record could not be read; empty when it could.
    """

    report: RoleReport
    apps: tuple[App, ...]
    recent: tuple[Recent, ...] = ()
    waiting: tuple[Change, ...] = ()
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Withheld:
    """A command that the actor may not run, and who may."""

    spec: Spec
    holders: Grantees


@dataclass(frozen=True, slots=True)
class Help:
    """The commands the actor may run, or one of them with its examples; and all the apps.

    Args:
        specs: The commands they may run.
        topic: The one that is explained; None explains none.
        apps: All the apps.
        withheld: The one they asked about, where they may not run it.
    """

    specs: tuple[Spec, ...]
    topic: Spec | None
    apps: tuple[App, ...]
    withheld: Withheld | None = None


@dataclass(frozen=True, slots=True)
class Preview:
    """A proposed change, to be confirmed or cancelled.

    Args:
        app: Where.
        change: What, bound to the difference shown.
        moved: Whether the profile changed since an earlier preview, which this one replaces.
        kept: The values asked for that the profile has already, by tag.
        nick: The account's nickname, by which a wrong id is noticed; empty when it has none or was not read.
    """

    app: App
    change: Change
    moved: bool = False
    kept: Values = field(default_factory=lambda: NOTHING)
    nick: str = ""


@dataclass(frozen=True, slots=True)
class Unchanged:
    """Every field is already what it was to become; nothing is sent."""

    app: App
    account: str
    values: Values


@dataclass(frozen=True, slots=True)
class Settled:
    """The outcome of a change: succeeded, failed, unknown or cancelled.

    Args:
        app: Where.
        change: What, with its outcome.
        entry: The entry that says so.
        problem: Why it failed or is unknown; None otherwise.
    """

    app: App
    change: Change
    entry: Entry
    problem: IMError | None = None


@dataclass(frozen=True, slots=True)
class Form:
    """One account's current values, to be edited.

    Args:
        app: Where.
        account: Whose.
        values: The current values, by tag.
    """

    app: App
    account: str
    values: Values


@dataclass(frozen=True, slots=True)
class History:
    """The entries about one account, the newest first.

    Args:
        app: Where.
        account: Whose.
        entries: One page of them; of a change the latest alone.
        older: What asks for the next page; None when there is none.
        newer: What asks for the page before; None on the first.
        with_values: Whether the actor may see the values of changes.
    """

    app: App
    account: str
    entries: tuple[Entry | AlteredEntry, ...]
    older: ShowHistory | None
    with_values: bool
    newer: ShowHistory | None = None


Result: TypeAlias = Lookup | Preview | Unchanged | Settled | Form | History | Start | RoleReport | Help
"""Anything a command can come to, when it does not end in a BotError."""
