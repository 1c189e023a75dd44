"""Home tab and start message: permissions, recent activity, changes to confirm."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

from slack_sdk.models.blocks import Block, DividerBlock, PlainTextObject, RichTextElement, SectionBlock

from bot.core.changes.expiry import expires_at
from bot.core.commands import WORDS, SetFields
from bot.core.model import App, Change, Entry, Outcome, Role
from bot.core.results import Home, RoleReport, Start
from bot.slack.messages.blocks import (
    Button,
    Truncator,
    bold,
    buttons,
    code,
    context,
    fit,
    paragraph,
    preformatted,
    words,
)
from bot.slack.messages.change import order_fields
from bot.slack.messages.help import list_grantees, role_line
from bot.slack.messages.text import and_more, cut, join_some, make_visible
from bot.slack.messages.values import field_label, format_time

_LOOKUP_BUTTON = Button("Look up…", "open_lookup", "lookup", "primary")
_CHANGE_BUTTON = Button("Change a profile…", "open_set", "set")
_COMMANDS_BUTTON = Button("All commands", "all_commands", "help")

_MAX_WAITING = 10
_MAX_LABEL = 30
_MAX_FIELDS_TEXT = 900
_MAX_ACCOUNTS = 5
_MAX_SECTION = 2900
_OUTCOME_TEXT: Mapping[Outcome, str] = {
    Outcome.PROPOSED: "waiting or expired",
    Outcome.ATTEMPTED: "in progress",
}


def render_home(
    home: Home, follow_ups: Mapping[int, Sequence[Button]], channel_status: str, *, command: str
) -> dict[str, Any]:
    """Render the view of a Home tab.

    Args:
        home: The person's permissions, changes and activity.
        follow_ups: Buttons by the sequence number of the entry they follow.
        channel_status: The state of the audit channel, in words.
        command: The slash command's name, slash included.
    """
    return {
        "type": "home",
        "blocks": fit(lambda trim: _show_home(home, follow_ups, channel_status, command, trim)),
    }


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
    yield paragraph(_permissions(start.report))
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


def follow_up_buttons(repeat_id: str | None, history_id: str | None, change_id: str) -> list[Button]:
    """Make the buttons that follow an entry: the same lookup again, and the history.

    Args:
        repeat_id: The opaque id of the lookup to repeat; None if there is none.
        history_id: The opaque id of the one account; None if there is none.
        change_id: The id of the entry's change; empty if it has none.
    """
    repeat = [Button("Look up again", "look_up_again", repeat_id)] if repeat_id else []
    if change_id:
        return [*repeat, Button("History", "change_history", change_id)]
    return [*repeat, Button("History", "show_history", history_id)] if history_id else repeat


def _show_home(
    home: Home, follow_ups: Mapping[int, Sequence[Button]], channel_status: str, command: str, trim: Truncator
) -> Iterator[Block]:
    report = home.report
    if report.role is None:
        yield from _show_no_role(report, command, trim)
        return
    is_editor = report.role is Role.EDITOR
    yield paragraph(role_line(report, trim), _permissions(report))
    yield paragraph([bold("Apps  "), *_app_list(home.apps)])
    yield buttons(*_action_buttons(report))
    if home.waiting:
        yield DividerBlock()
        yield paragraph([bold("Waiting for your confirmation")])
        for change in home.waiting[:_MAX_WAITING]:
            review = Button("Review…", "review_change", change.id)
            yield from _show_row(_pending_text(change, home.apps, trim), review)
        if more := and_more(len(home.waiting) - _MAX_WAITING):
            yield paragraph([words(f"{more}, where you typed them or in your direct messages")])
    yield DividerBlock()
    yield paragraph([bold("Recent activity")])
    if home.problem:
        yield paragraph(_record_problem(home.problem, trim))
    elif not home.recent:
        yield paragraph([words("Nothing yet. Try "), code(f"{command} profile alice bob_k")])
    for recent in home.recent:
        yield from _show_row(_entry_text(recent.entry, trim), *follow_ups.get(recent.entry.sequence, ()))
    if is_editor:
        yield DividerBlock()
        yield paragraph([bold("Audit channel  "), words(trim(make_visible(channel_status)))])
    yield context(
        "answers come under Messages", "times are UTC", "only you can see this", "reopen to refresh"
    )


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


def _pending_text(change: Change, apps: Sequence[App], trim: Truncator) -> str:
    custom = next((app.custom for app in apps if app.name == change.app), ())
    fields = cut(
        ", ".join(field_label(field, trim) for field in order_fields(change.after, custom)), _MAX_FIELDS_TEXT
    )
    until = f"until {format_time(expires_at(change))}"
    account, app = trim(make_visible(change.account)), make_visible(change.app)
    return f"{account} in {app}: {fields}\n{until} · change {change.id}"


def _entry_text(entry: Entry, trim: Truncator) -> str:
    event = entry.event
    accounts = join_some(
        map(make_visible, event.accounts[:_MAX_ACCOUNTS]), len(event.accounts) - _MAX_ACCOUNTS
    )
    what = " ".join(filter(None, (make_visible(event.command), trim(accounts))))
    change = f" · change {make_visible(event.change_id)}" if event.change_id else ""
    outcome = _OUTCOME_TEXT.get(event.outcome, event.outcome)
    if event.outcome is Outcome.ANSWERED and event.command == WORDS[SetFields]:
        outcome = "form opened"
    return f"{what} in {make_visible(event.app)}: {outcome}\n{format_time(entry.at)}{change}"


def _show_row(text: str, *row: Button) -> Iterator[Block]:
    yield SectionBlock(text=PlainTextObject(text=cut(text, _MAX_SECTION), emoji=False))
    if row:
        yield buttons(*row)
