"""What each button does, in one table by its action id."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import TypeAlias

from bot.core.commands import EditProfile, ShowHelp, ShowHistory, UndoChange
from bot.core.overview import RECENT_ACCOUNTS
from bot.errors import ExpiredError
from bot.slack.delivery.request import SlackRequest
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
from bot.slack.messages.notices import changing, withdrawn
from bot.slack.runner import CommandRunner

Deed: TypeAlias = Callable[[CommandRunner, SlackRequest, str], str]
"""Does what a button stands for, given its value; names the deed."""


def press(runner: CommandRunner, request: SlackRequest, action_id: str, value: str) -> None:
    """Do what a button stands for, and always answer."""
    runner.run_guarded(request, partial(_DEEDS[action_id], runner, request, value))


def _confirm(runner: CommandRunner, request: SlackRequest, change_id: str) -> str:
    request.reply.replace_pressed()
    with request.reply.working(changing):
        result = runner.services.changes.confirm(request.actor, change_id)
    runner.answer(request, result)
    return "ConfirmChange"


def _cancel(runner: CommandRunner, request: SlackRequest, change_id: str) -> str:
    request.reply.replace_pressed()
    runner.answer(request, runner.services.changes.cancel(request.actor, change_id))
    return "CancelChange"


def _undo(runner: CommandRunner, request: SlackRequest, change_id: str) -> str:
    return runner.run(request, UndoChange(change_id))


def _turn_page(runner: CommandRunner, request: SlackRequest, key: str) -> str:
    page = runner.interactions.find(key, request.actor, Page)
    request.reply.replace_pressed()
    if isinstance(page, HistoryPage):
        runner.show_history(request, page.command)
    elif isinstance(page, LookupPage):
        runner.turn(request, page)
    return "TurnPage"


def _cancel_lookup(runner: CommandRunner, request: SlackRequest, key: str) -> str:
    # Nothing is sent and nothing new is shown, so that this takes no role: only whose lookup it is counts.
    cancelable = runner.interactions.find(key, request.actor, Cancelable)
    if isinstance(cancelable, UnderWay):
        return _cancel_under_way(runner, request, cancelable)
    if isinstance(cancelable, Waiting) and not cancelable.cancel():
        raise ExpiredError("this has begun already", advice="Its answer is there, or on the way")
    runner.interactions.forget(key)
    request.reply.replace_pressed()
    request.reply.answer(withdrawn())
    return "CancelWaiting"


def _cancel_under_way(runner: CommandRunner, request: SlackRequest, under_way: UnderWay) -> str:
    lookup = under_way.stop()
    if lookup is None:
        raise ExpiredError("this lookup has ended already", advice="Its answer is on the way")
    request.reply.replace_pressed()
    request.reply.answer(runner.make_answer(request, lookup, under_way.number, public=under_way.public))
    return "CancelLookup"


def _export(runner: CommandRunner, request: SlackRequest, key: str) -> str:
    runner.export_again(request, runner.interactions.find(key, request.actor, LookupPage))
    return "ExportCsv"


def _retry(runner: CommandRunner, request: SlackRequest, key: str) -> str:
    runner.retry(request, runner.interactions.find(key, request.actor, LookupPage))
    return "RetryFailed"


def _share(runner: CommandRunner, request: SlackRequest, key: str) -> str:
    runner.share(request, runner.interactions.find(key, request.actor, LookupPage))
    return "Share"


def _edit(runner: CommandRunner, request: SlackRequest, key: str) -> str:
    subject = runner.interactions.find(key, request.actor, Subject)
    return runner.run(request, EditProfile(subject.app, subject.account))


def _show_history(runner: CommandRunner, request: SlackRequest, key: str) -> str:
    subject = runner.interactions.find(key, request.actor, Subject)
    return runner.run(request, ShowHistory(subject.app, subject.account))


def _show_history_of_change(runner: CommandRunner, request: SlackRequest, change_id: str) -> str:
    return runner.run(request, runner.services.find_history(change_id))


def _look_up_again(runner: CommandRunner, request: SlackRequest, key: str) -> str:
    again = runner.interactions.find(key, request.actor, Again)
    return runner.run(request, again.command)


def _show_all_commands(runner: CommandRunner, request: SlackRequest, _: str) -> str:
    return runner.run(request, ShowHelp())


def _review(runner: CommandRunner, request: SlackRequest, change_id: str) -> str:
    runner.answer(request, runner.services.changes.review(request.actor, change_id))
    return "ReviewChange"


def _open_lookup(runner: CommandRunner, request: SlackRequest, _: str) -> str:
    return open_lookup(runner, request)


def _open_set(runner: CommandRunner, request: SlackRequest, _: str) -> str:
    return runner.ask_account(request)


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
