import select
import socket
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from http.client import HTTPResponse
from itertools import chain, cycle
from typing import TYPE_CHECKING, Any

import pytest

from bot.serving.http_server import MAX_BODY_BYTES, MAX_HEAD_BYTES, HTTPServer, ServerLimits
from bot.slack.workers import Workers
from tests.support.slack import TIMEOUT, wait_until

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
HALF = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Le"
BIG = 4 * 1024 * 1024


def answer(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
    """Answer with the length of the body, or with as many bytes as the path says."""
    asked = environ["PATH_INFO"][1:]
    body = b"x" * int(asked) if asked else b"%d" % len(environ["wsgi.input"].read())
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]


@contextmanager
def serving(
    limits: ServerLimits | None = None, application: "WSGIApplication" = answer
) -> Iterator[tuple[HTTPServer, Callable[[], socket.socket]]]:
    """Serve; yields the server and a function that connects to it."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=1024))
        server = stack.enter_context(HTTPServer(application, listener, limits or ServerLimits()))

        address = listener.getsockname()

        def connect() -> socket.socket:
            return stack.enter_context(socket.create_connection(address, TIMEOUT))

        yield server, connect


def ask(connection: socket.socket, request: bytes = GET) -> bytes:
    """Send a request; returns its status and body, or nothing when the server hangs up."""
    connection.sendall(request)
    answer = HTTPResponse(connection)
    try:
        answer.begin()
    except ConnectionError:
        return b""
    return b"%d %s" % (answer.status, answer.read())


def hangs_up(connection: socket.socket) -> bool:
    """Wait until the server hangs up; times out otherwise."""
    with suppress(ConnectionError):
        while connection.recv(65536):
            pass
    return True


def hangs_up_on(connection: socket.socket, drops: Iterable[bytes]) -> bool:
    """Whether the server hangs up on data sent in drops, a few a second."""
    connection.settimeout(0.1)
    until = time.monotonic() + TIMEOUT
    for drop in drops:
        try:
            connection.sendall(drop)
            if connection.recv(1) == b"":
                return True
        except TimeoutError:
            if time.monotonic() > until:
                return False
        except ConnectionError:
            return True
    return False


@pytest.mark.parametrize(
    ("first", "then"),
    [
        (b"", [b"G"]),
        (b"", [b"\r\n\r", b"\n"]),
        (b"POST / HTTP/1.1\r\nContent-Length: 9999\r\n\r\n", [b"x"]),
        (GET + b"GET /", [b"x"]),
    ],
)
def test_hangs_up_on_what_drips(first: bytes, then: list[bytes]) -> None:
    with serving(ServerLimits(receiving=0.5)) as (_, connect):
        assert hangs_up_on(connect(), chain([first], cycle(then)))


def test_keeps_a_connection_between_two_requests_for_longer_than_one_may_take() -> None:
    with serving(ServerLimits(receiving=0.3, idle=TIMEOUT)) as (_, connect):
        connection = connect()
        ask(connection)
        time.sleep(1.5)

        assert ask(connection).startswith(b"200 ")


def test_hangs_up_on_a_connection_that_is_not_used() -> None:
    with serving(ServerLimits(idle=0.3)) as (_, connect):
        connection = connect()

        assert ask(connection).startswith(b"200 ")
        assert hangs_up(connection)


def test_begins_the_time_of_the_second_request_with_its_first_byte() -> None:
    with serving(ServerLimits(receiving=0.5, idle=TIMEOUT)) as (_, connect):
        connection = connect()
        ask(connection)
        connection.sendall(HALF)

        assert hangs_up(connection)


def test_hangs_up_on_a_client_that_takes_no_answer() -> None:
    with serving(ServerLimits(sending=0.3)) as (server, connect):
        connection = connect()
        connection.sendall(b"GET /%d HTTP/1.1\r\nHost: x\r\n\r\n" % (4 * BIG))

        wait_until(lambda: len(server._server.active_channels) == 1)
        wait_until(lambda: not server._server.active_channels)


def test_lets_an_answer_take_its_time_while_it_is_taken_whole_in_time() -> None:
    with serving(ServerLimits(sending=TIMEOUT, receiving=0.2)) as (_, connect):
        connection, got = connect(), 0
        connection.sendall(b"GET /%d HTTP/1.1\r\nHost: x\r\n\r\n" % BIG)
        time.sleep(1)
        while got < BIG:
            got += len(connection.recv(1 << 20))


def test_closes_the_oldest_unfinished_connection_for_a_new_one() -> None:
    with serving(ServerLimits(connections=64)) as (server, connect):
        waiting = []
        for _ in range(80):
            waiting.append(connect())
            waiting[-1].sendall(HALF)

        assert all(hangs_up(connection) for connection in waiting[:16])
        assert ask(connect()).startswith(b"200 ")
        wait_until(lambda: len(server._server.active_channels) <= 64)


def test_answers_though_the_limit_is_taken_by_connections_that_were_served_before() -> None:
    with serving(ServerLimits(connections=64)) as (_, connect):
        for _ in range(100):
            assert ask(connect()).startswith(b"200 ")


def test_holds_no_more_of_unfinished_requests_than_it_may(monkeypatch: pytest.MonkeyPatch) -> None:
    limit, half = 4 * MAX_BODY_BYTES, MAX_BODY_BYTES // 2
    held: list[int] = []
    with serving(ServerLimits(held=limit)) as (server, connect):
        hold = server._server.hold

        def hold_and_note(*args: Any) -> None:
            hold(*args)
            held.append(server._server.held)

        monkeypatch.setattr(server._server, "hold", hold_and_note)
        head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % (MAX_BODY_BYTES - 1)
        connections = [connect() for _ in range(20)]
        for connection in connections:
            with suppress(ConnectionError):
                connection.sendall(head + b"x" * half)
        assert hangs_up(connections[0])

        whole = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\n" + b"x" * 5000
        assert ask(connect(), whole).endswith(b" 5000")
        assert limit // 2 < max(held) <= limit
        for connection in connections:
            connection.close()
        wait_until(lambda: server._server.held == 0)


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"Content-Length: %d" % MAX_BODY_BYTES, b"413"),
        (b"Content-Length: " + b"9" * 5000, b"400"),
        (b"Content-Length: -1", b"400"),
        (b"Transfer-Encoding: chunked", b"400"),
        (b"Transfer-Encoding: gzip", b"501"),
        (b"X: " + b"x" * MAX_HEAD_BYTES, b"431"),
    ],
)
def test_refuses_what_it_would_have_to_hold_too_much_of(head: bytes, status: bytes) -> None:
    with serving() as (_, connect):
        said = ask(connect(), b"POST / HTTP/1.1\r\nHost: x\r\n" + head + b"\r\n\r\n")

    assert said.split()[0] == status


def test_takes_the_longest_body_there_may_be() -> None:
    body = b"x" * (MAX_BODY_BYTES - 1)
    with serving() as (_, connect):
        said = ask(
            connect(), b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
        )

    assert said.endswith(b" %d" % len(body))


def test_answers_what_has_come_when_it_stops() -> None:
    with serving() as (server, connect):
        connections = [connect() for _ in range(50)]
        for connection in connections:
            connection.sendall(GET)
        server.close()

        assert all(connection.recv(4096).startswith(b"HTTP/1.1 200") for connection in connections)
        with pytest.raises(ConnectionRefusedError):
            connect()


@pytest.mark.parametrize("length", [b"0", b"5"])
def test_begins_the_work_of_a_request_once_its_answer_is_sent(length: bytes) -> None:
    sent: list[bool] = []

    def submit_and_answer(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        workers.submit(lambda: sent.append(bool(select.select([connection], [], [], 0)[0])))
        return answer(environ, start_response)

    with closing(Workers()) as workers, serving(application=submit_and_answer) as (_, connect):
        connection = connect()
        connection.sendall(b"GET /%s HTTP/1.1\r\nHost: x\r\n\r\n" % length)
        wait_until(lambda: bool(sent))

    assert sent == [True]
