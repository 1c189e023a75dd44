"""Connections that are shut at the deadline of their call."""

import logging
import socket
import time
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3 import exceptions as urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection

from bot.http_client.deadline import current_call
from bot.http_client.resolver import resolve
from bot.http_client.tls import tls_context

CONNECT_SECONDS = 3.0
"""Seconds that resolving a name and connecting to one of its addresses may take."""

# urllib3 logs URLs, with UserSigs and tickets, at DEBUG and in a warning about odd headers.
for _name in ("urllib3", "urllib3.connection", "urllib3.connectionpool"):
    logging.getLogger(_name).setLevel(logging.ERROR)


class TimedConnection(HTTPConnection):
    """A connection whose socket is shut at the deadline of its call."""

    def _new_conn(self) -> socket.socket:
        timer = current_call.get()
        sock = _connect(self, min(timer.at, time.monotonic() + float(self.timeout or CONNECT_SECONDS)))
        try:
            timer.watch(sock)
        except BaseException:
            sock.close()
            raise
        return sock

    def connect(self) -> None:
        """Connect within the call's time."""
        super().connect()
        self._watch_socket()

    def request(self, *args: Any, **kwargs: Any) -> None:
        """Send a request within the call's time."""
        if self.sock is not None:
            self._watch_socket()
        super().request(*args, **kwargs)

    def _watch_socket(self) -> None:
        """Bound the socket by the current call's deadline."""
        timer = current_call.get()
        timer.watch(self.sock)
        timer.connected = True
        self.sock.settimeout(timer.seconds_left())


class TimedTLSConnection(TimedConnection, HTTPSConnection):
    """The same over TLS."""


class _Pool(HTTPConnectionPool):
    ConnectionCls = TimedConnection

    def _put_conn(self, conn: Any) -> None:
        # Another call may take the connection at once, which this call's deadline must not shut.
        if current_call.timer is not None:
            current_call.timer.release()
        super()._put_conn(conn)


class _TLSPool(_Pool, HTTPSConnectionPool):
    ConnectionCls = TimedTLSConnection


_POOLS = {"http": _Pool, "https": _TLSPool}


class DeadlineAdapter(HTTPAdapter):
    """An adapter whose connections are bounded by their call's deadline."""

    def __init__(self, connections: int) -> None:
        super().__init__(pool_maxsize=connections)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Make the pools of direct connections."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        """Make the pools of a proxy."""
        manager = super().proxy_manager_for(proxy, **kwargs)
        manager.pool_classes_by_scheme = _POOLS
        return manager


class SharedTLSAdapter(DeadlineAdapter):
    """An adapter whose connections share one TLS context; requests would load the authorities for each."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Make the pools of direct connections."""
        super().init_poolmanager(*args, **kwargs, ssl_context=tls_context())

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        """Make the pools of a proxy."""
        return super().proxy_manager_for(proxy, **kwargs, ssl_context=tls_context())

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:  # noqa: ARG002 - requests' signature
        """Require a certificate; the shared context names the authorities."""
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
