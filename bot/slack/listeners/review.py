"""The listeners for the review of a form in its modal: the preview to confirm, and the outcome."""

import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

from slack_bolt import Ack, App

from bot.core.commands import SetFields, metric_of
from bot.core.model import Actor, Surface
from bot.core.results import ChangeResult, Overwritten, Preview, Settled, Unchanged
from bot.errors import AuditError, BotError, ExpiredError
from bot.slack.admission import Admission
from bot.slack.api.payloads import read_actor, text
from bot.slack.delivery.open_view import OpenView
from bot.slack.delivery.reply import Reply
from bot.slack.delivery.request import SlackRequest
from bot.slack.delivery.response_url import Responder
from bot.slack.interaction_store import Interactions
from bot.slack.interactions import OpenReview
from bot.slack.messages.errors import render_error
from bot.slack.messages.notices import busy
from bot.slack.modals.answer import notice_view
from bot.slack.modals.profile import SET_MODAL, changing_view
from bot.slack.modals.review import (
    SET_REVIEW,
    overwritten_view,
    review_view,
    settled_view,
    unchanged_view,
)
from bot.slack.runner import CommandRunner

TAKE_SECONDS = 1.0
"""Seconds in which a confirmation must take its change: Slack waits three for the ack."""

_SLOW = AuditError(
    "the record did not answer in time, and nothing was sent",
    advice="The change still waits: go back, and confirm it in a minute",
)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class OpenReviews:
    """The change that each open modal asks to confirm, in all processes.

    A modal is known by the id of its first view: Slack reports a closed modal for that view alone. An empty
    id stands for no modal.
    """

    interactions: Interactions

    def add(self, actor: Actor, root_view_id: str, change_id: str) -> None:
        """Remember the change that a modal asks to confirm now."""
        if root_view_id and change_id:
            self.interactions.keep_now(actor, OpenReview(change_id), _key(root_view_id))

    def restore(self, actor: Actor, root_view_id: str, change_id: str) -> None:
        """Remember the change of a modal again, without waiting for the store."""
        if root_view_id and change_id:
            self.interactions.keep(actor, OpenReview(change_id), _key(root_view_id))

    def find(self, actor: Actor, root_view_id: str) -> str:
        """Return the change of a modal; empty if none is known."""
        try:
            return self.interactions.find_latest(_key(root_view_id), actor, OpenReview).change_id
        except ExpiredError:
            return ""

    def take(self, root_view_id: str) -> bool:
        """Forget the change of a modal; return whether there was one, to one process alone.

        It goes to the confirmation or to the closing of the modal, whichever comes first.

        Raises:
            AuditError: That cannot be told within TAKE_SECONDS.
        """
        return bool(root_view_id) and self.interactions.take(_key(root_view_id), TAKE_SECONDS)


def _key(root_view_id: str) -> str:
    return f"review {root_view_id}"


@dataclass(frozen=True, slots=True)
class Review:
    """A review in one modal.

    Args:
        runner: The runner of commands.
        request: The request that opened it or acts on it.
        open_view: The view on top.
        reviews: The changes of all open modals.
        root_view_id: The id of the modal's first view.
    """

    runner: CommandRunner
    request: SlackRequest
    open_view: OpenView
    reviews: OpenReviews
    root_view_id: str

    def propose(self, command: SetFields) -> None:
        """Show the preview of a form's change, to be confirmed."""

        def step() -> Preview | Unchanged:
            changes, request = self.runner.services.changes, self.request
            return changes.propose(request.actor, command, request.surface)

        self._run(step, metric_of(command))

    def confirm(self, change_id: str) -> None:
        """Confirm a reviewed change, and show its outcome."""

        def step() -> ChangeResult:
            try:
                return self.runner.services.changes.confirm(
                    self.request.actor, change_id, self.request.surface
                )
            except BotError:
                # Perhaps it was not tried, and is still open.
                self.reviews.add(self.request.actor, self.root_view_id, change_id)
                raise

        self._run(step, "ConfirmChange")

    def _run(self, step: Callable[[], ChangeResult], metric: str) -> None:
        def run() -> str:
            self._show(step())
            return metric

        self.runner.run_guarded(self.request, run, self._show)

    def _show(self, result: ChangeResult) -> None:
        """Show the result of a step; as a message once the modal is closed."""
        actor = self.request.actor
        self.runner.remember(actor, result)
        match result:
            case Preview():
                self.reviews.add(actor, self.root_view_id, result.change.id)
                view = review_view(result)
            case Unchanged():
                view = unchanged_view(result)
            case Overwritten():
                view = overwritten_view(result)
            case Settled():
                view = settled_view(result, self.runner.channel_note(result))
        if self.open_view.show(view):
            return
        with suppress(AuditError):
            if isinstance(result, Preview) and self.root_view_id and not self.reviews.take(self.root_view_id):
                # The modal was closed meanwhile, which cancels the change.
                return
        self.runner.answer(self.request, result)


