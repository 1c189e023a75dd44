"""A Redis server of the test's own, which can be stopped, started anew and held still."""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

TIMEOUT = 20
"""Seconds until a server must answer."""


class RedisServer:
    """A server on a free port of loopback, which keeps nothing on disk."""

    def __init__(self, folder: Path, *options: str, sentinel: str = "", tls: bool = False) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port: int = free.getsockname()[1]
        self._folder = folder
        self._sentinel, self._tls = sentinel, tls
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start it, with no data; returns when it accepts connections."""
        program = shutil.which("redis-server")
        assert program
        if self._sentinel:
            config = self._folder / f"sentinel-{self.port}.conf"
            config.write_text(self._sentinel)
            command = [program, str(config), "--sentinel"]
        else:
            command = [program, "--save", "", "--appendonly", "no", "--dir", str(self._folder)]
        command += ["--tls-port" if self._tls else "--port", str(self.port)]
        self._process = subprocess.Popen(
            [*command, "--bind", "127.0.0.1", *self._options], stdout=subprocess.DEVNULL
        )
        end = time.monotonic() + TIMEOUT
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except OSError:
                assert time.monotonic() < end, "Redis does not start"
                time.sleep(0.01)
            else:
                return

    def stop(self) -> None:
        """End it at once; its data is gone."""
        if self._process:
            self._process.kill()
            self._process.wait()
            self._process = None

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold it still: it accepts connections and says nothing."""
        assert self._process
        os.kill(self._process.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self._process.pid, signal.SIGCONT)

    def command(self, *words: str) -> None:
        """Send one command; its answer must be OK."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=TIMEOUT) as connection:
            parts = [f"${len(word.encode())}\r\n{word}\r\n" for word in words]
            connection.sendall(f"*{len(parts)}\r\n{''.join(parts)}".encode())
            answer = connection.recv(1000)
        assert answer.startswith((b"+OK", b":")), answer


@contextmanager
def run_redis(*options: str, sentinel: str = "", tls: bool = False) -> Iterator[RedisServer]:
    """Run a server, or a Sentinel with a configuration, for the context. Skips the test without Redis."""
    if not shutil.which("redis-server"):
        pytest.skip("needs redis-server (Debian: redis-server)")
    with TemporaryDirectory(prefix="im-bot-redis-") as folder:
        server = RedisServer(Path(folder), *options, sentinel=sentinel, tls=tls)
        server.start()
        try:
            yield server
        finally:
            server.stop()
