"""TCP proxy that can cut a connection at given bytes, hold data back, or pass it byte by byte."""

import select
import socket
import threading
from contextlib import suppress
from types import TracebackType
from typing import Self

TIMEOUT = 30
"""Seconds after which an idle connection is closed."""


class TcpProxy:
    """Relays connections to a server until the context ends."""

    def __init__(self, host: str, port: int) -> None:
        self._server = host, port
        self._word = b""
        self._delivered = False
        self._flowing = threading.Event()
        self._flowing.set()
        self._silencing = b""
        self._drip = 0.0
        self._ended = threading.Event()

    def __enter__(self) -> Self:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._ended.set()
        self._flowing.set()
        # Closing alone would not wake the thread that waits for a connection.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(TIMEOUT)

    @property
    def port(self) -> int:
        """Port on 127.0.0.1."""
        port: int = self._listener.getsockname()[1]
        return port

    def lead_to(self, port: int) -> None:
        """Relay new connections to another port of the server's host; those that are open stay."""
        self._server = self._server[0], port

    def cut_at(self, word: bytes, *, delivered: bool) -> None:
        """Cut the next connection that sends `word`, before its delivery or before the answer."""
        self._delivered = delivered
        self._word = word

    def hold(self) -> None:
        """Hold all data back from now on; connections are still accepted."""
        self._flowing.clear()

    def hold_at(self, word: bytes) -> None:
        """Hold all data back from the next `word` on."""
        self._silencing = word

    def release(self) -> None:
        """Deliver the held data, and pass all further data."""
        self._drip = 0.0
        self._flowing.set()

    def drip(self, seconds: float) -> None:
        """Deliver byte by byte from now on, `seconds` apart."""
        self._drip = seconds

    def _deliver(self, sink: socket.socket, data: bytes) -> None:
        while data:
            self._flowing.wait(TIMEOUT)
            size = 1 if self._drip else len(data)
            if self._drip and self._ended.wait(self._drip):
                return
            sink.sendall(data[:size])
            data = data[size:]

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._relay, args=(client,), daemon=True).start()

    def _relay(self, client: socket.socket) -> None:
        with suppress(OSError), client, socket.create_connection(self._server) as server:
            other = {client: server, server: client}
            while ready := select.select([client, server], [], [], TIMEOUT)[0]:
                for source in ready:
                    data = source.recv(65536)
                    if not data:
                        # The end of a connection is held with the data, as on a lost path.
                        self._flowing.wait(TIMEOUT)
                        return
                    if source is client and self._word and self._word in data:
                        self._word = b""
                        if self._delivered:
                            server.sendall(data)
                            server.recv(65536)
                        return
                    if source is client and self._silencing and self._silencing in data:
                        self._silencing = b""
                        self.hold()
                    self._deliver(other[source], data)
