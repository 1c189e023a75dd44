"""Audit entries in the audit channel."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from types import MappingProxyType
from typing import TypeAlias, TypeGuard

from slack_sdk.models.blocks import (
    Block,
    ContextBlock,
    MarkdownTextObject,
    PlainTextObject,
    RichTextElement,
)

from bot.core.changes.saved import has_written
from bot.core.commands import WORDS, SetFields, UndoChange
from bot.core.fields import Domain, offered
from bot.core.model import Actor, AlteredEntry, App, AuditEvent, Entry, Head, Outcome, Surface, find_app
from bot.core.text.value_words import format_time
from bot.core.text.visible_text import make_visible
from bot.slack.messages.blocks import (
    Button,
    Message,
    Truncator,
    bold,
    code,
    fallback,
    fit,
    make_message,
    paragraph,
    plain_context,
    plain_section,
    preformatted,
    sentence,
    words,
)
from bot.slack.messages.change import (
    Difference,
    differences,
    entry_label,
)
from bot.slack.messages.silent_mentions import Names, find_name, no_names, show_name
from bot.slack.messages.text import and_more, end_mark, join_some, plural
from bot.slack.messages.values import local_time

Group: TypeAlias = Sequence[Entry | AlteredEntry]
"""Entries shown as one: a single one, refusals of one person, or altered entries."""

NOTHING_UNDONE: Mapping[str, Entry] = MappingProxyType({})
"""No undos."""
MIN_GROUP = 4
"""The fewest refusals of one person that form a group."""

_HEADINGS: Mapping[Outcome, tuple[str, str]] = {
    Outcome.PROPOSED: ("Change proposed", "Undo proposed"),
    Outcome.ATTEMPTED: ("Changing", "Undoing"),
    Outcome.SUCCEEDED: ("Changed", "Undone"),
    Outcome.FAILED: ("Change failed", "Undo failed"),
    Outcome.UNKNOWN: ("Change sent, outcome unknown", "Undo sent, outcome unknown"),
    Outcome.CANCELLED: ("Change cancelled", "Undo cancelled"),
    Outcome.DENIED: ("Refused", "Refused"),
    Outcome.ANSWERED: ("Answered", "Answered"),
    Outcome.SHARED: ("Shared", "Shared"),
    Outcome.EXPORTED: ("Exported", "Exported"),
}
"""Headings by outcome: first for changes and lookups, second for undos."""
_LOOKUP_HEADINGS: Mapping[Outcome, str] = {
    Outcome.FAILED: "Lookup failed",
    Outcome.CANCELLED: "Lookup cancelled",
}
"""Headings of lookups that differ from those of changes."""
MARKS: Mapping[Outcome, str] = {
    Outcome.PROPOSED: "📝",
    Outcome.ATTEMPTED: "⏳",
    Outcome.SUCCEEDED: "✅",
    Outcome.FAILED: "❌",
    Outcome.UNKNOWN: "❓",
    Outcome.CANCELLED: "✖️",
    Outcome.DENIED: "⛔",
    Outcome.ANSWERED: "🔎",
    Outcome.SHARED: "📣",
    Outcome.EXPORTED: "📄",
}
"""Marks by outcome; each stands beside its heading."""
_MAX_NAMED = 5
_MAX_REASONS = 3
_MAX_SHORT = 3
_MAX_SHORT_TEXT = 240


def group_entries(entries: Iterable[Entry | AlteredEntry]) -> list[Group]:
    """Group refusals by person, and altered entries; all others keep their place.

    Refusals never move past an entry of another kind, so a change stays between those before and after it.
    """
    groups: list[Group] = []
    stretch: dict[Actor | None, list[Entry | AlteredEntry]] = {}
    for entry in entries:
        if isinstance(entry, Entry) and entry.event.outcome is not Outcome.DENIED:
            groups += _make_groups(stretch)
            groups.append([entry])
            stretch = {}
        else:
            stretch.setdefault(entry.event.actor if isinstance(entry, Entry) else None, []).append(entry)
    return groups + _make_groups(stretch)


def render_entries(
    entries: Sequence[Entry | AlteredEntry],
    apps: Mapping[str, App],
    masked: Mapping[str, Collection[str]],
    names: Names = no_names,
    undone: Mapping[str, Entry] = NOTHING_UNDONE,
) -> Message:
    """Render entries for the audit channel, with each label at the end of the fallback text as well.

    A group of refusals has the first and the last label; the last hash covers all entries before it.

    Args:
        entries: The entries, in order.
        apps: The apps by name.
        masked: By app, the tags of fields with values hidden from the channel.
        names: Returns the names of people.
        undone: The entry of the undo, by the id of each change that was undone.
    """
    channel = _Channel(apps, masked, names, undone)
    blocks = fit(lambda trim: _show_entries(entries, channel, trim))
    return Message(fallback(blocks, entry_labels(entries)), blocks)


def render_checkpoint(head: Head, at: datetime) -> Message:
    """Render a checkpoint for the audit channel.

    Args:
        head: The newest entry's number and hash.
        at: The time the head was read (UTC).
    """
    return make_message(lambda _: _show_checkpoint(head, at))


def entry_labels(entries: Sequence[Entry | AlteredEntry]) -> str:
    """Return the labels of entries; a group has those of its first and last."""
    return ", ".join(map(_group_label, group_entries(entries)))


def describe_altered(numbers: Sequence[int]) -> str:
    """Return a clause that names the altered entries."""
    named = _list_some(f"#{number}" for number in numbers)
    if len(numbers) == 1:
        return f"entry {named} has been altered"
    return f"entries {named} have been altered"


def _make_groups(stretch: Mapping[Actor | None, list[Entry | AlteredEntry]]) -> list[Group]:
    """Group consecutive refusals by person, and altered entries among them."""
    groups: list[Group] = []
    for actor, found in stretch.items():
        groups += [found] if actor is None or len(found) >= MIN_GROUP else ([entry] for entry in found)
    return sorted(groups, key=lambda group: group[0].sequence)


def _are_intact(group: Group) -> TypeGuard[Sequence[Entry]]:
    return all(isinstance(entry, Entry) for entry in group)


@dataclass(frozen=True, slots=True)
class _Channel:
    """The settings of the audit channel's messages, as for `render_entries`."""

    apps: Mapping[str, App]
    masked: Mapping[str, Collection[str]]
    names: Names
    undone: Mapping[str, Entry]

    def person(self, actor: Actor) -> str:
        """Name a person without a mention, which would notify them."""
        return show_name(make_visible(actor.user_id), self.names) or "someone"

    def name(self, actor: Actor) -> str:
        """Name a person for a line whose small print has their id, too."""
        return find_name(actor.user_id, self.names) or self.person(actor)

    def place(self, names: str) -> str:
        """Name the app, unless it is the only one."""
        return f" in {make_visible(names)}" if names and {names} != set(self.apps) else ""


