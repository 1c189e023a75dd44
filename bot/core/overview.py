"""An actor's start and Home: recent entries, and changes to confirm."""

from collections.abc import Iterator

from bot.core.changes.expiry import CONFIRM_WITHIN
from bot.core.changes.journal import undo_reason
from bot.core.changes.saved import has_written
from bot.core.commands import WORDS, LookupCommand, SetFields, ShowHistory, UndoChange, make_lookup
from bot.core.lookups.kinds import LOOKUP_KINDS, PROFILES
from bot.core.model import Actor, AlteredEntry, App, Change, Entry, Outcome, Role, Surface
from bot.core.parsing.command_line import Apps
from bot.core.ports import Record
from bot.core.results import Home, Recent, RoleReport, Start
from bot.errors import AuditError

RECENT_ACCOUNTS = 3
"""The most accounts offered for another lookup."""
RECENT_ENTRIES = 8
"""The most recent entries shown."""

_LOOKED_INTO = 60
"""The most entries of an actor that are read; a change has several."""


def make_start(actor: Actor, report: RoleReport, apps: Apps, record: Record) -> Start:
    """Make an actor's start; an unreadable record becomes its `problem`."""
    listed = _list_apps(apps)
    try:
        recent = _list_recent(actor, apps, record) if report.role else ()
    except AuditError as error:
        return Start(report, listed, problem=str(error))
    return Start(report, listed, tuple(_by_account(recent)))


def make_home(actor: Actor, report: RoleReport, apps: Apps, record: Record) -> Home:
    """Make an actor's Home; without a role, it holds only the reason."""
    listed = _list_apps(apps)
    if report.role is None:
        return Home(report, listed)
    recent: tuple[Recent, ...] = ()
    try:
        recent = _list_recent(actor, apps, record)
        waiting = _list_waiting(actor, record) if report.role is Role.EDITOR else ()
    except AuditError as error:
        return Home(report, listed, recent, problem=str(error))
    return Home(report, listed, recent, waiting)


def _list_apps(apps: Apps) -> tuple[App, ...]:
    return tuple(sorted(apps.by_name.values(), key=lambda app: app.name != apps.default))


def _list_recent(actor: Actor, apps: Apps, record: Record) -> tuple[Recent, ...]:
    found: dict[object, Recent] = {}
    undone: set[str] = set()
    for entry in record.list_done(actor, _LOOKED_INTO):
        if isinstance(entry, AlteredEntry) or _is_opened_form(entry) or _is_part_of_file(entry):
            continue
        # Only the latest entry of a change or of a repeated lookup is shown.
        event = entry.event
        same = event.change_id or (event.command, event.app, event.accounts, event.outcome)
        if event.outcome is Outcome.SUCCEEDED and event.command == WORDS[UndoChange]:
            undone.add(event.reason)
        can_be_undone = has_written(event) and undo_reason(event.change_id) not in undone
        found.setdefault(same, Recent(entry, _again(entry, apps), _about(entry, apps), can_be_undone))
    return tuple(found.values())[:RECENT_ENTRIES]


def _is_opened_form(entry: Entry) -> bool:
    return entry.event.outcome is Outcome.ANSWERED and entry.event.command == WORDS[SetFields]


def _is_part_of_file(entry: Entry) -> bool:
    """Check whether an entry is of some ids of a file: one entry at its end stands for all."""
    return entry.event.surface is Surface.FILE and entry.event.outcome is Outcome.ANSWERED


def _list_waiting(actor: Actor, record: Record) -> tuple[Change, ...]:
    proposed = record.list_proposed(CONFIRM_WITHIN)
    return tuple(change for change in proposed if change.actor == actor)


def _about(entry: Entry, apps: Apps) -> ShowHistory | None:
    """Return the history of an entry's account, if it has exactly one."""
    app = apps.by_name.get(entry.event.app)
    return ShowHistory(app, *entry.event.accounts) if app and len(entry.event.accounts) == 1 else None


def _again(entry: Entry, apps: Apps) -> LookupCommand | None:
    """Return an entry's lookup, to repeat it; None if it is not one."""
    app, kind = apps.by_name.get(entry.event.app), LOOKUP_KINDS.get(entry.event.command)
    if app is None or kind is None:
        return None
    named = entry.event.accounts
    owner, accounts = (named[0], named[1:]) if named and kind.has_owner else ("", named)
    return make_lookup(kind, app, accounts, owner=owner) if accounts else None


def _by_account(recent: tuple[Recent, ...]) -> Iterator[LookupCommand]:
    """Yield a profile lookup for each of the latest RECENT_ACCOUNTS accounts."""
    named = ((each.again.app, account) for each in recent if each.again for account in each.again.accounts)
    for app, account in list(dict.fromkeys(named))[:RECENT_ACCOUNTS]:
        yield make_lookup(PROFILES, app, (account,))
