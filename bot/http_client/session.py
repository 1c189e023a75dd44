"""Outgoing HTTP calls over kept-alive connections, with a deadline for each whole call."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, BinaryIO
from urllib.parse import urlsplit

import requests
from requests.utils import default_headers, get_environ_proxies, select_proxy

from bot.http_client.connection import CONNECT_SECONDS, DeadlineAdapter, SharedTLSAdapter
from bot.http_client.deadline import limit_call
from bot.http_client.errors import LIBRARY_ERRORS, CallError, TooLongError
from bot.http_client.loopback import is_loopback

_CHUNK = 128 * 1024


@dataclass(frozen=True, slots=True)
class Response:
    """A response; the body is decompressed."""

    status: int
    headers: Mapping[str, str]
    body: bytearray


@dataclass(frozen=True, slots=True)
class Upload:
    """A body that is read while it is sent.

    Args:
        file: The file, at the beginning of the body.
        size: Its bytes from there on.
    """

    file: BinaryIO
    size: int

    def __len__(self) -> int:
        return self.size

    def __iter__(self) -> Iterator[bytes]:
        """Yield the body in parts."""
        while chunk := self.read(_CHUNK):
            yield chunk

    def read(self, size: int = _CHUNK) -> bytes:
        """Read the next bytes."""
        return self.file.read(size)


class Session:
    """Kept-alive connections to any host; safe between threads.

    The proxy variables are read once, for the main host.

    Args:
        url: A URL of the main host.
        connections: The most connections kept to a host.
    """

    def __init__(self, url: str, connections: int) -> None:
        proxy = find_proxy(url)
        self._proxies = {urlsplit(url).scheme: proxy} if proxy else {}
        self._adapters = {"http": DeadlineAdapter(connections), "https": SharedTLSAdapter(connections)}

    def close(self) -> None:
        """Close the connections."""
        for adapter in self._adapters.values():
            adapter.close()

    def post(
        self, url: str, content: bytes | Upload, headers: Mapping[str, str], *, seconds: float, max_bytes: int
    ) -> Response:
        """Post, and return the response as `send` does.

        Raises:
            CallError: No readable response came in time.
        """
        try:
            request = prepare(url, headers, content)
        except (requests.RequestException, ValueError) as error:
            raise CallError(error, sent=False) from None
        return self.send(request, seconds=seconds, max_bytes=max_bytes)

    def download(
        self, url: str, headers: Mapping[str, str], file: BinaryIO, *, seconds: float, max_bytes: int
    ) -> Response:
        """Get, and write the body of a response with status 200 to a file; redirects are not followed.

        Raises:
            CallError: No readable response came in time.
        """
        try:
            request = prepare(url, headers, method="GET")
        except (requests.RequestException, ValueError) as error:
            raise CallError(error, sent=False) from None
        return self.send(request, seconds=seconds, max_bytes=max_bytes, file=file)

    def send(
        self,
        request: requests.PreparedRequest,
        *,
        seconds: float,
        max_bytes: int,
        read_seconds: float | None = None,
        file: BinaryIO | None = None,
    ) -> Response:
        """Send a request, and return the response; redirects are not followed.

        Args:
            request: The prepared request.
            seconds: The time for the whole call: resolving, connecting, sending and receiving.
            max_bytes: The longest body that is read.
            read_seconds: The longest silence of the server.
            file: Takes the body of a response with status 200, in place of the response.

        Raises:
            CallError: No readable response came in time.
        """
        # 0 would be refused as a time-out.
        seconds = max(seconds, 0.001)
        problem: Exception = requests.ReadTimeout()
        with limit_call(seconds) as timer:
            try:
                with self._open(request, seconds, read_seconds) as response:
                    taker = file if response.status_code == HTTPStatus.OK else None
                    body = _read(response, max_bytes, taker)
                if not timer.expired:
                    return Response(response.status_code, response.headers, body)
            except (*LIBRARY_ERRORS, TooLongError) as error:
                problem = error
        if timer.expired or isinstance(problem, requests.Timeout | TimeoutError):
            problem = requests.ReadTimeout() if timer.connected else requests.ConnectTimeout()
        raise CallError(problem, sent=timer.connected)

    def _open(
        self, request: requests.PreparedRequest, seconds: float, read_seconds: float | None
    ) -> requests.Response:
        url = request.url or ""
        scheme = url.partition(":")[0].lower()
        if scheme not in self._adapters:
            raise requests.exceptions.InvalidSchema
        timeout = (min(CONNECT_SECONDS, seconds), min(read_seconds or seconds, seconds))
        proxies = self._proxies if self._proxies and not is_loopback(urlsplit(url).hostname or "") else None
        return self._adapters[scheme].send(request, stream=True, timeout=timeout, proxies=proxies)


def prepare(
    url: str, headers: Mapping[str, str], content: bytes | Upload = b"", *, method: str = "POST"
) -> requests.PreparedRequest:
    """Prepare a request, to be sent or copied.

    Raises:
        requests.RequestException: The URL is not valid.
        ValueError: The same.
    """
    request = requests.PreparedRequest()
    # Not by a Request, which also looks for cookies, forms and files: half of the time.
    request.prepare_method(method)
    request.prepare_url(url, None)
    length = {} if method == "GET" else {"Content-Length": str(len(content))}
    request.prepare_headers({**default_headers(), **headers, **length})
    # The stubs of requests know no readers with a length.
    body: Any = content or None
    request.body = body
    request.prepare_auth(None)
    return request


def find_proxy(url: str) -> str | None:
    """Return the environment's proxy for a URL; None for loopback."""
    if is_loopback(urlsplit(url).hostname or ""):
        return None
    return select_proxy(url, get_environ_proxies(url, None))


def _read(response: requests.Response, max_bytes: int, file: BinaryIO | None) -> bytearray:
    """Read a body into a file, or return it."""
    body, size = bytearray(), 0
    # One receive at a time: http.client's limits apply to each, not to a whole read.
    while chunk := response.raw.read1(_CHUNK, decode_content=True):
        size += len(chunk)
        if size > max_bytes:
            raise TooLongError
        if file is None:
            body += chunk
        else:
            file.write(chunk)
    return body
