"""Buttons: the listener for all of them, and the table of actions by action id."""

import re
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from slack_bolt import Ack, App

from bot.core.commands import EditProfile, SearchRecord, ShowHelp, ShowHistory, UndoChange
from bot.core.model import RecordQuery, Surface
from bot.core.overview import RECENT_ACCOUNTS
from bot.errors import ExpiredError
from bot.slack.admission import Admission
from bot.slack.api.payloads import read_actor, text
from bot.slack.delivery.open_view import OpenView
from bot.slack.delivery.reply import Reply
from bot.slack.delivery.request import SlackRequest
from bot.slack.delivery.response_url import Responder
from bot.slack.interactions import (
    Cancelable,
    ElsewhereCancelable,
    FinishedLookup,
    HistoryPage,
    LookupPage,
    Page,
    RunningLookup,
    SavedAccount,
    SavedLookup,
    SavedText,
    WaitingRequest,
)
from bot.slack.listeners.files.file_buttons import FILE_ACTIONS
from bot.slack.listeners.home import HomeTabs, publish_again
from bot.slack.listeners.lookup_form import open_lookup
from bot.slack.messages.blocks import Message
from bot.slack.messages.lookups.stray import strip_unknown
from bot.slack.messages.notices import changing, finished, withdrawn
from bot.slack.runner import Action, CommandRunner


def register(
    app: App, runner: CommandRunner, responder: Responder, admission: Admission, homes: HomeTabs
) -> None:
    """Register the buttons with Bolt."""

    @app.action(re.compile("|".join(_ACTIONS)))
    def on_button(ack: Ack, body: Mapping[str, Any]) -> None:
        action, request = body["actions"][0], _make_request(runner, responder, body)
        action_id, view_type = text(action, "action_id"), text(body.get("view") or {}, "type")
        opens = view_type == _HOME or (view_type == _MODAL and action_id in _PUSHED)
        title = _TITLES.get(action_id, "") if opens else ""
        job = partial(press, runner, request, action_id, _read_value(action), title)
        if action_id in URGENT:
            admission.priority.submit(job, request.actor)
        else:
            run, publishes = job, view_type in (_HOME, _MODAL)
            if publishes:
                # With a reply of its own: a failure to publish must not replace the answer.
                directly = responder.reach("", request.actor.user_id)
                tab = SlackRequest(request.actor, Surface.BUTTON, Reply(directly))
                run = partial(publish_again, runner, homes, tab, job)
            admission.admit(request, run, quick=action_id in QUICK and not publishes)
        ack()


def press(runner: CommandRunner, request: SlackRequest, action_id: str, value: str, title: str = "") -> None:
    """Handle a press, and always answer it.

    Args:
        runner: The runner of commands.
        request: The request of the press.
        action_id: The button's action id.
        value: The button's value.
        title: The title of the modal to open for the answer; empty for none.
    """

    def run() -> str:
        if title:
            runner.forms.open_answer(request, title)
        return _ACTIONS[action_id](runner, request, value)

    runner.run_guarded(request, run)


def _make_request(runner: CommandRunner, responder: Responder, body: Mapping[str, Any]) -> SlackRequest:
    actor, url, view = read_actor(body), text(body, "response_url"), body.get("view") or {}
    delivery = responder.reach(url, actor.user_id)
    if view.get("type") == _MODAL:
        open_view = OpenView(runner.forms.slack, text(view.get("title") or {}, "text"), text(view, "id"))
        delivery = responder.open_view(open_view, url, actor.user_id)
    channel_id, trigger_id = text(body.get("channel") or {}, "id"), text(body, "trigger_id")
    pressed = _find_pressed(body)
    return SlackRequest(actor, Surface.BUTTON, Reply(delivery), channel_id, trigger_id, url, pressed=pressed)


def _find_pressed(body: Mapping[str, Any]) -> tuple[str, str]:
    """Return the channel and the time stamp of the pressed message, unless only the actor sees it."""
    place = body.get("container") or {}
    if place.get("type") != "message" or place.get("is_ephemeral"):
        return "", ""
    return text(place, "channel_id"), text(place, "message_ts")


def _read_value(action: Mapping[str, Any]) -> str:
    """Read the value of a pressed button, or of the option chosen in a menu."""
    return text(action.get("selected_option") or action, "value")


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
        runner.lookups.turn_page(request, page)
    return "TurnPage"


def _cancel_lookup(runner: CommandRunner, request: SlackRequest, key: str) -> str:
    # Needs no role, only the owner: nothing is sent and nothing new is shown.
    cancelable: Cancelable | None = runner.interactions.find(key, request.actor, Cancelable)
    if isinstance(cancelable, WaitingRequest):
        if cancelable.cancel():
            runner.interactions.forget(key)
            return _replace_notice(request, withdrawn(), "CancelWaiting")
        cancelable = cancelable.find_lookup()
    if isinstance(cancelable, RunningLookup):
        return _cancel_under_way(runner, request, cancelable)
    if isinstance(cancelable, FinishedLookup):
        return _replace_notice(request, finished(), "CancelFinished")
    if isinstance(cancelable, ElsewhereCancelable):
        return _cancel_elsewhere(runner, request, key)
    raise ExpiredError("this has already started", advice="Its answer is here or on the way")


def _cancel_elsewhere(runner: CommandRunner, request: SlackRequest, key: str) -> str:
    if not runner.interactions.cancel_elsewhere(key, request.actor):
        raise ExpiredError("this has already ended", advice="Run the command again")
    # The process that has it answers.
    request.reply.stop_progress()
    return "CancelLookup"


