"""The loop that settles changes left open by a crash or a silent vendor, and informs their actors."""

import logging
import threading
from collections.abc import Callable, Iterable

from bot.core.results import Settled
from bot.errors import BotError

RECONCILE_EVERY = 15.0
"""Seconds between two rounds."""

log = logging.getLogger(__name__)


class ReconcileLoop:
    """A thread that settles open changes until it is closed.

    Args:
        settle: Settles the open changes that can be settled now.
        report: Informs an actor of their settled change.
        every: Seconds between two rounds; the first runs at once.
    """

    def __init__(
        self,
        settle: Callable[[], Iterable[Settled]],
        report: Callable[[Settled], None],
        every: float = RECONCILE_EVERY,
    ) -> None:
        self._settle = settle
        self._report = report
        self._every = every
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="reconcile", daemon=True)

    def start(self) -> None:
        """Run the first round."""
        self._thread.start()

    def close(self, seconds: float = 2.0) -> None:
        """Stop; a round that runs longer than that is left to the next process."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(seconds)

    def _run(self) -> None:
        while True:
            try:
                for settled in self._settle():
                    self._report(settled)
                    if self._stop.is_set():
                        return
            except BotError as error:
                log.warning("open changes could not be settled: %s", error)
            except Exception:
                # If this thread died, open changes would stay open.
                log.exception("open changes could not be settled")
            if self._stop.wait(self._every):
                return
