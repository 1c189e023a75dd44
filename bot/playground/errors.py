"""Slack's error responses."""

from collections.abc import Mapping
from typing import Any


class SlackError(Exception):
    """An error response of Slack's.

    Args:
        word: Slack's error code, such as `channel_not_found`.
        status: HTTP status, if not the usual one of the endpoint.
        headers: Further HTTP headers.
        details: Further keys of the response body.
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
    """Make a 429 error with the seconds to wait."""
    return SlackError("ratelimited", status=429, headers={"Retry-After": str(seconds)})
