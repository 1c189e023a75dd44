"""The one path of every command: parse, check, use case, result."""

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

from bot.core import policy
from bot.core.changes import journal
from bot.core.changes.service import Changes
from bot.core.commands import (
    SPECS,
    WORDS,
    Command,
    LookupCommand,
    SearchRecord,
    ShowHistory,
)
from bot.core.fields import CUSTOM_PROFILE, PROFILE_FIELDS
from bot.core.ids import fits
from bot.core.limits import NO_LIMITS, LookupLimits
from bot.core.lookups.job import LookupJob
from bot.core.model import (
    MOVES,
    Actor,
    AlteredEntry,
    AuditEvent,
    Entry,
    Found,
    LookupStatus,
    Outcome,
    RecordQuery,
    Role,
    Surface,
)
from bot.core.overview import make_home, make_start
from bot.core.parsing.command_line import Apps, parse
from bot.core.policy import Rules
from bot.core.ports import IM, People, Record
from bot.core.results import Help, History, Home, Lookup, RecordPage, RoleReport, Start, Withheld
from bot.errors import AuditError, ExpiredError, LimitError, PermissionDeniedError, UsageError

T = TypeVar("T", ShowHistory, SearchRecord)

HISTORY_PAGE = 20
"""The most entries of a history shown at once."""
SEARCH_PAGE = 50
"""The most entries that a search shows at once, each in one line."""
_STEPS = 3
"""The usual number of entries of a change."""

_NEEDS = {spec.word: spec.needs for spec in SPECS.values() if spec.needs is not None}


