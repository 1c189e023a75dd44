"""Entries of the record: as the audit channel is told of them, and as the history of one account."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence

from slack_sdk.models.blocks import Block, RichTextElement, RichTextElementParts

from bot.core.fields import Domain, offered
from bot.core.model import Actor, App, Draft, Entry, Outcome, Surface
from bot.core.results import History
from bot.slack.blocks import (
    Button,
    Trim,
    aside,
    bold,
    buttons,
    code,
    paragraph,
    sentence,
    small_print,
    where,
    words,
)
from bot.slack.changes import cut_note, show_reason, stamp
from bot.slack.differences import Difference, difference_table, differences
from bot.slack.literal import literal
from bot.slack.paging import Turns
from bot.slack.values import moment_in_words

UNDO = "undo"
"""The word of the command that puts back what a change replaced."""

_HAPPENED: Mapping[Outcome, tuple[str, str]] = {
    Outcome.PROPOSED: ("Change proposed", "Undo proposed"),
    Outcome.ATTEMPTED: ("Changing", "Undoing"),
    Outcome.SUCCEEDED: ("Changed", "Undone"),
    Outcome.FAILED: ("Change failed", "Undo failed"),
    Outcome.UNKNOWN: ("Change sent, outcome unknown", "Undo sent, outcome unknown"),
    Outcome.CANCELLED: ("Change cancelled", "Undo cancelled"),
    Outcome.DENIED: ("Refused", "Refused"),
    Outcome.ANSWERED: ("Answered", "Answered"),
}
"""How an entry begins: for an undo the second word, for all else the first."""
_LOOKUPS: Mapping[Outcome, str] = {Outcome.FAILED: "Lookup failed", Outcome.CANCELLED: "Lookup cancelled"}
"""How an entry begins that is about no change, where that makes a difference."""
_SO_FAR: Mapping[Outcome, str] = {
    Outcome.PROPOSED: "previewed, not confirmed",
    Outcome.ATTEMPTED: "under way",
}
"""How far a change has come whose latest entry says so, in words."""
_ACCOUNTS = 5
_HISTORY_FIELDS = 8
_PERSON = re.compile("[UW][A-Z0-9]+")


def show_entries(
    entries: Sequence[Entry], apps: Mapping[str, App], masked: Mapping[str, Collection[str]], trim: Trim
) -> Iterator[Block]:
    """Show entries to everyone who reads the audit channel, each with its number and head.

    Args:
        entries: Which, in order.
        apps: The apps by name, for what their own fields are called.
        masked: By app, the tags of fields whose values the channel is not shown.
        trim: Cuts what is too long.
    """
    for entry in entries:
        draft = entry.draft
        app = apps.get(draft.app, App(draft.app, ""))
        hidden = {*masked.get(app.name, ()), *_unexplained(draft, app)}
        found = differences(app.custom, draft.before, draft.after, trim, hidden)
        lone = len(entries) == 1
        yield paragraph(_heading(draft, app, trim), *([] if lone else _lines(found)), *_why(draft, trim))
        if found and lone:  # a message has room for one table
            yield difference_table(found, "Before", "After" if _is_done(draft) else "Wanted")
        yield from show_reason(draft.reason, trim)
        if _is_done(draft):
            yield buttons(Button("Undo…", "undo_change", draft.change_id))
        yield aside(_facts(entry))


def show_history(history: History, page: Turns, seen_by: str, trim: Trim) -> Iterator[Block]:
    """Show who looked at or changed an account, the newest first, and the buttons to what is around it."""
    yield paragraph([bold("History of "), code(history.account), *where(history.app)])
    if not history.entries:
        yield paragraph([words("Nobody has asked about it or changed it here.")])
    for entry in history.entries:
        yield paragraph(*_past(entry, history, trim))
    if page.previous_id:
        yield buttons(Button("Newer", "page", page.previous_id))
    if page.next_id:
        yield buttons(Button("Older", "page", page.next_id))
    secret = "" if history.with_values else "values are shown to editors"
    yield small_print("newest first", "times are UTC", secret, seen_by, cut_note(trim))


def stamps(entries: Sequence[Entry]) -> str:
    """Tell entries from all others, also where no blocks are shown."""
    return ", ".join(map(stamp, entries))


def _heading(draft: Draft, app: App, trim: Trim) -> list[RichTextElement]:
    happened = _HAPPENED[draft.outcome][draft.command == UNDO]
    if not draft.change_id:
        happened = _LOOKUPS.get(draft.outcome, happened)
    command = "" if draft.after and draft.accounts else draft.command
    what = " ".join(filter(None, (command, _accounts(draft))))
    place = where(app) if app.name else []
    by = "  by the bot for " if draft.surface is Surface.BOT else "  by "
    return [bold(f"{happened}  "), code(trim(what)), *place, words(by), _who(draft.actor)]


def _unexplained(draft: Draft, app: App) -> Iterator[str]:
    """List the tags that no app or field of today explains: they may have been masked before."""
    known = {field.tag for field in offered(Domain.PROFILE, app.custom)}
    return (tag for tag in (*draft.before, *draft.after) if tag not in known)


def _accounts(draft: Draft) -> str:
    named, more = draft.accounts[:_ACCOUNTS], len(draft.accounts) - _ACCOUNTS
    return ", ".join(named) + (f" and {more} more" if more > 0 else "")


def _who(actor: Actor) -> RichTextElement:
    if _PERSON.fullmatch(actor.user_id):
        return RichTextElementParts.User(user_id=actor.user_id)
    return words(literal(actor.user_id) or "somebody")


def _why(draft: Draft, trim: Trim) -> Iterator[list[RichTextElement]]:
    """Say why it was refused or failed."""
    if draft.problem:
        denied = draft.outcome is Outcome.DENIED
        before, after = ("They were told: ", " Nothing was sent.") if denied else ("", "")
        yield [words(before + sentence(trim(literal(draft.problem))) + after)]


def _lines(found: Sequence[Difference]) -> Iterator[list[RichTextElement]]:
    for each in found:
        yield [words(f"{each.label}: {each.before} → {each.after}")]


def _facts(entry: Entry) -> str:
    change = f" · change {literal(entry.draft.change_id)}" if entry.draft.change_id else ""
    return f"{stamp(entry)} · {entry.draft.outcome} · {moment_in_words(entry.at)}{change}"


def _is_done(draft: Draft) -> bool:
    return draft.outcome is Outcome.SUCCEEDED and bool(draft.change_id)


def _past(entry: Entry, history: History, trim: Trim) -> Iterator[list[RichTextElement]]:
    draft = entry.draft
    change = [words("  "), code(draft.change_id)] if draft.change_id else []
    others = len(draft.accounts) - 1
    beside = f" with {others} more" if others > 0 else ""
    yield [
        words(f"{moment_in_words(entry.at)}  "),
        _who(draft.actor),
        words("  "),
        code(draft.command),
        words(f"{beside}  {_SO_FAR.get(draft.outcome, draft.outcome)}"),
        *change,
        words(f"  #{entry.sequence}"),
    ]
    if history.with_values:
        found = differences(history.app.custom, draft.before, draft.after, trim)
        yield from _lines(found[:_HISTORY_FIELDS])
        if len(found) > _HISTORY_FIELDS:
            yield [words(f"and {len(found) - _HISTORY_FIELDS} more fields")]
    yield from _why(draft, trim)
    if draft.reason:
        yield [words("Reason: "), words(trim(literal(draft.reason)))]
