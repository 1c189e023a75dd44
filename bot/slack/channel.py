"""One channel that the bot posts to by itself, and what is said when Slack does not take a message."""

import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from slack_sdk.errors import SlackApiError
from slack_sdk.web import WebClient

from bot.slack.messages import Message

_BAD_BLOCKS = re.compile("invalid_blocks.*|msg_blocks_too_long|msg_too_long")
_MENDING = {
    "channel_not_found": "invite the bot to the channel or mend AUDIT_CHANNEL",
    "not_in_channel": "invite the bot to the channel",
    "is_archived": "unarchive the channel or mend AUDIT_CHANNEL",
    "restricted_action": "let the bot post into the channel",
    "missing_scope": "install the Slack app again with the scope chat:write",
    "invalid_auth": "mend SLACK_BOT_TOKEN",
    "account_inactive": "install the Slack app again and mend SLACK_BOT_TOKEN",
    "token_revoked": "install the Slack app again and mend SLACK_BOT_TOKEN",
    "ratelimited": "the bot waits as long as Slack asks",
}
"""What to do about Slack's error codes."""

log = logging.getLogger(__name__)


class NotPostedError(Exception):
    """Slack did not take a message.

    Args:
        words: What happened, and what can be done about it.
        code: Slack's error code; empty when none came.
        wait: How many seconds Slack asks to wait; None when it does not.
    """

    def __init__(self, words: str, *, code: str = "", wait: float | None = None) -> None:
        super().__init__(words)
        self.code = code
        self.wait = wait


@dataclass(frozen=True, slots=True)
class Channel:
    """One channel.

    Args:
        slack: The client of Slack's Web API; it must not repeat calls by itself, which could post twice.
        id: The channel's id.
    """

    slack: WebClient
    id: str

    def post(self, message: Message) -> None:
        """Post a message, without its blocks should Slack refuse them; it is there when this returns.

        Raises:
            NotPostedError: Slack did not take it, or did not say so.
        """
        try:
            self._send(message.text, message.blocks)
        except NotPostedError as error:
            if not _BAD_BLOCKS.fullmatch(error.code):
                raise
            log.warning("Slack refused the blocks of a message (%s); sending its plain text", error.code)
            self._send(message.text, None)

    def _send(self, text: str, blocks: Sequence[dict[str, Any]] | None) -> None:
        try:
            self.slack.chat_postMessage(
                channel=self.id,
                text=text,
                blocks=blocks,
                parse="none",
                mrkdwn=False,
                unfurl_links=False,
                unfurl_media=False,
            )
        except SlackApiError as error:
            raise _refused(error) from None
        except Exception as error:  # noqa: BLE001 - slack_sdk lets errors of several libraries through
            raise NotPostedError(f"Slack could not be reached ({type(error).__name__})") from None


def _refused(error: SlackApiError) -> NotPostedError:
    data = error.response.data
    code = str(data.get("error")) if isinstance(data, dict) else ""
    if not re.fullmatch("[a-z0-9_]{1,60}", code):
        # It may be a gateway's whole page, and is left out.
        code = ""
    said = code or f"HTTP {error.response.status_code}"
    mending = f": {_MENDING[code]}" if code in _MENDING else ""
    headers = {name.lower(): value for name, value in error.response.headers.items()}
    asked = str(headers.get("retry-after", ""))
    wait = float(asked) if asked.isdecimal() else None
    return NotPostedError(f"Slack says {said}{mending}", code=code, wait=wait)