def _show_entries(
    entries: Sequence[Entry | AlteredEntry], channel: _Channel, trim: Truncator
) -> Iterator[Block]:
    for group in group_entries(entries):
        first = group[0]
        if isinstance(first, AlteredEntry):
            yield from _show_altered(group)
        elif len(group) > 1 and _are_intact(group):
            yield from _show_refusals(group, channel, trim)
        else:
            yield from _show_entry(first, channel, trim)


def _show_checkpoint(head: Head, at: datetime) -> Iterator[Block]:
    entries = "1 entry" if head.sequence == 1 else f"{head.sequence:,} entries"
    yield paragraph(
        [bold("Checkpoint  "), words(f"the record holds {entries}.")],
        [
            words(
                "Lookups are recorded but not posted here one by one. This head covers every entry. "
                "To verify, now or years from now, that none was altered or deleted:"
            )
        ],
    )
    yield preformatted([f'im-bot audit verify --head "#{head.sequence} · {head.hash}"'])
    yield plain_context(f"#{head.sequence} · {format_time(at)}")


def _show_entry(entry: Entry, channel: _Channel, trim: Truncator) -> Iterator[Block]:
    event = entry.event
    app = find_app(event.app, channel.apps)
    hidden = {*channel.masked.get(app.name, ()), *_unknown_tags(event, app)}
    found = differences(app.custom, event.before, event.after, trim, hidden)
    short = " · ".join(map(show_difference, found))
    is_long = len(found) > _MAX_SHORT or len(short) > _MAX_SHORT_TEXT
    said = (
        _heading(event, channel, trim),
        plural(len(found), "field") if is_long else short,
        quote_reason(event, trim),
    )
    lines = [" · ".join(filter(None, said)), *show_problem(event, trim)]
    undo = channel.undone.get(event.change_id) if has_written(event) else None
    if undo:
        lines.append(f"↩️ Undone by {channel.person(undo.event.actor)}, entry #{undo.sequence}")
    can_undo = has_written(event) and undo is None
    yield plain_section(lines, Button("Undo…", "undo_change", event.change_id) if can_undo else None)
    if is_long:
        yield paragraph(_run_on(found))
    moments = [entry.at, *([undo.at] if undo else [])]
    known = channel.person(event.actor) if find_name(event.actor.user_id, channel.names) else ""
    parts = [entry_label(entry), make_visible(event.change_id), known]
    yield _small_print(parts, *moments, between=", undone ")


