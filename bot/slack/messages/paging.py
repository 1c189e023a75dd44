"""The pages of a lookup's answer, and the buttons that lead on from one."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import ceil

from slack_sdk.models.blocks import Block

from bot.core.model import AccountResult, LookupStatus
from bot.core.results import Lookup
from bot.slack.messages.blocks import Button, buttons
from bot.slack.messages.tables import SIDE_BY_SIDE, shown_fields

ROWS_PER_PAGE = 20
"""How many found accounts one page shows."""
PROBLEMS_PER_PAGE = 50
"""How many accounts that were not found one page lists."""


@dataclass(frozen=True, slots=True)
class PageControls:
    """Which page of an answer to show, counted from zero, and the opaque ids that its buttons carry.

    Args:
        number: The page.
        previous_id: Leads to the page before; as with the others, None leaves the button out.
        next_id: Leads to the page after.
        export_id: Leads to everything asked, as CSV.
        retry_id: Leads to the accounts that may be found yet.
        share_id: Leads to what the page shows.
        edit_id: Leads to the form of the one account that was found.
        history_id: Leads to its history.
    """

    number: int = 0
    previous_id: str | None = None
    next_id: str | None = None
    export_id: str | None = None
    retry_id: str | None = None
    share_id: str | None = None
    edit_id: str | None = None
    history_id: str | None = None


def pages(lookup: Lookup) -> int:
    """Count the pages of an answer; at least one."""
    found, problems = split(lookup)
    return max(1, ceil(len(found) / ROWS_PER_PAGE), ceil(len(problems) / PROBLEMS_PER_PAGE))


def split(lookup: Lookup) -> tuple[list[AccountResult], list[AccountResult]]:
    """Tell the accounts that the answer found from the others, each with the latest that is known of it."""
    found: list[AccountResult] = []
    problems: list[AccountResult] = []
    for then, now in zip(lookup.answer.rows, lookup.latest(), strict=True):
        (found if then.status is LookupStatus.FOUND else problems).append(now)
    return found, problems


def part(lookup: Lookup, number: int) -> tuple[list[AccountResult], list[AccountResult]]:
    """Take a page's share of the found and of the others: what the answer found, whatever is so by now."""
    found, problems = split(lookup)
    return (
        found[number * ROWS_PER_PAGE :][:ROWS_PER_PAGE],
        problems[number * PROBLEMS_PER_PAGE :][:PROBLEMS_PER_PAGE],
    )


def accounts_on(lookup: Lookup, number: int) -> frozenset[str]:
    """List the accounts on a page."""
    return frozenset(row.account for rows in part(lookup, number) for row in rows)


def shown(lookup: Lookup, number: int) -> Lookup:
    """Take what a page shows: its accounts, and no field that it has no room for."""
    page = lookup.answer.narrow(accounts_on(lookup, number))
    if page.command.kind.domain is None:
        return page
    return replace(page, command=replace(page.command, fields=shown_fields(lookup, ()), named=True))


def single_account(lookup: Lookup) -> str | None:
    """Name the account that an answer is about alone; one with an owner is about two."""
    if lookup.command.kind.has_owner or len(lookup.answer.rows) > 1:
        return None
    return next((row.account for row in lookup.latest() if row.status is LookupStatus.FOUND), None)


def back(lookup: Lookup, turns: PageControls, number: int) -> Iterator[Block]:
    """Set the button that leads to the page before a page."""
    if turns.previous_id and number:
        yield buttons(Button(f"Previous {_size(lookup, number - 1)}", "page", turns.previous_id))


def onward(lookup: Lookup, turns: PageControls, number: int) -> Iterator[Block]:
    """Set the buttons below a page, each saying to how many accounts it does what it does."""
    following = turns.next_id if number + 1 < pages(lookup) else None
    count = len(lookup.answer.rows)
    everything = f"CSV of all {count:,}" if count > SIDE_BY_SIDE else "CSV"
    row = (
        (f"Next {_size(lookup, number + 1)}", "page", following),
        ("Change…", "edit_account", turns.edit_id),
        ("History", "show_history", turns.history_id),
        (everything, "export_csv", turns.export_id),
        (_retry(lookup), "retry_failed", turns.retry_id),
        ("Share", "share", turns.share_id),
    )
    offered = [Button(label, action_id, value) for label, action_id, value in row if value]
    if offered:
        yield buttons(*offered)


def _size(lookup: Lookup, number: int) -> int:
    """Count what a page is turned to for: its found accounts, or what is left when there are none."""
    found, problems = part(lookup, number)
    return len(found) or len(problems)


def _retry(lookup: Lookup) -> str:
    all_asked = all(row.status is not LookupStatus.NOT_ASKED for row in lookup.latest())
    return f"Retry {len(lookup.unanswered()):,} {'failed' if all_asked else 'unanswered'}"
