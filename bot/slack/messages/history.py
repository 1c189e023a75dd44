"""The record in Slack: the history of an account, and the entries of a change, a number or a person."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain, groupby

from slack_sdk.models.blocks import (
    ActionsBlock,
    Block,
    Option,
    PlainTextObject,
    RichTextElement,
    StaticSelectElement,
)

from bot.core.changes.saved import has_written
from bot.core.model import AlteredEntry, App, Entry, EntryKind, find_app
from bot.core.results import History, RecordPage
from bot.core.text.value_words import format_time
from bot.core.text.visible_text import make_visible
from bot.slack.messages.blocks import (
    Button,
    Truncator,
    app_label,
    bold,
    buttons,
    code,
    context,
    paragraph,
    person,
    words,
)
from bot.slack.messages.change import order_fields
from bot.slack.messages.history_entries import (
    Detail,
    Place,
    altered_line,
    entry_line,
    group_lookups,
    lookups_line,
    mark,
    show_entry,
    show_lookups,
)
from bot.slack.messages.lookups.paging import PageControls
from bot.slack.messages.text import cut
from bot.slack.messages.values import field_label

KIND_LABELS: Mapping[EntryKind | None, str] = {
    None: "Everything",
    EntryKind.CHANGES: "Changes",
    EntryKind.LOOKUPS: "Lookups",
    EntryKind.REFUSALS: "Refusals",
}
"""The choices of the filter, by the only kind of entry they show."""

_MAX_LABEL = 75


def show_entries(
    found: History | RecordPage, page: PageControls, seen_by: str, trim: Truncator
) -> Iterator[Block]:
    """Show a page of the record, newest first."""
    if isinstance(found, History):
        return _show_history(found, page, seen_by, trim)
    return _show_record(found, page, seen_by, trim)


def _show_history(history: History, page: PageControls, seen_by: str, trim: Truncator) -> Iterator[Block]:
    """Show an account's lookups and changes, newest first, with a filter and the buttons to other pages."""
    named = ", ".join(field_label(field, trim) for field in history.fields)
    only = [words(f"  ·  {named}")] if named else []
    yield paragraph([bold("History of "), code(history.account), *app_label(history.app), *only])
    if not history.entries:
        yield paragraph([words(_say_nothing(history))])
    detail = Detail.SOME if history.with_values else Detail.NONE
    tags = {field.tag for field in history.fields}
    yield from _show_each(
        history.entries,
        lambda _: None,
        lambda entry: show_entry(entry, history.app, page, trim, detail, only=tags),
        page,
        trim,
    )
    yield from _show_controls(history.entries, history.kind, page)
    if history.fields and page.history_id:
        yield buttons(Button("Whole history", "show_history", page.history_id))
    secret = "" if history.with_values else "only editors see values"
    yield context("newest first", secret, seen_by, trim.note())


def _show_record(found: RecordPage, page: PageControls, seen_by: str, trim: Truncator) -> Iterator[Block]:
    """Show the entries of a change, a number or a person, newest first."""
    query = found.query
    yield paragraph(_heading(found))
    if not found.entries:
        more = " so far. Older ones may follow" if found.older else ""
        yield paragraph([words(f"The record has no such entries{more}.")])
    detail = Detail.ALL if query.entry else Detail.SOME

    def place(entry: Entry | AlteredEntry) -> str:
        name = _find_app(entry, found.apps).name
        return "" if {name} == set(found.apps) else name

    def show(entry: Entry | AlteredEntry) -> Iterator[Block]:
        # The steps of a change have the same values.
        is_repeated = query.change and entry is not found.entries[0]
        shown = detail if found.with_values and not is_repeated else Detail.NONE
        return show_entry(entry, _find_app(entry, found.apps), page, trim, shown, place=place(entry))

    if query.is_search:
        yield from _show_lines(found, place, page, trim)
    else:
        yield from chain.from_iterable(map(show, found.entries))
    yield from _show_next(found, page)
    if query.is_search:
        yield from _show_controls(found.entries, query.kind, page)
    secret = "" if found.with_values else "only editors see values"
    order = "newest first" if len(found.entries) > 1 else ""
    yield context(order, secret, seen_by, trim.note())


def _show_lines(found: RecordPage, place: Place, page: PageControls, trim: Truncator) -> Iterator[Block]:
    """Show what was found at a glance: an entry a line, and lookups in a row as one."""
    lines: list[list[RichTextElement]] = []
    for each in group_lookups(found.entries):
        if isinstance(each, list):
            lines.append(lookups_line(each, place(each[0]), page, trim, found))
        elif isinstance(each, Entry):
            lines.append(entry_line(each, found, place(each), page, trim))
        else:
            lines.append(altered_line(each))
    if lines:
        yield paragraph(*lines)


