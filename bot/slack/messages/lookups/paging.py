"""Paging of lookup answers: the accounts of each page, and its buttons."""

from collections.abc import Iterator, Mapping
from dataclasses import KW_ONLY, dataclass, field, replace
from math import ceil

from slack_sdk.models.blocks import Block

from bot.core.lookups.mutual import MUTUAL
from bot.core.model import AccountResult, EntryKind, LookupStatus
from bot.core.results import Lookup
from bot.slack.messages.blocks import Button, Confirmation, buttons
from bot.slack.messages.lookups.stray import instead_label
from bot.slack.messages.lookups.tables import SIDE_BY_SIDE, shown_fields
from bot.slack.messages.text import cut, make_visible, plural

ROWS_PER_PAGE = 20
"""The found accounts per page."""
ROWS_PER_DATA_TABLE = 100
"""The found accounts per page where its reader can page through them."""
PROBLEMS_PER_PAGE = 50
"""The other accounts per page."""
_MAX_PLACE = 50


@dataclass(frozen=True, slots=True)
class PageControls:
    """The page of an answer to show, and the opaque ids of its buttons; None leaves a button out.

    Args:
        number: The page, counted from zero.
        size: The found accounts per page.
        previous_id: For the page before.
        next_id: For the page after.
        export_id: For a CSV of the whole answer.
        retry_id: For a retry of the failed accounts.
        share_id: For posting the page in the channel.
        share_place: The words for that channel.
        edit_id: For the form of the only account.
        history_id: For the history of the only account.
        both_id: For the same lookup in both directions.
        drift_id: For the history of the fields of a card that were overwritten.
        instead_id: For the lookup of unknown ids without the punctuation around them.
        kind_ids: For a history of only one kind of entry, by the kind; None for all of them.
        links: The links to the audit channel's messages, by the number of an entry.
        may_change: Whether to offer an undo.
    """

    number: int = 0
    size: int = ROWS_PER_PAGE
    previous_id: str | None = None
    next_id: str | None = None
    export_id: str | None = None
    retry_id: str | None = None
    share_id: str | None = None
    share_place: str = "this conversation"
    edit_id: str | None = None
    history_id: str | None = None
    both_id: str | None = None
    drift_id: str | None = None
    instead_id: str | None = None
    _: KW_ONLY
    kind_ids: Mapping[EntryKind | None, str] = field(default_factory=dict)
    links: Mapping[int, str] = field(default_factory=dict)
    may_change: bool = False


def pages(lookup: Lookup, size: int = ROWS_PER_PAGE) -> int:
    """Count the pages of an answer; at least one."""
    found, problems = split(lookup)
    return max(1, ceil(len(found) / size), ceil(len(problems) / PROBLEMS_PER_PAGE))


def split(lookup: Lookup) -> tuple[list[AccountResult], list[AccountResult]]:
    """Split an answer's accounts into found and other ones, each with its latest result; no unread ones."""
    found: list[AccountResult] = []
    problems: list[AccountResult] = []
    for then, now in zip(lookup.answer.rows, lookup.latest(), strict=True):
        if not lookup.is_unread(then):
            (found if then.status is LookupStatus.FOUND else problems).append(now)
    return found, problems


def part(
    lookup: Lookup, number: int, size: int = ROWS_PER_PAGE
) -> tuple[list[AccountResult], list[AccountResult]]:
    """Return a page's found and other accounts, as the answer found them at first."""
    found, problems = split(lookup)
    return (
        found[number * size :][:size],
        problems[number * PROBLEMS_PER_PAGE :][:PROBLEMS_PER_PAGE],
    )


def accounts_on(lookup: Lookup, number: int, size: int) -> frozenset[str]:
    """List the accounts on a page."""
    return frozenset(row.account for rows in part(lookup, number, size) for row in rows)


def shown(lookup: Lookup, number: int, size: int = ROWS_PER_PAGE) -> Lookup:
    """Return the part of an answer that a page shows: its accounts, and the fields with room."""
    page = lookup.answer.narrow(accounts_on(lookup, number, size))
    if page.command.kind.domain is None:
        return page
    fields = tuple(field for field in shown_fields(lookup, ()) if field.tag != MUTUAL)
    return replace(page, command=replace(page.command, fields=fields, named=True))


def single_account(lookup: Lookup) -> str | None:
    """Return the only account of an answer; None if there are more, or an owner."""
    if lookup.command.kind.has_owner or len(lookup.answer.rows) > 1:
        return None
    return next((row.account for row in lookup.latest() if row.status is LookupStatus.FOUND), None)


def back(lookup: Lookup, turns: PageControls, number: int) -> Iterator[Block]:
    """Yield the button to the page before."""
    if turns.previous_id and number:
        yield buttons(Button(f"Previous {_size(lookup, number - 1, turns.size)}", "page", turns.previous_id))


def onward(lookup: Lookup, turns: PageControls, number: int) -> Iterator[Block]:
    """Yield the buttons below a page, labelled with the number of accounts they apply to."""
    following = turns.next_id if number + 1 < pages(lookup, turns.size) else None
    count = len(lookup.answer.rows)
    everything = f"CSV of all {count:,}" if count > SIDE_BY_SIDE else "CSV"
    further = (f"Next {_size(lookup, number + 1, turns.size)}", "page", following)
    retry = (_retry(lookup), "retry_failed", turns.retry_id)
    found_some: tuple[tuple[str, str, str | None], ...] = (
        (instead_label(lookup), "look_up_again", turns.instead_id),
        further,
        ("Change…", "edit_account", turns.edit_id),
        ("History", "show_history", turns.history_id),
        ("Check the other direction", "look_up_both", turns.both_id),
        (everything, "export_csv", turns.export_id),
        retry,
    )
    row = found_some
    if lookup.answer.is_unanswered:
        row = (retry, further)
    elif lookup.answer.cancelled:
        row = (retry, *(each for each in found_some if each is not retry))
    offered = [Button(label, action_id, value) for label, action_id, value in row if value]
    if turns.share_id and not lookup.answer.is_unanswered:
        offered.append(_share(lookup, turns, number))
    if offered:
        yield buttons(*offered)


def _size(lookup: Lookup, number: int, size: int) -> int:
    """Count a page's found accounts, or its other ones if there are none."""
    found, problems = part(lookup, number, size)
    return len(found) or len(problems)


def _share(lookup: Lookup, turns: PageControls, number: int) -> Button:
    """Make the button that shares a page, once it is confirmed."""
    where = cut(make_visible(turns.share_place), _MAX_PLACE)
    count = len(accounts_on(lookup, number, turns.size))
    dialog = Confirmation(
        f"Share {plural(count, 'account')} in {where}?",
        f"Everyone in {where} will see this page, guests too. The values are read again first.",
        "Share",
    )
    return Button("Share", "share", turns.share_id or "", confirmation=dialog)


def _retry(lookup: Lookup) -> str:
    count = len(lookup.unanswered())
    if lookup.answer.cancelled:
        return f"Resume with {count:,} left"
    if lookup.answer.is_unanswered and count == len(lookup.answer.rows):
        return f"Retry all {count:,}" if count > 1 else "Retry"
    all_asked = all(row.status is not LookupStatus.NOT_ASKED for row in lookup.latest())
    return f"Retry {count:,} {'failed' if all_asked else 'unanswered'}"
