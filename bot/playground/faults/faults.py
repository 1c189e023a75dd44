"""Fault injection: calls that are rate limited, fail or hang."""

import asyncio
from collections import defaultdict, deque
from enum import StrEnum

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from bot.playground.errors import rate_limited

WEB_API = "web_api"
"""Fault name of all Web API methods."""

RESPONSE_URL = "response_url"
"""Fault name of all response URLs."""

UPLOAD_URL = "upload_url"
"""Fault name of all upload URLs."""


class SlackFault(StrEnum):
    """A fault of a call."""

    RATE_LIMITED = "ratelimited"
    BROKEN = "broken"
    HANG = "hang"


class FaultInjector:
    """Pending and lasting faults, by Web API method, RESPONSE_URL or UPLOAD_URL. Any thread may add one."""

    def __init__(self) -> None:
        self.deliver_twice = False
        """Deliver every payload twice."""
        self.replace_answers = False
        """Let `replace_original` at a slash command's response URL replace the answer given before."""
        self.refused_blocks = frozenset[str]()
        """Types of blocks that messages must not have, as in a Slack without them."""
        self._faults: defaultdict[str, deque[SlackFault]] = defaultdict(deque)
        self._lasting: dict[str, SlackFault | None] = {}
        self._delays: dict[str, float] = {}

    def fail(self, method: str, fault: SlackFault, times: int = 1) -> None:
        """Make the next calls of a method fail."""
        self._faults[method].extend([fault] * times)

    def set_lasting_fault(self, name: str, fault: SlackFault | None) -> None:
        """Make all calls of a name fail until it is reset with None."""
        self._lasting[name] = fault

    def delay(self, method: str, seconds: float) -> None:
        """Make all calls of a method take that long."""
        self._delays[method] = seconds

    async def inject(self, method: str, request: Request) -> Response | None:
        """Return the response of a fault, None if the call has no fault; after the call's delay."""
        await asyncio.sleep(self._delays.get(method, 0.0))
        if self._faults[method]:
            fault: SlackFault | None = self._faults[method].popleft()
        else:
            names = (method,) if method in (RESPONSE_URL, UPLOAD_URL) else (method, WEB_API)
            fault = next(filter(None, map(self._lasting.get, names)), None)
        if fault is None:
            return None
        if fault is SlackFault.RATE_LIMITED:
            refusal = rate_limited(1)
            return JSONResponse(refusal.body, 429, refusal.headers)
        while fault is SlackFault.HANG and (await request.receive())["type"] != "http.disconnect":
            pass
        return JSONResponse({"ok": False, "error": "internal_error"}, 500)
