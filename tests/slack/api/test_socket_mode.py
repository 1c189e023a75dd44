import logging
import socket
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from hashlib import sha1
from threading import Event, Thread
from typing import Any

import pytest

from bot.playground.server import make_app
from bot.serving.background_server import BackgroundServer
from bot.slack.api.client import SlackClient
from bot.slack.api.errors import TOKEN_ERRORS, SlackCallError
from bot.slack.api.socket_mode import SocketClient
from tests.support import scripted_server as responses
from tests.support.scripted_server import DRIPS, ReceivedRequest, ScriptedServer, ServerResponse, answer
from tests.support.slack import APP_TOKEN, BOT_TOKEN, make_workspace, wait_until

QUICK = 0.5
TIMEOUT = 10
TURNED_AWAY = b'{"type": "disconnect", "reason": "too_many_websockets"}'
CLOSE_FRAME = bytes([0x88, 2, *(1000).to_bytes(2)])
SWITCHED = b"HTTP/1.1 101 X\r\nUpgrade: websocket\r\n"

UNUSABLE: dict[str, ServerResponse] = {
    "nothing": responses.hang(),
    "a reset": responses.reset(),
    "no HTTP": responses.raw(b"220 smtp ready\r\n\r\n"),
    "another answer": answer(b"", status=503),
    "another key": responses.raw(SWITCHED + b"Sec-WebSocket-Accept: AAAA\r\n\r\n"),
    "a drip of the status line": DRIPS["status line"],
    "a drip of headers": responses.endless(SWITCHED, b"X-Far: x\r\n"),
    "a header without end": DRIPS["header"],
}


@contextmanager
def client(address: str, **settings: Any) -> Iterator[SocketClient]:
    """Make a client whose `apps.connections.open` returns an address."""
    with ScriptedServer(answer({"ok": True, "url": address})) as api:
        slack = SlackClient(BOT_TOKEN, f"{api.url}/api/")
        with closing(slack), closing(SocketClient(APP_TOKEN, slack, QUICK, **settings)) as sockets:
            yield sockets