@dataclass(frozen=True, slots=True)
class Services:
    """The use cases of the bot, for every surface.

    Args:
        apps: The configured apps.
        ims: The vendor's clients, by the app's name.
        rules: The grantees of each role.
        people: The members and groups of the workspace.
        pool: Runs the calls of a lookup in parallel.
        record: The record of all requests.
        changes: The use cases that write; their buttons call it directly.
        limits: The limits of one person's lookups.
    """

    apps: Apps
    ims: Mapping[str, IM]
    rules: Rules
    people: People
    pool: Executor
    record: Record
    changes: Changes
    limits: LookupLimits = NO_LIMITS

    def read(self, actor: Actor, text: str, surface: Surface = Surface.COMMAND) -> Command:
        """Parse typed text.

        Raises:
            PermissionDeniedError: The text is not valid, and the actor may not run its command anyway.
            UsageError: The text is not valid.
        """
        try:
            return parse(text, self.apps)
        except UsageError as error:
            if error.command:
                self.allow(actor, error.command, surface, error.app, error.accounts)
            raise

    def allow(
        self, actor: Actor, word: str, surface: Surface, app: str = "", accounts: tuple[str, ...] = ()
    ) -> None:
        """Check that an actor may run a command, before showing a form for it.

        Args:
            actor: The actor.
            word: The command's word.
            surface: The surface of the request.
            app: The app's name, if known.
            accounts: The accounts, if known.

        Raises:
            PermissionDeniedError: They may not; the refusal is recorded.
        """
        needs = SPECS[word].needs
        if needs is not None:
            check = self.changes.check if needs is Role.EDITOR else partial(self._check, role=needs)
            check(AuditEvent(actor, surface, app, word, accounts, Outcome.DENIED))

    def admit(self, actor: Actor, word: str, surface: Surface) -> None:
        """Check that an actor may at least look up, before reading the rest of their message.

        Args:
            actor: The author.
            word: The command's word.
            surface: The surface of the request.

        Raises:
            PermissionDeniedError: They may not; the refusal is recorded, without accounts.
        """
        if SPECS[word].needs is None:
            return
        try:
            policy.check(actor, Role.VIEWER, self.rules, self.people)
        except PermissionDeniedError:
            self.allow(actor, word, surface)

    def begin(self, actor: Actor, command: LookupCommand, surface: Surface = Surface.COMMAND) -> LookupJob:
        """Check the actor's role, and make a lookup job to run, watch and cancel.

        Raises:
            PermissionDeniedError: The actor may not look up; nothing was sent.
        """
        return self._begin(actor, command, surface)

    def renew(self, actor: Actor, answer: Lookup, part: Collection[str], surface: Surface) -> LookupJob:
        """Check the actor's role, and make a lookup job that refreshes a part of an answer.

        It looks up the found accounts of the part; without any, it only records the others as shown again.

        Raises:
            PermissionDeniedError: The actor may not look up; nothing was sent.
        """
        rows = answer.narrow(part).rows
        found = tuple(row.account for row in rows if row.status is LookupStatus.FOUND)
        command = replace(answer.command, accounts=found)
        return self._begin(actor, command, surface, answer, tuple(row.account for row in rows))

    def _begin(
        self,
        actor: Actor,
        command: LookupCommand,
        surface: Surface,
        earlier: Lookup | None = None,
        shown: tuple[str, ...] = (),
    ) -> LookupJob:
        begun = time.monotonic()
        owner = [command.owner] if command.kind.has_owner else []
        accounts = tuple(filter(fits, dict.fromkeys([*owner, *(command.accounts or shown)])))
        word = command.kind.word
        asked = AuditEvent(actor, surface, command.app.name, word, accounts, Outcome.ANSWERED)
        self._check(asked, _NEEDS[word])
        spend = partial(self.spend, asked, sum(map(fits, command.accounts)))
        im = self.ims[command.app.name]
        return LookupJob(
            command, asked, im, self.pool, self.record, spend=spend, earlier=earlier, begun=begun
        )

    def spend(self, asked: AuditEvent, ids: int) -> None:
        """Count ids that a person is about to look up.

        Raises:
            LimitError: They would be too many in an hour; the refusal is recorded.
        """
        try:
            self.limits.spend(asked.actor, ids)
        except LimitError as refusal:
            journal.deny(self.record, asked, refusal)
            raise

    def show_history(
        self, actor: Actor, command: ShowHistory, surface: Surface = Surface.COMMAND, *, shared_in: str = ""
    ) -> History:
        """Check the actor's role, and read a page of an account's history; only editors see values.

        Args:
            actor: The actor.
            command: The command.
            surface: The surface of the request.
            shared_in: The channel whose members see it; empty if only the actor does.

        Raises:
            PermissionDeniedError: The actor may not look up.
            AuditError: The record cannot be read.
        """
        app, account = command.app, command.account
        only = ", ".join(field.word for field in command.fields)
        asked = AuditEvent(
            actor, surface, app.name, WORDS[ShowHistory], (account,), Outcome.ANSWERED, reason=only
        )
        self._check(asked, _NEEDS[asked.command])
        role, _ = self._role_of(actor)
        page, older, newer = self._turn(command, partial(self._find_entries, command))
        if command.before is None:
            # A read-only record must not prevent the answer.
            with suppress(AuditError):
                self.record.add(_share(asked, shared_in))
        is_editor = role is Role.EDITOR
        posts = self._find_posts(page) if is_editor else {}
        return History(app, account, page, older, is_editor, newer, command.kind, posts, command.fields)

    def search(
        self, actor: Actor, command: SearchRecord, surface: Surface = Surface.COMMAND, *, shared_in: str = ""
    ) -> RecordPage | History:
        """Check the actor's role, and find the entries of a change, a number or a person.

        Only editors see values, and what a person did.

        Args:
            actor: The actor.
            command: The command.
            surface: The surface of the request.
            shared_in: The channel whose members see it; empty if only the actor does.

        Raises:
            PermissionDeniedError: The actor may not see them.
            AuditError: The record cannot be read.
        """
        query = command.query
        asked = AuditEvent(actor, surface, query.app, WORDS[ShowHistory], (), Outcome.ANSWERED)
        if query.person and query.person.user_id == query.account:
            self._check(asked, Role.VIEWER)
            app = self.apps.by_name.get(query.app)
            if app and self.record.list_history(app.name, query.account, None, 1):
                return self.show_history(actor, ShowHistory(app, query.account), surface, shared_in=shared_in)
            query, asked = replace(query, account="", app=""), replace(asked, app="")
        if query.person and not query.person.is_in_terminal:
            query = replace(query, person=replace(query.person, team_id=actor.team_id))
        size = SEARCH_PAGE if query.is_search else HISTORY_PAGE
        anybody = query.is_search and (query.person or not query.account)
        self._check(asked, Role.EDITOR if anybody else Role.VIEWER)
        steps, then = bool(query.change), query.until is not None
        command, find = replace(command, query=query), partial(self._search, query)
        page, older, newer = self._turn(command, find, size, every_step=steps, as_of_then=then)
        if command.before is None:
            with suppress(AuditError):
                self.record.add(_share(_about(asked, query, page), shared_in))
        is_editor = self._role_of(actor)[0] is Role.EDITOR
        posts = self._find_posts(page) if is_editor else {}
        return RecordPage(query, self.apps.by_name, page, older, is_editor, newer, posts)

    def _find_entries(self, command: ShowHistory, before: int | None, limit: int) -> Found:
        app, account = command.app.name, command.account
        if command.kind or command.fields:
            tags = tuple(field.tag for field in command.fields)
            query = RecordQuery(account, app, kind=command.kind, fields=tags)
            return self.record.search(query, before, limit)
        found = tuple(self.record.list_history(app, account, before, limit))
        return Found(found, found[-1].sequence if len(found) == limit else None)

    def _search(self, query: RecordQuery, before: int | None, limit: int) -> Found:
        return self.record.search(query, before, limit)

    def _find_posts(self, page: Sequence[Entry | AlteredEntry]) -> Mapping[int, tuple[str, str]]:
        return self.record.find_posts([entry.sequence for entry in page])

    def _turn(
        self,
        command: T,
        find: Callable[[int | None, int], Found],
        size: int = HISTORY_PAGE,
        *,
        every_step: bool = False,
        as_of_then: bool = False,
    ) -> tuple[tuple[Entry | AlteredEntry, ...], T | None, T | None]:
        """Return a page of entries, and the commands for the next page and the page before."""
        page, before = self._list_page(
            find, command.before, size, every_step=every_step, as_of_then=as_of_then
        )
        older = newer = None
        if before is not None:
            older = replace(command, before=before, newer=(*command.newer, command.before))
        if command.newer:
            *others, above = command.newer
            newer = replace(command, before=above, newer=tuple(others))
        return page, older, newer

    def _list_page(
        self,
        find: Callable[[int | None, int], Found],
        before: int | None,
        size: int,
        *,
        every_step: bool,
        as_of_then: bool,
    ) -> tuple[tuple[Entry | AlteredEntry, ...], int | None]:
        """Return a page of entries, of each change only the latest, and the next page's bound.

        As of then, the latest is that of the search: what came after its end does not count.
        """
        limit = size * _STEPS + 1
        found = find(before, limit)
        latest = {} if as_of_then else self._find_latest(found.entries)
        page: list[Entry | AlteredEntry] = []
        changes: set[str] = set()
        last = None
        for entry in found.entries:
            change_id = "" if every_step else _change_of(entry)
            if every_step or (change_id not in changes and _says(entry, latest.get(change_id))):
                if len(page) == size:
                    return tuple(page), last
                page.append(entry)
                changes.update({change_id} - {""})
            last = entry.sequence
        return tuple(page), last if len(found.entries) == limit else found.searched_to

    def _find_latest(self, found: Sequence[Entry | AlteredEntry]) -> Mapping[str, Outcome]:
        """Return the outcomes of changes that may have moved since; leave out altered ones."""
        moving = {
            _change_of(each) for each in found if isinstance(each, Entry) and each.event.outcome in MOVES
        }
        return {each.id: each.outcome for each in self.record.find_each(moving)} if moving else {}

    def find_history(self, change_id: str) -> ShowHistory:
        """Return the history of a change's account.

        Raises:
            ExpiredError: There is no such change.
            UsageError: Its app is no longer configured.
            AuditError: The record cannot be read.
        """
        change = self.record.find(change_id)
        if change is None:
            raise ExpiredError("there is no such change in the record")
        return ShowHistory(self.apps.find(change.app), change.account)

    def may_change(self, actor: Actor) -> bool:
        """Check whether to offer changes to an actor; each change checks the role again."""
        return self.changes.audited and self._role_of(actor)[0] is Role.EDITOR

    def start(self, actor: Actor) -> Start:
        """Make an actor's start; needs no role."""
        return make_start(actor, self.report_role(actor), self.apps, self.record)

    def show_home(self, actor: Actor) -> Home:
        """Make an actor's Home; needs no role."""
        return make_home(actor, self.report_role(actor), self.apps, self.record)

    def report_role(self, actor: Actor) -> RoleReport:
        """Report an actor's role and its reason; needs no role."""
        role, reason = self._role_of(actor)
        return RoleReport(role, reason, self.rules.viewers, self.rules.editors)

    def help(self, actor: Actor, topic: str | None, *, full: bool = False) -> Help:
        """Make the help on the commands that an actor may run; needs no role."""
        role, _ = self._role_of(actor)
        may = {None, role, Role.VIEWER} if role else {None}
        specs = tuple(spec for spec in SPECS.values() if spec.needs in may)
        chosen = SPECS[topic] if topic else None
        apps = tuple(self.apps.by_name.values())
        if chosen is None or chosen in specs:
            return Help(specs, chosen, apps, full=full)
        holders = self.rules.editors if chosen.needs is Role.EDITOR else self.rules.viewers
        return Help(specs, None, apps, Withheld(chosen, holders))

    def _check(self, asked: AuditEvent, role: Role) -> None:
        try:
            policy.check(asked.actor, role, self.rules, self.people)
        except PermissionDeniedError as refusal:
            journal.deny(self.record, asked, refusal)
            raise

    def _role_of(self, actor: Actor) -> tuple[Role | None, str]:
        reason = ""
        for role in (Role.EDITOR, Role.VIEWER):
            try:
                return role, policy.check(actor, role, self.rules, self.people)
            except PermissionDeniedError as refusal:
                reason = str(refusal)
        return None, reason


