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
from heapq import heappop, heappush
from itertools import count

_MIN_WAIT = 0.02
"""The shortest wait between two checks for expired calls, in seconds."""


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


class _Watchdog:
    """A thread that expires calls at their deadline; it starts with the first call."""

    def __init__(self) -> None:
        self._calls: list[tuple[float, int, CallTimer]] = []
        self._numbers = count()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def begin(self, seconds: float) -> CallTimer:
        """Start the timer of a call."""
        timer = CallTimer(time.monotonic() + seconds)
        with self._changed:
            heappush(self._calls, (timer.at, next(self._numbers), timer))
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="call-ends", daemon=True)
                self._thread.start()
            elif self._calls[0][2] is timer:
                self._changed.notify()
        return timer

    def _run(self) -> None:
        while True:
            due = []
            with self._changed:
                now = time.monotonic()
                while self._calls and self._calls[0][0] <= now:
                    due.append(heappop(self._calls)[2])
                if not due:
                    # Ended calls stay in the heap: checking them in batches is cheaper.
                    self._changed.wait(max(self._calls[0][0] - now, _MIN_WAIT) if self._calls else None)
            for timer in due:
                timer.expire()


class _CurrentCall(threading.local):
    """The running thread's call."""

    timer: CallTimer | None = None

    def get(self) -> CallTimer:
        """Return its timer."""
        if self.timer is None:
            raise RuntimeError("a connection is used outside any call")
        return self.timer


_watchdog = _Watchdog()
current_call = _CurrentCall()


@contextmanager
def limit_call(seconds: float) -> Iterator[CallTimer]:
    """Limit the running thread's call, until the context ends."""
    timer = _watchdog.begin(seconds)
    current_call.timer = timer
    try:
        yield timer
    finally:
        timer.release()
        current_call.timer = None
