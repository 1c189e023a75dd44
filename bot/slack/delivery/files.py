"""Uploads of files to a person's direct messages."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from bot.errors import SlackUnavailableError
from bot.slack.api.client import SlackClient
from bot.slack.api.errors import SlackCallError
from bot.slack.api.retry_after import LONGEST_WAIT

_FIX_TOKEN = "Ask the bot's operator to reinstall its Slack app and correct SLACK_BOT_TOKEN"  # noqa: S105 - a sentence
_FIXES: Mapping[str, str] = {
    "missing_scope": "Ask the bot's operator to add the scopes files:write and im:write",
    "invalid_auth": _FIX_TOKEN,
    "account_inactive": _FIX_TOKEN,
    "token_revoked": _FIX_TOKEN,
}
"""The fix for each of Slack's error codes."""
_TRY_AGAIN = "Try again in a minute; if that does not help, tell the bot's operator"


@dataclass(frozen=True, slots=True)
class Files:
    """Sends files to people."""

    slack: SlackClient

    def send(self, actor_id: str, name: str, content: bytes, comment: str) -> None:
        """Send a file to an actor's direct messages with the bot.

        Args:
            actor_id: The actor's user id.
            name: The file's name.
            content: The file's content.
            comment: The text above the file.

        Raises:
            SlackUnavailableError: Slack did not confirm it.
        """
        send = partial(self._send, actor_id, name, content, comment)
        try:
            try:
                send()
            except SlackCallError as error:
                if error.retry_after is None:
                    raise
                time.sleep(min(error.retry_after, LONGEST_WAIT))
                send()
        except SlackCallError as error:
            raise _not_sent(error.reason) from None
        except (LookupError, TypeError) as error:
            # Slack's response lacks a key for the next call.
            raise _not_sent(type(error).__name__) from None

    def _send(self, actor_id: str, name: str, content: bytes, comment: str) -> None:
        # The bot can share files only where it is a member, which the request's channel may not be.
        direct = self.slack.call("conversations.open", users=actor_id)["channel"]["id"]
        place = self.slack.call("files.getUploadURLExternal", filename=name, length=len(content))
        self.slack.upload(str(place["upload_url"]), content)
        self.slack.call(
            "files.completeUploadExternal",
            files=json.dumps([{"id": place["file_id"], "title": name}]),
            channel_id=direct,
            initial_comment=comment,
        )


def _not_sent(reason: str) -> SlackUnavailableError:
    words = f"the file could not be sent to your direct messages ({reason})"
    return SlackUnavailableError(words, advice=_FIXES.get(reason, _TRY_AGAIN), detail=reason)
