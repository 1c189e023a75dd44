"""A Socket Mode client that connects within a time limit, and knows when it last heard Slack."""

import socket
import time
from collections.abc import Callable
from contextlib import suppress
from threading import Event, Lock
from typing import Any
from urllib.parse import urlsplit

from slack_sdk.errors import SlackClientNotConnectedError
from slack_sdk.socket_mode.builtin import SocketModeClient
from slack_sdk.socket_mode.builtin.connection import Connection, ConnectionState
from slack_sdk.socket_mode.builtin.internals import (
    _generate_sec_websocket_key,
    _parse_handshake_response,
    _validate_sec_websocket_accept,
)

from bot.http_client.errors import CallError
from bot.http_client.stream import open_stream
from bot.slack.api.client import SlackClient
from bot.slack.api.errors import TOKEN_ERRORS, SlackCallError

OPEN_SECONDS = 6.0
"""Seconds for opening a WebSocket: name, connection, proxy, TLS and handshake together."""
RECEIVE_SECONDS = 3.0
"""The time-out of one receive or send, in seconds."""
PING_SECONDS = 5.0
"""Seconds between pings; after four times as long without an answer it reconnects."""
MOST_PAUSE = 4.0
"""Most seconds between two connections that Slack turns away; the library waits five for its lock."""
STALE_PINGS = 5
"""Pings without a sign of life after which Slack counts as unreachable."""
SOCKET_ADVICE = (
    "Copy an app-level token (xapp-…) with connections:write from the app's page into SLACK_APP_TOKEN"
)

_SWITCHED = 101


class _EndingStream:
    """A socket whose end is an error: the library would read on after it without a pause.

    Args:
        stream: The socket.
    """

    def __init__(self, stream: socket.socket) -> None:
        self._stream = stream
        self._is_shut = False
        self.send = stream.send
        self.close = stream.close

    def recv(self, size: int) -> bytes:
        """Receive bytes; none once it was shut down here.

        Raises:
            OSError: The other side has ended the connection.
        """
        received = self._stream.recv(size)
        if not received and not self._is_shut:
            raise ConnectionResetError("Slack ended the connection")
        return received

    def shut_down(self) -> None:
        """End both directions at once."""
        self._is_shut = True
        # The plain socket: TLS has state that belongs to the reader.
        socket.socket.shutdown(self._stream, socket.SHUT_RDWR)


class _BoundedConnection(Connection):
    """A WebSocket with a time limit for connecting.

    Args:
        seconds: The time limit.
        receive_seconds: The time-out of one receive or send.
        hear: Called at each pong after Slack's hello.
        reconnect: Called once it has ended.

    Attributes:
        is_open: True once the WebSocket was opened.
        is_greeted: True once Slack has said hello; before, it may still turn the connection away.
    """

    def __init__(
        self,
        seconds: float,
        receive_seconds: float,
        hear: Callable[[], None],
        reconnect: Callable[[], None],
        **settings: Any,
    ) -> None:
        self._seconds = seconds
        self._receive_seconds = receive_seconds
        self._hear = hear
        self._reconnect = reconnect
        self._stream: _EndingStream | None = None
        self._ponged_at: float | None = None
        self.is_open = False
        self.is_greeted = False
        super().__init__(**settings)

    @property
    def last_ping_pong_time(self) -> float | None:
        return self._ponged_at

    @last_ping_pong_time.setter
    def last_ping_pong_time(self, value: float | None) -> None:
        # The library's reader sets it at each pong.
        self._ponged_at = value
        if self.is_greeted:
            self._hear()

    def connect(self) -> None:
        """Connect; report a failure to the listener, and stay inactive."""
        failure: Exception
        try:
            stream = open_stream(self.url.strip(), self.proxy, self._greet, self._seconds)
        except CallError as error:
            # Only its kind: the URL holds a ticket.
            failure = SlackClientNotConnectedError(f"no WebSocket to Slack ({error})")
        else:
            stream.settimeout(self._receive_seconds)
            self._stream = _EndingStream(stream)
            self.sock = self._stream  # type: ignore[assignment]  # the library sends, receives and closes
            self.is_open = True
            return
        if self.on_error_listener is not None:
            self.on_error_listener(failure)
        self.disconnect()

    def disconnect(self) -> None:
        """Close it at once, though its reader waits for Slack."""
        # The library waits until the reader's receive has ended. What is being sent may still go out.
        with self.sock_send_lock, suppress(OSError):
            if self._stream is not None:
                self._stream.shut_down()
        super().disconnect()

    def run_until_completion(self, state: ConnectionState) -> None:
        """Receive until it has ended, and have it replaced at once."""
        super().run_until_completion(state)
        # The library would look only at its next ping.
        self._reconnect()

    def _greet(self, stream: socket.socket) -> None:
        parts = urlsplit(self.url.strip())
        key = _generate_sec_websocket_key()
        lines = (
            f"GET {parts.path or '/'}?{parts.query} HTTP/1.1",
            f"Host: {parts.netloc}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            f"Sec-WebSocket-Key: {key}",
            "Sec-WebSocket-Version: 13",
        )
        stream.sendall("\r\n".join((*lines, "", "")).encode())
        status, headers, _ = _parse_handshake_response(stream)  # type: ignore[arg-type]  # the same
        if status != _SWITCHED or not _validate_sec_websocket_accept(key, headers):
            raise ConnectionError


