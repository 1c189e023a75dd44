"""The shortcuts that look accounts up, and the modal they lead to."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from slack_bolt import Ack, App

from bot.core.answers import OpenLookup
from bot.core.candidates import find_candidates
from bot.core.model import Actor, Surface
from bot.errors import ExpiredError
from bot.slack.answering import Answering
from bot.slack.asking import Ask
from bot.slack.forms import FormError, busy_error
from bot.slack.lookup_modal import LOOKUP_MODAL, lookup_view, message_view
from bot.slack.lookup_reading import read_lookup
from bot.slack.payloads import presser, text
from bot.slack.reading import read_words
from bot.slack.reply import Reply
from bot.slack.responder import Responder
from bot.slack.workers import Workers

LOOKUP = "lookup"
"""The callback id of the global shortcut."""
LOOKUP_MESSAGE = "lookup_message"
"""The callback id of the shortcut on a message."""


def open_lookup(answering: Answering, ask: Ask) -> str:
    """Open the modal that asks what to look up; names the deed."""
    answering.forms.show(ask.trigger_id, lookup_view(answering.dispatcher.apps))
    return "OpenLookup"


@dataclass(frozen=True, slots=True)
class Querying:
    """Takes on the shortcuts, and what is filled in.

    Args:
        answering: What is done for each.
        responder: How answers are sent.
        workers: Who does what comes after the ack.
        take_on: Leaves a job to a worker, or tells the person that all are busy.
    """

    answering: Answering
    responder: Responder
    workers: Workers
    take_on: Callable[[Ask, Callable[[], None]], None]

    def register(self, app: App) -> None:
        """Hook into Bolt."""
        app.shortcut(LOOKUP)(self.on_shortcut)
        app.shortcut(LOOKUP_MESSAGE)(self.on_message_shortcut)
        app.view(LOOKUP_MODAL)(self.on_lookup)

    def on_shortcut(self, ack: Ack, body: Mapping[str, Any]) -> None:
        """Take on the global shortcut."""
        ask = self._ask(presser(body), body)
        run = partial(open_lookup, self.answering, ask)
        self.take_on(ask, partial(self.answering.always_answer, ask, run))
        ack()

    def on_message_shortcut(self, ack: Ack, body: Mapping[str, Any]) -> None:
        """Take on the shortcut on a message."""
        ask = self._ask(presser(body), body)
        run = partial(self._offer, ask, body.get("message") or {})
        self.take_on(ask, partial(self.answering.always_answer, ask, run))
        ack()

    def on_lookup(self, ack: Ack, body: Mapping[str, Any]) -> None:
        """Take on what is to be looked up; what is wrong in it is said at its inputs."""
        actor, view = presser(body), body["view"]
        try:
            command = read_lookup(view, self.answering.dispatcher.apps)
        except FormError as error:
            ack(response_action="errors", errors=error.mistakes)
            return
        ask = self._ask(actor, {"response_url": self._way(actor, body)})
        run = partial(self.answering.run, ask, command)
        if self.workers.submit(partial(self.answering.always_answer, ask, run)):
            ack()
        else:
            ack(response_action="errors", errors=busy_error(view).mistakes)

    def _offer(self, ask: Ask, message: Mapping[str, Any]) -> str:
        found = find_candidates(read_words(message))
        key = self.answering.answers.keep(ask.actor, OpenLookup(ask.reply.url))
        self.answering.forms.show(ask.trigger_id, message_view(self.answering.dispatcher.apps, found, key))
        return "OpenLookup"

    def _way(self, actor: Actor, body: Mapping[str, Any]) -> str:
        """Find the response URL of the conversation that was chosen, or where the message is; or none."""
        for way in body.get("response_urls") or ():
            return text(way, "response_url")
        try:
            key = text(body["view"], "private_metadata")
            return self.answering.answers.find(key, actor, OpenLookup).response_url
        except ExpiredError:
            return ""

    def _ask(self, actor: Actor, body: Mapping[str, Any]) -> Ask:
        reply = Reply(self.responder, text(body, "response_url"), actor.user_id)
        channel_id = text(body.get("channel") or {}, "id")
        return Ask(actor, Surface.FORM, reply, channel_id, text(body, "trigger_id"))
