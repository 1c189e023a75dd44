"""The listeners for the profile shortcut and its modals."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from slack_bolt import Ack, App

from bot.core.commands import SetFields
from bot.core.model import Actor, Surface
from bot.errors import ExpiredError
from bot.slack.admission import Admission
from bot.slack.api.payloads import read_actor, text
from bot.slack.delivery.open_view import OpenView
from bot.slack.delivery.reply import Reply
from bot.slack.delivery.request import SlackRequest
from bot.slack.delivery.response_url import Responder
from bot.slack.interactions import Interactions, OpenForm
from bot.slack.listeners.review import cancel_review, confirm, review
from bot.slack.messages.notices import busy
from bot.slack.modals.errors import FormError, busy_error
from bot.slack.modals.profile import SET_ACCOUNT, SET_MODAL, SET_SHORTCUT, changing_view, loading_view
from bot.slack.modals.profile_submission import read_changes, read_edit
from bot.slack.modals.review import SET_REVIEW, notice_view
from bot.slack.runner import CommandRunner


def register(app: App, runner: CommandRunner, responder: Responder, admission: Admission) -> None:
    """Register the shortcut and the modals of a change with Bolt."""

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
        request, open_view = _make_request(runner, responder, read_actor(body))
        try:
            command = read_edit(body["view"], runner.services.apps)
        except FormError as error:
            ack(response_action="errors", errors=error.mistakes)
            return
        # Reading the profile takes a call, so a loading view comes first.
        ack(response_action="update", view=loading_view(open_view.external_id))
        run = partial(runner.fill_form, request, command, open_view)
        admission.admit(request, partial(runner.run_guarded, request, run))

    @app.view(SET_MODAL)
    def on_form(ack: Ack, body: Mapping[str, Any]) -> None:
        actor, view = read_actor(body), body["view"]
        try:
            command, url = _read_changes(runner.interactions, actor, view)
        except FormError as error:
            ack(response_action="errors", errors=error.mistakes)
            return
        request, open_view = _make_request(runner, responder, actor, url)
        if admission.try_to_admit(request, partial(review, runner, request, open_view, command)):
            # On top of the form, so that closing it leads back to the form.
            ack(response_action="push", view=loading_view(open_view.external_id))
        else:
            ack(response_action="errors", errors=busy_error(view).mistakes)

    @app.view(SET_REVIEW)
    def on_review(ack: Ack, body: Mapping[str, Any]) -> None:
        request, open_view = _make_request(runner, responder, read_actor(body))
        change_id = text(body["view"], "private_metadata")
        if admission.try_to_admit(request, partial(confirm, runner, request, open_view, change_id)):
            ack(response_action="update", view=changing_view(open_view.external_id))
        else:
            ack(response_action="push", view=notice_view(busy()))

    @app.view_closed(SET_REVIEW)
    def on_closed_review(ack: Ack, body: Mapping[str, Any]) -> None:
        actor, change_id = read_actor(body), text(body["view"], "private_metadata")
        admission.workers.submit(partial(cancel_review, runner, actor, change_id), actor)
        ack()


def _make_request(
    runner: CommandRunner, responder: Responder, actor: Actor, url: str = ""
) -> tuple[SlackRequest, OpenView]:
    open_view = runner.forms.expect_view()
    delivery = responder.open_view(open_view, url, actor.user_id)
    return SlackRequest(actor, Surface.FORM, Reply(delivery)), open_view


def _read_changes(interactions: Interactions, actor: Actor, view: Mapping[str, Any]) -> tuple[SetFields, str]:
    try:
        opened = interactions.find(text(view, "private_metadata"), actor, OpenForm)
    except ExpiredError:
        raise FormError(view, {"": "this form is too old; close it and run the command again"}) from None
    return read_changes(view, opened.form), opened.response_url
