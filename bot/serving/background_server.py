"""An ASGI server on loopback, in a thread of its own."""

import asyncio
import os
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
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


class _Server(uvicorn.Server):
    """Stops as soon as it is told to; the library's looks only ten times a second whether it is."""

    _loop: asyncio.AbstractEventLoop | None = None

    async def main_loop(self) -> None:
        """Serve until it is told to stop."""
        self._woken = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        serving = asyncio.create_task(super().main_loop())
        woken = asyncio.create_task(self._woken.wait())
        _, left = await asyncio.wait((serving, woken), return_when=asyncio.FIRST_COMPLETED)
        for task in left:
            task.cancel()

    def stop(self) -> None:
        """Tell it to stop, from any thread."""
        self.should_exit = True
        if self._loop is not None:
            # It may just have ended by itself.
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._woken.set)


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
        self._server = _Server(self._config)
        self._thread = threading.Thread(target=self._server.run, args=([listener],), daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._server.stop()
        self._thread.join()

    @property
    def url(self) -> str:
        """The server's address, such as `http://127.0.0.1:8065`, without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"
