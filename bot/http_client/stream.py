"""Connections for protocols that start with an HTTP handshake, such as WebSocket."""

import socket
from collections.abc import Callable
from urllib.parse import urlsplit

import requests
from requests.utils import get_auth_from_url
from urllib3 import make_headers

from bot.http_client.connection import CONNECT_SECONDS, TimedConnection, TimedTLSConnection
from bot.http_client.deadline import limit_call
from bot.http_client.errors import LIBRARY_ERRORS, CallError
from bot.http_client.tls import tls_context


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
    connection: TimedConnection | None = None
    problem: Exception = requests.ReadTimeout()
    with limit_call(seconds) as timer:
        try:
            connection = _make_connection(url, proxy)
            connection.connect()
            stream = connection.sock
            handshake(stream)
            timer.release()
            if not timer.expired:
                return stream
        except LIBRARY_ERRORS as error:
            problem = error
    if connection is not None:
        connection.close()
    raise CallError(requests.ReadTimeout() if timer.expired else problem, sent=timer.connected)


def _make_connection(url: str, proxy: str | None) -> TimedConnection:
    parts = urlsplit(url)
    is_secure = parts.scheme in ("https", "wss")
    host, port = parts.hostname or "", parts.port or (443 if is_secure else 80)
    proxy_parts = urlsplit(proxy) if proxy else None
    address = (proxy_parts.hostname or "", proxy_parts.port or 80) if proxy_parts else (host, port)
    connection = (
        TimedTLSConnection(*address, timeout=CONNECT_SECONDS, ssl_context=tls_context())
        if is_secure
        else TimedConnection(*address, timeout=CONNECT_SECONDS)
    )
    if proxy:
        user, password = get_auth_from_url(proxy)
        headers = make_headers(proxy_basic_auth=f"{user}:{password}") if user else None
        connection.set_tunnel(host, port, headers=headers)
    return connection
