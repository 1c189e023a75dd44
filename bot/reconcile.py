"""Settles in the background what a crash or a silent vendor left open, and tells whose change it was."""

import logging
import threading
from collections.abc import Callable, Iterable

from bot.core.results import Settled
from bot.errors import BotError

RECONCILE_EVERY = 15.0
"""Seconds between two rounds."""

log = logging.getLogger(__name__)


class ReconcileLoop:
    """A thread that settles open changes, from starting it until it is closed.

    Args:
        settle: Settles what can be settled by now.
        report: Tells an actor what became of their change.
        every: Seconds between two rounds; the first begins at once.
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
        """Begin the first round."""
        self._thread.start()

    def close(self, seconds: float = 2.0) -> None:
        """Settle no more; a round that has not ended by then is left to the next process."""
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
                # What kills this thread would leave every open change open.
                log.exception("open changes could not be settled")
            if self._stop.wait(self._every):
                return
