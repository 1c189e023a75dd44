"""Pacing of calls that several processes make: slots leased from Redis, or a share of them without it."""

import logging
import math
import random
import time
from bisect import insort
from collections.abc import Callable
from threading import Event, Thread
from typing import Protocol

from bot.im.lease import Lease, RedisTroubleError, State
from bot.im.membership import Membership
from bot.im.pacer import STALE, Pacer, Schedule

BEAT = 0.1
"""Seconds without a lease after which a process tells Redis that it lives."""
RETRY = 0.3
"""Seconds between two tries while Redis cannot be used."""
PACE = 0.965
"""The share of the vendor's limit that is used: calls may arrive 36 ms unevenly."""
BLOCK_SECONDS = 0.026
"""Seconds that the slots of one lease for a big job last: five at 200 calls a second.

Fewer cost more round trips, more hold up other processes; the next lease begins when half are left.
"""
CLOSE_SECONDS = 1.0
"""Seconds that telling Redis of the end may take."""

log = logging.getLogger(__name__)


class SharedSchedule(Protocol):
    """The schedule of slots that processes share."""

    def lease(
        self,
        endpoint: str,
        *,
        state: State,
        share: float,
        wanted: int = 0,
        bulk: bool = False,
        gap: float = 1.0,
    ) -> Lease:
        """Tell of this process, and lease slots; raises RedisTroubleError."""
        ...

    def leave(self) -> None:
        """Tell that this process ends."""
        ...

    def close(self) -> None:
        """Close the connection."""
        ...


class SharedPacer(Pacer):
    """Paces the calls of one endpoint together with other processes.

    Args:
        endpoint: The endpoint's command.
        per_second: The number of calls in a second, of all processes.
        membership: This process's part in it.
        wake: Called when slots are needed; returns at once.
    """

    def __init__(
        self, endpoint: str, per_second: float, membership: Membership, wake: Callable[[], None]
    ) -> None:
        super().__init__()
        self.endpoint = endpoint
        self.gap = 1 / per_second
        """The seconds from slot to slot."""
        self.again_at = {False: 0.0, True: 0.0}
        """The times (monotonic seconds) from which slots for commands, and for big jobs, can be leased."""
        self._block = max(2, round(per_second * BLOCK_SECONDS))
        self._least = self._block // 2 + 1
        self._membership = membership
        self._wake = wake
        self._leased: list[float] = []
        self._seconds = 0.0
        self._share = 0.0
        self._own = Schedule(per_second)

    def count_wanted(self, *, bulk: bool) -> int:
        """Count the slots to lease now for waiting calls of commands, or of big jobs."""
        with self._lock:
            return self._count_wanted(bulk=bulk)

    def add(self, lease: Lease, *, bulk: bool) -> None:
        """Take leased slots in, and wake the calls that may get them."""
        with self._lock:
            self._seconds = lease.seconds
            self.again_at[bulk] = 0.0 if lease.slots else time.monotonic() + lease.wait
            for slot in lease.slots:
                insort(self._leased, slot)
            for waiting in self._turns.list_first(len(self._leased)):
                waiting.look.set()

    def look(self) -> None:
        """Wake all waiting calls: how slots are given has changed."""
        with self._lock:
            for waiting in self._turns.list_first(len(self._turns)):
                waiting.look.set()

    def _count_wanted(self, *, bulk: bool) -> int:
        commands, left = self._turns.count(bulk=False), len(self._leased)
        if not bulk:
            return min(commands - left, self._block)
        on_the_way = math.ceil(self._seconds / self.gap)
        short = len(self._turns) - left
        return min(short, self._block + on_the_way) if left <= self._least + on_the_way else 0

    def _joined(self, now: float) -> None:
        if len(self._turns) == 1:
            self._own.begin(now)
        self._ask_for_slots()

    def _ask_for_slots(self) -> None:
        if self._count_wanted(bulk=True) > 0 or self._count_wanted(bulk=False) > 0:
            self._wake()

    def _take(self, now: float, *, bulk: bool) -> float | None:
        if self._membership.is_shared(now):
            while self._leased and self._leased[0] < now - STALE:
                del self._leased[0]
            slot = self._leased.pop(0) if self._leased and self._leased[0] <= now else None
            self._ask_for_slots()
            return slot
        return self._use_share().take(now, bulk=bulk)

    def _estimate(self, place: int, *, bulk: bool) -> float | None:
        now = time.monotonic()
        if self._membership.is_shared(now):
            return self._leased[place] if place < len(self._leased) else None
        return self._use_share().find(place, bulk=bulk)

    def _use_share(self) -> Schedule:
        if self._share != self._membership.share:
            self._share = self._membership.share
            self._own = Schedule(self._share / self.gap)
            self._own.begin(time.monotonic())
        return self._own


