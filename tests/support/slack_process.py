"""Slack in a process of its own, for benchmarks: Web API, Socket Mode, response URLs that tell what came."""

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

from bot.background import BackgroundServer
from bot.playground.people import VIEWER, Person
from bot.playground.server import make_app
from tests.support.bench import PATIENCE, beside
from tests.support.bot import EVENTS, signed, slash_command
from tests.support.scripted_server import ReceivedRequest, ScriptedServer, answer
from tests.support.slack import APP_TOKEN, BOT_TOKEN, SIGNING_SECRET, make_workspace

OK = answer(b"ok")
BARE_BOLT = str(Path(__file__).with_name("bare_bolt.py"))
"""A program: a minimal Bolt app to compare with."""


@dataclass(frozen=True)
class Post:
    """What came to a response URL, and when (monotonic seconds, the same in every process)."""

    path: str
    at: float
    body: bytes


@dataclass(frozen=True)
class Addresses:
    """Where Slack is, and the certificate of the authority behind its https."""

    api: str
    responses: str
    secure_responses: str
    authority: bytes


def serve(pipe: Connection) -> None:
    """Be Slack until told to stop."""
    lock = Lock()

    def take(connection: socket.socket, asked: ReceivedRequest, *others: Any) -> None:
        post = Post(asked.path, time.monotonic(), asked.body)
        OK(connection, asked, *others)
        with lock:
            pipe.send(post)

    authority = trustme.CA()
    tls = SSLContext(PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(tls)
    with (
        BackgroundServer(make_app(make_workspace())) as workspace,
        ScriptedServer(take) as responses,
        ScriptedServer(take, tls=tls) as secure,
    ):
        pipe.send(Addresses(f"{workspace.url}/api/", responses.url, secure.url, authority.cert_pem.bytes()))
        pipe.recv()


class SlackSide:
    """Slack as a benchmark sees it."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        addresses: Addresses = self._next()
        self.responses = addresses.responses
        self.secure_responses = addresses.secure_responses
        self.authority = addresses.authority
        self.settings = {
            "SLACK_BOT_TOKEN": BOT_TOKEN,
            "SLACK_APP_TOKEN": APP_TOKEN,
            "SLACK_SIGNING_SECRET": SIGNING_SECRET,
            "SLACK_API_URL": addresses.api,
        }
        """The settings of an app that is installed there."""

    def next_post(self) -> Post:
        """Wait for what comes to a response URL."""
        post: Post = self._next()
        return post

    def _next(self) -> Any:
        if not self._pipe.poll(PATIENCE):
            raise TimeoutError
        return self._pipe.recv()


@contextmanager
def slack_side() -> Iterator[SlackSide]:
    """Run Slack until the context ends."""
    with beside(serve) as pipe:
        yield SlackSide(pipe)


class Sender:
    """Sends slash commands and presses of buttons to an app, as Slack signs them.

    Args:
        port: Where the app listens.
        keeps: Whether its server keeps a connection open; if not, connecting is part of the time.
    """

    def __init__(self, port: int, *, keeps: bool = True) -> None:
        self._port = port
        self._keeps = keeps
        self._connection = self._first()

    def _first(self) -> socket.socket:
        """Connect to a server that may still be about to listen."""
        until = time.monotonic() + PATIENCE
        while True:
            try:
                return self._connect()
            except ConnectionRefusedError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.05)

    def _connect(self) -> socket.socket:
        connection = socket.create_connection(("127.0.0.1", self._port), PATIENCE)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def send(self, text: str, response_url: str, actor: Person = VIEWER) -> tuple[float, float]:
        """Send a command; when it was sent and when it was acknowledged (monotonic seconds)."""
        return self.post(slash_command(text, response_url, actor))

    def post(self, body: bytes) -> tuple[float, float]:
        """Send any body; when it was sent and when it was acknowledged."""
        fields = {"Host": "localhost", "Content-Length": str(len(body)), **signed(body)}
        lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        request = f"POST {EVENTS} HTTP/1.1\r\n{lines}\r\n".encode() + body
        # Sent and received bare: what a client's library does is no part of the ack.
        sent = time.monotonic()
        if not self._keeps:
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
