"""Outgoing HTTP calls: kept-alive connections, one TLS context, and a deadline for each whole call.

A socket's time-out bounds each receive, so a server that drips could hold a call for ever. Here a thread
shuts the socket of each call whose time is up, whatever it waits for.
"""

import logging
import os
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from heapq import heappop, heappush
from http.client import HTTPException
from ipaddress import ip_address
from itertools import count
from typing import Any, TypeAlias
from urllib.parse import urlsplit

import certifi
import requests
from requests.adapters import HTTPAdapter
from requests.utils import default_headers, get_auth_from_url, get_environ_proxies, select_proxy
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, make_headers
from urllib3 import exceptions as urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.util.connection import allowed_gai_family

CONNECT_SECONDS = 3.0
"""Seconds that resolving a name and connecting to one of its addresses may take."""
MAX_RESOLVING = 16
"""The most names resolved at once; resolving cannot be interrupted, so some may be stuck."""
LATE_ANSWER_SECONDS = 60.0
"""Seconds for which a late result of resolving is kept for the next caller."""

_CA_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
_CHUNK = 128 * 1024
_MIN_WAIT = 0.02
"""The shortest wait between two checks for expired calls, in seconds."""

_Address: TypeAlias = tuple[Any, ...]

# urllib3 logs URLs, with UserSigs and tickets, at DEBUG and in a warning about odd headers.
for _name in ("urllib3", "urllib3.connection", "urllib3.connectionpool"):
    logging.getLogger(_name).setLevel(logging.ERROR)


class CallError(Exception):
    """A call failed; the text of its cause may hold the URL, and so a secret.

    Args:
        cause: The library's error.
        sent: True if the server may have received the request.
    """

    def __init__(self, cause: Exception, *, sent: bool) -> None:
        super().__init__(type(cause).__name__)
        self.cause = cause
        self.sent = sent


class TooLongError(Exception):
    """A response is longer than the caller's limit."""


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
        self._adapters = {"http": _Adapter(connections), "https": _SharedTLS(connections)}

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
        timer = _watchdog.begin(seconds)
        _current_call.timer = timer
        problem: Exception
        try:
            response = self._open(request, seconds, read_seconds)
            with response:
                body = _read(response, max_bytes)
            if not timer.expired:
                return Response(response.status_code, response.headers, body)
            problem = requests.ReadTimeout()
        except (
            requests.RequestException,
            urllib3.HTTPError,
            HTTPException,
            OSError,
            ValueError,
            TooLongError,
        ) as error:
            problem = error
        finally:
            timer.release()
            _current_call.timer = None
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


def open_stream(
    url: str, proxy: str | None, handshake: Callable[[socket.socket], None], seconds: float
) -> socket.socket:
    """Open a connection for a protocol that starts with an HTTP handshake.

    Args:
        url: The URL; TLS for https and wss.
        proxy: The proxy's URL, if any.
        handshake: Sends and receives the protocol's handshake.
        seconds: The time for all of it.

    Raises:
        CallError: There was no connection in time.
    """
    timer = _watchdog.begin(seconds)
    _current_call.timer = timer
    connection: _TimedConnection | None = None
    problem: Exception
    try:
        connection = _make_connection(url, proxy)
        connection.connect()
        stream = connection.sock
        handshake(stream)
        timer.release()
        if not timer.expired:
            return stream
        problem = requests.ReadTimeout()
    except (requests.RequestException, urllib3.HTTPError, HTTPException, OSError, ValueError) as error:
        problem = error
    finally:
        timer.release()
        _current_call.timer = None
    if connection is not None:
        connection.close()
    raise CallError(requests.ReadTimeout() if timer.expired else problem, sent=timer.connected)


def _make_connection(url: str, proxy: str | None) -> "_TimedConnection":
    parts = urlsplit(url)
    is_secure = parts.scheme in ("https", "wss")
    host, port = parts.hostname or "", parts.port or (443 if is_secure else 80)
    proxy_parts = urlsplit(proxy) if proxy else None
    address = (proxy_parts.hostname or "", proxy_parts.port or 80) if proxy_parts else (host, port)
    connection = (
        _TimedTLSConnection(*address, timeout=CONNECT_SECONDS, ssl_context=tls_context())
        if is_secure
        else _TimedConnection(*address, timeout=CONNECT_SECONDS)
    )
    if proxy:
        user, password = get_auth_from_url(proxy)
        headers = make_headers(proxy_basic_auth=f"{user}:{password}") if user else None
        connection.set_tunnel(host, port, headers=headers)
    return connection


def prepare(url: str, headers: Mapping[str, str], content: bytes = b"") -> requests.PreparedRequest:
    """Prepare a POST request, to be sent or copied.

    Raises:
        requests.RequestException: The URL is not valid.
        ValueError: The same.
    """
    return requests.Request("POST", url, headers={**default_headers(), **headers}, data=content).prepare()