@pytest.mark.parametrize("fault", UNUSABLE)
def test_connects_in_time_or_not_at_all(fault: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    with ScriptedServer(UNUSABLE[fault]) as scripted_server:
        address = f"ws://127.0.0.1:{scripted_server.port}/link?ticket=s3cr3t"
        with client(address, ping_interval=60) as sockets:
            started = time.monotonic()
            sockets.connect()

            assert not sockets.is_connected()
            assert time.monotonic() - started < QUICK + 5
        assert scripted_server.requests[0].target == "/link?ticket=s3cr3t"
    assert "s3cr3t" not in caplog.text


def test_a_tls_handshake_that_drips_ends_in_time() -> None:
    with (
        ScriptedServer(
            on_connect=responses.endless(b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc\x03\x03", b"x")
        ) as scripted_server,
        client(f"wss://127.0.0.1:{scripted_server.port}/link", ping_interval=60) as sockets,
    ):
        started = time.monotonic()
        sockets.connect()

        assert not sockets.is_connected()
        assert time.monotonic() - started < QUICK + 5


def test_connects_again_once_that_is_possible() -> None:
    with (
        BackgroundServer(make_app(make_workspace())) as server,
        ScriptedServer(responses.hang()) as scripted_server,
        closing(SlackClient(BOT_TOKEN, f"{server.url}/api/")) as slack,
        closing(SocketClient(APP_TOKEN, slack, QUICK, ping_interval=0.1)) as sockets,
    ):
        sockets.wss_uri = f"ws://127.0.0.1:{scripted_server.port}/link"
        sockets.connect()

        wait_until(sockets.is_connected)
        assert scripted_server.connections


class SilentWebSocketServer(ScriptedServer):
    """Accepts WebSockets and sends nothing on them; or turns them away, or ends them without a word."""

    def __init__(self, *, turns_away: bool = False, ends: bool = False) -> None:
        super().__init__(self._accept_socket)
        self._turns_away = turns_away
        self._ends = ends

    def _accept_socket(self, connection: socket.socket, request: ReceivedRequest, stopped: Event) -> None:
        key = request.headers["sec-websocket-key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        accept = b64encode(sha1(key.encode()).digest())
        connection.sendall(SWITCHED + b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n")
        if self._turns_away:
            connection.sendall(bytes([0x81, len(TURNED_AWAY)]) + TURNED_AWAY + CLOSE_FRAME)
        elif self._ends:
            raise ConnectionAbortedError
        else:
            stopped.wait()


def test_connects_anew_once_slack_ends_the_connection() -> None:
    with (
        SilentWebSocketServer(ends=True) as scripted_server,
        client(f"ws://127.0.0.1:{scripted_server.port}/link", ping_interval=3600) as sockets,
    ):
        sockets.connect()

        wait_until(lambda: scripted_server.connections > 1)


def test_gives_up_a_socket_that_says_nothing() -> None:
    with (
        SilentWebSocketServer() as scripted_server,
        client(f"ws://127.0.0.1:{scripted_server.port}/link", ping_interval=0.1) as sockets,
    ):
        sockets.connect()
        assert sockets.is_connected()

        wait_until(lambda: scripted_server.connections > 1)


def test_asks_a_slack_that_turns_it_away_less_and_less_often() -> None:
    with (
        SilentWebSocketServer(turns_away=True) as scripted_server,
        client(f"ws://127.0.0.1:{scripted_server.port}/link", ping_interval=0.1) as sockets,
    ):
        sockets.connect()
        time.sleep(3.5)

        # At once, after one second, and after two more.
        assert 1 < scripted_server.connections <= 3


def test_stops_at_once_while_slack_turns_it_away() -> None:
    with SilentWebSocketServer(turns_away=True) as scripted_server:
        with client(f"ws://127.0.0.1:{scripted_server.port}/link", ping_interval=0.1) as sockets:
            sockets.connect()
            wait_until(lambda: sockets._pause > 0)
            before = scripted_server.connections

        assert scripted_server.connections == before


@pytest.mark.parametrize("retry_after", ["0", "9" * 320, "86400", "-5", "Wed, 21 Oct 2026 07:28:00 GMT"])
def test_stops_at_once_however_long_slack_asks_to_wait(retry_after: str) -> None:
    limited = answer(
        {"ok": False, "error": "ratelimited"}, status=429, headers=f"Retry-After: {retry_after}\r\n"
    )
    with ScriptedServer(limited) as api, closing(SlackClient(BOT_TOKEN, f"{api.url}/api/")) as slack:
        sockets = SocketClient(APP_TOKEN, slack)
        sockets._closing.set()
        with closing(sockets), pytest.raises(SlackCallError):
            sockets.connect()


def test_no_proxy_is_asked_for_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    with ScriptedServer(answer(b"")) as proxy, SilentWebSocketServer() as scripted_server:
        for name in ("HTTP_PROXY", "HTTPS_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        with client(f"ws://127.0.0.1:{scripted_server.port}/link", ping_interval=60) as sockets:
            sockets.connect()

            assert sockets.is_connected()
        assert proxy.requests == []


class ClosesAtFirstLine(logging.Handler):
    """Closes a client when its reader logs its first line, and holds the reader until then."""

    def __init__(self) -> None:
        super().__init__()
        self.sockets: SocketClient | None = None
        self.closing: Thread | None = None

    def emit(self, record: logging.LogRecord) -> None:
        if self.sockets and self.closing is None and record.msg.startswith("Starting to receive"):
            closing = Thread(target=self.sockets.close, daemon=True)
            closing.start()
            self.closing = closing
            wait_until(lambda: not self.sockets or not self.sockets.is_connected())


def test_closes_though_its_reader_is_just_about_to_begin() -> None:
    logger, handler = logging.getLogger("test of closing"), ClosesAtFirstLine()
    logger.setLevel(logging.INFO)
    logger.addHandler(handler)
    with (
        SilentWebSocketServer() as scripted_server,
        client(f"ws://127.0.0.1:{scripted_server.port}/link", ping_interval=60, logger=logger) as sockets,
    ):
        handler.sockets = sockets
        sockets.connect()
        wait_until(lambda: handler.closing is not None)
        assert handler.closing

        handler.closing.join(TIMEOUT)

        assert not handler.closing.is_alive()


@contextmanager
def client_whose_receives_have_no_end() -> Iterator[SocketClient]:
    """Make a client that has heard Slack's hello, and then waits for ever for what Slack says next."""
    with (
        BackgroundServer(make_app(make_workspace())) as server,
        closing(SlackClient(BOT_TOKEN, f"{server.url}/api/")) as slack,
    ):
        sockets = SocketClient(APP_TOKEN, slack, ping_interval=3600, receive_seconds=3600)
        sockets.connect()
        assert sockets.greeted.wait(TIMEOUT)
        yield sockets


def ends(act: Callable[[], object]) -> bool:
    """Run something in a thread; return whether it ends."""
    thread = Thread(target=act, daemon=True)
    thread.start()
    thread.join(TIMEOUT)
    return not thread.is_alive()


def test_closes_though_slack_says_nothing() -> None:
    with client_whose_receives_have_no_end() as sockets:
        assert ends(sockets.close)


def test_reads_its_new_connection_though_the_old_one_is_silent() -> None:
    with client_whose_receives_have_no_end() as sockets:
        before = sockets.current_session
        assert ends(lambda: sockets.connect_to_new_endpoint(force=True))

        wait_until(lambda: getattr(sockets.current_session, "is_greeted", False))
        assert sockets.current_session is not before
        assert ends(sockets.close)


def test_counts_no_connection_without_a_hello_as_a_sign_of_life() -> None:
    with (
        SilentWebSocketServer() as scripted_server,
        client(f"ws://127.0.0.1:{scripted_server.port}/link", ping_interval=60) as sockets,
    ):
        sockets.connect()

        assert sockets.is_connected()
        assert not sockets.greeted.wait(QUICK)


def test_hears_slack_by_its_hello_and_its_pongs() -> None:
    with (
        BackgroundServer(make_app(make_workspace())) as server,
        closing(SlackClient(BOT_TOKEN, f"{server.url}/api/")) as slack,
        closing(SocketClient(APP_TOKEN, slack, ping_interval=0.2)) as sockets,
    ):
        assert sockets.trouble() == "Slack: not connected yet"
        sockets.connect()
        assert sockets.greeted.wait(TIMEOUT)
        heard = time.monotonic() - sockets.seconds_silent

        wait_until(lambda: time.monotonic() - sockets.seconds_silent > heard + 0.1)
        assert sockets.trouble() == ""


@pytest.mark.parametrize("code", sorted(TOKEN_ERRORS))
def test_notices_that_slack_refuses_its_token(code: str, caplog: pytest.LogCaptureFixture) -> None:
    with (
        ScriptedServer(answer({"ok": False, "error": code})) as api,
        closing(SlackClient(BOT_TOKEN, f"{api.url}/api/")) as slack,
        closing(SocketClient(APP_TOKEN, slack)) as sockets,
    ):
        sockets.connect_to_new_endpoint()

    assert sockets.refusal == code
    assert caplog.messages == []


def test_tells_a_refused_token_from_a_slack_that_is_away(caplog: pytest.LogCaptureFixture) -> None:
    with (
        ScriptedServer(answer({"ok": False, "error": "internal_error"}, status=500)) as api,
        closing(SlackClient(BOT_TOKEN, f"{api.url}/api/")) as slack,
        closing(SocketClient(APP_TOKEN, slack)) as sockets,
    ):
        sockets.connect_to_new_endpoint()

    assert sockets.refusal == ""
    assert caplog.messages == ["no connection to Slack (internal_error); it is tried again"]
