"""Paging of lookup answers: the accounts of each page, and the ids that its buttons carry."""

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field, replace
from math import ceil

from bot.core.lookups.mutual import MUTUAL
from bot.core.model import AccountResult, EntryKind, LookupStatus
from bot.core.results import Lookup
from bot.slack.messages.lookups.tables import shown_fields

ROWS_PER_PAGE = 20
"""The found accounts per page."""
ROWS_PER_DATA_TABLE = 100
"""The found accounts per page where its reader can page through them."""
PROBLEMS_PER_PAGE = 50
"""The other accounts per page."""


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
