"""The bounded crew that does what comes after the ack."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import BoundedSemaphore

CREW = 16
"""How many commands run at once."""
WAITING = 64
"""How many more may wait for a free worker; beyond, people are told that the bot is busy."""


class Workers:
    """Runs jobs on a bounded pool; a job must handle its own errors."""

    def __init__(self, crew: int = CREW, waiting: int = WAITING) -> None:
        self._pool = ThreadPoolExecutor(crew, thread_name_prefix="worker")
        self._room = BoundedSemaphore(crew + waiting)

    def submit(self, job: Callable[[], None]) -> bool:
        """Take a job on, or tell that there is no room for it."""
        if not self._room.acquire(blocking=False):
            return False
        try:
            future = self._pool.submit(job)
        except RuntimeError:  # shutting down
            self._room.release()
            return False
        future.add_done_callback(lambda _: self._room.release())
        return True

    def close(self) -> None:
        """Finish what was taken on and take on no more."""
        self._pool.shutdown(wait=True)
