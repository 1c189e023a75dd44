"""Home tab and start message: permissions, recent activity, changes to confirm."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from slack_sdk.models.blocks import (
    Block,
    DividerBlock,
    HeaderBlock,
    PlainTextObject,
    RichTextElement,
    RichTextElementParts,
)

from bot.core.changes.expiry import expires_at
from bot.core.commands import WORDS, ShowHistory, UndoChange
from bot.core.file_lookups import FileLookup
from bot.core.lookups.kinds import LOOKUP_KINDS
from bot.core.model import App, AuditEvent, Change, Entry, Outcome, Role, Values
from bot.core.results import Home, Recent, RoleReport, Start
from bot.core.text.visible_text import make_visible
from bot.slack.messages.audit import MARKS
from bot.slack.messages.blocks import (
    Button,
    Truncator,
    bold,
    buttons,
    code,
    code_span,
    context,
    fit,
    marked_section,
    paragraph,
    preformatted,
    words,
)
from bot.slack.messages.change import differences
from bot.slack.messages.help import SEND_A_FILE, list_grantees, role_line
from bot.slack.messages.lookups.file_lookup import summarize
from bot.slack.messages.text import and_more, cut, end_mark, escape, join_some
from bot.slack.messages.values import local_time

_LOOKUP_BUTTON = Button("Look up…", "open_lookup", "lookup", "primary")
_CHANGE_BUTTON = Button("Change a profile…", "open_set", "set")
_COMMANDS_BUTTON = Button("All commands", "all_commands", "help")

_MAX_WAITING = 10
_MAX_LABEL = 30
_MAX_FIELDS = 3
_MAX_VALUE = 60
_MAX_ACCOUNTS = 5
_OUTCOMES: Mapping[Outcome, tuple[str, str, str]] = {
    Outcome.PROPOSED: ("Change expired", "Undo expired", ""),
    Outcome.ATTEMPTED: ("Changing", "Undoing", ""),
    Outcome.SUCCEEDED: ("Changed", "Undone", ""),
    Outcome.FAILED: ("Change failed", "Undo failed", "Failed:"),
    Outcome.UNKNOWN: ("Change sent, outcome unknown", "Undo sent, outcome unknown", ""),
    Outcome.CANCELLED: ("Change cancelled", "Undo cancelled", "Cancelled:"),
    Outcome.DENIED: ("Change refused", "Undo refused", "Refused:"),
    Outcome.ANSWERED: ("", "Undo not proposed", "Looked up"),
    Outcome.SHARED: ("", "", "Shared"),
    Outcome.EXPORTED: ("", "", "Exported"),
}
"""The words for an outcome of a change, an undo and a lookup."""
_MARKS = {**MARKS, Outcome.PROPOSED: "⌛"}
"""Marks by outcome; what is only proposed among past entries has expired."""
_NOUNS: Mapping[str, str] = {
    WORDS[ShowHistory]: "history",
    **{word: kind.noun for word, kind in LOOKUP_KINDS.items()},
}
"""The nouns of what commands look up, by their words."""


@dataclass(frozen=True, slots=True)
class AuditChannel:
    """The audit channel: its id, empty if there is none, and its state in words."""

    id: str
    state: str


def render_home(
    home: Home,
    beside: Mapping[int, Button],
    channel: AuditChannel,
    *,
    command: str,
    file_lookups: Sequence[FileLookup] = (),
) -> dict[str, Any]:
    """Render the view of a Home tab.

    Args:
        home: The person's permissions, changes and activity.
        beside: Buttons by the sequence number of the entry they stand beside.
        channel: The audit channel, for editors.
        command: The slash command's name, slash included.
        file_lookups: The person's file lookups that are not over.
    """

    def show(trim: Truncator) -> Iterator[Block]:
        if file_lookups and home.report.role:
            yield HeaderBlock(text=PlainTextObject(text="Files being looked up"))
            yield from (summarize(each, trim) for each in file_lookups[:_MAX_WAITING])
            yield context("Cancel them in your direct messages with this bot")
            yield DividerBlock()
        yield from _show_home(home, beside, channel, command, trim)

    return {"type": "home", "blocks": fit(show)}


def show_start(
    start: Start, repeat_ids: Sequence[str], command: str, seen_by: str, trim: Truncator
) -> Iterator[Block]:
    """Show the first commands to try, and recent lookups.

    Args:
        start: The person's permissions, apps and recent lookups.
        repeat_ids: The opaque ids of its recent lookups.
        command: The slash command's name, slash included.
        seen_by: The note about who sees the message.
        trim: The truncator.
    """
    if start.report.role is None:
        yield from _show_no_role(start.report, command, trim)
        return
    yield paragraph([bold("Hi! "), words("Look up accounts in "), *_app_list(start.apps), words(":")])
    yield preformatted([f"{command} {example}" for example in _examples(start)])
    yield paragraph([words(SEND_A_FILE)], _permissions(start.report))
    named = enumerate(zip(start.recent, repeat_ids, strict=True))
    # An action id may occur once in a row.
    recent = [
        Button(cut(make_visible(lookup.accounts[0]), _MAX_LABEL), f"look_up_again_{number}", id_)
        for number, (lookup, id_) in named
    ]
    yield buttons(*_action_buttons(start.report), *recent)
    if start.problem:
        yield paragraph([words("Your recent lookups are missing. "), *_record_problem(start.problem, trim)])
    yield context(seen_by)


def accessory(recent: Recent, repeat_id: str, history_id: str, *, is_editor: bool) -> Button | None:
    """Make the button beside a recent entry; None if there is nothing to do next.

    Args:
        recent: The entry.
        repeat_id: The opaque id of the lookup to repeat; empty if there is none.
        history_id: The opaque id of the one account; empty if there is none.
        is_editor: Whether the person may change profiles.
    """
    change_id = recent.entry.event.change_id
    if change_id and recent.can_be_undone and is_editor:
        return Button("Undo…", "undo_change", change_id)
    if change_id:
        return Button("History", "change_history", change_id)
    if repeat_id:
        return Button("Look up again", "look_up_again", repeat_id)
    return Button("History", "show_history", history_id) if history_id else None


def _show_home(
    home: Home,
    beside: Mapping[int, Button],
    channel: AuditChannel,
    command: str,
    trim: Truncator,
) -> Iterator[Block]:
    report = home.report
    if report.role is None:
        yield from _show_no_role(report, command, trim)
        return
    if home.waiting:
        yield from _show_waiting(home, trim)
        yield DividerBlock()
    yield buttons(*_action_buttons(report))
    yield HeaderBlock(text=PlainTextObject(text="Recent activity"))
    if home.problem:
        yield paragraph(_record_problem(home.problem, trim))
    elif not home.recent:
        yield paragraph([words("Nothing yet. Try "), code(f"{command} profile alice bob_k")])
    open_ids = {change.id for change in home.waiting}
    for recent in home.recent:
        if recent.entry.event.change_id not in open_ids:
            yield marked_section(_entry_text(recent.entry, home, trim), beside.get(recent.entry.sequence))
    yield DividerBlock()
    yield paragraph(role_line(report, trim), _permissions(report), [bold("Apps  "), *_app_list(home.apps)])
    if report.role is Role.EDITOR:
        link = [RichTextElementParts.Channel(channel_id=channel.id), words("  ")] if channel.id else []
        yield paragraph([bold("Audit channel  "), *link, words(trim(make_visible(channel.state)))])
    yield context("Reopen to refresh", trim.note())


def _show_waiting(home: Home, trim: Truncator) -> Iterator[Block]:
    yield HeaderBlock(text=PlainTextObject(text="Waiting for your confirmation"))
    for change in home.waiting[:_MAX_WAITING]:
        review = Button("Review…", "review_change", change.id, "primary")
        yield marked_section(_pending_text(change, home, trim), review)
    if more := and_more(len(home.waiting) - _MAX_WAITING):
        yield paragraph([words(f"{more}, where you typed them or in your direct messages")])


def _record_problem(problem: str, trim: Truncator) -> list[RichTextElement]:
    return [words(f"The record cannot be read: {trim(make_visible(problem))}.")]


def _show_no_role(report: RoleReport, command: str, trim: Truncator) -> Iterator[Block]:
    yield paragraph(role_line(report, trim))
    yield paragraph([words("To see who can give you access: "), code(f"{command} whoami")])


def _action_buttons(report: RoleReport) -> Iterator[Button]:
    yield _LOOKUP_BUTTON
    if report.role is Role.EDITOR:
        yield _CHANGE_BUTTON
    yield _COMMANDS_BUTTON


def _permissions(report: RoleReport) -> list[RichTextElement]:
    if report.role is Role.EDITOR:
        return [words("You may "), bold("look up"), words(" and "), bold("change"), words(".")]
    return [
        words("You may "),
        bold("look up"),
        words(". Profiles can be changed by: "),
        *list_grantees(report.editors),
        words("."),
    ]


def _app_list(apps: Sequence[App]) -> list[RichTextElement]:
    named = ([words(", "), code(app.name), words(f" {app.region}")] for app in apps)
    return list(chain.from_iterable(named))[1:]


def _examples(start: Start) -> Iterator[str]:
    yield "profile alice bob_k"
    yield "friends alice bob_k"
    yield 'set bob_k nick="Bob K"' if start.report.role is Role.EDITOR else "attrs alice"


def _pending_text(change: Change, home: Home, trim: Truncator) -> str:
    what = "Undo" if change.undoes else "Change"
    return "\n".join(
        (
            f"⏳ *{what}* {code_span(change.account)}",
            *_difference_lines(home, change.app, change.before, change.after, trim),
            " · ".join([f"until {local_time(expires_at(change))}", *_place(home, change.app)]),
        )
    )


def _entry_text(entry: Entry, home: Home, trim: Truncator) -> str:
    event = entry.event
    is_undo = event.command == WORDS[UndoChange]
    mark, (changed, undone, looked_up) = _MARKS[event.outcome], _OUTCOMES[event.outcome]
    noun = _NOUNS.get(event.command)
    what = f"{looked_up} {noun}" if noun else (undone if is_undo else changed)
    return "\n".join(
        (
            f"{'↩️' if is_undo and event.outcome is Outcome.SUCCEEDED else mark} *{what}*  {_accounts(event)}",
            *_difference_lines(home, event.app, event.before, event.after, trim),
            " · ".join([local_time(entry.at), *_place(home, event.app), *_reason(event)]),
        )
    )


def _difference_lines(
    home: Home, app_name: str, before: Values, after: Values, trim: Truncator
) -> Iterator[str]:
    """Yield the changed fields, for editors alone: nobody else sees values of the record."""
    if home.report.role is not Role.EDITOR:
        return
    custom = next((app.custom for app in home.apps if app.name == app_name), ())
    found = differences(custom, before, after, Truncator(min(trim.limit, _MAX_VALUE)))
    for each in found[:_MAX_FIELDS]:
        old, new = each.before, each.after
        yield f"{escape(each.label)}  {code_span(old)}{end_mark(old)} → {code_span(new)}"
    if more := and_more(len(found) - _MAX_FIELDS, "fields"):
        yield more


def _accounts(event: AuditEvent) -> str:
    shown = map(code_span, event.accounts[:_MAX_ACCOUNTS])
    return join_some(shown, len(event.accounts) - _MAX_ACCOUNTS)


def _place(home: Home, app_name: str) -> list[str]:
    """Name the app where there are several."""
    return [f"in {code_span(app_name)}"] if len(home.apps) > 1 and app_name else []


def _reason(event: AuditEvent) -> list[str]:
    typed = "" if event.command == WORDS[UndoChange] else event.reason
    return [code_span(cut(typed, _MAX_VALUE))] if typed else []
