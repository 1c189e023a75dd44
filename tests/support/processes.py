"""Bots in processes behind a load balancer, which can be killed, stopped and cut off."""

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

from bot.playground.people import AUDIT_CHANNEL_ID, EDITOR, EDITORS_GROUP_ID
from bot.settings import Settings
from tests.support.bot import ROOT, environment_of

STOPPED_WITHIN = 30.0
"""Seconds within which SIGTERM ends a process."""
_PERSON = re.compile(rb"(?:user_id=|%22user%22%3A\+%7B%22id%22%3A\+%22)(U\w+)")
"""The person in the body of a command or a press."""


class FaultyProxy:
    """Relays TCP connections to a server on loopback, with a fault by its mode.

    The mode is `pass`, `hold` (accepts, and keeps every byte back) or `drip` (three bytes a second).
    """

    def __init__(self, port: int) -> None:
        self.mode = "pass"
        self._server = "127.0.0.1", port
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def reset(self) -> None:
        """Break every connection."""
        with self._lock:
            for end in self._open:
                with suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Stop relaying."""
        self.mode = "pass"
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.reset()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._relay, args=(client,), daemon=True).start()

    def _relay(self, client: socket.socket) -> None:
        with suppress(OSError), client, socket.create_connection(self._server) as server:
            ends = {client, server}
            with self._lock:
                self._open |= ends
            back = threading.Thread(target=self._pump, args=(server, client), daemon=True)
            back.start()
            self._pump(client, server)
            back.join()
            with self._lock:
                self._open -= ends

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                self._send(sink, data)
        for end in (source, sink):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def _send(self, sink: socket.socket, data: bytes) -> None:
        while data:
            match self.mode:
                case "hold":
                    time.sleep(0.02)
                case "drip":
                    sink.sendall(data[:1])
                    data = data[1:]
                    time.sleep(0.3)
                case _:
                    sink.sendall(data)
                    return


class BotProcess:
    """One `im-bot serve` that can be killed, stopped, restarted and cut off.

    Args:
        name: Its name in the report.
        settings: Its settings, with the addresses of the real servers.
        database: The database's address.
        folder: The folder of its log.
        more: Other environment variables.
    """

    def __init__(self, name: str, settings: Settings, database: str, folder: Path, **more: str) -> None:
        self.name = name
        self.running = threading.Event()
        """Set while it takes requests: not dead, stopped or terminating."""
        self.ended: list[float] = []
        """The times of its kills and SIGTERMs (monotonic seconds)."""
        self.restored = 0.0
        """The time of its last start or continuation (monotonic seconds)."""
        self.port = 0
        app = settings.im_apps["demo"]
        self.database = FaultyProxy(urlsplit(database).port or 5432)
        self.vendor = FaultyProxy(urlsplit(str(app.api_url)).port or 80)
        self.slack = FaultyProxy(urlsplit(settings.slack_api_url).port or 80)
        self._log = folder / f"{name}.log"
        self._output: IO[bytes] | None = None
        self._environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            **environment_of(settings),
            "DATABASE_URL": self._make_address(database),
            "IM_APPS__DEMO__API_URL": f"http://127.0.0.1:{self.vendor.port}",
            "SLACK_API_URL": f"http://127.0.0.1:{self.slack.port}/api/",
            "AUDIT_CHANNEL": AUDIT_CHANNEL_ID,
            "ROLES__EDITORS": f"{EDITOR.id},{EDITORS_GROUP_ID}",
            **more,
        }
        self.process: subprocess.Popen[bytes] | None = None

    def _make_address(self, database: str) -> str:
        """Make the address of a server behind its proxy; a file has none."""
        address = urlsplit(database)
        if not address.hostname:
            return database
        return address._replace(netloc=f"postgres@127.0.0.1:{self.database.port}").geturl()

    def start(self, skew: int = 0) -> None:
        """Start it with a clock `skew` seconds ahead; the start may fail, as while its database hangs."""
        self.close_output()
        self._output = self._log.open("ab")
        begins = self._output.tell()
        program = ["tests.support.shifted_clock", str(skew)] if skew else ["bot"]
        self.process = subprocess.Popen(
            [sys.executable, "-m", *program, "serve"],
            cwd=self._log.parent,
            env=self._environment,
            stdout=self._output,
            stderr=subprocess.STDOUT,
        )
        threading.Thread(target=self._wait_until_it_listens, args=(self.process, begins), daemon=True).start()

    def _wait_until_it_listens(self, process: "subprocess.Popen[bytes]", begins: int) -> None:
        while process.poll() is None:
            said = self._log.read_bytes()[begins:]
            if found := re.search(rb"listens on port (\d+)", said):
                self.port, self.restored = int(found[1]), time.monotonic()
                self.running.set()
                return
            time.sleep(0.05)

    @property
    def alive(self) -> bool:
        """Whether there is a process at all, stopped or not."""
        return self.process is not None and self.process.poll() is None

    def kill(self) -> None:
        """Kill it at once."""
        self.running.clear()
        self.ended.append(time.monotonic())
        if self.process:
            self.process.kill()
            self.process.wait()

    def stop(self) -> None:
        """Suspend it (SIGSTOP)."""
        if self.alive and self.process:
            self.running.clear()
            self.process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Resume it after a stop."""
        if self.alive and self.process:
            self.process.send_signal(signal.SIGCONT)
            self.restored = time.monotonic()
            if self.port:
                self.running.set()

    def terminate(self) -> float:
        """Send SIGTERM twice; returns the seconds until it has ended."""
        self.running.clear()
        began = time.monotonic()
        self.ended.append(began)
        if not self.process:
            return 0.0
        for _ in range(2):
            self.process.terminate()
            time.sleep(0.1)
        try:
            self.process.wait(STOPPED_WITHIN + 10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        return time.monotonic() - began

    def tracebacks(self) -> list[str]:
        """List the unexpected errors in its log."""
        return re.findall(
            r"(?m)^\w+(?:\.\w+)*(?:Error|Exception)\b.*$", self._log.read_text(errors="replace")
        )

    def close_output(self) -> None:
        """Close its log."""
        if self._output:
            self._output.close()

    def close(self) -> None:
        """Kill it, and close its log and its proxies."""
        self.kill()
        self.close_output()
        for proxy in (self.database, self.vendor, self.slack):
            proxy.close()


@dataclass(frozen=True, slots=True)
class Ack:
    """The acknowledgement of a request of Slack: its time, its seconds, and whether it was given."""

    at: float
    seconds: float
    process: str
    given: bool
    person: str


class Balancer:
    """Relays each connection of Slack to the next process that takes requests."""

    def __init__(self, processes: Sequence[BotProcess]) -> None:
        self.acks: list[Ack] = []
        self._processes = processes
        self._turn = count()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/slack/events"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Take no more connections."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._relay, args=(client,), daemon=True).start()

    def _relay(self, client: socket.socket) -> None:
        began = time.monotonic()
        with suppress(OSError), client:
            ready = [process for process in self._processes if process.running.is_set()]
            if not ready:
                return
            process = ready[next(self._turn) % len(ready)]
            given, sent = False, bytearray()
            try:
                with socket.create_connection(("127.0.0.1", process.port), timeout=10) as server:
                    there = threading.Thread(target=_copy, args=(client, server, sent), daemon=True)
                    there.start()
                    while data := server.recv(65536):
                        if not given:
                            given = True
                            self._note(began, process, sent, given=True)
                        client.sendall(data)
            finally:
                if not given:
                    self._note(began, process, sent, given=False)

    def _note(self, began: float, process: BotProcess, sent: bytearray, *, given: bool) -> None:
        found = _PERSON.search(sent)
        person = found[1].decode() if found else ""
        self.acks.append(Ack(began, time.monotonic() - began, process.name, given, person))


def _copy(source: socket.socket, sink: socket.socket, sent: bytearray) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            sent += data
            sink.sendall(data)
