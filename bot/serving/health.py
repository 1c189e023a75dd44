"""Health checks that run in the background, so that a probe answers at once."""

import logging
import threading
import time
from collections.abc import Callable

from bot.core.model import Deadline
from bot.errors import IMError, UnavailableError
from bot.im.client import IMClient

CHECK_EVERY = 1.0
"""Seconds between two checks."""
STUCK_AFTER = 3.0
"""Seconds after which a running check counts as stuck."""
ASK_AFTER = 60.0
"""Seconds without an answer after which the vendor is asked for one."""
ASK_SECONDS = 2.0
"""Seconds that this answer may take."""

log = logging.getLogger(__name__)


class BackgroundCheck:
    """A thread that repeats a check until it is closed.

    Args:
        name: The subject, for the thread's name.
        check: Returns the trouble, empty when there is none; may take any time.
        every: Seconds between two checks; the first runs at once.
        stuck_after: Seconds after which a running check is itself the trouble.
    """

    def __init__(
        self,
        name: str,
        check: Callable[[], str],
        every: float = CHECK_EVERY,
        stuck_after: float = STUCK_AFTER,
    ) -> None:
        self._check = check
        self._every = every
        self._stuck_after = stuck_after
        self._trouble = "not checked yet"
        self._began: float | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"check of {name}", daemon=True)

    def start(self) -> None:
        """Run the first check."""
        self._thread.start()

    def close(self, seconds: float = STUCK_AFTER) -> None:
        """Stop checking; a check that runs longer than that is abandoned."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(seconds)

    def trouble(self) -> str:
        """Return at once what the last check found; empty when nothing is wrong."""
        return f"no answer for {self._seconds_running:.0f} s" if self.is_stuck else self._trouble

    @property
    def is_stuck(self) -> bool:
        """True while the running check takes longer than it may."""
        return self._seconds_running > self._stuck_after

    @property
    def _seconds_running(self) -> float:
        began = self._began
        return 0.0 if began is None else time.monotonic() - began

    def _run(self) -> None:
        while not self._stop.is_set():
            self._began = time.monotonic()
            try:
                self._trouble = self._check()
            except Exception as error:
                # If this thread died, an old result would stand for ever.
                log.exception("a check failed")
                self._trouble = f"the bot failed ({type(error).__name__}); see its log"
            self._began = None
            self._stop.wait(self._every)


def find_app_trouble(name: str, im: IMClient, admin: str) -> str:
    """Return why an app cannot be reached, empty when it can; asks the vendor only after ASK_AFTER."""
    answered = im.answered_at
    if answered is not None and time.monotonic() - answered < ASK_AFTER:
        return ""
    try:
        im.check_accounts([admin], Deadline.after(ASK_SECONDS))
    except UnavailableError as error:
        return f"app {name}: {error}"
    except IMError as error:
        # The vendor answers, so the bot is ready; doctor explains what is wrong with the app.
        log.warning("app %s refuses calls: %s", name, error)
    return ""
