"""How Slack says no."""

from collections.abc import Mapping
from typing import Any


class SlackError(Exception):
    """Slack refuses a call, in one of its own words.

    Args:
        word: Slack's error code, such as `channel_not_found`.
        status: The HTTP status where it is not the usual one.
        headers: Further HTTP headers.
        details: Further keys of the answer's body.
    """

    def __init__(
        self,
        code: str,
        *,
        status: int | None = None,
        headers: Mapping[str, str] | None = None,
        **details: Any,
    ) -> None:
        super().__init__(code)
        self.code = code
        self.status = status
        self.headers = headers
        self.body = {"ok": False, "error": code, **details}


def rate_limited(seconds: int) -> SlackError:
    """Refuse with 429 and the seconds to wait."""
    return SlackError("ratelimited", status=429, headers={"Retry-After": str(seconds)})
