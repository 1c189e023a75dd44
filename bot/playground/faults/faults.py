"""Bad weather, made on purpose: calls that Slack refuses, breaks or leaves hanging."""

from collections import defaultdict, deque
from enum import StrEnum

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from bot.playground.errors import rate_limited

WEB_API = "web_api"
"""The name under which what goes wrong with every Web API method is kept."""

RESPONSE_URL = "response_url"
"""The name under which faults of all response URLs are kept."""

UPLOAD_URL = "upload_url"
"""The name under which faults of all upload URLs are kept."""


class SlackFault(StrEnum):
    """A way in which a call goes wrong."""

    RATE_LIMITED = "ratelimited"
    BROKEN = "broken"
    HANG = "hang"


class FaultInjector:
    """The faults still to come, by Web API method, RESPONSE_URL or UPLOAD_URL. Any thread may add one."""

    def __init__(self) -> None:
        self.deliver_twice = False
        """Every payload is delivered twice."""
        self._faults: defaultdict[str, deque[SlackFault]] = defaultdict(deque)
        self._lasting: dict[str, SlackFault | None] = {}

    def fail(self, method: str, fault: SlackFault, times: int = 1) -> None:
        """Let the next calls of a method go wrong."""
        self._faults[method].extend([fault] * times)

    def set_lasting_fault(self, name: str, fault: SlackFault | None) -> None:
        """Let all calls of a method, WEB_API, RESPONSE_URL or UPLOAD_URL go wrong until it is taken back."""
        self._lasting[name] = fault

    async def inject(self, method: str, request: Request) -> Response | None:
        """Answer a call with its fault; None when there is none and the call goes on."""
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