def _share(asked: AuditEvent, channel: str) -> AuditEvent:
    """Note the channel in which an answer is shared, if it is."""
    return replace(asked, outcome=Outcome.SHARED, channel=channel) if channel else asked


def _about(asked: AuditEvent, query: RecordQuery, page: Sequence[Entry | AlteredEntry]) -> AuditEvent:
    """Note what was searched for, and the account whose entries were found."""
    events = [entry.event for entry in page if isinstance(entry, Entry)]
    searched = replace(asked, reason=describe(query), accounts=(query.account,) if query.account else ())
    if query.is_search or not events:
        return searched
    return replace(searched, app=events[0].app, accounts=events[0].accounts)


def describe(query: RecordQuery) -> str:
    """Describe what a query looks for, beside its account."""
    number = "" if query.entry is None else f"#{query.entry}"
    person = query.person.user_id if query.person else ""
    since, until = (f"{at:%Y-%m-%d}" if at else "" for at in (query.since, query.until))
    reason = f"“{query.reason}”" if query.reason else ""
    parts = (query.change, number, person, query.kind or "", *map(_name_field, query.fields), reason)
    times = (f"from {since}" if since else "", f"before {until}" if until else "")
    return " · ".join(filter(None, (*parts, *times)))


def _name_field(tag: str) -> str:
    words = {field.tag: field.word for field in PROFILE_FIELDS}
    return words.get(tag, tag.removeprefix(CUSTOM_PROFILE))


def _change_of(entry: Entry | AlteredEntry) -> str:
    """Return the id of the change of which an entry is a step; empty if none."""
    if isinstance(entry, AlteredEntry) or entry.event.outcome is Outcome.DENIED:
        return ""
    return entry.event.change_id


def _says(entry: Entry | AlteredEntry, latest: Outcome | None) -> bool:
    """Check whether an entry shows its change's latest outcome, as far as known."""
    if isinstance(entry, AlteredEntry) or entry.event.outcome not in MOVES:
        return True
    return latest is None or entry.event.outcome is latest
