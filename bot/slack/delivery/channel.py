"""Posting to a channel or thread, and the fixes for Slack's error codes."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from slack_sdk.web import SlackResponse

from bot.slack.api.client import SlackClient
from bot.slack.api.errors import SlackCallError, refuses_blocks
from bot.slack.messages.blocks import Message

_FIXES = {
    "channel_not_found": "invite the bot to the channel or correct AUDIT_CHANNEL",
    "not_in_channel": "invite the bot to the channel",
    "is_archived": "unarchive the channel or correct AUDIT_CHANNEL",
    "restricted_action": "allow the bot to post in the channel",
    "missing_scope": "reinstall the Slack app with the scopes of manifest.yml",
    "invalid_auth": "correct SLACK_BOT_TOKEN",
    "account_inactive": "reinstall the Slack app and correct SLACK_BOT_TOKEN",
    "token_revoked": "reinstall the Slack app and correct SLACK_BOT_TOKEN",
    "ratelimited": "the bot waits as long as Slack asks",
}
"""The fix for each of Slack's error codes."""
_AS_IT_IS = {"mrkdwn": False, "unfurl_links": False, "unfurl_media": False}

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Channel:
    """One channel.

    Args:
        slack: The client of Slack's Web API.
        id: The channel's id, or a person's for their direct messages.
        thread_ts: The time stamp of the thread's first message; empty for the channel itself.
    """

    slack: SlackClient
    id: str
    thread_ts: str = ""

    def post(self, message: Message) -> tuple[str, str]:
        """Post a message; with simpler blocks, or none, if Slack refuses them.

        Returns:
            The channel's id (for a person, that of their direct messages) and the message's time stamp.

        Raises:
            SlackCallError: Slack did not confirm it.
        """
        posted = self._send("chat.postMessage", message, _AS_IT_IS | self._thread)
        return str(posted.get("channel") or self.id), str(posted.get("ts") or "")

    def post_ephemeral(self, user_id: str, message: Message) -> None:
        """Post a message that only one person sees.

        Raises:
            SlackCallError: Slack did not confirm it.
        """
        self._send("chat.postEphemeral", message, {"user": user_id, **self._thread})

    def update(self, ts: str, message: Message) -> None:
        """Update one of the bot's messages.

        Raises:
            SlackCallError: Slack did not confirm it.
        """
        # The empty list removes the old blocks; without it they would stay.
        self._send("chat.update", message, {"ts": ts, "blocks": []})

    def set_status(self, ts: str, status: str) -> None:
        """Show a status at a message; an empty one removes it.

        Raises:
            SlackCallError: Slack did not confirm it.
        """
        self.slack.call("assistant.threads.setStatus", channel_id=self.id, thread_ts=ts, status=status)

    @property
    def _thread(self) -> dict[str, Any]:
        return {"thread_ts": self.thread_ts} if self.thread_ts else {}

    def _send(self, method: str, message: Message, more: Mapping[str, Any]) -> SlackResponse:
        body = {"channel": self.id, "text": message.text, "parse": "none", **more}
        try:
            return self.slack.call(method, **{**body, "blocks": message.blocks})
        except SlackCallError as error:
            if not refuses_blocks(error.code, error.status, message.blocks):
                raise
            if message.simpler:
                log.warning("Slack refused the blocks of a message (%s); sending simpler ones", error.code)
                return self._send(method, message.simpler(), more)
            log.warning("Slack refused the blocks of a message (%s); sending its plain text", error.code)
            return self.slack.call(method, **body)


def fix_for(code: str) -> str:
    """Return the fix for one of Slack's error codes, after a colon; empty if unknown."""
    return f": {_FIXES[code]}" if code in _FIXES else ""
