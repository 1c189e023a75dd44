"""The listener for mentions of the bot and direct messages to it."""

import time
from collections.abc import Mapping
from functools import partial
from typing import Any

from slack_bolt import Ack, App

from bot.core.commands import (
    WORDS,
    AskSearch,
    ChangeCommand,
    EditProfile,
    LookupCommand,
    SetFields,
    ShowHistory,
    UndoChange,
)
from bot.core.lookups.kinds import PROFILES
from bot.core.model import Actor, Surface
from bot.core.parsing.usage_errors import pasted
from bot.core.policy import NOTHING_SENT
from bot.core.services import Services
from bot.errors import PermissionDeniedError, UsageError
from bot.slack.admission import Admission, is_quick
from bot.slack.api.channels import is_private
from bot.slack.api.shared_files import read_files
from bot.slack.delivery.reply import Reply
from bot.slack.delivery.request import SlackRequest
from bot.slack.delivery.response_url import Responder
from bot.slack.interactions import SavedText
from bot.slack.listeners.files.mention_files import FileQuestions
from bot.slack.listeners.mention_text import find_unread, read_message, read_word
from bot.slack.messages.notices import unread
from bot.slack.recent_ids import RecentIds
from bot.slack.runner import CommandRunner

EDITED_SECONDS = 3000.0
"""Seconds after which an edit of a message is left out: it may have been answered, in any process."""
MESSAGES = 1024
"""The number of latest messages that are remembered; Slack repeats an event for up to an hour."""

_WRITTEN = {None, "file_share", "thread_broadcast"}
"""The subtypes of messages written by people; all others describe events."""


def register(app: App, runner: CommandRunner, responder: Responder, admission: Admission) -> None:
    """Register the listener with Bolt; it handles each message once, however often it is edited."""
    seen, started = RecentIds(MESSAGES), time.time()

    def on_message(ack: Ack, body: Mapping[str, Any]) -> None:
        ack()
        event, bot_id = body["event"], _own_id(body)
        # A file of the bot's may be marked only by its user id.
        if not _is_for_bot(event) or event["user"] == bot_id:
            return
        # An edit comes as an event of its own, with the message's time stamp.
        if seen.add(_id_of(event)) or (
            event.get("edited") and float(event["ts"]) < max(started, time.time() - EDITED_SECONDS)
        ):
            return
        request, said = _make_request(responder, body, event), str(event.get("text") or "")
        answer = partial(_answer, runner, request, said, bot_id)
        files = [file for file in read_files(event) if not file.is_media]
        if files:
            direct = responder.open_conversation(request.actor.user_id, request.actor.user_id, public=False)
            asks = FileQuestions(runner, request, Reply(direct), files)
            answer = partial(asks.answer, said, bot_id, answer)
        quick = not files and is_quick(said.removeprefix(f"<@{bot_id}>"))
        admission.admit(request, partial(runner.run_guarded, request, answer), quick=quick)

    for name in ("app_mention", "message"):
        app.event(name)(on_message)


def _make_request(responder: Responder, body: Mapping[str, Any], event: Mapping[str, Any]) -> SlackRequest:
    team_id = event.get("user_team") or event.get("team") or body.get("team_id")
    actor, channel_id = Actor(str(event["user"]), str(team_id or "")), str(event["channel"])
    # In a channel the answer opens a thread; in direct messages it does not.
    thread_ts, public = str(event.get("thread_ts") or ""), event["type"] == "app_mention"
    opens_thread = public and not thread_ts
    conversation = responder.open_conversation(
        channel_id,
        actor.user_id,
        str(event["ts"]) if opens_thread else thread_ts,
        public=public,
        asked_ts=str(event["ts"]),
        opens_thread=opens_thread,
    )
    return SlackRequest(actor, Surface.MESSAGE, Reply(conversation), channel_id, message_id=_id_of(event))


def _id_of(event: Mapping[str, Any]) -> str:
    return f"{event['channel']} {event['ts']}"


def _answer(runner: CommandRunner, request: SlackRequest, said: str, bot_id: str) -> str:
    services = runner.services
    if word := read_word(said, bot_id):
        services.admit(request.actor, word, request.surface)
    typed = read_message(said, bot_id)
    command = services.read(request.actor, typed, request.surface)
    if isinstance(command, SetFields | EditProfile | UndoChange):
        _allow(services, request, command)
        raise PermissionDeniedError(
            "changes need the slash command, where nobody else sees the values",
            advice=f"Type {runner.command} {typed}. {NOTHING_SENT}",
        )
    if isinstance(command, AskSearch):
        services.allow(request.actor, WORDS[ShowHistory], request.surface)
        raise UsageError("a form needs the slash command", advice=f"Type {runner.command} history")
    metric = runner.run(request, command)
    if left_out := find_unread(said, bot_id):
        place = f" --app {command.app.name}" if isinstance(command, LookupCommand) else ""
        meant = SavedText(f"{PROFILES.word} {' '.join(map(pasted, left_out))}{place}")
        request.reply.add(unread(left_out, runner.interactions.keep(request.actor, meant)))
    return metric


def _allow(services: Services, request: SlackRequest, command: ChangeCommand) -> None:
    if isinstance(command, UndoChange):
        services.allow(request.actor, WORDS[UndoChange], request.surface)
    else:
        app, account = command.app.name, command.account
        services.allow(request.actor, WORDS[SetFields], request.surface, app, (account,))


def _is_for_bot(event: Mapping[str, Any]) -> bool:
    """Check whether a message is written by a person to the bot."""
    if event.get("bot_id") or event.get("subtype") not in _WRITTEN or not event.get("user"):
        return False
    # In a group's direct messages people mention the bot, as in channels.
    return bool(event["type"] == "message") == is_private(str(event["channel"]))


def _own_id(body: Mapping[str, Any]) -> str:
    for authorization in body.get("authorizations") or ():
        if authorization.get("is_bot"):
            return str(authorization.get("user_id") or "")
    return ""
