"""A wire to a server that can be cut at a certain word, fall silent, or let bytes through one by one."""

import select
import socket
import threading
from contextlib import suppress
from types import TracebackType
from typing import Self

PATIENCE = 30
"""Seconds after which a wire that nothing goes over is given up."""


class Wire:
    """Relays connections to a server, from entering the context to leaving it."""

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
        self._thread.join(PATIENCE)

    @property
    def port(self) -> int:
        """Where it listens on 127.0.0.1."""
        port: int = self._listener.getsockname()[1]
        return port

    def cut_at(self, word: bytes, *, delivered: bool) -> None:
        """Cut the connection that next sends a word, before it is delivered or else before it is answered."""
        self._delivered = delivered
        self._word = word

    def hold(self) -> None:
        """Keep every byte back from now on; connections are accepted all the same."""
        self._flowing.clear()

    def hold_at(self, word: bytes) -> None:
        """Fall silent when a word is next sent, which is not delivered either."""
        self._silencing = word

    def let_go(self) -> None:
        """Deliver what was kept back, and all that follows."""
        self._drip = 0.0
        self._flowing.set()

    def drip(self, seconds: float) -> None:
        """Deliver the bytes one by one from now on, so many seconds apart."""
        self._drip = seconds

    def _deliver(self, sink: socket.socket, data: bytes) -> None:
        while data:
            self._flowing.wait(PATIENCE)
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
            while ready := select.select([client, server], [], [], PATIENCE)[0]:
                for source in ready:
                    data = source.recv(65536)
                    if not data:
                        # An end that nobody can see, as when the path is lost, while bytes are held.
                        self._flowing.wait(PATIENCE)
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
