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

FILE_URL = "file_url"
"""Fault name of all downloads."""


class SlackFault(StrEnum):
    """A fault of a call; only downloads drip or are cut off."""

    RATE_LIMITED = "ratelimited"
    BROKEN = "broken"
    HANG = "hang"
    DRIP = "drip"
    CUT = "cut"


class FilesInMentions(StrEnum):
    """The treatment of files in the event of a mention, on which reports differ."""

    LISTED = "listed"
    LEFT_OUT = "left_out"
    NO_EVENT = "no_event"


class Redirect(StrEnum):
    """The address that a download is redirected to: one that needs the token too, or one that needs none."""

    WITH_TOKEN = "with_token"  # noqa: S105 - no secret
    SIGNED = "signed"


class FaultInjector:
    """Pending and lasting faults, by Web API method or the name of a kind of URL. Any thread may add one."""

    def __init__(self) -> None:
        self.deliver_twice = False
        """Deliver every payload twice."""
        self.replace_answers = False
        """Let `replace_original` at a slash command's response URL replace the answer given before."""
        self.refused_blocks = frozenset[str]()
        """Types of blocks that messages must not have, as in a Slack without them."""
        self.files_in_mentions = FilesInMentions.LISTED
        self.redirect: Redirect | None = None
        """Redirect downloads to another host, as in some organizations."""
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
        return await answer_fault(await self.take(method), request)

    async def take(self, method: str) -> SlackFault | None:
        """Return the fault of a call, if it has one; after the call's delay."""
        await asyncio.sleep(self._delays.get(method, 0.0))
        if self._faults[method]:
            return self._faults[method].popleft()
        names = (method,) if method in (RESPONSE_URL, UPLOAD_URL, FILE_URL) else (method, WEB_API)
        return next(filter(None, map(self._lasting.get, names)), None)


async def answer_fault(fault: SlackFault | None, request: Request) -> Response | None:
    """Return the response of a fault; None if the call is answered."""
    if fault in (None, SlackFault.DRIP, SlackFault.CUT):
        return None
    if fault is SlackFault.RATE_LIMITED:
        refusal = rate_limited(1)
        return JSONResponse(refusal.body, 429, refusal.headers)
    while fault is SlackFault.HANG and (await request.receive())["type"] != "http.disconnect":
        pass
    return JSONResponse({"ok": False, "error": "internal_error"}, 500)
