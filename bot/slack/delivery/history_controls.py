"""The buttons, selects and links of a history, and the state behind them."""

from dataclasses import replace

from bot.core.commands import SearchRecord, ShowHistory
from bot.core.model import Actor, Entry, EntryKind
from bot.core.results import History, RecordPage
from bot.slack.api.people import SlackPeople
from bot.slack.interaction_store import Interactions
from bot.slack.interactions import HistoryPage, SavedAccount
from bot.slack.messages.history import KIND_LABELS
from bot.slack.messages.lookups.paging import PageControls


def make_controls(
    interactions: Interactions, people: SlackPeople, actor: Actor, found: History | RecordPage
) -> PageControls:
    """Keep what leads on from a history, and return the ids.

    Args:
        interactions: Keeps the state.
        people: Knows the workspace's address.
        actor: The owner of the buttons.
        found: The history.
    """

    def keep(page: ShowHistory | SearchRecord | None) -> str | None:
        return interactions.keep(actor, HistoryPage(page)) if page else None

    subject = _find_subject(found)
    return PageControls(
        previous_id=keep(found.newer),
        next_id=keep(found.older),
        history_id=interactions.keep(actor, subject) if subject else None,
        kind_ids={}
        if _is_of_fields(found)
        else {kind: keep(_only(found, kind)) or "" for kind in KIND_LABELS},
        links={number: people.link(*place) for number, place in found.posts.items()},
    )


def _is_of_fields(found: History | RecordPage) -> bool:
    """Check whether it shows changes of some fields alone, of which there is one kind."""
    return isinstance(found, History) and bool(found.fields)


def _only(found: History | RecordPage, kind: EntryKind | None) -> ShowHistory | SearchRecord:
    """Return the command for the first page of one kind of entry."""
    if isinstance(found, History):
        return ShowHistory(found.app, found.account, kind=kind)
    return SearchRecord(replace(found.query, kind=kind))


def _find_subject(found: History | RecordPage) -> SavedAccount | None:
    """Return the account whose whole history is offered: that of a field, an entry or a change."""
    if isinstance(found, History):
        return SavedAccount(found.app, found.account) if found.fields else None
    if found.query.is_search:
        return None
    for entry in found.entries:
        if isinstance(entry, Entry) and entry.event.accounts and entry.event.app in found.apps:
            return SavedAccount(found.apps[entry.event.app], entry.event.accounts[0])
    return None
