"""Slack in a process of its own, for benchmarks: Web API, Socket Mode, and recorded response URLs."""

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from ssl import PROTOCOL_TLS_SERVER, SSLContext
from threading import Lock
from typing import Any

import trustme

from bot.playground.people import VIEWER, Person
from bot.playground.server import make_app
from bot.serving.background_server import BackgroundServer
from tests.support.bench import TIMEOUT, run_in_process
from tests.support.bot import EVENTS, signed, slash_command
from tests.support.scripted_server import ReceivedRequest, ScriptedServer, answer
from tests.support.slack import APP_TOKEN, BOT_TOKEN, SIGNING_SECRET, make_workspace

OK = answer(b"ok")
BARE_BOLT = str(Path(__file__).with_name("bare_bolt.py"))
"""A program: a minimal Bolt app to compare with."""


@dataclass(frozen=True)
class ResponseUrlPost:
    """A post to a response URL, and its time (monotonic seconds, the same in every process)."""

    path: str
    at: float
    body: bytes


@dataclass(frozen=True)
class SlackAddresses:
    """The addresses of Slack's servers, and the certificate of the authority behind its https."""

    api: str
    responses: str
    secure_responses: str
    authority: bytes


def serve(pipe: Connection) -> None:
    """Serve as Slack until something comes through the pipe."""
    lock = Lock()

    def record(connection: socket.socket, request: ReceivedRequest, *others: Any) -> None:
        post = ResponseUrlPost(request.path, time.monotonic(), request.body)
        OK(connection, request, *others)
        with lock:
            pipe.send(post)

    authority = trustme.CA()
    tls = SSLContext(PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(tls)
    with (
        BackgroundServer(make_app(make_workspace())) as workspace,
        ScriptedServer(record) as responses,
        ScriptedServer(record, tls=tls) as secure,
    ):
        pipe.send(
            SlackAddresses(f"{workspace.url}/api/", responses.url, secure.url, authority.cert_pem.bytes())
        )
        pipe.recv()


class SlackProcess:
    """The benchmark's end of Slack's process."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        addresses: SlackAddresses = self._next()
        self.responses = addresses.responses
        self.secure_responses = addresses.secure_responses
        self.authority = addresses.authority
        self.settings = {
            "SLACK_BOT_TOKEN": BOT_TOKEN,
            "SLACK_APP_TOKEN": APP_TOKEN,
            "SLACK_SIGNING_SECRET": SIGNING_SECRET,
            "SLACK_API_URL": addresses.api,
        }
        """The settings of an app installed in this workspace."""

    def next_post(self) -> ResponseUrlPost:
        """Wait for the next post to a response URL."""
        post: ResponseUrlPost = self._next()
        return post

    def _next(self) -> Any:
        if not self._pipe.poll(TIMEOUT):
            raise TimeoutError
        return self._pipe.recv()


@contextmanager
def run_slack_process() -> Iterator[SlackProcess]:
    """Run Slack until the context ends."""
    with run_in_process(serve) as pipe:
        yield SlackProcess(pipe)


class RequestSender:
    """Sends slash commands and button presses to an app, signed as Slack does.

    Args:
        port: The app's port on loopback.
        keep_alive: Whether its server keeps a connection open; if not, connecting is part of the time.
    """

    def __init__(self, port: int, *, keep_alive: bool = True) -> None:
        self._port = port
        self._keep_alive = keep_alive
        self._connection = self._connect_when_up()

    def _connect_when_up(self) -> socket.socket:
        """Connect, and try again until the server listens."""
        until = time.monotonic() + TIMEOUT
        while True:
            try:
                return self._connect()
            except ConnectionRefusedError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.05)

    def _connect(self) -> socket.socket:
        connection = socket.create_connection(("127.0.0.1", self._port), TIMEOUT)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def send(self, text: str, response_url: str, actor: Person = VIEWER) -> tuple[float, float]:
        """Send a command; return when it was sent and when acknowledged (monotonic seconds)."""
        return self.post(slash_command(text, response_url, actor))

    def post(self, body: bytes) -> tuple[float, float]:
        """Send any body; return when it was sent and when acknowledged."""
        fields = {"Host": "localhost", "Content-Length": str(len(body)), **signed(body)}
        lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        request = f"POST {EVENTS} HTTP/1.1\r\n{lines}\r\n".encode() + body
        # A bare socket: the time a client library takes is no part of the ack.
        sent = time.monotonic()
        if not self._keep_alive:
            self._connection.close()
            self._connection = self._connect()
        self._connection.sendall(request)
        answer = self._connection.recv(65536)
        acknowledged = time.monotonic()
        assert answer.split(b" ", 2)[1] == b"200", answer
        assert answer.endswith(b"\r\n\r\n"), "an empty body is expected, and the whole answer at once"
        return sent, acknowledged

    def close(self) -> None:
        self._connection.close()
