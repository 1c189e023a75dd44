"""The listener for the form that searches the record."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from slack_bolt import Ack, App

from bot.core.model import Actor, Surface
from bot.errors import AuditError, ExpiredError
from bot.slack.admission import Admission
from bot.slack.api.payloads import read_actor, text
from bot.slack.delivery.reply import Reply
from bot.slack.delivery.request import SlackRequest
from bot.slack.delivery.response_url import Responder
from bot.slack.interaction_store import Interactions
from bot.slack.interactions import OpenLookup
from bot.slack.listeners.submission import admit_submission, show_mistakes
from bot.slack.modals.search import SEARCH_MODAL, read_search
from bot.slack.runner import CommandRunner


def register(app: App, runner: CommandRunner, responder: Responder, admission: Admission) -> None:
    """Register the form with Bolt."""

    @app.view(SEARCH_MODAL)
    def on_search(ack: Ack, body: Mapping[str, Any]) -> None:
        actor, view = read_actor(body), body["view"]
        with show_mistakes(ack):
            command = read_search(view, runner.services.apps)
            place = _find_place(runner.interactions, actor, view)
            reply = Reply(responder.reach(place.response_url, actor.user_id))
            request = SlackRequest(
                actor, Surface.FORM, reply, place.channel_id, trigger_id=text(body, "trigger_id")
            )
            run = partial(runner.run, request, command)
            admit_submission(admission, request, partial(runner.run_guarded, request, run), view)
            ack()


def _find_place(interactions: Interactions, actor: Actor, view: Mapping[str, Any]) -> OpenLookup:
    """Return where the form was opened; direct messages if that is not known."""
    try:
        return interactions.find(text(view, "private_metadata"), actor, OpenLookup)
    except (ExpiredError, AuditError):
        return OpenLookup("", "")
