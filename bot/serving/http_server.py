"""The HTTP server: waitress, with limits that keep strangers from crowding out Slack's requests."""

import heapq
import resource
import socket
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from errno import EMFILE, ENFILE
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from waitress import wasyncore
from waitress.adjustments import Adjustments
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser, ParsingError
from waitress.server import TcpWSGIServer
from waitress.task import ThreadedTaskDispatcher

from bot.slack.workers import held_jobs

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

THREADS = 8
"""The most requests handled at once; each takes a millisecond or two."""
MAX_HEAD_BYTES = 16 * 1024
"""The longest request line and headers, in bytes; Slack's take one or two thousand."""
MAX_BODY_BYTES = 1024 * 1024
"""The longest body, in bytes: the longest message in a shortcut's payload, escaped twice, still fits."""

_SPARE_FILES = 512
"""Open files reserved for the rest of the process: databases, outgoing connections, certificates."""
_MAX_ACCEPTED = 64
"""The most connections accepted in one turn of the loop."""
_KEPT_SHARE = 0.75
_CHECK_SECONDS = 0.5
"""Seconds between two checks of the connections' deadlines."""


@dataclass(frozen=True, slots=True)
class ServerLimits:
    """Limits for clients, which are all strangers until a signature is verified; times are in seconds.

    Args:
        connections: The most open connections; past that, the one that has waited longest is closed.
        held: The most bytes of requests in memory; past that, the oldest unfinished ones are closed.
        receiving: The time for a whole request, from its connection or its first byte on.
        sending: The time for the client to take a response.
        idle: The time between two requests of a connection; proxies keep theirs for 60 seconds.
        drain: The time to answer received requests when the server stops: Slack waits 3 seconds.
    """

    connections: int = 4096
    held: int = 32 * 1024 * 1024
    receiving: float = 5.0
    sending: float = 5.0
    idle: float = 120.0
    drain: float = 3.0


USUAL_LIMITS = ServerLimits()


class HTTPServer:
    """Serves a WSGI application from entering the context to leaving it.

    Args:
        application: The WSGI application.
        listener: A listening socket.
        limits: Limits for clients.
    """

    def __init__(
        self, application: "WSGIApplication", listener: socket.socket, limits: ServerLimits = USUAL_LIMITS
    ) -> None:
        self._server = _Server(application, listener, limits)
        self._drain = limits.drain
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="http", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop listening, and answer the received requests."""
        if self._thread.is_alive():
            self._stopping = True
            self._server.pull_trigger()
            self._thread.join()

    def _run(self) -> None:
        checked = time.monotonic()
        while not self._stopping:
            self._run_loop_once(_CHECK_SECONDS)
            if time.monotonic() - checked >= _CHECK_SECONDS:
                checked = time.monotonic()
                self._server.close_overdue()
        # Connections that the kernel has accepted are answered, too.
        self._run_loop_once(0.0)
        wasyncore.dispatcher.close(self._server)
        until = time.monotonic() + self._drain
        while time.monotonic() < until and any(channel.is_answering for channel in self._server.channels()):
            self._run_loop_once(0.05)
        self._server.task_dispatcher.shutdown(timeout=1)
        wasyncore.close_all(self._server._map, ignore_all=True)  # noqa: SLF001 - waitress does so itself

    def _run_loop_once(self, seconds: float) -> None:
        wasyncore.loop(seconds, use_poll=True, map=self._server._map, count=1)  # noqa: SLF001 - the same


class _Parser(HTTPRequestParser):
    """A parser that refuses chunked bodies, whose length is unknown."""

    def parse_header(self, header_plus: bytes) -> None:
        try:
            super().parse_header(header_plus)
        except ValueError:
            # A length of thousands of digits.
            raise ParsingError("Content-Length is invalid") from None
        if self.chunked:
            raise ParsingError("A body needs a Content-Length")


class _Channel(HTTPChannel):
    """One connection, with a deadline for the client.

    Attributes:
        since: The start of the current request, response or pause.
        is_idle: True between two requests.
        held: The bytes of its requests in memory.
    """

    parser_class = _Parser
    server: "_Server"
    socket: socket.socket

    def __init__(self, server: "_Server", *args: Any, **kwargs: Any) -> None:
        self.since = time.monotonic()
        self.is_idle = False
        self.held = 0
        super().__init__(server, *args, **kwargs)

    @property
    def is_answering(self) -> bool:
        """True while a received request is not fully answered."""
        return bool(self.requests or self.total_outbufs_len)

    @property
    def deadline(self) -> float:
        """The client's deadline (monotonic seconds); infinity while the bot handles a request."""
        limits = self.server.limits
        if self.requests:
            return float("inf")
        if self.total_outbufs_len:
            return self.since + limits.sending
        return self.since + (limits.idle if self.is_idle else limits.receiving)

    def close_soon(self) -> None:
        """Close in the loop's next turn: closed here, its file number could be reused meanwhile."""
        self.will_close = True
        with suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)

    def received(self, data: bytes) -> bool:
        if self.is_idle:
            self.since, self.is_idle = time.monotonic(), False
        taken: bool = super().received(data)
        self.server.hold(self, len(data))
        return taken

    def write_soon(self, data: Any) -> int:
        # Called by the handling thread, while the request still counts as being answered.
        self.since, self.is_idle = time.monotonic(), True
        written: int = super().write_soon(data)
        return written

    def service(self) -> None:
        # Slack waits for the response, not for the work.
        with held_jobs():
            super().service()
        if not self.requests:
            self.server.release(self)

    def handle_close(self) -> None:
        self.server.release(self)
        super().handle_close()


