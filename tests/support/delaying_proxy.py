"""TCP proxy that delays one direction."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True)
class DelayingProxy:
    """A proxy to a server on loopback.

    Args:
        target: Address of the server.
        there: Seconds of delay of a client's data, on WebSockets only.
        back: Seconds of delay of the server's data.
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
            # Responses name the proxy's port, so that WebSockets are opened through the proxy too.
            theirs, ours = (b":%d/" % port for port in (server.getpeername()[1], client.getsockname()[1]))
            back = threading.Thread(
                target=_pass_on, args=(server, client, self.back, (theirs, ours)), daemon=True
            )
            back.start()
            _pass_on(client, server, self.there if is_socket else 0.0)
            back.join()


@contextmanager
def run_delaying_proxy(proxy: DelayingProxy) -> Iterator[str]:
    """Run a proxy on loopback; yields its URL."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def listen() -> None:
            with suppress(OSError):
                while True:
                    client, _ = listener.accept()
                    threading.Thread(target=proxy.serve, args=(client,), daemon=True).start()

        threading.Thread(target=listen, daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)


def _pass_on(
    source: socket.socket, sink: socket.socket, seconds: float, change: tuple[bytes, bytes] = (b"", b"")
) -> None:
    """Relay data after a delay, with one part of `change` replaced by the other if they are as long."""
    with suppress(OSError):
        while data := source.recv(65536):
            time.sleep(seconds)
            sink.sendall(data.replace(*change) if len(change[0]) == len(change[1]) > 0 else data)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR)
