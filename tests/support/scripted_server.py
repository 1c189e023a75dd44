"""A raw HTTP server with scripted answers and faults."""

import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Self, TypeAlias
from urllib.parse import parse_qsl, urlsplit

import msgspec


@dataclass(frozen=True)
class ReceivedRequest:
    """One request as received."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.target).query))

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.body)


ServerResponse: TypeAlias = Callable[[socket.socket, ReceivedRequest, threading.Event], None]
"""Answers one request on its connection; the event is set when the server stops."""


def answer(body: object, *, status: int = 200, headers: str = "") -> ServerResponse:
    """Answer with a complete response; a body that is not bytes is sent as JSON."""
    content = body if isinstance(body, bytes) else msgspec.json.encode(body)
    head = f"HTTP/1.1 {status} X\r\nContent-Length: {len(content)}\r\n{headers}\r\n".encode()
    return lambda connection, *_: connection.sendall(head + content)


def chunked(body: bytes, *, headers: str = "") -> ServerResponse:
    """Answer in chunks of a thousand bytes."""
    parts = [body[at : at + 1000] for at in range(0, len(body), 1000)]
    content = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in [*parts, b""])
    head = f"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n{headers}\r\n".encode()
    return lambda connection, *_: connection.sendall(head + content)


def raw(content: bytes) -> ServerResponse:
    """Send these bytes and close."""

    def behave(connection: socket.socket, *_: object) -> None:
        connection.sendall(content)
        raise ConnectionAbortedError

    return behave


def half(body: bytes) -> ServerResponse:
    """Promise the whole body, send half of it, and close."""
    return raw(b"HTTP/1.1 200 X\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body[: len(body) // 2]))


def hang() -> ServerResponse:
    """Send nothing, and keep the connection open."""

    def behave(_: socket.socket, __: ReceivedRequest, stopped: threading.Event) -> None:
        stopped.wait()

    return behave


def reset() -> ServerResponse:
    """Reset the connection."""

    def behave(connection: socket.socket, *_: object) -> None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        raise ConnectionAbortedError

    return behave


def drip(body: bytes, every: float, *, headers: str = "") -> ServerResponse:
    """Send the body one byte at a time."""

    def behave(connection: socket.socket, _: ReceivedRequest, stopped: threading.Event) -> None:
        connection.sendall(f"HTTP/1.1 200 X\r\nContent-Length: {len(body)}\r\n{headers}\r\n".encode())
        for byte in body:
            connection.sendall(bytes([byte]))
            if stopped.wait(every):
                return

    return behave


def endless(head: bytes, piece: bytes, *, every: float = 0.01) -> ServerResponse:
    """Send the head, then the piece one byte at a time, without end."""

    def behave(connection: socket.socket, _: ReceivedRequest, stopped: threading.Event) -> None:
        connection.sendall(head)
        while True:
            for byte in piece:
                if stopped.wait(every):
                    return
                connection.sendall(bytes([byte]))

    return behave


_CHUNKED = b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n"
_GZIPPED = b"HTTP/1.1 200 X\r\nContent-Encoding: gzip\r\nConnection: close\r\n\r\n\x1f\x8b\x08"

DRIPS: Mapping[str, ServerResponse] = {
    "status line": endless(b"HTTP/1.1 200 ", b"x"),
    "header": endless(b"HTTP/1.1 200 X\r\nX-Far: ", b"x"),
    "interim answers": endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n", every=0.001),
    "body": endless(b"HTTP/1.1 200 X\r\nContent-Length: 9999999\r\n\r\n", b" "),
    "body until the end": endless(b"HTTP/1.1 200 X\r\nConnection: close\r\n\r\n{}", b" "),
    "chunk size": endless(_CHUNKED, b"0"),
    "chunk extension": endless(_CHUNKED + b"1;", b"x"),
    "chunks": endless(_CHUNKED, b"1\r\n \r\n"),
    "trailer": endless(_CHUNKED + b"2\r\n{}\r\n0\r\n", b"X-Far: x\r\n"),
    "gzip name": endless(_GZIPPED + b"\x08\0\0\0\0\0\x03", b"x"),
    "gzip extra": endless(_GZIPPED + b"\x04\0\0\0\0\0\x03\xff\xff", b"x"),
}
"""Endless answers, by the part that drips; no single receive times out between two bytes."""


class ScriptedServer:
    """Serves on loopback while its context is open.

    Args:
        script: The responses to the first, second, … request; the last one answers all further ones.
        tls: Serves https with this context.
        on_connect: Answers each connection before anything is read from it; the script is not used.
    """

    def __init__(
        self,
        *script: ServerResponse,
        tls: ssl.SSLContext | None = None,
        on_connect: ServerResponse | None = None,
    ) -> None:
        self._on_connect = on_connect
        self.requests: list[ReceivedRequest] = []
        self.connections = 0
        self._script = list(script)
        self._tls = tls
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._open: set[socket.socket] = set()

    def __enter__(self) -> Self:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._start(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        with self._lock:
            for connection in self._open:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        self._listener.close()

    @property
    def url(self) -> str:
        return f"{'https' if self._tls else 'http'}://localhost:{self.port}"

    def set_script(self, *script: ServerResponse) -> None:
        """Answer the requests from now on by this script."""
        with self._lock:
            self._script = list(script)

    def _start(self, target: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self.connections += 1
                self._start(self._serve, connection)

    def _serve(self, plain: socket.socket) -> None:
        # ValueError: the request is no HTTP.
        with suppress(OSError, ValueError), self._secure(plain) as connection:
            with self._lock:
                self._open.add(connection)
            self._converse(connection)
            with self._lock:
                self._open.discard(connection)

    def _secure(self, plain: socket.socket) -> socket.socket:
        return self._tls.wrap_socket(plain, server_side=True) if self._tls else plain

    def _converse(self, connection: socket.socket) -> None:
        if self._on_connect:
            self._on_connect(connection, ReceivedRequest("", "", {}, b""), self._stopped)
            return
        with connection.makefile("rb") as stream:
            for request in _requests(stream):
                with self._lock:
                    behave = self._script.pop(0) if len(self._script) > 1 else self._script[0]
                    self.requests.append(request)
                behave(connection, request, self._stopped)


def _requests(stream: Any) -> Iterator[ReceivedRequest]:
    while line := stream.readline():
        method, target, _ = line.decode().split()
        headers = {}
        while (header := stream.readline().decode().strip()) != "":
            name, _, value = header.partition(":")
            headers[name.lower()] = value.strip()
        yield ReceivedRequest(method, target, headers, stream.read(int(headers.get("content-length", 0))))