def _show_refusals(group: Sequence[Entry], channel: _Channel, trim: Truncator) -> Iterator[Block]:
    events = [entry.event for entry in group]
    accounts = _list_some(account for event in events for account in event.accounts)
    what = " ".join(filter(None, (_list_some(event.command for event in events), accounts))) or "a command"
    place = channel.place(_list_some(event.app for event in events if event.app))
    asked = f"{trim(make_visible(what))}{trim(place)}  by {channel.person(events[0].actor)}"
    yield plain_section(
        [
            f"{MARKS[Outcome.DENIED]} Refused {len(group):,} times  {asked}",
            *_refusal_reasons(events, trim),
            "Nothing was sent. The record has one entry for each refusal.",
        ]
    )
    yield _small_print([_group_label(group), plural(len(group), "refusal")], group[0].at, group[-1].at)


def _show_altered(group: Group) -> Iterator[Block]:
    yield paragraph(
        [bold(f"🚨 Alarm: {describe_altered([entry.sequence for entry in group])}.")],
        [words("The database was tampered with or is damaged. The altered content is not shown.")],
        verify_advice(),
    )
    yield plain_context(_group_label(group))


def verify_advice() -> list[RichTextElement]:
    """Say what to do about an altered entry."""
    keep = words(" and keep a copy of the database as it is.")
    return [words("Tell the bot's operator to run "), code("im-bot audit verify"), keep]


def _group_label(group: Group) -> str:
    """Return the labels of a group's first and last entry."""
    ends = (group[0], group[-1]) if len(group) > 1 else group
    return " to ".join(
        f"#{end.sequence} · altered" if isinstance(end, AlteredEntry) else entry_label(end) for end in ends
    )


def _list_some(texts: Iterable[str]) -> str:
    """Join the first distinct texts, and count the rest."""
    different = list(dict.fromkeys(texts))
    return join_some(different[:_MAX_NAMED], len(different) - _MAX_NAMED)


def _heading(event: AuditEvent, channel: _Channel, trim: Truncator) -> str:
    is_undo = event.command == WORDS[UndoChange]
    happened = _HEADINGS[event.outcome][is_undo]
    if not event.change_id:
        happened = _LOOKUP_HEADINGS.get(event.outcome, happened)
    mark = "↩️" if is_undo and is_done(event) else MARKS[event.outcome]
    command = "" if event.after and event.accounts else event.command
    what = trim(make_visible(" ".join(filter(None, (command, _list_some(event.accounts))))))
    by = "the bot for " if event.surface is Surface.BOT else ""
    return f"{mark} {happened}  {what}{channel.place(event.app)}  by {by}{channel.name(event.actor)}"


def _unknown_tags(event: AuditEvent, app: App) -> Iterator[str]:
    """Yield the tags of unknown fields: they may have been masked once."""
    known = {field.tag for field in offered(Domain.PROFILE, app.custom)}
    return (tag for tag in (*event.before, *event.after) if tag not in known)


def show_problem(event: AuditEvent, trim: Truncator) -> Iterator[str]:
    """Yield the reason of a refusal or failure."""
    if event.problem:
        denied = event.outcome is Outcome.DENIED
        before, after = ("The bot answered: ", " Nothing was sent.") if denied else ("", "")
        yield before + sentence(trim(make_visible(event.problem))) + after


def _refusal_reasons(events: Iterable[AuditEvent], trim: Truncator) -> Iterator[str]:
    """Yield the distinct reasons of refusals."""
    problems = list(dict.fromkeys(event.problem for event in events if event.problem))
    for problem in problems[:_MAX_REASONS]:
        yield f"The bot answered: {sentence(trim(make_visible(problem)))}"
    if more := and_more(len(problems) - _MAX_REASONS, "answers"):
        yield more


def quote_reason(event: AuditEvent, trim: Truncator) -> str:
    """Show the reason of an entry, in quotes where a person gave it."""
    reason = trim(make_visible(event.reason))
    # The reasons of undos and of lookups are the bot's own.
    return f"“{reason}”" if reason and event.command == WORDS[SetFields] else reason


def show_difference(each: Difference) -> str:
    """Show a difference in one line."""
    return f"{each.label}: {_arrow(each)}"


def _run_on(found: Sequence[Difference]) -> list[RichTextElement]:
    """Make one line of many differences."""
    broken = ([words("  ·  "), bold(each.label), words(f" {_arrow(each)}")] for each in found)
    return list(chain.from_iterable(broken))[1:]


def _arrow(each: Difference) -> str:
    return f"{each.before}{end_mark(each.before)} → {each.after}{end_mark(each.after)}"


def _small_print(parts: Iterable[str], *moments: datetime, between: str = " to ") -> Block:
    """Make the small print of an entry: plain text, and times in each reader's time zone."""
    times = between.join(dict.fromkeys(map(local_time, moments)))
    text = PlainTextObject(text=" · ".join(filter(None, parts)), emoji=False)
    return ContextBlock(elements=[text, MarkdownTextObject(text=times, verbatim=True)])


def is_done(event: AuditEvent) -> bool:
    """Check whether an event is the success of a change."""
    return event.outcome is Outcome.SUCCEEDED and bool(event.change_id)
