"""An ASGI server on loopback, in a thread of its own."""

import os
import socket
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

import uvicorn

SHUTDOWN_SECONDS = 1
"""Seconds that running requests get to finish when the server stops."""


def make_port_error(port: int, error: OSError) -> SystemExit:
    """Make the exit of a program whose port is taken."""
    return SystemExit(
        f"cannot listen on port {port} ({os.strerror(error.errno or 0)}): choose another with --port"
    )


class BackgroundServer:
    """An ASGI application served on 127.0.0.1 by a thread, from entering the context to leaving it.

    Args:
        app: The application; its lifespan is not run.
        port: The port to listen on; 0 takes a free one.
    """

    def __init__(self, app: Callable[..., Any], port: int = 0) -> None:
        self.port = port
        """The port; the actual one once entered."""
        self._config = uvicorn.Config(
            app,
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=SHUTDOWN_SECONDS,
        )

    def __enter__(self) -> Self:
        """Listen; connections are accepted from now on.

        Raises:
            OSError: The port is taken.
        """
        self._config.load()
        # Bound here rather than in the thread: the address is known, a taken port is the caller's OSError,
        # and an early client waits in the backlog instead of being refused.
        listener = socket.create_server(("127.0.0.1", self.port))
        self.port = listener.getsockname()[1]
        # asyncio sets this only for sockets that name their protocol, which this one does not; without it
        # the rest of a response waits some 40 ms for a delayed acknowledgement.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._server = uvicorn.Server(self._config)
        self._thread = threading.Thread(target=self._server.run, args=([listener],), daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._server.should_exit = True
        self._thread.join()

    @property
    def url(self) -> str:
        """The server's address, such as `http://127.0.0.1:8065`, without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"
