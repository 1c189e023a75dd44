"""The listener for the form that searches the record."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from slack_bolt import Ack, App

from bot.core.model import Surface
from bot.errors import ExpiredError
from bot.slack.admission import Admission
from bot.slack.api.payloads import read_actor, text
from bot.slack.delivery.reply import Reply
from bot.slack.delivery.request import SlackRequest
from bot.slack.delivery.response_url import Responder
from bot.slack.interactions import OpenLookup
from bot.slack.modals.errors import FormError, busy_error
from bot.slack.modals.search import SEARCH_MODAL, read_search
from bot.slack.runner import CommandRunner


def register(app: App, runner: CommandRunner, responder: Responder, admission: Admission) -> None:
    """Register the form with Bolt."""

    @app.view(SEARCH_MODAL)
    def on_search(ack: Ack, body: Mapping[str, Any]) -> None:
        actor, view = read_actor(body), body["view"]
        try:
            command = read_search(view, runner.services.apps)
        except FormError as error:
            ack(response_action="errors", errors=error.mistakes)
            return
        try:
            place = runner.interactions.find(text(view, "private_metadata"), actor, OpenLookup)
        except ExpiredError:
            # From before a restart: the answer goes to direct messages.
            place = OpenLookup("", "")
        reply = Reply(responder.reach(place.response_url, actor.user_id))
        request = SlackRequest(actor, Surface.FORM, reply, place.channel_id)
        run = partial(runner.run, request, command)
        if admission.try_to_admit(request, partial(runner.run_guarded, request, run)):
            ack()
        else:
            ack(response_action="errors", errors=busy_error(view).mistakes)
