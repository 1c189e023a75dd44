"""One entry of the record in a history."""

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from enum import Enum, auto
from itertools import groupby
from typing import TypeAlias

from slack_sdk.models.blocks import Block, RichTextElement, RichTextElementParts

from bot.core.commands import WORDS, SetFields, ShowHistory, UndoChange
from bot.core.model import AlteredEntry, App, AuditEvent, Entry, Outcome, find_app
from bot.core.results import RecordPage
from bot.core.text.visible_text import make_visible
from bot.slack.messages.audit import (
    MARKS,
    is_done,
    quote_reason,
    show_difference,
    show_problem,
    verify_advice,
)
from bot.slack.messages.blocks import Truncator, bold, code, paragraph, person, plain_context, words
from bot.slack.messages.change import differences, entry_label, show_differences
from bot.slack.messages.lookups.paging import PageControls
from bot.slack.messages.text import and_more, join_some
from bot.slack.messages.values import show_span, show_time

Lookups: TypeAlias = Sequence[Entry]
"""Answered lookups of one person in one app, newest first."""
Place: TypeAlias = Callable[[Entry | AlteredEntry], str | None]
"""Returns the app to name beside an entry's accounts; None for no accounts either."""


class Detail(Enum):
    """The fields of an entry that are shown: none, the first few, or all, with the entry's hash."""

    NONE = auto()
    SOME = auto()
    ALL = auto()


_OUTCOMES: Mapping[Outcome, str] = {
    Outcome.PROPOSED: "previewed, not confirmed",
    Outcome.ATTEMPTED: "in progress",
    Outcome.DENIED: "refused",
}
"""Words for outcomes that say more than their names in the record."""
_CHANGES = frozenset({WORDS[SetFields], WORDS[UndoChange]})
_MAX_FIELDS = 8
_MAX_IN_LINE = 3
"""The most fields that are shown in one line."""
_MAX_LINE = 160
"""The most characters of their names and values."""
_TIMES = "\N{MULTIPLICATION SIGN}"
_MAX_ACCOUNTS = 3
_CHANNEL = re.compile("[CGD][A-Z0-9]+")


def group_lookups(entries: Iterable[Entry | AlteredEntry]) -> Iterator[list[Entry] | Entry | AlteredEntry]:
    """Group the answered lookups of one person that follow one another; yield other entries as they are."""
    for key, found in groupby(entries, _routine_key):
        if key:
            yield [entry for entry in found if isinstance(entry, Entry)]
        else:
            yield from found


def _routine_key(entry: Entry | AlteredEntry) -> tuple[str, ...]:
    """Return what lookups that are shown as one have in common; nothing for entries that stand alone."""
    if isinstance(entry, AlteredEntry):
        return ()
    event = entry.event
    if event.outcome is not Outcome.ANSWERED or event.change_id:
        return ()
    # What was searched for, or the file of a lookup of many ids, whose entries have a thousand each.
    return (event.actor.user_id, event.app, _describe(event), event.reason)


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
        yield paragraph(altered_line(entry))
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
    if event.reason and event.command != WORDS[ShowHistory]:
        lines.append([words("Reason: "), words(trim(make_visible(event.reason)))])
    yield paragraph(*lines)
    if detail is Detail.ALL and found:
        yield show_differences(found, "Before", "After" if is_done(event) else "Requested")
    if detail is Detail.ALL:
        yield plain_context(entry_label(entry))


def show_lookups(groups: Sequence[Lookups], place: Place, page: PageControls, trim: Truncator) -> Block:
    """Show answered lookups without any emphasis: one line for those of one person in a row."""
    return paragraph(*(lookups_line(group, place(group[0]), page, trim) for group in groups))


def entry_line(
    entry: Entry, found: RecordPage, place: str | None, page: PageControls, trim: Truncator
) -> list[RichTextElement]:
    """Show an entry that was searched for in one line."""
    event = entry.event
    said = filter(None, (_changed(event, found, trim), *show_problem(event, trim), _why(event, page, trim)))
    by = [] if found.query.person else [person(event.actor.user_id), words(" · ")]
    return [
        *_happened(entry, place, trim, in_short=True),
        words(f"  {text}  " if (text := " · ".join(said)) else "  "),
        *by,
        show_time(entry.at),
        words(" · "),
        _number(entry, page.links.get(entry.sequence, "")),
    ]


def altered_line(entry: AlteredEntry) -> list[RichTextElement]:
    """Show in one line that an entry was altered, and what to do."""
    return [bold(f"🚨 #{entry.sequence} has been altered. "), *verify_advice()]


