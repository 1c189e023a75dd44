"""Keeps the calls of one command apart, so that the vendor never counts too many in any second."""

import threading
import time

from bot.core.model import Deadline

STALE = 0.015
"""Seconds after which a slot that could not be used in time is given up for a new one."""


class Pacer:
    """Hands out evenly spaced slots, one at a time; safe between threads.

    Nothing is saved up while nobody calls, so no burst follows a pause. A caller that was held up past its
    slot takes a new one: calls that were late together would otherwise arrive together.

    Args:
        per_second: How many slots there are in a second.
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
        """Sleep until a slot of one's own; False at once when the deadline comes before it, or is stopped."""
        # Late a second time it leaves all the same: where everybody is late, half of the slots stay unused.
        for _ in range(2):
            slot = self.reserve(time.monotonic(), deadline.at)
            if slot is None:
                return False
            if (ahead := slot - time.monotonic()) > 0:
                deadline.pause(ahead)
            if time.monotonic() - slot <= STALE:
                break
        return not deadline.stopped.is_set()
