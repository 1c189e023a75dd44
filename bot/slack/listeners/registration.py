"""Registration of the listeners with Bolt."""

from slack_bolt import App, BoltRequest, BoltResponse

from bot.slack.admission import Admission
from bot.slack.delivery.response_url import Responder
from bot.slack.listeners import (
    buttons,
    commands,
    home,
    lookup_form,
    mentions,
    profile_form,
    search_form,
)
from bot.slack.listeners.files import file_form
from bot.slack.listeners.home import HomeTabs
from bot.slack.modals.answer import notice_view
from bot.slack.runner import CommandRunner


def register(
    app: App, runner: CommandRunner, responder: Responder, admission: Admission, homes: HomeTabs
) -> None:
    """Register every listener with Bolt."""
    for listener in (commands, lookup_form, file_form, profile_form, search_form, mentions):
        listener.register(app, runner, responder, admission)
    for with_home in (buttons, home):
        with_home.register(app, runner, responder, admission, homes)

    @app.error
    def on_error(error: Exception, request: BoltRequest) -> BoltResponse:
        """Answer an error in a listener, the last resort."""
        message = runner.report_crash(error)
        if "command" in request.body:
            return BoltResponse(status=200, body={"response_type": "ephemeral", "text": message.text})
        if request.body.get("type") == "view_submission":
            # An empty body would close the form.
            return BoltResponse(status=200, body={"response_action": "update", "view": notice_view(message)})
        return BoltResponse(status=200)
