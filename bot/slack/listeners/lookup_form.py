"""The listeners for the lookup shortcuts and their modal."""

import logging
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any

from slack_bolt import Ack, App

from bot.core.id_detection import find_and_count
from bot.core.lookups.kinds import PROFILES
from bot.core.model import Actor, Surface
from bot.errors import AuditError, ExpiredError, SlackUnavailableError
from bot.slack.admission import Admission
from bot.slack.api.message_text import read_words
from bot.slack.api.payloads import read_actor, text
from bot.slack.api.people import SlackPeople
from bot.slack.delivery.files import FIX_SCOPE
from bot.slack.delivery.open_view import OpenView
from bot.slack.delivery.reply import Reply
from bot.slack.delivery.request import SlackRequest
from bot.slack.delivery.response_url import Responder
from bot.slack.interaction_store import Interactions
from bot.slack.interactions import OpenLookup, SavedFile
from bot.slack.listeners.files.file_form import FileForm
from bot.slack.listeners.submission import admit_submission, show_mistakes
from bot.slack.modals.lookup import (
    CHOOSE_KIND,
    FILE_INPUT,
    IN_CHANNEL,
    IN_THREAD,
    LOOKUP_MODAL,
    NEXT_TO_IT,
    TITLE,
    choose_kind,
    lookup_view,
    message_view,
)
from bot.slack.modals.lookup_submission import find_file, read_kind, read_lookup
from bot.slack.runner import CommandRunner

LOOKUP = "lookup"
"""The callback id of the global shortcut."""
LOOKUP_MESSAGE = "lookup_message"
"""The callback id of the shortcut on a message."""

_DIRECT_MESSAGES = OpenLookup("", "")

log = logging.getLogger(__name__)


def open_lookup(runner: CommandRunner, request: SlackRequest) -> str:
    """Open the modal that asks what to look up; returns the label of its metric."""
    apps, avoided = runner.services.apps, runner.lookups.avoided_blocks
    simpler = lookup_view(apps, with_file=False)
    tried = list[str]()

    def make() -> Mapping[str, Any]:
        _allow(runner, request)
        return simpler if FILE_INPUT in avoided else lookup_view(apps)

    def simplify(view: Mapping[str, Any]) -> Mapping[str, Any] | None:
        if view == simpler:
            return None
        tried.append(FILE_INPUT)
        return simpler

    # Only where Slack takes the rest was it the input that it refused.
    if runner.forms.open(request, TITLE, make, simplify) and tried:
        avoided.update(tried)
        log.warning("Slack refused the input for a file: %s", FIX_SCOPE)
    return "OpenLookup"


def _allow(runner: CommandRunner, request: SlackRequest) -> None:
    runner.services.allow(request.actor, PROFILES.word, request.surface)


def register(app: App, runner: CommandRunner, responder: Responder, admission: Admission) -> None:
    """Register the shortcuts and the modal of a lookup with Bolt."""
    _register_shortcuts(app, runner, responder, admission)
    _register_modal(app, runner, responder, admission)


def _register_shortcuts(app: App, runner: CommandRunner, responder: Responder, admission: Admission) -> None:
    @app.shortcut(LOOKUP)
    def on_shortcut(ack: Ack, body: Mapping[str, Any]) -> None:
        request = _make_request(responder, read_actor(body), body)
        run = partial(runner.run_guarded, request, partial(open_lookup, runner, request))
        admission.admit(request, run)
        ack()

    @app.shortcut(LOOKUP_MESSAGE)
    def on_message_shortcut(ack: Ack, body: Mapping[str, Any]) -> None:
        message = body.get("message") or {}
        thread_ts = text(message, "thread_ts")
        destination = OpenLookup(
            text(body.get("channel") or {}, "id"),
            text(body, "response_url"),
            # The first message of a thread is in the channel, too.
            "" if thread_ts == text(message, "ts") else thread_ts,
        )
        request = _make_request(responder, read_actor(body), body, destination)
        run = partial(_offer, runner, request, destination, message)
        admission.admit(request, partial(runner.run_guarded, request, run))
        ack()


def _register_modal(app: App, runner: CommandRunner, responder: Responder, admission: Admission) -> None:
    @app.action(CHOOSE_KIND)
    def on_kind(ack: Ack, body: Mapping[str, Any]) -> None:
        ack()
        view = body.get("view") or {"blocks": ()}
        word = read_kind((view.get("state") or {}).get("values") or {}).word
        open_view = OpenView(runner.forms.slack, TITLE, text(view, "id"))
        admission.quick.submit(partial(open_view.show, choose_kind(view, word)), read_actor(body))

    @app.view(LOOKUP_MODAL)
    def on_lookup(ack: Ack, body: Mapping[str, Any]) -> None:
        actor, view = read_actor(body), body["view"]
        with show_mistakes(ack):
            command = read_lookup(view, runner.services.apps)
            if file := find_file(view):
                saved = SavedFile(file.id, file.name, command)
                FileForm.expected(runner, responder, body).ask(ack, admission, body, saved)
                return
            destination = _find_destination(runner.interactions, actor, body)
            request = _make_request(responder, actor, body, destination)
            run = partial(runner.run, request, command)
            admit_submission(admission, request, partial(runner.run_guarded, request, run), view)
            ack()


def _offer(
    runner: CommandRunner, request: SlackRequest, destination: OpenLookup, message: Mapping[str, Any]
) -> str:
    def make() -> Mapping[str, Any]:
        _allow(runner, request)
        found, more = find_and_count(read_words(message))
        chosen, place = _choose_place(runner.people, destination)
        key = runner.interactions.keep(request.actor, chosen)
        return message_view(runner.services.apps, found, key, more, place)

    runner.forms.open(request, TITLE, make)
    return "OpenLookup"


def _choose_place(people: SlackPeople, destination: OpenLookup) -> tuple[OpenLookup, str]:
    """Return the destination, in a thread only if the bot can post there, and its name."""
    if not destination.thread_ts:
        return destination, NEXT_TO_IT
    with suppress(SlackUnavailableError):
        if people.is_member(destination.channel_id):
            return destination, IN_THREAD
    return replace(destination, thread_ts=""), IN_CHANNEL


def _find_destination(interactions: Interactions, actor: Actor, body: Mapping[str, Any]) -> OpenLookup:
    """Return the destination: the chosen conversation, else the message's, else direct messages."""
    for chosen in body.get("response_urls") or ():
        return OpenLookup(text(chosen, "channel_id"), text(chosen, "response_url"))
    try:
        return interactions.find(text(body["view"], "private_metadata"), actor, OpenLookup)
    except (ExpiredError, AuditError):
        return _DIRECT_MESSAGES


def _make_request(
    responder: Responder,
    actor: Actor,
    body: Mapping[str, Any],
    destination: OpenLookup = _DIRECT_MESSAGES,
) -> SlackRequest:
    place, url = destination, destination.response_url
    if place.thread_ts:
        delivery = responder.open_private_thread(place.channel_id, place.thread_ts, url, actor.user_id)
    else:
        delivery = responder.reach(url, actor.user_id)
    return SlackRequest(
        actor, Surface.FORM, Reply(delivery), destination.channel_id, text(body, "trigger_id")
    )
