"""The error of a call of Slack's Web API."""

import re
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

from bot.slack.api.retry_after import MOST_WAIT, read_wait

TOKEN_ERRORS = frozenset(
    {
        "account_inactive",
        "invalid_auth",
        "missing_scope",
        "not_allowed_token_type",
        "not_authed",
        "team_disabled",
        "token_expired",
        "token_revoked",
        "user_removed_from_team",
    }
)
"""The codes that refuse a token; trying again cannot help."""

_TABLES = frozenset({"table", "data_table"})
_BAD_BLOCKS = re.compile("invalid_blocks.*|invalid_attachments|msg_blocks_too_long|msg_too_long")


class SlackCallError(Exception):
    """A call of the Web API failed; the text has no URL and no content.

    Args:
        reason: Slack's error code, else the HTTP status, else the kind of failure.
        answered: Whether Slack answered.
        code: Slack's error code; empty if there is none.
        retry_after: The seconds that Slack asks to wait, at most MOST_WAIT; None if it does not.
        status: The HTTP status; 0 without an answer.
    """

    def __init__(
        self,
        reason: str,
        *,
        answered: bool = False,
        code: str = "",
        retry_after: float | None = None,
        status: int = 0,
    ) -> None:
        super().__init__(f"Slack says {reason}" if answered else f"Slack could not be reached ({reason})")
        self.reason = reason
        self.answered = answered
        self.code = code
        self.retry_after = retry_after
        self.status = status


def refused(status: int, headers: Mapping[str, Any], body: object) -> SlackCallError:
    """Make the error from a response that refuses a call."""
    code = read_code(body)
    return SlackCallError(
        code or f"HTTP {status}",
        answered=True,
        code=code,
        retry_after=read_wait(headers, MOST_WAIT),
        status=status,
    )


def refuses_blocks(code: str, status: int, blocks: Iterable[Mapping[str, Any]]) -> bool:
    """Check whether Slack refused a message for its blocks; a refused table has several codes."""
    if code == "internal_error":
        # With status 500 it is an outage.
        return status == HTTPStatus.OK and any(block["type"] in _TABLES for block in blocks)
    return bool(_BAD_BLOCKS.fullmatch(code))


def read_code(body: object) -> str:
    """Read the error code of a response; empty for anything else, such as a gateway's page."""
    code = str(body.get("error")) if isinstance(body, dict) else ""
    return code if re.fullmatch("[a-z0-9_]{1,60}", code) else ""
