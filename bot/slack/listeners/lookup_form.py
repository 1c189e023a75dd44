"""The shortcuts that look accounts up, and the modal they lead to."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from slack_bolt import Ack, App

from bot.core.id_detection import find_and_count
from bot.core.lookups.kinds import PROFILES
from bot.core.model import Actor, Surface
from bot.errors import ExpiredError
from bot.slack.admission import Admission
from bot.slack.api.message_text import read_words
from bot.slack.api.payloads import read_actor, text
from bot.slack.delivery.reply import Reply
from bot.slack.delivery.request import SlackRequest
from bot.slack.delivery.response_url import Responder
from bot.slack.interactions import OpenLookup
from bot.slack.modals.errors import FormError, busy_error
from bot.slack.modals.lookup import LOOKUP_MODAL, lookup_view, message_view
from bot.slack.modals.lookup_submission import read_lookup
from bot.slack.runner import CommandRunner

LOOKUP = "lookup"
"""The callback id of the global shortcut."""
LOOKUP_MESSAGE = "lookup_message"
"""The callback id of the shortcut on a message."""

_DIRECTLY = OpenLookup("", "")


def open_lookup(runner: CommandRunner, request: SlackRequest) -> str:
    """Open the modal that asks what to look up; names the deed."""
    _allow(runner, request)
    runner.forms.show(request.trigger_id, lookup_view(runner.services.apps))
    return "OpenLookup"


def _allow(runner: CommandRunner, request: SlackRequest) -> None:
    runner.services.allow(request.actor, PROFILES.word, request.surface)


@dataclass(frozen=True, slots=True)
class Querying:
    """Takes on the shortcuts, and what is filled in.

    Args:
        runner: What is done for each.
        responder: How answers are sent.
        admission: Leaves it to workers.
    """

    runner: CommandRunner
    responder: Responder
    admission: Admission

    def register(self, app: App) -> None:
        """Hook into Bolt."""
        app.shortcut(LOOKUP)(self.on_shortcut)
        app.shortcut(LOOKUP_MESSAGE)(self.on_message_shortcut)
        app.view(LOOKUP_MODAL)(self.on_lookup)

    def on_shortcut(self, ack: Ack, body: Mapping[str, Any]) -> None:
        """Take on the global shortcut."""
        request = self._ask(read_actor(body), body)
        run = partial(open_lookup, self.runner, request)
        self.admission.admit(request, partial(self.runner.run_guarded, request, run))
        ack()

    def on_message_shortcut(self, ack: Ack, body: Mapping[str, Any]) -> None:
        """Take on the shortcut on a message."""
        way = OpenLookup(text(body.get("channel") or {}, "id"), text(body, "response_url"))
        request = self._ask(read_actor(body), body, way, of_message=True)
        run = partial(self._offer, request, way, body.get("message") or {})
        self.admission.admit(request, partial(self.runner.run_guarded, request, run))
        ack()

    def on_lookup(self, ack: Ack, body: Mapping[str, Any]) -> None:
        """Take on what is to be looked up; what is wrong in it is said at its inputs."""
        actor, view = read_actor(body), body["view"]
        try:
            command = read_lookup(view, self.runner.services.apps)
        except FormError as error:
            ack(response_action="errors", errors=error.mistakes)
            return
        # Without a URL of the modal's own it is that of the message whose shortcut led here.
        of_message = not body.get("response_urls")
        request = self._ask(actor, body, self._find_way(actor, body), of_message=of_message)
        run = partial(self.runner.run, request, command)
        if self.admission.try_to_admit(request, partial(self.runner.run_guarded, request, run)):
            ack()
        else:
            ack(response_action="errors", errors=busy_error(view).mistakes)

    def _offer(self, request: SlackRequest, way: OpenLookup, message: Mapping[str, Any]) -> str:
        _allow(self.runner, request)
        found, more = find_and_count(read_words(message))
        key = self.runner.interactions.keep(request.actor, way)
        view = message_view(self.runner.services.apps, found, key, more)
        self.runner.forms.show(request.trigger_id, view)
        return "OpenLookup"

    def _find_way(self, actor: Actor, body: Mapping[str, Any]) -> OpenLookup:
        """Find where to answer: in the conversation that was chosen, or beside the message; or directly."""
        for chosen in body.get("response_urls") or ():
            return OpenLookup(text(chosen, "channel_id"), text(chosen, "response_url"))
        try:
            return self.runner.interactions.find(text(body["view"], "private_metadata"), actor, OpenLookup)
        except ExpiredError:
            return _DIRECTLY

    def _ask(
        self, actor: Actor, body: Mapping[str, Any], way: OpenLookup = _DIRECTLY, *, of_message: bool = False
    ) -> SlackRequest:
        delivery = self.responder.reach(way.response_url, actor.user_id, of_message=of_message)
        return SlackRequest(actor, Surface.FORM, Reply(delivery), way.channel_id, text(body, "trigger_id"))
