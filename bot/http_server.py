"""The HTTP server: waitress, with limits that keep Slack's requests coming in whatever others send."""

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

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

THREADS = 8
"""The most requests answered at once; each takes a millisecond or two."""
MAX_HEAD_BYTES = 16 * 1024
"""The longest request line and headers, in bytes; Slack's take one or two thousand."""
MAX_BODY_BYTES = 1024 * 1024
"""The longest body, in bytes: the longest message in a shortcut's payload, escaped twice, still fits."""

_SPARE_FILES = 512
"""The number of open files left to the rest of the process: databases, outgoing connections, certificates."""
_MAX_ACCEPTED = 64
"""The most connections accepted in one go."""
_KEPT_SHARE = 0.75
_CHECK_SECONDS = 0.5
"""Seconds between two looks at the deadlines of connections."""


@dataclass(frozen=True, slots=True)
class ServerLimits:
    """The share of the server for those whom nobody knows yet; times are in seconds.

    Args:
        connections: How many may be open; at the limit the one that has waited longest makes room.
        held: How many bytes of requests may be in memory; at the limit unfinished requests make room.
        receiving: Within what time a whole request must have come, from its connection or its first byte on.
        sending: Within what time an answer must have been taken.
        idle: How long a connection is kept between two requests; proxies keep theirs for 60 seconds.
        drain: How long requests that have come may still be answered when the server stops.
    """

    connections: int = 4096
    held: int = 32 * 1024 * 1024
    receiving: float = 5.0
    sending: float = 5.0
    idle: float = 120.0
    drain: float = 2.0


USUAL_LIMITS = ServerLimits()


class HTTPServer:
    """Serves a WSGI application from entering the context to leaving it.

    Args:
        application: What answers.
        listener: Where to listen: a socket that listens already.
        limits: What others may take of it.
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
        """Answer the requests that have come, and listen no more."""
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
        # What the kernel has accepted is answered, too.
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
    """Takes no chunked bodies: nobody knows how long one will be."""

    def parse_header(self, header_plus: bytes) -> None:
        try:
            super().parse_header(header_plus)
        except ValueError:
            # A length of thousands of digits.
            raise ParsingError("Content-Length is invalid") from None
        if self.chunked:
            raise ParsingError("A body needs a Content-Length")


class _Channel(HTTPChannel):
    """One connection, with a deadline for what is expected of the other side.

    Attributes:
        since: When began what it is in: a request, an answer, or the pause after one.
        is_idle: Whether it has been answered, and no further request has begun.
        held: How many bytes of its requests are in memory.
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
        """Whether a request has come whole, and its answer is not all sent."""
        return bool(self.requests or self.total_outbufs_len)

    @property
    def deadline(self) -> float:
        """Until when the other side has to do its part; there is no limit while the bot does its own."""
        limits = self.server.limits
        if self.requests:
            return float("inf")
        if self.total_outbufs_len:
            return self.since + limits.sending
        return self.since + (limits.idle if self.is_idle else limits.receiving)

    def close_soon(self) -> None:
        """End the connection, in the loop's next turn: closed here, its number could be taken meanwhile."""
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
        # By the thread that answers, while the request still counts as being answered.
        self.since, self.is_idle = time.monotonic(), True
        written: int = super().write_soon(data)
        return written

    def service(self) -> None:
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
            # A client that hangs up is no error of the bot's.
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
        """List the connections that are not about to be closed."""
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
        """Do nothing: waitress's own limit begins anew with each byte, by a clock that can be set."""

    def close_overdue(self) -> None:
        """End the connections on which nothing whole has come, or been taken, in time."""
        now = time.monotonic()
        for channel in self.channels():
            if channel.deadline < now:
                channel.close_soon()

    def hold(self, channel: _Channel, more: int) -> None:
        """Note that a connection brought bytes; over the limit, unfinished requests make room for others."""
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
        """Note that the bytes a connection brought are not needed any more."""
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
    """Let the process open as many files as connections need, as far as that is allowed; gives how many."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + _SPARE_FILES
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return wanted
    allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    return int(resource.getrlimit(resource.RLIMIT_NOFILE)[0])
