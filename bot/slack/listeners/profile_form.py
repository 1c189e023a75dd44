"""The listeners for the profile shortcut and its modals."""

import logging
import re
from collections.abc import Mapping
from functools import partial
from typing import Any

from slack_bolt import Ack, App

from bot.core.commands import WORDS, SetFields
from bot.core.model import Actor, Surface
from bot.errors import AuditError, ExpiredError
from bot.slack.admission import Admission
from bot.slack.api.payloads import read_actor, text
from bot.slack.delivery.open_view import OpenView
from bot.slack.delivery.reply import Reply
from bot.slack.delivery.request import SlackRequest
from bot.slack.delivery.response_url import Responder
from bot.slack.interaction_store import Interactions
from bot.slack.interactions import OpenForm
from bot.slack.listeners.review import OpenReviews, Review, make_request, register_review
from bot.slack.listeners.submission import admit_submission, show_mistakes
from bot.slack.modals.errors import FormError
from bot.slack.modals.inputs import INPUT
from bot.slack.modals.open_views import with_trouble
from bot.slack.modals.profile import (
    PRESET,
    SET_ACCOUNT,
    SET_MODAL,
    SET_SHORTCUT,
    TITLE,
    WHAT,
    form_view,
    loading_view,
    read_filled,
)
from bot.slack.modals.profile_submission import read_changes, read_edit
from bot.slack.runner import CommandRunner

log = logging.getLogger(__name__)


def register(app: App, runner: CommandRunner, responder: Responder, admission: Admission) -> None:
    """Register the shortcut and the modals of a change with Bolt."""
    reviews = OpenReviews(runner.interactions)
    register_review(app, runner, responder, admission, reviews)
    _register_account(app, runner, responder, admission)
    _register_fields(app, runner, responder, admission, reviews)


def _register_account(app: App, runner: CommandRunner, responder: Responder, admission: Admission) -> None:
    """Register the shortcut, and the modal that asks for the account."""

    @app.shortcut(SET_SHORTCUT)
    def on_shortcut(ack: Ack, body: Mapping[str, Any]) -> None:
        actor = read_actor(body)
        reply = Reply(responder.reach(text(body, "response_url"), actor.user_id))
        request = SlackRequest(actor, Surface.FORM, reply, trigger_id=text(body, "trigger_id"))
        run = partial(runner.ask_account, request)
        admission.admit(request, partial(runner.run_guarded, request, run))
        ack()

    @app.view(SET_ACCOUNT)
    def on_account(ack: Ack, body: Mapping[str, Any]) -> None:
        request, open_view = make_request(runner, responder, body)
        with show_mistakes(ack):
            command = read_edit(body["view"], runner.services.apps)
            # Reading the profile takes a call, so a loading view comes first.
            ack(response_action="update", view=loading_view(TITLE, open_view.external_id))
            run = partial(runner.fill_form, request, command, open_view)
            admission.admit(request, partial(runner.run_guarded, request, run))


def _register_fields(
    app: App, runner: CommandRunner, responder: Responder, admission: Admission, reviews: OpenReviews
) -> None:
    """Register the modal of the fields."""

    @app.action({"block_id": re.compile(f"^({WHAT}|{PRESET})$"), "action_id": re.compile(INPUT)})
    def on_choice(ack: Ack, body: Mapping[str, Any]) -> None:
        actor, view = read_actor(body), body["view"]
        fills = text(body["actions"][0], "block_id") == PRESET
        open_view = OpenView(runner.forms.slack, TITLE, text(view, "id"))
        request = SlackRequest(actor, Surface.FORM, Reply(responder.open_view(open_view, "", actor.user_id)))
        run = partial(_show_chosen, runner, request, open_view, view, fills=fills)
        # Without a notice that it waits or that there is no room, which would take the form's place.
        admission.workers.submit(partial(runner.run_guarded, request, run), actor)
        ack()

    @app.view(SET_MODAL)
    def on_form(ack: Ack, body: Mapping[str, Any]) -> None:
        actor, view = read_actor(body), body["view"]
        with show_mistakes(ack):
            command, url = _read_changes(runner.interactions, actor, view)
            request, open_view = make_request(runner, responder, body, url)
            in_review = Review(runner, request, open_view, reviews, text(view, "root_view_id"))
            admit_submission(admission, request, partial(in_review.propose, command), view)
            # On top of the form, so that closing it leads back to the form.
            ack(response_action="push", view=loading_view(TITLE, open_view.external_id))


def _show_chosen(
    runner: CommandRunner,
    request: SlackRequest,
    open_view: OpenView,
    view: Mapping[str, Any],
    *,
    fills: bool,
) -> str:
    """Show the inputs of the chosen fields, with what was filled in or what a chosen preset fills in."""
    key = text(view, "private_metadata")
    try:
        opened = runner.interactions.find(key, request.actor, OpenForm)
    except ExpiredError:
        raise ExpiredError("this form is too old", advice="Close it and run the command again") from None
    except AuditError as error:
        # The form stays with all that was typed.
        log.info("the inputs of chosen fields could not be shown: %s", error)
        open_view.show(with_trouble(view, str(error), "Choose again in a minute"))
        return "ChooseFields"
    form = opened.form
    runner.services.allow(request.actor, WORDS[SetFields], request.surface, form.app.name, (form.account,))
    filled = read_filled(view, form)
    presets = {preset.name: preset for preset in form.app.presets}
    if fills and filled.preset in presets:
        filled = filled.fill(form, presets[filled.preset])
    open_view.show(form_view(form, key, filled))
    return "ChooseFields"


def _read_changes(interactions: Interactions, actor: Actor, view: Mapping[str, Any]) -> tuple[SetFields, str]:
    try:
        opened = interactions.find(text(view, "private_metadata"), actor, OpenForm)
    except ExpiredError:
        raise FormError(view, {"": "this form is too old; close it and run the command again"}) from None
    except AuditError:
        raise FormError(view, {"": "the record did not answer in time; try again in a minute"}) from None
    return read_changes(view, opened.form), opened.response_url