def register_review(
    app: App, runner: CommandRunner, responder: Responder, admission: Admission, reviews: OpenReviews
) -> None:
    """Register the review, and the closing of its modal, with Bolt."""

    @app.view(SET_REVIEW)
    def on_review(ack: Ack, body: Mapping[str, Any]) -> None:
        request, open_view = make_request(runner, responder, body)
        change_id, root = text(body["view"], "private_metadata"), text(body["view"], "root_view_id")
        try:
            # Before the ack: closing the modal must not take back a confirmation.
            reviews.take(root)
        except AuditError as error:
            log.info("a change was not confirmed: %s", error)
            reviews.restore(request.actor, root, change_id)
            ack(response_action="push", view=notice_view(render_error(_SLOW, command=runner.command)))
            return
        in_review = Review(runner, request, open_view, reviews, root)
        if admission.try_to_admit(request, partial(in_review.confirm, change_id)):
            ack(response_action="update", view=changing_view(open_view.external_id))
        else:
            reviews.restore(request.actor, root, change_id)
            ack(response_action="push", view=notice_view(busy()))

    @app.view_closed(SET_REVIEW)
    def on_closed_review(ack: Ack, body: Mapping[str, Any]) -> None:
        actor, change_id = read_actor(body), text(body["view"], "private_metadata")
        root = text(body["view"], "root_view_id")
        admission.workers.submit(partial(_cancel_closed, runner, reviews, actor, root, change_id), actor)
        ack()

    @app.view_closed(SET_MODAL)
    def on_closed_modal(ack: Ack, body: Mapping[str, Any]) -> None:
        # Slack reports a modal that is closed as a whole for its first view, not for the review on top.
        actor, root = read_actor(body), text(body["view"], "root_view_id")
        admission.workers.submit(partial(_cancel_open, runner, reviews, actor, root), actor)
        ack()


def make_request(
    runner: CommandRunner, responder: Responder, body: Mapping[str, Any], url: str = ""
) -> tuple[SlackRequest, OpenView]:
    """Make the request of a submission, and the view that its ack will show."""
    actor, open_view = read_actor(body), runner.forms.expect_view()
    delivery = responder.open_view(open_view, url, actor.user_id)
    trigger_id = text(body, "trigger_id")
    return SlackRequest(actor, Surface.FORM, Reply(delivery), trigger_id=trigger_id), open_view


def _cancel_closed(
    runner: CommandRunner, reviews: OpenReviews, actor: Actor, root_view_id: str, change_id: str
) -> None:
    """Cancel the change of a closed review, and forget it unless the modal asks to confirm another."""
    _cancel(runner, actor, change_id)
    with suppress(AuditError):
        if reviews.find(actor, root_view_id) == change_id:
            reviews.take(root_view_id)


def _cancel_open(runner: CommandRunner, reviews: OpenReviews, actor: Actor, root_view_id: str) -> None:
    """Cancel the change that a closed modal asked to confirm, if it did."""
    with suppress(AuditError):
        if (change_id := reviews.find(actor, root_view_id)) and reviews.take(root_view_id):
            _cancel(runner, actor, change_id)


def _cancel(runner: CommandRunner, actor: Actor, change_id: str) -> None:
    """Cancel a change whose review was closed; if that fails, it expires."""
    try:
        runner.services.changes.cancel(runner.people.resolve(actor), change_id, Surface.FORM)
    except BotError as error:
        log.info("a change whose review was closed is left to expire (%s)", type(error).__name__)
    except Exception as error:  # noqa: BLE001 - nothing else would log it
        runner.report_crash(error)