def find_proxy(url: str) -> str | None:
    """Return the environment's proxy for a URL; None for loopback."""
    if is_loopback(urlsplit(url).hostname or ""):
        return None
    return select_proxy(url, get_environ_proxies(url, None))


def is_loopback(host: str) -> bool:
    """Check whether a host is loopback: localhost, 127.0.0.0/8, or ::1."""
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return host.rstrip(".").lower() == "localhost"
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback


@cache
def tls_context() -> ssl.SSLContext:
    """Return the process's one TLS context; loading the authorities takes tens of milliseconds.

    It trusts the bundle of REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE, else the system's authorities and certifi's.
    """
    bundle = next((os.environ[name] for name in _CA_VARIABLES if os.environ.get(name)), None)
    if bundle is None:
        context = ssl.create_default_context()
        context.load_verify_locations(certifi.where())
        return context
    as_folder = os.path.isdir(bundle)  # noqa: PTH112 - no path object is needed for one question
    return ssl.create_default_context(
        capath=bundle if as_folder else None, cafile=None if as_folder else bundle
    )


def _read(response: requests.Response, max_bytes: int) -> bytearray:
    body = bytearray()
    # One receive at a time: http.client's limits apply to each, not to a whole read.
    while chunk := response.raw.read1(_CHUNK, decode_content=True):
        body += chunk
        if len(body) > max_bytes:
            raise TooLongError
    return body


class _CallTimer:
    """The deadline of one call, at which its socket is shut."""

    __slots__ = ("_handle", "_lock", "_released", "at", "connected", "expired")

    def __init__(self, at: float) -> None:
        self.at = at
        self.expired = False
        self.connected = False
        self._released = False
        self._handle = -1
        self._lock = threading.Lock()

    def seconds_left(self) -> float:
        """Return the remaining seconds, at least 0.001: a socket takes 0 for non-blocking."""
        return max(self.at - time.monotonic(), 0.001)

    def watch(self, sock: socket.socket) -> None:
        """Watch this socket instead of the last one.

        Raises:
            TimeoutError: The deadline has passed.
        """
        with self._lock:
            self._close()
            if self.expired:
                raise TimeoutError
            # A handle of our own: the socket's may be closed, or wrapped in TLS, and its number reused.
            self._handle = os.dup(sock.fileno())

    def release(self) -> None:
        """Stop watching the socket: the call is over."""
        with self._lock:
            self._released = True
            self._close()

    def expire(self) -> None:
        """Shut the socket, which ends every wait for it."""
        with self._lock:
            if self._released:
                return
            self.expired = True
            if self._handle >= 0:
                # The plain socket: TLS has state that belongs to the waiting thread.
                with suppress(OSError), socket.socket(fileno=os.dup(self._handle)) as sock:
                    sock.shutdown(socket.SHUT_RDWR)

    def _close(self) -> None:
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1


class _Watchdog:
    """A thread that expires calls at their deadline; it starts with the first call."""

    def __init__(self) -> None:
        self._calls: list[tuple[float, int, _CallTimer]] = []
        self._numbers = count()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def begin(self, seconds: float) -> _CallTimer:
        """Start the timer of a call."""
        timer = _CallTimer(time.monotonic() + seconds)
        with self._changed:
            heappush(self._calls, (timer.at, next(self._numbers), timer))
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="call-ends", daemon=True)
                self._thread.start()
            elif self._calls[0][2] is timer:
                self._changed.notify()
        return timer

    def _run(self) -> None:
        while True:
            due = []
            with self._changed:
                now = time.monotonic()
                while self._calls and self._calls[0][0] <= now:
                    due.append(heappop(self._calls)[2])
                if not due:
                    # Ended calls stay in the heap: checking them in batches is cheaper.
                    self._changed.wait(max(self._calls[0][0] - now, _MIN_WAIT) if self._calls else None)
            for timer in due:
                timer.expire()


class _CurrentCall(threading.local):
    """The running thread's call."""

    timer: _CallTimer | None = None

    def get(self) -> _CallTimer:
        """Return its timer."""
        if self.timer is None:
            raise RuntimeError("a connection is used outside any call")
        return self.timer


_watchdog = _Watchdog()
_current_call = _CurrentCall()


class _TimedConnection(HTTPConnection):
    """A connection whose socket is shut at the deadline of its call."""

    def _new_conn(self) -> socket.socket:
        timer = _current_call.get()
        sock = _connect(self, min(timer.at, time.monotonic() + float(self.timeout or CONNECT_SECONDS)))
        try:
            timer.watch(sock)
        except BaseException:
            sock.close()
            raise
        return sock

    def connect(self) -> None:
        super().connect()
        self._watch_socket()

    def request(self, *args: Any, **kwargs: Any) -> None:
        if self.sock is not None:
            self._watch_socket()
        super().request(*args, **kwargs)

    def _watch_socket(self) -> None:
        """Bound the socket by the current call's deadline."""
        timer = _current_call.get()
        timer.watch(self.sock)
        timer.connected = True
        self.sock.settimeout(timer.seconds_left())


