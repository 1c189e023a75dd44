"""A wire to a server, which is cut when a certain word goes over it."""

import select
import socket
import threading
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

    def __enter__(self) -> Self:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
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

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._relay, args=(client,), daemon=True).start()

    def _relay(self, client: socket.socket) -> None:
        with client, socket.create_connection(self._server) as server:
            other = {client: server, server: client}
            while ready := select.select([client, server], [], [], PATIENCE)[0]:
                for source in ready:
                    data = source.recv(65536)
                    if not data:
                        return
                    if source is client and self._word and self._word in data:
                        self._word = b""
                        if self._delivered:
                            server.sendall(data)
                            server.recv(65536)
                        return
                    other[source].sendall(data)
