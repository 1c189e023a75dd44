"""The client of Slack's Web API, with kept-alive connections and a time limit for each whole call."""

import errno
import math
import re
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, BinaryIO
from urllib.parse import SplitResult, urljoin, urlsplit
from urllib.request import Request

from requests import ConnectionError as BrokenError
from requests import RequestException, Timeout
from slack_sdk.errors import SlackApiError
from slack_sdk.web import SlackResponse, WebClient

from bot.http_client.errors import CallError, TooLongError
from bot.http_client.loopback import is_loopback
from bot.http_client.session import Response, Session, Upload, find_proxy, prepare
from bot.http_client.tls import tls_context
from bot.slack.api.errors import SlackCallError, refused

MOST_BYTES = 8 * 1024 * 1024
"""The longest response read, in bytes; a user group of 100,000 people takes less than 2 MB."""
CONNECTIONS = 32
"""The most connections kept alive."""

_PEOPLE = {"auth.test", "users.info", "usergroups.users.list", "conversations.info"}
NO_FILE_ACCESS = "no_file_access"
"""The code, not Slack's, of a download that is answered by the login page."""
FILE_TOO_LONG = "file_too_long"
"""The code, not Slack's, of a download that is longer than is read."""
FOREIGN_FILE = "foreign_file"
"""The code, not Slack's, of a download from a host that is not Slack's."""
NO_ROOM = "no_room"
"""The code, not Slack's, of a download for which the disk has no room."""

_LOGINS = {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}
_REDIRECTS = {301, 302, 303, 307, 308}
_MOST_REQUESTS = 4
"""The most requests of one download, redirects included."""
_SLACK = "slack.com"
_HOST = re.compile("[a-z0-9.-]+")
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT}
_SHARING = "files.completeUploadExternal"
_JSON = ("chat.", "views.")
"""The methods that take JSON; all others take form fields."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Time limits of calls to Slack in seconds, from resolving the name to the end of the response.

    Args:
        call: Any call of the Web API.
        people: A call about people, groups or channels.
        sharing: Posting an uploaded file, which must not be posted twice because Slack was slow.
        megabyte: The addition for each million bytes of an upload or a download.
        attempt: One try at a response URL.
        answer: All tries of one answer, with the waits between; a fallback direct message comes after it.
    """

    call: float = 4.0
    people: float = 2.5
    sharing: float = 30.0
    megabyte: float = 4.0
    attempt: float = 5.0
    answer: float = 12.0


USUAL_LIMITS = Limits()


class _Budget(threading.local):
    ends = math.inf


class SlackClient(WebClient):
    """A client that repeats by itself only what reads; safe between threads.

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
        """Call a method of the Web API; one about people or channels again if its connection broke.

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

    def upload(self, url: str, content: bytes | Upload) -> None:
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

    def download(self, url: str, file: BinaryIO, most_bytes: int, size: int = 0) -> None:
        """Download a file of the workspace; the bot token goes to Slack's hosts alone.

        Args:
            url: The file's `url_private_download`.
            file: Takes the content.
            most_bytes: The longest content that is read.
            size: The bytes that Slack says it has, which limit the time; 0 if that is not known.

        Raises:
            SlackCallError: The download failed; its code is NO_FILE_ACCESS where Slack asks to log in,
                FILE_TOO_LONG where the content is longer, FOREIGN_FILE where it is not Slack's, and NO_ROOM
                where the disk is full.
        """
        if not is_slacks(url, self.base_url):
            raise SlackCallError(FOREIGN_FILE, code=FOREIGN_FILE)
        deadline = time.monotonic() + self.limits.call + self.limits.megabyte * (size or most_bytes) / 1e6
        for _ in range(_MOST_REQUESTS):
            answer = self._download(url, file, deadline - time.monotonic(), most_bytes)
            if answer.status not in _REDIRECTS:
                break
            # Some organizations keep files on hosts of their own, whose addresses need no token.
            url = _follow(url, answer.headers.get("Location", ""))
            if not (is_slacks(url, self.base_url) or url.startswith("https://")):
                raise SlackCallError(FOREIGN_FILE, code=FOREIGN_FILE)
        is_page = answer.headers.get("Content-Type", "").startswith("text/html")
        if answer.status in _LOGINS or (answer.status == HTTPStatus.OK and is_page):
            # Slack shows its login page to a token that may not read the file.
            raise SlackCallError(NO_FILE_ACCESS, answered=True, code=NO_FILE_ACCESS, status=answer.status)
        if answer.status != HTTPStatus.OK:
            raise refused(answer.status, answer.headers, None)

    def _download(self, url: str, file: BinaryIO, seconds: float, most_bytes: int) -> Response:
        headers = {"Authorization": f"Bearer {self.token}"} if is_slacks(url, self.base_url) else {}
        try:
            return self._session.download(url, headers, file, seconds=seconds, max_bytes=most_bytes)
        except CallError as error:
            full = isinstance(error.cause, OSError) and error.cause.errno in _NO_ROOM
            code = FILE_TOO_LONG if isinstance(error.cause, TooLongError) else NO_ROOM if full else ""
            raise SlackCallError(code or str(error), code=code) from None

    def _perform_urllib_http_request_internal(self, url: str, req: Request) -> dict[str, Any]:
        """Send the library's prepared request, and return the response in its format."""
        method = url.removeprefix(self.base_url)
        seconds = self.limits.people if method in _PEOPLE else self.limits.call
        seconds = self.limits.sharing if method == _SHARING else seconds
        seconds = min(seconds, self.seconds_left)
        content = req.data if isinstance(req.data, bytes) else b""
        headers = {name: str(value) for name, value in req.header_items()}
        ends = time.monotonic() + seconds
        try:
            return self._post(url, content, headers, seconds)
        except BrokenError as error:
            # Slack closes connections that were idle, perhaps just when one is used again.
            if method not in _PEOPLE or isinstance(error, Timeout):
                raise
            return self._post(url, content, headers, ends - time.monotonic())

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


def is_slacks(url: str, base_url: str) -> bool:
    """Check whether a URL is on one of Slack's hosts, or on the server of the Web API."""
    try:
        # As it is sent: the library does not end a host where urlsplit does.
        parts, base = urlsplit(prepare(url, {}, method="GET").url or ""), urlsplit(base_url)
        if (parts.scheme, parts.netloc) == (base.scheme, base.netloc) or _are_here(parts, base):
            return True
        host, is_plain = parts.hostname or "", not parts.username and parts.port is None
    except (RequestException, ValueError):
        return False
    homes = (_SLACK, (base.hostname or _SLACK).removeprefix("www."))
    is_home = any(host == home or host.endswith(f".{home}") for home in homes)
    return parts.scheme == "https" and is_plain and is_home and bool(_HOST.fullmatch(host))


def _follow(url: str, location: str) -> str:
    """Return the address of a redirect; empty if it is none."""
    try:
        return urljoin(url, location)
    except ValueError:
        return ""


def _are_here(parts: SplitResult, base: SplitResult) -> bool:
    """Check whether two URLs are of one server on this machine, under any of its names."""
    both_local = is_loopback(parts.hostname or "") and is_loopback(base.hostname or "")
    return both_local and (parts.scheme, parts.port) == (base.scheme, base.port)
