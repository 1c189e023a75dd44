"""The listener for the form of a file: the second view of a lookup form, or behind *Choose…*."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from slack_bolt import Ack, App

from bot.core.commands import LookupCommand
from bot.core.model import Surface
from bot.errors import BotError, ExpiredError
from bot.slack.admission import Admission
from bot.slack.api.payloads import read_actor, text
from bot.slack.delivery.open_view import OpenView
from bot.slack.delivery.reply import Reply
from bot.slack.delivery.request import SlackRequest
from bot.slack.delivery.response_url import Responder
from bot.slack.file_lookup_answers import read_place
from bot.slack.interactions import SavedFile
from bot.slack.listeners.submission import admit_submission, show_mistakes
from bot.slack.messages.lookups.file_lookup import started
from bot.slack.modals.answer import notice_view
from bot.slack.modals.file_lookup import FILE_MODAL
from bot.slack.modals.lookup import TITLE
from bot.slack.modals.lookup_submission import read_file_lookup
from bot.slack.modals.profile import loading_view
from bot.slack.runner import CommandRunner

_READING = "Reading the file…"


def register(app: App, runner: CommandRunner, responder: Responder, admission: Admission) -> None:
    """Register the form of a file with Bolt."""

    @app.view(FILE_MODAL)
    def on_file(ack: Ack, body: Mapping[str, Any]) -> None:
        with show_mistakes(ack):
            chosen = read_file_lookup(body["view"], runner.services.apps)
            FileForm.expected(runner, responder, body).submit(ack, admission, body, chosen)


@dataclass(frozen=True, slots=True)
class FileForm:
    """The view that the ack of a submission shows.

    Args:
        runner: The runner of commands.
        request: The request of the submission.
        open_view: The view.
    """

    runner: CommandRunner
    request: SlackRequest
    open_view: OpenView

    @classmethod
    def expected(cls, runner: CommandRunner, responder: Responder, body: Mapping[str, Any]) -> "FileForm":
        """Make the view that the coming ack will show."""
        actor, open_view = read_actor(body), runner.forms.expect_view(TITLE)
        reply = Reply(responder.open_view(open_view, "", actor.user_id))
        request = SlackRequest(actor, Surface.FORM, reply, trigger_id=text(body, "trigger_id"))
        return cls(runner, request, open_view)

    def ask(self, ack: Ack, admission: Admission, body: Mapping[str, Any], saved: SavedFile) -> None:
        """Ask what to look up of the file of a submitted lookup form.

        Raises:
            FormError: There is no room.
        """

        def run() -> str:
            make = partial(self.runner.file_lookups.make_form, self.request, saved)
            self.runner.forms.fill(self.open_view, make)
            return "AskAboutFile"

        self._admit(ack, admission, body, run)

    def submit(
        self,
        ack: Ack,
        admission: Admission,
        body: Mapping[str, Any],
        chosen: tuple[LookupCommand, str],
    ) -> None:
        """Start the file lookup that a submitted form asks for.

        Raises:
            FormError: There is no room.
        """
        key, self.request.pressed = read_place(text(body["view"], "private_metadata"))

        def run() -> str:
            lookup = self.runner.file_lookups.start(self.request, key, chosen)
            # If it was closed, the message in the direct messages says it.
            self.open_view.show(notice_view(started(lookup), TITLE))
            return "StartFileLookup"

        self._admit(ack, admission, body, run)

    def _admit(self, ack: Ack, admission: Admission, body: Mapping[str, Any], run: Callable[[], str]) -> None:
        guarded = partial(self.runner.run_guarded, self.request, partial(self._run, run))
        admit_submission(admission, self.request, guarded, body["view"])
        ack(response_action="update", view=loading_view(TITLE, self.open_view.external_id, _READING))

    def _run(self, run: Callable[[], str]) -> str:
        try:
            return run()
        except ExpiredError:
            raise
        except BotError as error:
            # Its error takes the form's place, and nothing else leads to the file.
            if not any(self.request.pressed):
                error.advice = f"{error.advice or 'Open the form again'}. Then choose the file again"
            raise
