"""What Bolt calls: read the payload, ack at once, leave the rest to a worker."""

import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from slack_bolt import Ack, App, BoltRequest, BoltResponse
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk.socket_mode.builtin import SocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse

from bot.core.model import Actor, Surface
from bot.slack.admission import Admission
from bot.slack.api.client import SlackClient
from bot.slack.api.payloads import NotSlacksError, check_payload, read_actor, text
from bot.slack.api.socket_mode import SocketClient
from bot.slack.delivery.open_view import OpenView
from bot.slack.delivery.reply import Reply
from bot.slack.delivery.request import SlackRequest
from bot.slack.delivery.response_url import Responder
from bot.slack.listeners.buttons import BUTTONS, QUICK, URGENT, press
from bot.slack.listeners.home import Homes
from bot.slack.listeners.lookup_form import Querying
from bot.slack.listeners.mentions import Hearing
from bot.slack.listeners.profile_form import Filling
from bot.slack.messages.notices import busy
from bot.slack.recent_ids import RecentIds
from bot.slack.runner import CommandRunner
from bot.slack.workers import Workers

ENVELOPES = 256
"""How many of the latest envelopes are known again."""

_NOT_SLACKS = "What came from Slack made no sense, so nothing was done. Try again."

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Listeners:
    """The slash command, the shortcut, buttons, forms, and messages to the bot.

    Args:
        runner: What is done for each.
        responder: How answers are sent.
        workers: Who does what comes after the ack.
        doorman: Who tells people that every worker is busy, and ends what keeps workers busy.
        homes: What publishes Home tabs.
        quick: Who answers what can be answered although every worker is stuck.
    """

    runner: CommandRunner
    responder: Responder
    workers: Workers
    doorman: Workers
    homes: Homes
    quick: Workers

    @property
    def _admission(self) -> Admission:
        return Admission(self.runner.interactions, self.workers, self.quick, self.doorman)

    def register(self, app: App) -> None:
        """Hook the listeners into Bolt: one for the slash command, with the table of commands behind it."""
        app.command(self.runner.command)(self.on_command)
        app.action(re.compile("|".join(BUTTONS)))(self.on_button)
        Filling(self.runner, self.responder, self._admission).register(app)
        app.event("app_home_opened")(self.on_home)
        Querying(self.runner, self.responder, self._admission).register(app)
        Hearing(self.runner, self.responder, self._admission).register(app)
        app.error(self.on_error)

    def on_command(self, ack: Ack, body: Mapping[str, Any]) -> None:
        """Take on a slash command."""
        actor = Actor(text(body, "user_id"), text(body, "team_id"))
        request = self._ask(actor, Surface.COMMAND, body, channel_id=text(body, "channel_id"))
        typed = text(body, "text")
        message = self._admission.admit_command(
            request, partial(self.runner.answer_text, request, typed), typed
        )
        if message is None:
            ack()
        else:
            ack(text=message.text, blocks=message.blocks, response_type="ephemeral")

    def on_button(self, ack: Ack, body: Mapping[str, Any]) -> None:
        """Take on a press of a button."""
        channel_id, action = text(body.get("channel") or {}, "id"), body["actions"][0]
        request = self._ask(read_actor(body), Surface.BUTTON, body, channel_id=channel_id)
        action_id = text(action, "action_id")
        job = partial(press, self.runner, request, action_id, text(action, "value"))
        if action_id in URGENT:
            self.doorman.submit(job, request.actor)
        else:
            at_home = (body.get("view") or {}).get("type") == "home"
            run = partial(self._and_publish, request, job) if at_home else job
            self._admission.admit(request, run, quick=action_id in QUICK and not at_home)
        ack()

    def on_home(self, ack: Ack, body: Mapping[str, Any]) -> None:
        """Take on that somebody opened a tab of the bot's: the Home tab is published anew."""
        ack()
        event = body["event"]
        if event.get("tab") == "home":
            actor = Actor(text(event, "user"), text(body, "team_id"))
            request = self._ask(actor, Surface.BUTTON, {})
            # Nothing is written to people who merely looked: the tab says what it said before until then.
            if not self.workers.submit(partial(self._and_publish, request), actor):
                self.doorman.submit(partial(request.reply.refuse, busy()), actor)

    def _and_publish(self, request: SlackRequest, job: Callable[[], None] | None = None) -> None:
        if job:
            job()
        self.runner.run_guarded(request, partial(self.homes.publish, request.actor))

    def _ask(
        self, actor: Actor, surface: Surface, body: Mapping[str, Any], *, channel_id: str = ""
    ) -> SlackRequest:
        url, view = text(body, "response_url"), body.get("view") or {}
        delivery = self.responder.reach(url, actor.user_id, of_message=surface is Surface.BUTTON)
        if view.get("type") == "modal":
            open_view = OpenView(self.runner.forms.slack, text(view, "id"))
            delivery = self.responder.open_view(open_view, url, actor.user_id)
        return SlackRequest(actor, surface, Reply(delivery), channel_id, text(body, "trigger_id"), url)

    def on_error(self, error: Exception, request: BoltRequest) -> BoltResponse:
        """Answer an error that came before any worker: the last net."""
        message = self.runner.report_crash(error)
        if "command" not in request.body:
            return BoltResponse(status=200)
        return BoltResponse(status=200, body={"response_type": "ephemeral", "text": message.text})


class DeduplicatingHandler(SocketModeHandler):
    """Takes each Socket Mode envelope once: Slack brings some twice, and nobody wants two answers."""

    def __init__(self, app: App, slack: SlackClient, app_token: str) -> None:
        # Not the base's: it would make a client whose waits have no end.
        self.app, self.app_token = app, app_token
        self.client = SocketClient(app_token, slack, logger=app.logger)
        self._seen = RecentIds(ENVELOPES)
        self.client.socket_mode_request_listeners.append(self.handle)  # type: ignore[arg-type]  # as Bolt's

    def handle(self, client: SocketModeClient, req: SocketModeRequest) -> None:  # type: ignore[override]  # as Bolt's
        """Hand an envelope to Bolt, or acknowledge it alone when it has been here."""
        if self._seen.again(req.envelope_id):
            client.send_socket_mode_response(SocketModeResponse(req.envelope_id))
            return
        try:
            check_payload(req.payload)
            super().handle(client, req)
        except NotSlacksError as error:
            self._give_up(client, req, str(error))
        except Exception as error:  # noqa: BLE001 - Bolt looks into a payload before it knows its shape
            # Neither the error's words nor its traceback: they may repeat what was typed.
            self._give_up(client, req, type(error).__name__)

    def _give_up(self, client: SocketModeClient, req: SocketModeRequest, why: str) -> None:
        """Acknowledge an envelope, or Slack would bring it again; with words where a person waits."""
        log.warning("an envelope holds nothing of Slack's (%s)", why)
        said = {"text": _NOT_SLACKS} if "command" in req.payload else None
        client.send_socket_mode_response(SocketModeResponse(req.envelope_id, said))