class SharedLimit:
    """One app's frequency limits, shared with other processes in Redis.

    A thread leases slots, tells Redis that this process lives, and notices when Redis cannot be used.

    Args:
        name: The app's name, for the log.
        schedule: The schedule in Redis.
        share: The share of the limits that this process keeps to without Redis; None for one by the number
            of processes last known.
    """

    def __init__(self, name: str, schedule: SharedSchedule, share: float | None = None) -> None:
        self._name = name
        self._schedule = schedule
        self._membership = Membership(share)
        self._pacers: list[SharedPacer] = []
        self._woken = Event()
        self._closed = Event()
        self._next_try = self._next_beat = 0.0
        self._said_shared = False
        self._thread = Thread(target=self._run, name=f"limit of {name}", daemon=True)
        self._thread.start()

    def make_pacer(self, endpoint: str, per_second: float) -> SharedPacer:
        """Make the pacer of one endpoint, by the vendor's limit (calls a second)."""
        pacer = SharedPacer(endpoint, per_second * PACE, self._membership, self._woken.set)
        self._pacers.append(pacer)
        return pacer

    def trouble(self) -> str:
        """Say why this process keeps to a share of the limit; empty while it need not."""
        if self._membership.is_shared(time.monotonic()):
            return ""
        trouble, share = self._membership.trouble or "no answer", self._membership.share
        return (
            f"app {self._name}: this process keeps to {share:.0%} of Tencent Chat's limit, "
            f"because Redis cannot be used: {trouble}"
        )

    def close(self) -> None:
        """Tell Redis of the end, and close the connection."""
        self._closed.set()
        self._woken.set()
        self._thread.join(CLOSE_SECONDS)

    def _run(self) -> None:
        while not self._closed.is_set():
            try:
                pause = self._step()
            except Exception as error:
                # If this thread died, the process would keep to its share for ever.
                log.exception("app %s: sharing the limit failed", self._name)
                self._membership.note_trouble(type(error).__name__)
                pause = RETRY
            self._woken.wait(pause)
            self._woken.clear()
        self._schedule.leave()
        self._schedule.close()

    def _step(self) -> float:
        """Make the round trip that is due, if any; return the seconds until the next at the latest."""
        now = time.monotonic()
        if self._membership.note_time(now):
            self._said_shared = False
            self._look(logging.WARNING, self.trouble())
        if now < self._next_try:
            return self._next_try - now
        need = self._find_need(now) if self._membership.state == "shared" else None
        if need is None and now < self._next_beat:
            return self._next_beat - now
        try:
            self._lease(need)
        except RedisTroubleError as error:
            self._membership.note_trouble(str(error))
            # Processes do not try again together.
            self._next_try = time.monotonic() + RETRY * random.uniform(0.5, 1)  # noqa: S311 - spreads callers, hides nothing
        return 0.0

    def _find_need(self, now: float) -> tuple[SharedPacer, bool, int] | None:
        """Find a pacer that needs slots, whether for big jobs, and how many; commands come first."""
        for bulk in (False, True):
            for pacer in self._pacers:
                if pacer.again_at[bulk] <= now and (wanted := pacer.count_wanted(bulk=bulk)) > 0:
                    return pacer, bulk, wanted
        return None

    def _lease(self, need: tuple[SharedPacer, bool, int] | None) -> None:
        membership = self._membership
        state = membership.state
        membership.note_request(time.monotonic())
        if need is None:
            lease = self._schedule.lease("", state=state, share=membership.announced)
        else:
            pacer, bulk, wanted = need
            lease = self._schedule.lease(
                pacer.endpoint,
                state=state,
                share=membership.announced,
                wanted=wanted,
                bulk=bulk,
                gap=pacer.gap,
            )
            pacer.add(lease, bulk=bulk)
            # Each pacer has its turn.
            self._pacers.append(self._pacers.pop(self._pacers.index(pacer)))
        self._next_beat = lease.asked_at + BEAT
        membership.note_lease(lease)
        if membership.state == "shared" and not self._said_shared:
            self._said_shared = True
            self._look(logging.INFO, f"app {self._name}: the limit is shared through Redis")

    def _look(self, level: int, words: str) -> None:
        log.log(level, "%s", words)
        for pacer in self._pacers:
            pacer.look()
