"""Calls at given times, all waited for by one thread."""

import logging
import threading
import time
from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count

_MIN_WAIT = 0.02
"""The shortest wait between two looks at what is due, in seconds."""

log = logging.getLogger(__name__)


class Timers:
    """Makes calls when they are due, in a thread that starts with the first; none may take long."""

    def __init__(self) -> None:
        self._calls: list[tuple[float, int, Callable[[], object]]] = []
        self._numbers = count()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def call_at(self, moment: float, call: Callable[[], object]) -> None:
        """Make a call at a time (monotonic seconds); what is no longer wanted then must do nothing."""
        with self._changed:
            number = next(self._numbers)
            heappush(self._calls, (moment, number, call))
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="timers", daemon=True)
                self._thread.start()
            elif self._calls[0][1] == number:
                self._changed.notify()

    def _run(self) -> None:
        while True:
            for call in self._wait():
                try:
                    call()
                except Exception:
                    # The thread must live on: calls to other servers end by it.
                    log.exception("a call that was due failed")

    def _wait(self) -> list[Callable[[], object]]:
        """Wait once for the next call, and return what is due, if anything is."""
        due = []
        with self._changed:
            now = time.monotonic()
            while self._calls and self._calls[0][0] <= now:
                due.append(heappop(self._calls)[2])
            if not due:
                # Many in a short time are looked at together, which is cheaper.
                self._changed.wait(max(self._calls[0][0] - now, _MIN_WAIT) if self._calls else None)
        return due


timers = Timers()
"""The process's timers."""
