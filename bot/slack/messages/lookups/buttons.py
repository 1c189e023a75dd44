"""Buttons below lookup answers: pages, CSV, retry, share, and what leads on."""

from collections.abc import Iterator

from slack_sdk.models.blocks import Block

from bot.core.model import LookupStatus
from bot.core.results import Lookup
from bot.core.text.visible_text import make_visible
from bot.slack.messages.blocks import Button, Confirmation, buttons
from bot.slack.messages.lookups.paging import PageControls, accounts_on, pages, part
from bot.slack.messages.lookups.stray import instead_label
from bot.slack.messages.lookups.tables import SIDE_BY_SIDE
from bot.slack.messages.text import cut, plural

_MAX_PLACE = 50


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