class _TimedTLSConnection(_TimedConnection, HTTPSConnection):
    """The same over TLS."""


class _Pool(HTTPConnectionPool):
    ConnectionCls = _TimedConnection

    def _put_conn(self, conn: Any) -> None:
        # Another call may take the connection at once, which this call's deadline must not shut.
        if _current_call.timer is not None:
            _current_call.timer.release()
        super()._put_conn(conn)


class _TLSPool(_Pool, HTTPSConnectionPool):
    ConnectionCls = _TimedTLSConnection


_POOLS = {"http": _Pool, "https": _TLSPool}


class _Adapter(HTTPAdapter):
    """An adapter whose connections are bounded by their call's deadline."""

    def __init__(self, connections: int) -> None:
        super().__init__(pool_maxsize=connections)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(proxy, **kwargs)
        manager.pool_classes_by_scheme = _POOLS
        return manager


class _SharedTLS(_Adapter):
    """An adapter whose connections share one TLS context; requests would load the authorities for each."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs, ssl_context=tls_context())

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        return super().proxy_manager_for(proxy, **kwargs, ssl_context=tls_context())

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:  # noqa: ARG002 - requests' signature
        conn.cert_reqs = "CERT_REQUIRED"


def _connect(connection: HTTPConnection, until: float) -> socket.socket:
    """Connect to one of a host's addresses; each gets a share of the remaining time.

    Raises:
        urllib3.HTTPError: There is no connection.
    """
    host = connection._dns_host.strip("[]")  # noqa: SLF001 - with the dot that ends a full name
    try:
        addresses = resolve(host, connection.port, until - time.monotonic())
    except socket.gaierror as error:
        raise urllib3.NameResolutionError(connection.host, connection, error) from error
    except UnicodeError:
        raise urllib3.LocationParseError("a host's name that is none") from None
    except TimeoutError:
        raise urllib3.ConnectTimeoutError(connection, "resolving took too long") from None
    problem: OSError = TimeoutError()
    for place, (family, kind, protocol, _, address) in enumerate(addresses):
        sock = socket.socket(family, kind, protocol)
        try:
            for option in connection.socket_options or ():
                sock.setsockopt(*option)
            sock.settimeout(max((until - time.monotonic()) / (len(addresses) - place), 0.001))
            sock.connect(address)
        except OSError as error:
            sock.close()
            problem = error
        else:
            sock.settimeout(max(until - time.monotonic(), 0.001))
            return sock
    if isinstance(problem, TimeoutError):
        raise urllib3.ConnectTimeoutError(connection, "connecting took too long") from problem
    raise urllib3.NewConnectionError(connection, f"no connection: {problem}") from problem


class _Resolution:
    """One name being resolved, in a daemon thread."""

    def __init__(self, host: str, port: int) -> None:
        self.addresses: list[_Address] = []
        self.problem: Exception | None = None
        self.at = float("inf")
        self.done = threading.Event()
        threading.Thread(target=self._run, args=(host, port), name="resolve", daemon=True).start()

    @property
    def usable(self) -> bool:
        """True while running, and for a short time after it succeeded."""
        return not self.done.is_set() or (
            self.problem is None and time.monotonic() - self.at < LATE_ANSWER_SECONDS
        )

    def _run(self, host: str, port: int) -> None:
        try:
            self.addresses = socket.getaddrinfo(host, port, allowed_gai_family(), socket.SOCK_STREAM)
        except Exception as error:  # noqa: BLE001 - raised where it is waited for
            self.problem = error
        self.at = time.monotonic()
        self.done.set()


_resolutions: dict[tuple[str, int], _Resolution] = {}
_resolutions_lock = threading.Lock()


def resolve(host: str, port: int, seconds: float) -> list[_Address]:
    """Resolve a name in time; concurrent callers share one result.

    Raises:
        TimeoutError: It took too long; the next caller may get the result.
        socket.gaierror: There is no such name, or too many are being resolved.
        UnicodeError: The name is not valid.
    """
    with suppress(ValueError):
        ip_address(host)
        return socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM)
    key = host, port
    with _resolutions_lock:
        resolution = _resolutions.get(key)
        if resolution is None or not resolution.usable:
            _resolutions.pop(key, None)
            for other in [other for other, each in _resolutions.items() if not each.usable]:
                del _resolutions[other]
            if sum(not each.done.is_set() for each in _resolutions.values()) >= MAX_RESOLVING:
                raise socket.gaierror(socket.EAI_AGAIN, "too many names are being resolved")
            resolution = _resolutions[key] = _Resolution(host, port)
    if not resolution.done.wait(max(seconds, 0)):
        raise TimeoutError
    with _resolutions_lock:
        if _resolutions.get(key) is resolution:
            del _resolutions[key]
    if resolution.problem is not None:
        raise resolution.problem
    return resolution.addresses