def _changed(event: AuditEvent, found: RecordPage, trim: Truncator) -> str:
    """Show the fields of a change; their names alone, if the values are too long for a line."""
    if not found.with_values:
        return ""
    app, only = find_app(event.app, found.apps), found.query.fields
    after = {tag: value for tag, value in event.after.items() if not only or tag in only}
    # Cut texts would fit where whole ones do not, and then a line would grow as its texts get shorter.
    whole = differences(app.custom, event.before, after, Truncator())
    if len(whole) > _MAX_IN_LINE or len(" · ".join(map(show_difference, whole))) > _MAX_LINE:
        labels = [trim(each.label) for each in whole]
        return join_some(labels[:_MAX_IN_LINE], len(labels) - _MAX_IN_LINE)
    return " · ".join(map(show_difference, differences(app.custom, event.before, after, trim)))


def _why(event: AuditEvent, page: PageControls, trim: Truncator) -> str:
    """Show the reason of a change; to editors that of a lookup, too."""
    may_read = page.may_change or event.command in _CHANGES
    return quote_reason(event, trim) if may_read and event.command != WORDS[ShowHistory] else ""


def _first_line(entry: Entry, place: str | None, link: str, trim: Truncator) -> list[RichTextElement]:
    """Say what happened, then who did it, when, and the numbers."""
    event = entry.event
    return [
        *_happened(entry, place, trim),
        words("  "),
        person(event.actor.user_id),
        words("  ·  "),
        show_time(entry.at),
        *([words("  ·  "), code(event.change_id)] if event.change_id else []),
        words("  ·  "),
        _number(entry, link),
    ]


def _happened(
    entry: Entry, place: str | None, trim: Truncator, *, in_short: bool = False
) -> list[RichTextElement]:
    """Say what happened; in short, the mark says it of a change that is done."""
    event = entry.event
    outcome = [] if in_short and is_done(event) else [bold(f" {_describe(event)}")]
    return [
        words(f"{mark(event)} "),
        bold(event.command),
        *_subject([entry], place, trim),
        *outcome,
        *_place(event),
    ]


def lookups_line(
    group: Lookups, place: str | None, page: PageControls, trim: Truncator, found: RecordPage | None = None
) -> list[RichTextElement]:
    """Show answered lookups of one person in a row in one line, a shorter one in a search."""
    last, first = group[0], group[-1]
    counts = Counter(entry.event.command for entry in group)
    asked = ", ".join(
        f"{command} {_TIMES}{count}" if count > 1 else command for command, count in counts.items()
    )
    when, numbers = [show_time(last.at)], [_number(last, page.links.get(last.sequence, ""))]
    if len(group) > 1:
        when = show_span(first.at, last.at)
        numbers = [words(f"#{first.sequence} to #{last.sequence}")]
    dot = words(" · " if found else "  ·  ")
    by = [] if found and found.query.person else [person(last.event.actor.user_id), dot]
    return [
        words(f"{mark(last.event)} {asked}"),
        *_subject(group, place, trim),
        words(f" {_describe(last.event)}  "),
        *by,
        *when,
        dot,
        *numbers,
        *_searched(last.event, page, trim),
    ]


def _searched(event: AuditEvent, page: PageControls, trim: Truncator) -> Iterator[RichTextElement]:
    """Say what was searched for, which may be what a person did."""
    if event.reason and page.may_change:
        label = "Searched for: " if event.command == WORDS[ShowHistory] else ""
        yield words(f"  ·  {label}{trim(make_visible(event.reason))}")


def _subject(group: Lookups, place: str | None, trim: Truncator) -> Iterator[RichTextElement]:
    """Name the accounts and the app, as far as the heading does not."""
    accounts = list(dict.fromkeys(account for entry in group for account in entry.event.accounts))
    named = accounts[: 0 if place is None else _MAX_ACCOUNTS if len(group) > 1 else 1]
    for number, account in enumerate(named):
        yield words(", " if number else " ")
        yield code(trim(account))
    others = len(accounts) - max(1, len(named))
    if others > 0 and (place is not None or len(group) == 1):
        yield words(f" with {others} more")
    if place:
        yield from (words(" in "), code(place))


def _number(entry: Entry, link: str) -> RichTextElement:
    number = f"#{entry.sequence}"
    return RichTextElementParts.Link(url=link, text=number) if link else words(number)


def mark(event: AuditEvent) -> str:
    """Return the mark of an entry."""
    return "↩️" if event.command == WORDS[UndoChange] and is_done(event) else MARKS[event.outcome]


def _describe(event: AuditEvent) -> str:
    if event.outcome is Outcome.ANSWERED and event.command == WORDS[SetFields]:
        return "form opened"
    if event.outcome is Outcome.ANSWERED and event.command == WORDS[UndoChange]:
        return "not proposed: it would overwrite a later change"
    return _OUTCOMES.get(event.outcome, event.outcome)


def _place(event: AuditEvent) -> list[RichTextElement]:
    """Name the channel of an answer that was shared."""
    if _CHANNEL.fullmatch(event.channel):
        return [words(" in "), RichTextElementParts.Channel(channel_id=event.channel)]
    return []