class _EndedForGood(ConnectionState):
    """The state of a connection that stays terminated.

    The library's reader sets `terminated` to False when it starts. A client closed just before that would
    wait for the reader for ever.
    """

    def __init__(self) -> None:
        self._terminated = False

    @property
    def terminated(self) -> bool:
        return self._terminated

    @terminated.setter
    def terminated(self, value: bool) -> None:
        self._terminated = self._terminated or value


class SocketClient(SocketModeClient):
    """A Socket Mode client that connects within a time limit, and stops at once.

    Args:
        app_token: The app-level token.
        slack: The client of Slack's Web API.
        seconds: The time limit for connecting.
        ping_interval: The seconds between pings.
        receive_seconds: The time-out of one receive or send.

    Attributes:
        greeted: Set at Slack's first hello.
        refusal: The code with which Slack refused the token; empty if it did not.
    """

    def __init__(
        self,
        app_token: str,
        slack: SlackClient,
        seconds: float = OPEN_SECONDS,
        ping_interval: float = PING_SECONDS,
        receive_seconds: float = RECEIVE_SECONDS,
        **settings: Any,
    ) -> None:
        self._slack = slack
        self._seconds = seconds
        self._receive_seconds = receive_seconds
        self._closing = Event()
        self._replacing = Lock()
        self._pause = 0.0
        self._turned_away: Connection | None = None
        self._heard_at = time.monotonic()
        self.greeted = Event()
        self.refusal = ""
        super().__init__(app_token, web_client=slack, ping_interval=ping_interval, **settings)
        # The library takes any proxy of the environment, for this machine too.
        self.proxy = slack.proxy
        self.message_listeners.append(self._greet)

    @property
    def seconds_silent(self) -> float:
        """The seconds since Slack's last sign of life: its hello or a pong after it."""
        return time.monotonic() - self._heard_at

    def trouble(self) -> str:
        """Return why no payload can come, empty when it can."""
        if not self.greeted.is_set():
            return "Slack: not connected yet"
        silent = self.seconds_silent
        return (
            f"Slack: no sign of life for {silent:.0f} s" if silent > STALE_PINGS * self.ping_interval else ""
        )

    def issue_new_wss_url(self) -> str:
        """Return the URL of a new WebSocket; retry once if Slack asks to wait.

        Raises:
            SlackCallError: Slack gave none.
        """
        self._wait_if_turned_away()
        try:
            return self._slack.open_socket(self.app_token)
        except SlackCallError as error:
            if error.retry_after is None or self._closing.wait(error.retry_after):
                raise
        return self._slack.open_socket(self.app_token)

    def connect(self) -> None:
        """Connect, and replace the connection before."""
        before, before_state = self.current_session, self.current_session_state
        if self.wss_uri is None:
            self.wss_uri = self.issue_new_wss_url()
        session = _BoundedConnection(
            self._seconds,
            self._receive_seconds,
            self._hear,
            self.connect_to_new_endpoint,
            url=self.wss_uri,
            logger=self.logger,
            ping_interval=self.ping_interval,
            receive_buffer_size=self.receive_buffer_size,
            proxy=self.proxy,
            on_message_listener=self._on_message,
            on_error_listener=self._on_error,
            on_close_listener=self._on_close,
        )
        session.connect()
        with self._replacing:
            if self._closing.is_set():
                # Nothing else would close it, nor end its reader thread.
                session.close()
                return
            before_state.terminated = True
            self.current_session = session
            self.current_session_state = _EndedForGood()
        if before is not None:
            before.close()
        self.auto_reconnect_enabled = self.default_auto_reconnect_enabled
        if not self.current_app_monitor_started:
            self.current_app_monitor_started = True
            self.current_app_monitor.start()

    def connect_to_new_endpoint(self, force: bool = False) -> None:  # noqa: FBT001, FBT002 - the library's
        """Connect anew; a failure is kept or logged in a line, not raised into the library's threads."""
        try:
            super().connect_to_new_endpoint(force)
        except SlackCallError as error:
            failure = error
        else:
            return
        if self._closing.is_set():
            return
        if failure.code in TOKEN_ERRORS:
            self.refusal = failure.code
        else:
            self.logger.error("no connection to Slack (%s); it is tried again", failure.reason)

    def _wait_if_turned_away(self) -> None:
        """Wait after a connection that was opened and ended before Slack's hello, each time twice as long.

        Raises:
            SlackCallError: The client was closed.
        """
        session = self.current_session
        if not isinstance(session, _BoundedConnection) or session.is_greeted:
            self._pause = 0.0
        elif session.is_open and session is not self._turned_away:
            self._turned_away = session
            self._pause = min(max(1.0, 2 * self._pause), MOST_PAUSE)
            self._closing.wait(self._pause)
        # Several threads of the library wait to reconnect, and none may after the end.
        if session is not None and self._closing.is_set():
            raise SlackCallError("the bot is stopping")

    def _greet(self, _: object, message: dict[str, Any], __: str | None) -> None:
        session = self.current_session
        if message.get("type") == "hello" and isinstance(session, _BoundedConnection):
            session.is_greeted = True
            self._hear()

    def _hear(self) -> None:
        self._heard_at = time.monotonic()
        self.greeted.set()

    def close(self) -> None:
        """Close the connection for good."""
        with self._replacing:
            self._closing.set()
        self.closed = True
        # Nothing, so that the library's reader of this queue does not wait for the next message.
        self.message_queue.put(None)
        super().close()


def token_refused(code: str) -> str:
    """Return what to say and to do when Slack refuses the token."""
    return f"Slack refuses the app-level token ({code}). {SOCKET_ADVICE}"
