"""The client of Slack's Web API, with kept-alive connections and a time limit for each whole call."""

import math
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.request import Request

from slack_sdk.errors import SlackApiError
from slack_sdk.web import SlackResponse, WebClient

from bot.http_client.errors import CallError, TooLongError
from bot.http_client.session import Session, find_proxy
from bot.http_client.tls import tls_context
from bot.slack.api.errors import SlackCallError, refused

MOST_BYTES = 8 * 1024 * 1024
"""The longest response read, in bytes; a user group of 100,000 people takes less than 2 MB."""
CONNECTIONS = 32
"""The most connections kept alive."""

_PEOPLE = {"auth.test", "users.info", "usergroups.users.list", "conversations.info"}
_JSON = ("chat.", "views.")
"""The methods that take JSON; all others take form fields."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Time limits of calls to Slack in seconds, from resolving the name to the end of the response.

    Args:
        call: Any call of the Web API.
        people: A call about people, groups or channels.
        megabyte: The addition for each million bytes of an upload.
        attempt: One try at a response URL.
        answer: All tries of one answer, with the waits between; a fallback direct message comes after it.
    """

    call: float = 4.0
    people: float = 2.5
    megabyte: float = 4.0
    attempt: float = 5.0
    answer: float = 12.0


USUAL_LIMITS = Limits()


class _Budget(threading.local):
    ends = math.inf


class SlackClient(WebClient):
    """A client that never retries by itself, which could post twice; safe between threads.

    Args:
        token: The bot token.
        base_url: The base URL of the Web API.
        limits: The time limits.
    """

    def __init__(self, token: str, base_url: str, limits: Limits = USUAL_LIMITS) -> None:
        base_url = base_url.rstrip("/") + "/"
        super().__init__(token, base_url, timeout=int(limits.call) or 1, ssl=tls_context(), retry_handlers=[])
        # The library uses the environment's proxy even for this machine.
        self.proxy = find_proxy(base_url)
        self.limits = limits
        self._session = Session(base_url, CONNECTIONS)
        self._budget = _Budget()

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """Limit all calls of the running thread in this context to so many seconds together."""
        self._budget.ends = time.monotonic() + seconds
        try:
            yield
        finally:
            self._budget.ends = math.inf

    @property
    def seconds_left(self) -> float:
        """The running thread's remaining seconds; infinity without a limit."""
        return self._budget.ends - time.monotonic()

    def call(self, method: str, **arguments: Any) -> SlackResponse:
        """Call a method of the Web API, once.

        Raises:
            SlackCallError: Slack refused it, could not be reached, or gave no answer in time.
        """
        try:
            if method.startswith(_JSON):
                return self.api_call(method, json=arguments)
            return self.api_call(method, params=arguments)
        except SlackApiError as error:
            answer = error.response
            raise refused(answer.status_code, answer.headers, answer.data) from None
        except Exception as error:  # noqa: BLE001 - slack_sdk lets errors of several libraries through
            raise SlackCallError(type(error).__name__) from None

    def open_socket(self, app_token: str) -> str:
        """Return the URL of a new WebSocket (apps.connections.open), by the app-level token.

        Raises:
            SlackCallError: As `call`.
        """
        return str(self.call("apps.connections.open", token=app_token)["url"])

    def upload(self, url: str, content: bytes) -> None:
        """Upload a file to a URL from files.getUploadURLExternal.

        Raises:
            SlackCallError: The upload failed.
        """
        seconds = self.limits.call + self.limits.megabyte * len(content) / 1e6
        kind = {"Content-Type": "application/octet-stream"}
        try:
            answer = self._session.post(url, content, kind, seconds=seconds, max_bytes=MOST_BYTES)
        except CallError as error:
            raise SlackCallError(str(error)) from None
        if answer.status != HTTPStatus.OK:
            raise refused(answer.status, answer.headers, None)

    def _perform_urllib_http_request_internal(self, url: str, req: Request) -> dict[str, Any]:
        """Send the library's prepared request, and return the response in its format."""
        is_question = url.removeprefix(self.base_url) in _PEOPLE
        seconds = self.limits.people if is_question else self.limits.call
        seconds = min(seconds, self.seconds_left)
        content = req.data if isinstance(req.data, bytes) else b""
        headers = {name: str(value) for name, value in req.header_items()}
        return self._post(url, content, headers, seconds)

    def _post(self, url: str, content: bytes, headers: Mapping[str, str], seconds: float) -> dict[str, Any]:
        failure: Exception
        try:
            answer = self._session.post(url, content, headers, seconds=seconds, max_bytes=MOST_BYTES)
        except CallError as error:
            # Without its text, which the library would log: it may hold the URL.
            kind = type(error.cause)
            failure = kind() if issubclass(kind, OSError | TooLongError) else ConnectionError(kind.__name__)
        else:
            given = dict(answer.headers)
            asked = answer.headers.get("Retry-After")
            if answer.status == HTTPStatus.TOO_MANY_REQUESTS and asked is not None:
                # The spellings that the library and Bolt look for.
                given |= {"Retry-After": asked, "retry-after": asked}
            return {"status": answer.status, "headers": given, "body": answer.body.decode(errors="replace")}
        raise failure
