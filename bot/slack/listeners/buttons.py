"""What each button does, in one table by its action id."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import TypeAlias

from bot.core.commands import EditProfile, ShowHelp, ShowHistory, UndoChange
from bot.core.overview import RECENT_ACCOUNTS
from bot.errors import ExpiredError
from bot.slack.delivery.request import Ask
from bot.slack.interactions import (
    Again,
    Cancelable,
    HistoryPage,
    LookupPage,
    Page,
    Subject,
    UnderWay,
    Waiting,
)
from bot.slack.listeners.lookup_form import open_lookup
from bot.slack.messages.render import changing, withdrawn
from bot.slack.runner import Answering

Deed: TypeAlias = Callable[[Answering, Ask, str], str]
"""Does what a button stands for, given its value; names the deed."""


def press(answering: Answering, ask: Ask, action_id: str, value: str) -> None:
    """Do what a button stands for, and always answer."""
    answering.always_answer(ask, partial(_DEEDS[action_id], answering, ask, value))


def _confirm(answering: Answering, ask: Ask, change_id: str) -> str:
    ask.reply.replaces = True
    with ask.reply.working(changing):
        result = answering.services.changes.confirm(ask.actor, change_id)
    answering.answer(ask, result)
    return "ConfirmChange"


def _cancel(answering: Answering, ask: Ask, change_id: str) -> str:
    ask.reply.replaces = True
    answering.answer(ask, answering.services.changes.cancel(ask.actor, change_id))
    return "CancelChange"


def _undo(answering: Answering, ask: Ask, change_id: str) -> str:
    return answering.change(ask, UndoChange(change_id))


def _turn_page(answering: Answering, ask: Ask, key: str) -> str:
    page = answering.answers.find(key, ask.actor, Page)
    ask.reply.replaces = True
    if isinstance(page, HistoryPage):
        answering.show_history(ask, page.command)
    elif isinstance(page, LookupPage):
        answering.turn(ask, page)
    return "TurnPage"


def _cancel_lookup(answering: Answering, ask: Ask, key: str) -> str:
    # Nothing is sent and nothing new is shown, so that this takes no role: only whose lookup it is counts.
    cancelable = answering.answers.find(key, ask.actor, Cancelable)
    if isinstance(cancelable, UnderWay):
        return _cancel_under_way(answering, ask, cancelable)
    if isinstance(cancelable, Waiting) and not cancelable.cancel():
        raise ExpiredError("this has begun already", advice="Its answer is there, or on the way")
    answering.answers.forget(key)
    ask.reply.replaces = True
    ask.reply.answer(withdrawn())
    return "CancelWaiting"


def _cancel_under_way(answering: Answering, ask: Ask, under_way: UnderWay) -> str:
    lookup = under_way.stop()
    if lookup is None:
        raise ExpiredError("this lookup has ended already", advice="Its answer is on the way")
    ask.reply.replaces = True
    ask.reply.answer(answering.make_answer(ask, lookup, under_way.number, public=under_way.public))
    return "CancelLookup"


def _export(answering: Answering, ask: Ask, key: str) -> str:
    answering.export_again(ask, answering.answers.find(key, ask.actor, LookupPage))
    return "ExportCsv"


def _retry(answering: Answering, ask: Ask, key: str) -> str:
    answering.retry(ask, answering.answers.find(key, ask.actor, LookupPage))
    return "RetryFailed"


def _share(answering: Answering, ask: Ask, key: str) -> str:
    answering.share(ask, answering.answers.find(key, ask.actor, LookupPage))
    return "Share"


def _edit(answering: Answering, ask: Ask, key: str) -> str:
    subject = answering.answers.find(key, ask.actor, Subject)
    return answering.run(ask, EditProfile(subject.app, subject.account))


def _show_history(answering: Answering, ask: Ask, key: str) -> str:
    subject = answering.answers.find(key, ask.actor, Subject)
    return answering.run(ask, ShowHistory(subject.app, subject.account))


def _show_history_of_change(answering: Answering, ask: Ask, change_id: str) -> str:
    return answering.run(ask, answering.services.find_history(change_id))


def _look_up_again(answering: Answering, ask: Ask, key: str) -> str:
    again = answering.answers.find(key, ask.actor, Again)
    return answering.run(ask, again.command)


def _show_all_commands(answering: Answering, ask: Ask, _: str) -> str:
    return answering.run(ask, ShowHelp())


def _review(answering: Answering, ask: Ask, change_id: str) -> str:
    answering.answer(ask, answering.services.changes.review(ask.actor, change_id))
    return "ReviewChange"


def _open_lookup(answering: Answering, ask: Ask, _: str) -> str:
    return open_lookup(answering, ask)


def _open_set(answering: Answering, ask: Ask, _: str) -> str:
    return answering.ask_account(ask)


_DEEDS: Mapping[str, Deed] = {
    "page": _turn_page,
    "export_csv": _export,
    "retry_failed": _retry,
    "share": _share,
    "cancel_lookup": _cancel_lookup,
    "confirm_change": _confirm,
    "cancel_change": _cancel,
    "undo_change": _undo,
    "edit_account": _edit,
    "show_history": _show_history,
    "open_lookup": _open_lookup,
    "open_set": _open_set,
    "change_history": _show_history_of_change,
    "look_up_again": _look_up_again,
    **{f"look_up_again_{number}": _look_up_again for number in range(RECENT_ACCOUNTS)},
    "all_commands": _show_all_commands,
    "review_change": _review,
}
BUTTONS = tuple(_DEEDS)
"""The action ids of the buttons there are."""
URGENT = frozenset({"cancel_lookup"})
"""Those that must not wait for the workers, which may be busy with what they end."""
QUICK = frozenset({"all_commands"})
"""Those that ask neither the vendor nor the record."""
