"""Outgoing HTTP calls over kept-alive connections, with a deadline for each whole call."""

from collections.abc import Mapping
from dataclasses import dataclass
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
        self, url: str, content: bytes, headers: Mapping[str, str], *, seconds: float, max_bytes: int
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

    def send(
        self,
        request: requests.PreparedRequest,
        *,
        seconds: float,
        max_bytes: int,
        read_seconds: float | None = None,
    ) -> Response:
        """Send a request, and return the response; redirects are not followed.

        Args:
            request: The prepared request.
            seconds: The time for the whole call: resolving, connecting, sending and receiving.
            max_bytes: The longest body that is read.
            read_seconds: The longest silence of the server.

        Raises:
            CallError: No readable response came in time.
        """
        # 0 would be refused as a time-out.
        seconds = max(seconds, 0.001)
        problem: Exception = requests.ReadTimeout()
        with limit_call(seconds) as timer:
            try:
                with self._open(request, seconds, read_seconds) as response:
                    body = _read(response, max_bytes)
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


def prepare(url: str, headers: Mapping[str, str], content: bytes = b"") -> requests.PreparedRequest:
    """Prepare a POST request, to be sent or copied.

    Raises:
        requests.RequestException: The URL is not valid.
        ValueError: The same.
    """
    request = requests.PreparedRequest()
    # Not by a Request, which also looks for cookies, forms and files: half of the time.
    request.prepare_method("POST")
    request.prepare_url(url, None)
    request.prepare_headers({**default_headers(), **headers, "Content-Length": str(len(content))})
    request.body = content
    request.prepare_auth(None)
    return request


def find_proxy(url: str) -> str | None:
    """Return the environment's proxy for a URL; None for loopback."""
    if is_loopback(urlsplit(url).hostname or ""):
        return None
    return select_proxy(url, get_environ_proxies(url, None))


def _read(response: requests.Response, max_bytes: int) -> bytearray:
    body = bytearray()
    # One receive at a time: http.client's limits apply to each, not to a whole read.
    while chunk := response.raw.read1(_CHUNK, decode_content=True):
        body += chunk
        if len(body) > max_bytes:
            raise TooLongError
    return body
