"""Deadlines of whole calls.

A socket's time-out bounds each receive, so a server that drips could hold a call for ever. Here a thread
shuts the socket of each call whose time is up, whatever it waits for.
"""

import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from bot.core.scheduling.timers import timers


class CallTimer:
    """The deadline of one call, at which its socket is shut."""

    __slots__ = ("_handle", "_lock", "_released", "at", "connected", "expired")

    def __init__(self, at: float) -> None:
        self.at = at
        self.expired = False
        self.connected = False
        self._released = False
        self._handle = -1
        self._lock = threading.Lock()

    def seconds_left(self) -> float:
        """Return the remaining seconds, at least 0.001: a socket takes 0 for non-blocking."""
        return max(self.at - time.monotonic(), 0.001)

    def watch(self, sock: socket.socket) -> None:
        """Watch this socket instead of the last one.

        Raises:
            TimeoutError: The deadline has passed.
        """
        with self._lock:
            self._close()
            if self.expired:
                raise TimeoutError
            # A handle of our own: the socket's may be closed, or wrapped in TLS, and its number reused.
            self._handle = os.dup(sock.fileno())

    def release(self) -> None:
        """Stop watching the socket: the call is over."""
        with self._lock:
            self._released = True
            self._close()

    def expire(self) -> None:
        """Shut the socket, which ends every wait for it."""
        with self._lock:
            if self._released:
                return
            self.expired = True
            if self._handle >= 0:
                # The plain socket: TLS has state that belongs to the waiting thread.
                with suppress(OSError), socket.socket(fileno=os.dup(self._handle)) as sock:
                    sock.shutdown(socket.SHUT_RDWR)

    def _close(self) -> None:
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1


class _CurrentCall(threading.local):
    """The running thread's call."""

    timer: CallTimer | None = None

    def get(self) -> CallTimer:
        """Return its timer."""
        if self.timer is None:
            raise RuntimeError("a connection is used outside any call")
        return self.timer


current_call = _CurrentCall()


@contextmanager
def limit_call(seconds: float) -> Iterator[CallTimer]:
    """Limit the running thread's call, until the context ends."""
    timer = CallTimer(time.monotonic() + seconds)
    timers.call_at(timer.at, timer.expire)
    current_call.timer = timer
    try:
        yield timer
    finally:
        timer.release()
        current_call.timer = None
