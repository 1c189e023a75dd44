"""Bad weather, made on purpose: calls that Slack refuses, breaks or leaves hanging; and its posting limit."""

import math
from collections import defaultdict, deque
from enum import StrEnum

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from bot.playground.refusals import rate_limited

RESPONSE_URL = "response_url"
"""The name under which faults of all response URLs are kept."""

UPLOAD_URL = "upload_url"
"""The name under which faults of all upload URLs are kept."""


class Fault(StrEnum):
    """A way in which a call goes wrong."""

    RATE_LIMITED = "ratelimited"
    BROKEN = "broken"
    HANG = "hang"


class Weather:
    """The faults still to come, by Web API method or RESPONSE_URL. Any thread may add one."""

    def __init__(self) -> None:
        self._faults: defaultdict[str, deque[Fault]] = defaultdict(deque)

    def fail(self, method: str, fault: Fault, times: int = 1) -> None:
        """Let the next calls of a method go wrong."""
        self._faults[method].extend([fault] * times)

    async def strike(self, method: str, request: Request) -> Response | None:
        """Answer a call with its fault; None when there is none and the call goes on."""
        if not self._faults[method]:
            return None
        fault = self._faults[method].popleft()
        if fault is Fault.RATE_LIMITED:
            refusal = rate_limited(1)
            return JSONResponse(refusal.body, 429, refusal.headers)
        while fault is Fault.HANG and (await request.receive())["type"] != "http.disconnect":
            pass
        return JSONResponse({"ok": False, "error": "internal_error"}, 500)


class PostingLimit:
    """One message a second into each channel, with a small burst on top.

    Slack gives the rate and leaves the burst open: https://docs.slack.dev/apis/web-api/rate-limits
    """

    BURST = 5
    """Messages that a channel takes at once before the rate holds."""

    def __init__(self) -> None:
        self._paid_until: dict[str, float] = {}

    def take(self, channel: str, now: float) -> None:
        """Count a message into a channel.

        Raises:
            RefusedError: It is one too many, or too early.
        """
        paid_until = max(self._paid_until.get(channel, now), now) + 1
        if paid_until - now > self.BURST:
            raise rate_limited(math.ceil(paid_until - now - self.BURST))
        self._paid_until[channel] = paid_until
