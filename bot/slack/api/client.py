"""The one client of Slack's Web API: kept-alive connections, and an end to each call in all."""

import math
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from logging import Logger
from typing import Any
from urllib.request import Request

from slack_sdk.web import WebClient
from slack_sdk.web.file_upload_v2_result import FileUploadV2Result

from bot.http_session import CallError, Session, TooLongError, find_proxy, tls_context

MOST_BYTES = 8 * 1024 * 1024
"""The longest answer of Slack's that is read; a user group of 100,000 people is less than 2 MB."""
CONNECTIONS = 32
"""The most connections to Slack that are kept."""

_PEOPLE = {"auth.test", "users.info", "usergroups.users.list", "conversations.info"}


@dataclass(frozen=True, slots=True)
class Limits:
    """The most seconds that calls of Slack may take in all: resolving, connecting, sending and receiving.

    Args:
        call: Any call of the Web API.
        people: A question about people, groups and channels, for which a command waits.
        megabyte: What each million bytes of a file add to uploading it.
        attempt: One try at a response URL.
        answer: All tries of one answer, the waits between them included; a direct message comes after that.
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
    """A client that never repeats a call by itself, which could post twice; safe between threads.

    Args:
        token: The bot token.
        base_url: Where the Web API is.
        limits: How long calls may take.
    """

    def __init__(self, token: str, base_url: str, limits: Limits = USUAL_LIMITS) -> None:
        base_url = base_url.rstrip("/") + "/"
        super().__init__(token, base_url, timeout=int(limits.call) or 1, ssl=tls_context(), retry_handlers=[])
        # The library takes any proxy of the environment, for this machine too.
        self.proxy = find_proxy(base_url)
        self.limits = limits
        self._session = Session(base_url, CONNECTIONS)
        self._budget = _Budget()

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """Let all calls that the running thread makes in this context take so many seconds together."""
        self._budget.ends = time.monotonic() + seconds
        try:
            yield
        finally:
            self._budget.ends = math.inf

    @property
    def seconds_left(self) -> float:
        """The seconds that the running thread has left; infinity when nothing was said."""
        return self._budget.ends - time.monotonic()

    def _perform_urllib_http_request_internal(self, url: str, req: Request) -> dict[str, Any]:
        """Send what the library has made ready, and give what it expects back."""
        is_question = url.removeprefix(self.base_url) in _PEOPLE
        seconds = self.limits.people if is_question else self.limits.call
        seconds = min(seconds, self.seconds_left)
        content = req.data if isinstance(req.data, bytes) else b""
        headers = {name: str(value) for name, value in req.header_items()}
        return self._post(url, content, headers, seconds)

    def _upload_file(
        self,
        *,
        url: str,
        data: bytes,
        logger: Logger,  # noqa: ARG002 - the library's signature, here and below
        timeout: int,  # noqa: ARG002
        proxy: str | None,  # noqa: ARG002
        ssl: ssl.SSLContext | None,  # noqa: ARG002
    ) -> FileUploadV2Result:
        seconds = self.limits.call + self.limits.megabyte * len(data) / 1e6
        answer = self._post(url, data, {"Content-Type": "application/octet-stream"}, seconds)
        return FileUploadV2Result(status=answer["status"], body=answer["body"])

    def _post(self, url: str, content: bytes, headers: Mapping[str, str], seconds: float) -> dict[str, Any]:
        failure: Exception
        try:
            answer = self._session.post(url, content, headers, seconds=seconds, max_bytes=MOST_BYTES)
        except CallError as error:
            # A bare one of its kind: the library logs its text, which would hold an address.
            kind = type(error.cause)
            failure = kind() if issubclass(kind, OSError | TooLongError) else ConnectionError(kind.__name__)
        else:
            given = dict(answer.headers)
            asked = answer.headers.get("Retry-After")
            if answer.status == HTTPStatus.TOO_MANY_REQUESTS and asked is not None:
                # Where the library and Bolt look for it.
                given |= {"Retry-After": asked, "retry-after": asked}
            return {"status": answer.status, "headers": given, "body": answer.body.decode(errors="replace")}
        raise failure
