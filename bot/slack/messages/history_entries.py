"""One entry of the record in a history."""

import re
from collections.abc import Collection, Iterator, Mapping
from enum import Enum, auto

from slack_sdk.models.blocks import Block, RichTextElement, RichTextElementParts

from bot.core.commands import WORDS, SetFields, ShowHistory, UndoChange
from bot.core.model import AlteredEntry, App, AuditEvent, Entry, Outcome
from bot.slack.messages.audit import MARKS, is_done, show_difference, show_problem, verify_advice
from bot.slack.messages.blocks import Truncator, bold, code, paragraph, person, plain_context, words
from bot.slack.messages.change import differences, entry_label, show_differences
from bot.slack.messages.lookups.paging import PageControls
from bot.slack.messages.text import and_more, make_visible
from bot.slack.messages.values import show_time


class Detail(Enum):
    """The fields of an entry that are shown: none, the first few, or all, with the entry's hash."""

    NONE = auto()
    SOME = auto()
    ALL = auto()


_OPEN_STATES: Mapping[Outcome, str] = {
    Outcome.PROPOSED: "previewed, not confirmed",
    Outcome.ATTEMPTED: "in progress",
}
"""Texts for the outcomes that are no end of a change."""
_MAX_FIELDS = 8
_CHANNEL = re.compile("[CGD][A-Z0-9]+")


def show_entry(
    entry: Entry | AlteredEntry,
    app: App,
    page: PageControls,
    trim: Truncator,
    detail: Detail,
    *,
    place: str | None = None,
    only: Collection[str] = (),
) -> Iterator[Block]:
    """Show an entry.

    Args:
        entry: The entry.
        app: Its app.
        page: The links to messages of the audit channel.
        trim: The truncator.
        detail: How many of its fields to show.
        place: The app to name beside its accounts; None for no accounts either.
        only: The tags of the only fields to show; empty for all.
    """
    if isinstance(entry, AlteredEntry):
        yield paragraph([bold(f"🚨 #{entry.sequence} has been altered. "), *verify_advice()])
        return
    event = entry.event
    after = {tag: value for tag, value in event.after.items() if not only or tag in only}
    found = differences(app.custom, event.before, after, trim) if detail is not Detail.NONE else []
    lines = [_first_line(entry, place, page.links.get(entry.sequence, ""), trim)]
    if detail is Detail.SOME:
        lines += [[words(show_difference(each))] for each in found[:_MAX_FIELDS]]
        if more := and_more(len(found) - _MAX_FIELDS, "fields"):
            lines.append([words(f"{more}: open #{entry.sequence}")])
    lines += [[words(line)] for line in show_problem(event, trim)]
    if event.reason and (page.may_change or event.command != WORDS[ShowHistory]):
        label = "Searched for: " if event.command == WORDS[ShowHistory] else "Reason: "
        lines.append([words(label), words(trim(make_visible(event.reason)))])
    yield paragraph(*lines)
    if detail is Detail.ALL and found:
        yield show_differences(found, "Before", "After" if is_done(event) else "Requested")
    if detail is Detail.ALL:
        yield plain_context(entry_label(entry))


def _first_line(entry: Entry, place: str | None, link: str, trim: Truncator) -> list[RichTextElement]:
    event = entry.event
    others = len(event.accounts) - 1
    beside = [words(f" with {others} more")] if others > 0 else []
    account = [words(" "), code(trim(event.accounts[0]))] if event.accounts and place is not None else []
    number = f"#{entry.sequence}"
    linked = RichTextElementParts.Link(url=link, text=number) if link else words(number)
    return [
        words(f"{mark(event)} "),
        show_time(entry.at),
        words("  "),
        person(event.actor.user_id),
        words("  "),
        code(event.command),
        *account,
        *beside,
        *([words(" in "), code(place)] if place else []),
        words(f"  {_describe(event)}"),
        *_place(event),
        *([words("  "), code(event.change_id)] if event.change_id else []),
        words("  "),
        linked,
    ]


def mark(event: AuditEvent) -> str:
    """Return the mark of an entry."""
    return "↩️" if event.command == WORDS[UndoChange] and is_done(event) else MARKS[event.outcome]


def _describe(event: AuditEvent) -> str:
    if event.outcome is Outcome.ANSWERED and event.command == WORDS[SetFields]:
        return "form opened"
    return _OPEN_STATES.get(event.outcome, event.outcome)


def _place(event: AuditEvent) -> list[RichTextElement]:
    """Name the channel of an answer that was shared."""
    if _CHANNEL.fullmatch(event.channel):
        return [words(" in "), RichTextElementParts.Channel(channel_id=event.channel)]
    return []
