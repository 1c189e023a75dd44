"""Socket Mode envelopes, deduplicated."""

import logging

from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk.socket_mode.builtin import SocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse

from bot.slack.api.client import SlackClient
from bot.slack.api.payloads import NotSlacksError, check_payload
from bot.slack.api.socket_mode import PING_SECONDS, SocketClient
from bot.slack.recent_ids import RecentIds
from bot.slack.workers import held_jobs

ENVELOPES = 256
"""The number of latest envelopes that are remembered."""

_NOT_SLACKS = "The bot could not read this request from Slack, so nothing was done. Try again."

log = logging.getLogger(__name__)


class DeduplicatingHandler(SocketModeHandler):
    """Handles each Socket Mode envelope once: Slack delivers some twice.

    Args:
        app: Bolt's app.
        slack: The client of Slack's Web API.
        app_token: The app-level token.
        ping_interval: The seconds between pings.
    """

    client: SocketClient

    def __init__(
        self, app: App, slack: SlackClient, app_token: str, ping_interval: float = PING_SECONDS
    ) -> None:
        # Not the base's, whose client has no time limits.
        self.app, self.app_token = app, app_token
        self.client = SocketClient(app_token, slack, ping_interval=ping_interval, logger=app.logger)
        self._recent = RecentIds(ENVELOPES)
        self.client.socket_mode_request_listeners.append(self.handle)  # type: ignore[arg-type]  # as Bolt's

    def handle(self, client: SocketModeClient, req: SocketModeRequest) -> None:  # type: ignore[override]  # as Bolt's
        """Pass an envelope to Bolt, or acknowledge a repeated one."""
        if self._recent.add(req.envelope_id):
            client.send_socket_mode_response(SocketModeResponse(req.envelope_id))
            return
        try:
            check_payload(req.payload)
            with held_jobs():
                super().handle(client, req)
        except NotSlacksError as error:
            self._give_up(client, req, str(error))
        except Exception as error:  # noqa: BLE001 - Bolt looks into a payload before it knows its shape
            # Without its text and traceback, which may repeat what was typed.
            self._give_up(client, req, type(error).__name__)

    def _give_up(self, client: SocketModeClient, req: SocketModeRequest, why: str) -> None:
        """Acknowledge an envelope, so that Slack does not repeat it, with a text for a command."""
        log.warning("an envelope is not a Slack payload (%s)", why)
        said = {"text": _NOT_SLACKS} if "command" in req.payload else None
        client.send_socket_mode_response(SocketModeResponse(req.envelope_id, said))
