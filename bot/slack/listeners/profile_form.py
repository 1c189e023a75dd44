"""Shortcuts and the modals they lead to: what is filled in, reviewed, confirmed and closed."""

from collections.abc import Mapping
from dataclasses import dataclass
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
from bot.slack.interactions import OpenForm
from bot.slack.listeners.review import confirm, give_up, review
from bot.slack.messages.notices import busy
from bot.slack.modals.errors import FormError, busy_error
from bot.slack.modals.profile import SET_ACCOUNT, SET_MODAL, SET_SHORTCUT, changing_view, loading_view
from bot.slack.modals.profile_submission import read_changes, read_edit
from bot.slack.modals.review import SET_REVIEW, notice_view
from bot.slack.runner import CommandRunner


@dataclass(frozen=True, slots=True)
class Filling:
    """Takes on what is done in modals.

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
        app.shortcut(SET_SHORTCUT)(self.on_shortcut)
        app.view(SET_ACCOUNT)(self.on_account)
        app.view(SET_MODAL)(self.on_form)
        app.view(SET_REVIEW)(self.on_review)
        app.view_closed(SET_REVIEW)(self.on_closed_review)

    def on_shortcut(self, ack: Ack, body: Mapping[str, Any]) -> None:
        """Take on the global shortcut."""
        request = self._ask(body)
        self.admission.admit(request, partial(self.runner.answer_shortcut, request))
        ack()

    def on_account(self, ack: Ack, body: Mapping[str, Any]) -> None:
        """Take on the account whose profile the form is to show."""
        request, open_view = self._ask_in_modal(read_actor(body))
        try:
            command = read_edit(body["view"], self.runner.services.apps)
        except FormError as error:
            ack(response_action="errors", errors=error.mistakes)
            return
        # The profile takes a call to read, so this view is there before the form takes its place.
        ack(response_action="update", view=loading_view(open_view.external_id))
        self.admission.admit(request, partial(self.runner.answer_account, request, command, open_view))

    def on_form(self, ack: Ack, body: Mapping[str, Any]) -> None:
        """Take on a form that was sent; what is wrong in it is said at its fields."""
        actor, view = read_actor(body), body["view"]
        try:
            command, url = self._read_changes(actor, view)
        except FormError as error:
            ack(response_action="errors", errors=error.mistakes)
            return
        request, open_view = self._ask_in_modal(actor, url)
        if self.admission.try_to_admit(request, partial(review, self.runner, request, open_view, command)):
            # On top of the form, so that closing it leads back to what was filled in.
            ack(response_action="push", view=loading_view(open_view.external_id))
        else:
            ack(response_action="errors", errors=busy_error(view).mistakes)

    def on_review(self, ack: Ack, body: Mapping[str, Any]) -> None:
        """Take on the confirmation of what a form would change."""
        request, open_view = self._ask_in_modal(read_actor(body))
        change_id = text(body["view"], "private_metadata")
        if self.admission.try_to_admit(request, partial(confirm, self.runner, request, open_view, change_id)):
            ack(response_action="update", view=changing_view(open_view.external_id))
        else:
            ack(response_action="push", view=notice_view(busy()))

    def on_closed_review(self, ack: Ack, body: Mapping[str, Any]) -> None:
        """Give up a change whose review was closed."""
        actor, change_id = read_actor(body), text(body["view"], "private_metadata")
        self.admission.workers.submit(partial(give_up, self.runner, actor, change_id), actor)
        ack()

    def _read_changes(self, actor: Actor, view: Mapping[str, Any]) -> tuple[SetFields, str]:
        try:
            opened = self.runner.interactions.find(text(view, "private_metadata"), actor, OpenForm)
        except ExpiredError:
            raise FormError(view, {"": "this form is too old; close it and run the command again"}) from None
        return read_changes(view, opened.form), opened.response_url

    def _ask_in_modal(self, actor: Actor, url: str = "") -> tuple[SlackRequest, OpenView]:
        open_view = self.runner.forms.expect()
        delivery = self.responder.open_view(open_view, url, actor.user_id)
        return SlackRequest(actor, Surface.FORM, Reply(delivery)), open_view

    def _ask(self, body: Mapping[str, Any]) -> SlackRequest:
        actor = read_actor(body)
        delivery = self.responder.reach(text(body, "response_url"), actor.user_id)
        return SlackRequest(actor, Surface.FORM, Reply(delivery), trigger_id=text(body, "trigger_id"))
