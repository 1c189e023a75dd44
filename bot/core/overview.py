"""What somebody is shown before they have asked for anything: where to start, and their Home."""

from collections.abc import Iterator
from dataclasses import dataclass

from bot.core.commands import LookupCommand, ShowHistory, make_lookup
from bot.core.lookups.kinds import LOOKUP_KINDS, PROFILES
from bot.core.model import CONFIRM_WITHIN, Actor, AlteredEntry, App, Change, Entry, Role
from bot.core.parsing.command_line import Apps
from bot.core.ports import Record
from bot.core.results import Home, Recent, RoleReport, Start
from bot.errors import AuditError

RECENT_ACCOUNTS = 3
"""The most accounts offered to be looked up again."""
RECENT_DEEDS = 8
"""The most things shown that somebody did lately."""

_LOOKED_INTO = 60
"""How many of somebody's latest entries are looked into: a change has several."""


@dataclass(frozen=True, slots=True)
class Overview:
    """Reads from the record what one person did lately, and what waits for them."""

    apps: Apps
    record: Record

    def make_start(self, actor: Actor, report: RoleReport) -> Start:
        """Tell where to start; a record that cannot be read is no reason not to."""
        apps = self._list_apps()
        try:
            recent = self._list_recent(actor) if report.role else ()
        except AuditError as error:
            return Start(report, apps, problem=str(error))
        return Start(report, apps, tuple(_by_account(recent)))

    def make_home(self, actor: Actor, report: RoleReport) -> Home:
        """Tell all that somebody has here; without a role, that is only why."""
        apps = self._list_apps()
        if report.role is None:
            return Home(report, apps)
        recent: tuple[Recent, ...] = ()
        try:
            recent = self._list_recent(actor)
            waiting = self._list_waiting(actor) if report.role is Role.EDITOR else ()
        except AuditError as error:
            return Home(report, apps, recent, problem=str(error))
        return Home(report, apps, recent, waiting)

    def _list_apps(self) -> tuple[App, ...]:
        listed = self.apps.by_name.values()
        return tuple(sorted(listed, key=lambda app: app.name != self.apps.default))

    def _list_recent(self, actor: Actor) -> tuple[Recent, ...]:
        found: dict[object, Recent] = {}
        for entry in self.record.list_done(actor, _LOOKED_INTO):
            if isinstance(entry, AlteredEntry):
                continue
            # Of a change the latest entry tells enough, and so does it of what was asked again.
            event = entry.event
            same = event.change_id or (event.command, event.app, event.accounts, event.outcome)
            found.setdefault(same, Recent(entry, _again(entry, self.apps), _about(entry, self.apps)))
        return tuple(found.values())[:RECENT_DEEDS]

    def _list_waiting(self, actor: Actor) -> tuple[Change, ...]:
        proposed = self.record.list_proposed(CONFIRM_WITHIN)
        return tuple(change for change in proposed if change.actor == actor)


def _about(entry: Entry, apps: Apps) -> ShowHistory | None:
    """Name the history of the account that an entry is about, if it is about one alone."""
    app = apps.by_name.get(entry.event.app)
    return ShowHistory(app, *entry.event.accounts) if app and len(entry.event.accounts) == 1 else None


def _again(entry: Entry, apps: Apps) -> LookupCommand | None:
    """Make the lookup that an entry is about."""
    app, kind = apps.by_name.get(entry.event.app), LOOKUP_KINDS.get(entry.event.command)
    if app is None or kind is None:
        return None
    named = entry.event.accounts
    owner, accounts = (named[0], named[1:]) if named and kind.has_owner else ("", named)
    return make_lookup(kind, app, accounts, owner=owner) if accounts else None


def _by_account(recent: tuple[Recent, ...]) -> Iterator[LookupCommand]:
    """Ask for the profile of each account looked up lately, a few of them."""
    named = ((each.again.app, account) for each in recent if each.again for account in each.again.accounts)
    for app, account in list(dict.fromkeys(named))[:RECENT_ACCOUNTS]:
        yield make_lookup(PROFILES, app, (account,))