class _Server(TcpWSGIServer):
    channel_class = _Channel
    active_channels: dict[int, _Channel]  # type: ignore[assignment]  # the stubs are mistaken
    _map: dict[int, Any]

    def __init__(self, application: "WSGIApplication", listener: socket.socket, limits: ServerLimits) -> None:
        self.limits = limits
        self.max_connections = min(
            limits.connections, max(_MAX_ACCEPTED, _raise_file_limit(limits.connections) - _SPARE_FILES)
        )
        self.held = 0
        self._holding = threading.Lock()
        dispatcher = ThreadedTaskDispatcher()
        dispatcher.set_thread_count(THREADS)
        adjustments = Adjustments(
            sockets=[listener],
            ident=None,
            connection_limit=self.max_connections + 4 * _MAX_ACCEPTED,
            max_request_header_size=MAX_HEAD_BYTES,
            max_request_body_size=MAX_BODY_BYTES,
            # Never on disk.
            inbuf_overflow=2 * MAX_BODY_BYTES,
            # A client that disconnects is no error.
            log_socket_errors=False,
        )
        super().__init__(
            application,
            {},
            _sock=listener,
            dispatcher=dispatcher,
            adj=adjustments,
            sockinfo=(listener.family, listener.type, listener.proto, listener.getsockname()),
            bind_socket=False,
        )

    def channels(self) -> list[_Channel]:
        """List the connections that are not closing."""
        return [channel for channel in self.active_channels.values() if not channel.will_close]

    def handle_accept(self) -> None:
        for _ in range(_MAX_ACCEPTED):
            try:
                accepted = self.accept()
                if accepted is None:
                    break
                connection, address = accepted
                self.set_socket_options(connection)
            except OSError as error:
                if error.errno in (EMFILE, ENFILE):
                    self._make_room(_MAX_ACCEPTED)
                    break
                continue
            self.channel_class(self, connection, self.fix_addr(address), self.adj, map=self._map)
        if len(self.active_channels) > self.max_connections:
            self._make_room(len(self.channels()) - self.max_connections)

    def maintenance(self, now: float) -> None:
        """Do nothing: waitress's own limit restarts with each byte, and uses the wall clock."""

    def close_overdue(self) -> None:
        """Close the connections whose deadline has passed."""
        now = time.monotonic()
        for channel in self.channels():
            if channel.deadline < now:
                channel.close_soon()

    def hold(self, channel: _Channel, more: int) -> None:
        """Count received bytes; over the limit, close the oldest unfinished requests."""
        with self._holding:
            channel.held += more
            self.held += more
        if self.held > self.limits.held:
            unfinished = [each for each in self.channels() if each.held and not each.requests]
            for each in sorted(unfinished, key=_since):
                if self.held <= self.limits.held * _KEPT_SHARE:
                    break
                each.close_soon()
                self.release(each)

    def release(self, channel: _Channel) -> None:
        """Release the bytes held for a connection."""
        with self._holding:
            self.held -= channel.held
            channel.held = 0

    def _make_room(self, count: int) -> None:
        waiting = [channel for channel in self.channels() if not channel.is_answering]
        for channel in heapq.nsmallest(count, waiting, key=_since):
            channel.close_soon()


def _since(channel: _Channel) -> float:
    return channel.since


def _raise_file_limit(connections: int) -> int:
    """Raise the process's limit of open files as far as allowed; return the limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + _SPARE_FILES
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return wanted
    allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    return int(resource.getrlimit(resource.RLIMIT_NOFILE)[0])
