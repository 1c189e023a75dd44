"""The listeners for the review of a form in its modal: the preview to confirm, and the outcome."""

import logging
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from threading import Lock
from typing import Any

from slack_bolt import Ack, App

from bot.core.commands import SetFields, metric_of
from bot.core.model import Actor, Surface
from bot.core.results import ChangeResult, Overwritten, Preview, Settled, Unchanged
from bot.errors import BotError
from bot.slack.admission import Admission
from bot.slack.api.payloads import read_actor, text
from bot.slack.delivery.open_view import OpenView
from bot.slack.delivery.reply import Reply
from bot.slack.delivery.request import SlackRequest
from bot.slack.delivery.response_url import Responder
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

MODALS = 1024
"""The most modals whose change is remembered."""

log = logging.getLogger(__name__)


class OpenReviews:
    """The change that each open modal asks to confirm.

    A modal is known by the id of its first view: Slack reports a closed modal for that view alone. An empty
    id stands for no modal.
    """

    def __init__(self) -> None:
        self._changes: OrderedDict[str, str] = OrderedDict()
        self._lock = Lock()

    def add(self, root_view_id: str, change_id: str) -> None:
        """Remember the change that a modal asks to confirm now."""
        if not (root_view_id and change_id):
            return
        with self._lock:
            self._changes[root_view_id] = change_id
            if len(self._changes) > MODALS:
                self._changes.popitem(last=False)

    def pop(self, root_view_id: str) -> str:
        """Forget and return the change of a modal; empty if there is none."""
        with self._lock:
            return self._changes.pop(root_view_id, "")

    def forget(self, root_view_id: str, change_id: str) -> None:
        """Forget the change of a modal, unless it asks to confirm another one by now."""
        with self._lock:
            if self._changes.get(root_view_id) == change_id:
                del self._changes[root_view_id]


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
                self.reviews.add(self.root_view_id, change_id)
                raise

        self._run(step, "ConfirmChange")

    def _run(self, step: Callable[[], ChangeResult], metric: str) -> None:
        def run() -> str:
            self._show(step())
            return metric

        self.runner.run_guarded(self.request, run, self._show)

    def _show(self, result: ChangeResult) -> None:
        """Show the result of a step; as a message once the modal is closed."""
        self.reviews.pop(self.root_view_id)
        self.runner.remember(self.request.actor, result)
        match result:
            case Preview():
                self.reviews.add(self.root_view_id, result.change.id)
                view = review_view(result)
            case Unchanged():
                view = unchanged_view(result)
            case Overwritten():
                view = overwritten_view(result)
            case Settled():
                view = settled_view(result, self.runner.channel_note(result))
        if self.open_view.show(view):
            return
        if isinstance(result, Preview) and self.root_view_id and not self.reviews.pop(self.root_view_id):
            # The modal was closed meanwhile, which cancels the change.
            return
        self.runner.answer(self.request, result)


def register_review(
    app: App, runner: CommandRunner, responder: Responder, admission: Admission, reviews: OpenReviews
) -> None:
    """Register the review, and the closing of its modal, with Bolt."""

    @app.view(SET_REVIEW)
    def on_review(ack: Ack, body: Mapping[str, Any]) -> None:
        request, open_view = make_request(runner, responder, read_actor(body))
        change_id, root = text(body["view"], "private_metadata"), text(body["view"], "root_view_id")
        # Closing the modal does not take back a confirmation.
        open_id = reviews.pop(root)
        in_review = Review(runner, request, open_view, reviews, root)
        if admission.try_to_admit(request, partial(in_review.confirm, change_id)):
            ack(response_action="update", view=changing_view(open_view.external_id))
        else:
            reviews.add(root, open_id)
            ack(response_action="push", view=notice_view(busy()))

    @app.view_closed(SET_REVIEW)
    def on_closed_review(ack: Ack, body: Mapping[str, Any]) -> None:
        actor, change_id = read_actor(body), text(body["view"], "private_metadata")
        reviews.forget(text(body["view"], "root_view_id"), change_id)
        admission.workers.submit(partial(_cancel, runner, actor, change_id), actor)
        ack()

    @app.view_closed(SET_MODAL)
    def on_closed_modal(ack: Ack, body: Mapping[str, Any]) -> None:
        # Slack reports a modal that is closed as a whole for its first view, not for the review on top.
        actor, change_id = read_actor(body), reviews.pop(text(body["view"], "root_view_id"))
        if change_id:
            admission.workers.submit(partial(_cancel, runner, actor, change_id), actor)
        ack()


def make_request(
    runner: CommandRunner, responder: Responder, actor: Actor, url: str = ""
) -> tuple[SlackRequest, OpenView]:
    """Make the request of a submission, and the view that its ack will show."""
    open_view = runner.forms.expect_view()
    delivery = responder.open_view(open_view, url, actor.user_id)
    return SlackRequest(actor, Surface.FORM, Reply(delivery)), open_view


def _cancel(runner: CommandRunner, actor: Actor, change_id: str) -> None:
    """Cancel a change whose review was closed; if that fails, it expires."""
    try:
        runner.services.changes.cancel(runner.people.resolve(actor), change_id, Surface.FORM)
    except BotError as error:
        log.info("a change whose review was closed is left to expire (%s)", type(error).__name__)
    except Exception as error:  # noqa: BLE001 - nothing else would log it
        runner.report_crash(error)
