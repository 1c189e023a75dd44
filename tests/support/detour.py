"""A detour for the bytes of a connection, on which one direction takes its time."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Detour:
    """Where the detour leads, and what it takes.

    Args:
        target: The address of the server at its end.
        there: The seconds that what a client sends is under way, on a WebSocket alone.
        back: The seconds that what the server sends is under way.
    """

    target: str
    there: float = 0.0
    back: float = 0.0

    def serve(self, client: socket.socket) -> None:
        end = urlsplit(self.target)
        with suppress(OSError), client, socket.create_connection((end.hostname, end.port)) as server:
            head = client.recv(65536)
            is_socket = b"upgrade: websocket" in head.lower()
            server.sendall(head)
            # Whoever is told the server's address, to open a WebSocket there, is to take this way again.
            told, ours = (b":%d/" % port for port in (server.getpeername()[1], client.getsockname()[1]))
            back = threading.Thread(
                target=_pass_on, args=(server, client, self.back, (told, ours)), daemon=True
            )
            back.start()
            _pass_on(client, server, self.there if is_socket else 0.0)
            back.join()


@contextmanager
def open_detour(detour: Detour) -> Iterator[str]:
    """Open a detour on loopback, and give its address."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def listen() -> None:
            with suppress(OSError):
                while True:
                    client, _ = listener.accept()
                    threading.Thread(target=detour.serve, args=(client,), daemon=True).start()

        threading.Thread(target=listen, daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)


def _pass_on(
    source: socket.socket, sink: socket.socket, seconds: float, change: tuple[bytes, bytes] = (b"", b"")
) -> None:
    """Pass bytes on after some seconds, some changed to others of the same length."""
    with suppress(OSError):
        while data := source.recv(65536):
            time.sleep(seconds)
            sink.sendall(data.replace(*change) if len(change[0]) == len(change[1]) > 0 else data)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR)