def _show_each(
    entries: Sequence[Entry | AlteredEntry],
    place: Place,
    show: Callable[[Entry | AlteredEntry], Iterator[Block]],
    page: PageControls,
    trim: Truncator,
) -> Iterator[Block]:
    """Show entries: each by itself, but lookups in a row as lines of one block."""
    for is_routine, found in groupby(group_lookups(entries), lambda each: isinstance(each, list)):
        if is_routine:
            groups = [each for each in found if isinstance(each, list)]
            yield show_lookups(groups, place, page, trim)
        else:
            for each in found:
                if not isinstance(each, list):
                    yield from show(each)


def _heading(found: RecordPage) -> list[RichTextElement]:
    query = found.query
    if query.change:
        return [bold("Change "), code(query.change)]
    if query.entry is not None:
        return [bold(f"Entry #{query.entry}")]
    kind = [words(f" · {query.kind}")] if query.kind else []
    account = [words(" · about "), code(query.account)] if query.account else []
    by = [words(" · by "), person(query.person.user_id)] if query.person else []
    custom = [field for app in found.apps.values() for field in app.custom]
    fields = [words(f" · {make_visible(field.label)}") for field in order_fields(query.fields, custom)]
    reason = [words(" · reason "), code(query.reason)] if query.reason else []
    since = [words(f" · from {format_time(query.since)}")] if query.since else []
    until = [words(f" · before {format_time(query.until)}")] if query.until else []
    return [bold("The record"), *kind, *fields, *account, *by, *reason, *since, *until]


def _say_nothing(history: History) -> str:
    if history.fields:
        more = " so far. Older ones may follow" if history.older else ""
        return f"No changes of this field through this bot{more}."
    if history.kind:
        return f"No {history.kind} here."
    return "No lookups or changes through this bot yet."


def _find_app(entry: Entry | AlteredEntry, apps: Mapping[str, App]) -> App:
    return find_app(entry.event.app if isinstance(entry, Entry) else "", apps)


def _show_controls(
    entries: Sequence[Entry | AlteredEntry], kind: EntryKind | None, page: PageControls
) -> Iterator[Block]:
    """Show the filter, the choice of an entry to open, and the buttons to other pages."""
    selects = [*_filter_selects(kind, page), *_entry_selects(entries, page)]
    if selects:
        yield ActionsBlock(elements=selects)
    turns = [
        Button(label, action_id, id_)
        for label, action_id, id_ in (("Newer", "page", page.previous_id), ("Older", "page", page.next_id))
        if id_
    ]
    # An action id may occur once in a row.
    yield from map(buttons, turns)


def _filter_selects(kind: EntryKind | None, page: PageControls) -> Iterator[StaticSelectElement]:
    """Yield the choice of one kind of entry, if it is offered."""
    if page.kind_ids:
        filters = {each: _option(label, page.kind_ids[each]) for each, label in KIND_LABELS.items()}
        yield _select("Show", "filter_history", [*filters.values()], filters[kind])


def _entry_selects(
    entries: Sequence[Entry | AlteredEntry], page: PageControls
) -> Iterator[StaticSelectElement]:
    """Yield the choice of an entry to open, if there is one."""
    shown = [entry for entry in entries if isinstance(entry, Entry)]
    if shown and (page.kind_ids or page.history_id):
        yield _select("Open an entry…", "show_entry", [*map(_entry_option, shown)])


def _show_next(found: RecordPage, page: PageControls) -> Iterator[Block]:
    """Show what can be done about an entry or a change."""
    entry = next((each for each in found.entries if isinstance(each, Entry)), None)
    if entry is None or found.query.is_search or not page.history_id:
        return
    event = entry.event
    undo = [Button("Undo…", "undo_change", event.change_id)] if page.may_change and has_written(event) else []
    lead = Button("All steps", "show_change", event.change_id)
    if found.query.change:
        lead = Button("Details", "show_entry", str(entry.sequence))
    history = Button("History", "show_history", page.history_id)
    yield buttons(*undo, *([lead] if event.change_id else []), history)


def _entry_option(entry: Entry) -> Option:
    event = entry.event
    what = " ".join((event.command, *event.accounts[:1]))
    label = f"#{entry.sequence} {mark(event)} {make_visible(what)}"
    return _option(cut(label, _MAX_LABEL), str(entry.sequence))


def _option(label: str, value: str) -> Option:
    return Option(text=PlainTextObject(text=label, emoji=False), value=value)


def _select(
    placeholder: str, action_id: str, options: Sequence[Option], chosen: Option | None = None
) -> StaticSelectElement:
    return StaticSelectElement(
        placeholder=PlainTextObject(text=placeholder),
        action_id=action_id,
        options=options,
        initial_option=chosen,
    )
