"""The loop of a process that leases file lookups and runs them."""

import logging
import secrets
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Event, Thread

from bot.bulk.file_lookup_run import FileLookupRun, FileLookupTools
from bot.bulk.job import SWITCH_SECONDS
from bot.core.file_lookups import LEASE_SECONDS
from bot.errors import AuditError

RUNNING_AT_ONCE = 2
"""The most file lookups that a process runs at once."""
LOOK_EVERY = 2.0
"""Seconds between two looks for file lookups, while none runs."""
CHECK_EVERY = 0.5
"""Seconds between two checks of the leases, while one runs: a cancel is noticed in that time."""
RENEW_EVERY = 8.0
"""Seconds between two renewals of a lease."""
CLOSE_SECONDS = 10.0
"""Seconds that running file lookups get to keep what is finished, and to give their leases back."""

log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Leased:
    """A run, its thread, and the time of the latest renewal (monotonic seconds)."""

    run: FileLookupRun
    thread: Thread
    renewed_at: float = field(default_factory=time.monotonic)


class FileLookupLoop:
    """A thread that leases file lookups, and one for each that runs.

    Args:
        tools: The parts that each run needs.
        lease_seconds: Seconds for which a lease holds without being renewed.
        look_every: Seconds between two looks for file lookups, while none runs.
    """

    def __init__(
        self,
        tools: FileLookupTools,
        lease_seconds: float = LEASE_SECONDS,
        look_every: float = LOOK_EVERY,
    ) -> None:
        self._tools = tools
        self._lease_seconds = lease_seconds
        self._look_every = look_every
        self._leased: list[_Leased] = []
        self._woken = Event()
        self._closing = Event()
        self._closed = Event()
        self._is_failing = False
        self._thread = Thread(target=self._run, name="file lookups", daemon=True)

    @property
    def is_busy(self) -> bool:
        """Whether file lookups run."""
        return not all(leased.run.ended.is_set() for leased in self._leased)

    def start(self) -> None:
        """Begin to look for file lookups."""
        self._thread.start()

    def wake(self) -> None:
        """Look at once for what is new, and for what was cancelled."""
        self._woken.set()

    def stop(self) -> None:
        """Lease no more, and end what runs soon; returns at once."""
        self._closing.set()
        self._woken.set()

    def close(self, seconds: float = CLOSE_SECONDS) -> None:
        """Stop, and wait until what is finished is kept and the leases are given back."""
        self.stop()
        end = time.monotonic() + seconds
        if self._thread.is_alive():
            self._thread.join(seconds)
        for leased in list(self._leased):
            leased.thread.join(max(0.0, end - time.monotonic()))
        self._closed.set()
        self._tools.pool.shutdown(wait=False, cancel_futures=True)

    def _run(self) -> None:
        usual = sys.getswitchinterval()
        while self._goes_on:
            self._woken.clear()
            try:
                self._check()
                self._lease()
                self._show_ends()
                self._is_failing = False
            except AuditError as error:
                if not self._is_failing:
                    log.warning("file lookups cannot be looked for until this is over: %s", error)
                self._is_failing = True
            except Exception:
                # If this thread died, no file lookup would go on.
                log.exception("file lookups could not be looked for")
            sys.setswitchinterval(SWITCH_SECONDS if self._leased else usual)
            # What was the last to end may have ended just now.
            if self._goes_on:
                self._woken.wait(CHECK_EVERY if self._leased else self._look_every)

    @property
    def _goes_on(self) -> bool:
        # While they end, leases are renewed: another process would send a file that is being sent.
        return not self._closing.is_set() or (bool(self._leased) and not self._closed.is_set())

    def _check(self) -> None:
        """Renew leases, and stop what has lost its own."""
        self._leased = [leased for leased in self._leased if not leased.run.ended.is_set()]
        for leased in self._leased:
            if self._closing.is_set():
                leased.run.stop()
            with suppress(AuditError):
                if leased.run.is_late or not self._is_held(leased):
                    leased.run.stop()

    def _is_held(self, leased: _Leased) -> bool:
        store, run, now = self._tools.store, leased.run, time.monotonic()
        if now - leased.renewed_at < min(RENEW_EVERY, self._lease_seconds / 3):
            return store.is_leased(run.lookup.id, run.holder)
        is_held = store.renew(run.lookup.id, run.holder, self._lease_seconds)
        leased.renewed_at = now
        return is_held

    def _lease(self) -> None:
        while len(self._leased) < RUNNING_AT_ONCE and not self._closing.is_set():
            # A holder of its own for each lease: what is left of an earlier one can write nothing.
            holder = secrets.token_urlsafe()
            lookup = self._tools.store.lease_next(holder, self._lease_seconds)
            if lookup is None:
                return
            run = FileLookupRun(lookup, holder, self._tools, self._lease_seconds)
            thread = Thread(target=self._work, args=(run,), name="file lookup", daemon=True)
            try:
                thread.start()
            except RuntimeError as error:
                run.give_back(error)
                return
            self._leased.append(_Leased(run, thread))

    def _show_ends(self) -> None:
        """Show ends that were not shown: their processes may be gone."""
        while not self._closing.is_set() and (lookup := self._tools.store.take_unshown()):
            self._tools.notices.show(lookup)

    def _work(self, run: FileLookupRun) -> None:
        run.run()
        # It has ended or waits: there is room for the next.
        self.wake()
