"""Pacing of one endpoint's calls, below the vendor's limit in every second."""

import threading
import time

from bot.core.model import Deadline

STALE = 0.015
"""Seconds after which a missed slot is replaced by a new one."""


class Pacer:
    """Hands out evenly spaced slots, one at a time; safe between threads.

    Unused slots are lost, so no burst follows a pause. A caller that misses its slot takes a new one:
    late calls would otherwise arrive together.

    Args:
        per_second: The number of slots in a second.
    """

    def __init__(self, per_second: float) -> None:
        self._gap = 1 / per_second
        self._next = 0.0
        self._lock = threading.Lock()

    def reserve(self, now: float, latest: float) -> float | None:
        """Take the next free slot (monotonic seconds); None, and nothing taken, when it is after `latest`."""
        with self._lock:
            slot = max(now, self._next)
            if slot > latest:
                return None
            self._next = slot + self._gap
            return slot

    def wait(self, deadline: Deadline) -> bool:
        """Sleep until a free slot; False at once when the deadline comes first, or is stopped."""
        # Late a second time, the call leaves anyway: on an overloaded machine half of the slots are unused.
        for _ in range(2):
            slot = self.reserve(time.monotonic(), deadline.at)
            if slot is None:
                return False
            if (ahead := slot - time.monotonic()) > 0:
                deadline.pause(ahead)
            if time.monotonic() - slot <= STALE:
                break
        return not deadline.stopped.is_set()