def _replace_notice(request: SlackRequest, notice: Message, metric: str) -> str:
    request.reply.replace_pressed()
    request.reply.answer(notice)
    return metric


def _cancel_under_way(runner: CommandRunner, request: SlackRequest, under_way: RunningLookup) -> str:
    lookup = under_way.stop()
    if lookup is None:
        raise ExpiredError("this lookup has already finished", advice="Its answer is on the way")
    request.reply.replace_pressed()
    request.reply.answer(runner.lookups.make_answer(request, lookup, under_way.showing))
    return "CancelLookup"


def _export(runner: CommandRunner, request: SlackRequest, key: str) -> str:
    runner.lookups.export_again(request, runner.interactions.find(key, request.actor, LookupPage))
    return "ExportCsv"


def _retry(runner: CommandRunner, request: SlackRequest, key: str) -> str:
    runner.lookups.retry(request, runner.interactions.find(key, request.actor, LookupPage))
    return "RetryFailed"


def _share(runner: CommandRunner, request: SlackRequest, key: str) -> str:
    runner.lookups.share(request, runner.interactions.find(key, request.actor, LookupPage))
    return "Share"


def _edit(runner: CommandRunner, request: SlackRequest, key: str) -> str:
    subject = _find_account(runner, request, key)
    return runner.run(request, EditProfile(subject.app, subject.account))


def _show_history(runner: CommandRunner, request: SlackRequest, key: str) -> str:
    subject = _find_account(runner, request, key)
    return runner.run(request, ShowHistory(subject.app, subject.account))


def _find_account(runner: CommandRunner, request: SlackRequest, key: str) -> SavedAccount:
    """Find the account of a button, or of an answer about one alone."""
    found = runner.interactions.find(key, request.actor, SavedAccount, LookupPage)
    if isinstance(found, SavedAccount):
        return found
    (account,) = found.answer.command.accounts
    return SavedAccount(found.answer.command.app, account)


def _show_history_of_change(runner: CommandRunner, request: SlackRequest, change_id: str) -> str:
    return runner.run(request, runner.services.find_history(change_id))


def _show_field_history(runner: CommandRunner, request: SlackRequest, key: str) -> str:
    page = runner.interactions.find(key, request.actor, Page)
    if isinstance(page, HistoryPage):
        runner.show_history(request, page.command)
    return "FieldHistory"


def _show_change(runner: CommandRunner, request: SlackRequest, change_id: str) -> str:
    return runner.run(request, SearchRecord(RecordQuery(change=change_id)))


def _show_entry(runner: CommandRunner, request: SlackRequest, number: str) -> str:
    return runner.run(request, SearchRecord(RecordQuery(entry=int(number))))


def _look_up_again(runner: CommandRunner, request: SlackRequest, key: str) -> str:
    found = runner.interactions.find(key, request.actor, SavedLookup, LookupPage)
    if isinstance(found, SavedLookup):
        return runner.run(request, found.command)
    # Below an answer, it is the lookup of its unknown ids without the punctuation around them.
    return runner.run(request, strip_unknown(found.answer) or found.answer.command)


def _look_up_both(runner: CommandRunner, request: SlackRequest, key: str) -> str:
    command = runner.interactions.find(key, request.actor, LookupPage).answer.command
    return runner.run(request, replace(command, both=True, csv=False, share=False))


def _run_suggestion(runner: CommandRunner, request: SlackRequest, key: str) -> str:
    meant = runner.interactions.find(key, request.actor, SavedText)
    command = runner.services.read(request.actor, meant.text, request.surface)
    request.reply.replace_pressed()
    return runner.run(request, command)


def _show_all_commands(runner: CommandRunner, request: SlackRequest, _: str) -> str:
    return runner.run(request, ShowHelp(full=True))


def _review(runner: CommandRunner, request: SlackRequest, change_id: str) -> str:
    runner.answer(request, runner.services.changes.review(request.actor, change_id))
    return "ReviewChange"


def _open_lookup(runner: CommandRunner, request: SlackRequest, _: str) -> str:
    return open_lookup(runner, request)


def _open_set(runner: CommandRunner, request: SlackRequest, _: str) -> str:
    return runner.ask_account(request)


_ACTIONS: Mapping[str, Action] = {
    "page": _turn_page,
    "filter_history": _turn_page,
    "show_entry": _show_entry,
    "show_change": _show_change,
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
    "field_history": _show_field_history,
    "look_up_again": _look_up_again,
    "look_up_both": _look_up_both,
    **{f"look_up_again_{number}": _look_up_again for number in range(RECENT_ACCOUNTS)},
    "run_suggestion": _run_suggestion,
    "all_commands": _show_all_commands,
    "review_change": _review,
    **FILE_ACTIONS,
}
_TITLES: Mapping[str, str] = {
    "review_change": "Review a change",
    "undo_change": "Undo a change",
    "show_history": "History",
    "change_history": "History",
    "look_up_again": "Look up again",
    "all_commands": "Commands",
}
"""The titles of the modals that answer presses on the Home tab, by action id; forms have their own."""
_PUSHED = frozenset({"undo_change", "change_history"})
"""The actions whose answers open on top of the pressed modal, so that closing them leads back to it."""
_HOME = "home"
_MODAL = "modal"
URGENT = frozenset({"cancel_lookup", "cancel_file_lookup"})
"""The actions that must not wait for workers, which may be busy with the work to cancel."""
QUICK = frozenset({"all_commands"})
"""The actions that call neither the vendor nor the record."""
