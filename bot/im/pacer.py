"""Pacing of one endpoint's calls, below the vendor's limit in every second."""

import time
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from threading import Event, Lock

from bot.core.model import Deadline
from bot.core.scheduling.turns import Turns

STALE = 0.015
"""Seconds after which a missed slot is replaced by a new one."""
BULK_SHARE = 0.8
"""The share of the limit that big jobs may use while commands ask, too."""
COMMANDS_AFTER = 5.0
"""Seconds after a command's call for which that holds."""
_LOOK_EVERY = 0.25
"""The most seconds until a waiting call notices that it was cancelled."""


@dataclass(eq=False, slots=True)
class _Waiting:
    """A call that waits for its slot."""

    slot: float | None = None
    look: Event = field(default_factory=Event)


class Pacer(ABC):
    """Hands out slots to calls that wait, one at a time; safe between threads.

    Commands take turns, and go before big jobs. A slot is given to a call when it is due: until then, one
    that goes before it may still come. A caller that misses its slot takes a new one: late calls would
    otherwise arrive together.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._turns: Turns[_Waiting] = Turns()

    def wait(self, deadline: Deadline) -> bool:
        """Sleep until a free slot; False when the deadline comes first, or is stopped."""
        # Late a second time, the call leaves anyway: on an overloaded machine half of the slots are unused.
        for _ in range(2):
            slot = self._wait_once(deadline)
            if slot is None:
                return False
            if time.monotonic() - slot <= STALE:
                break
        return not deadline.stopped.is_set()

    def _wait_once(self, deadline: Deadline) -> float | None:
        if deadline.left() <= 0:
            return None
        waiting = _Waiting()
        with self._lock:
            # All calls of a command share this event, also under an earlier deadline.
            turn = self._turns.add(waiting, deadline.stopped, bulk=deadline.bulk)
            self._joined(time.monotonic())
        try:
            while True:
                with self._lock:
                    self._give_due()
                    if waiting.slot is not None:
                        return waiting.slot
                    slot = self._estimate(self._turns.place(turn), bulk=deadline.bulk)
                left = deadline.left()
                ahead = min(left, _LOOK_EVERY) if slot is None else slot - time.monotonic()
                if left <= 0 or ahead > left:
                    return None
                waiting.look.wait(max(0.0, min(ahead, _LOOK_EVERY)))
                waiting.look.clear()
        finally:
            with self._lock:
                self._turns.remove(turn)

    def _give_due(self) -> None:
        """Give every due slot to the call whose turn it is, under the lock."""
        now = time.monotonic()
        while turn := self._turns.first():
            slot = self._take(now, bulk=turn.bulk)
            if slot is None and turn.bulk and (command := self._turns.first(bulk=False)):
                turn, slot = command, self._take(now, bulk=False)
            if slot is None:
                return
            waiting = self._turns.take(turn)
            waiting.slot = slot
            waiting.look.set()

    @abstractmethod
    def _joined(self, now: float) -> None:
        """Note that a call waits; slots that passed while none did are lost."""

    @abstractmethod
    def _take(self, now: float, *, bulk: bool) -> float | None:
        """Take a slot that is due (monotonic seconds); None if there is none yet."""

    @abstractmethod
    def _estimate(self, place: int, *, bulk: bool) -> float | None:
        """Return the earliest slot that a call with that many before it may get; None if not known."""


class Schedule:
    """Evenly spaced slots in one process; not safe between threads.

    Unused slots are lost, so no burst follows a pause.

    Args:
        per_second: The number of slots in a second.
    """

    def __init__(self, per_second: float) -> None:
        self._gap = 1 / per_second
        self._next = 0.0
        self._next_bulk = 0.0
        self._command_at = float("-inf")

    def begin(self, now: float) -> None:
        """Drop the unused slots until now."""
        self._next = max(self._next, now)

    def find(self, place: int, *, bulk: bool) -> float:
        """Return the earliest slot (monotonic seconds) with that many others before it."""
        first = max(self._next, self._next_bulk) if bulk else self._next
        return first + place * self._gap

    def take(self, now: float, *, bulk: bool) -> float | None:
        """Take the next slot if it is due; None otherwise."""
        first = self.find(0, bulk=bulk)
        if first > now:
            return None
        # A slot missed by less than this is still good, as is a call that leaves so much after its slot.
        slot = first if now - first <= STALE else now
        self._next = slot + self._gap
        if not bulk:
            self._command_at = now
        elif now - self._command_at < COMMANDS_AFTER:
            self._next_bulk = slot + self._gap / BULK_SHARE
        return slot


class LocalPacer(Pacer):
    """Paces the calls of this process alone.

    Args:
        per_second: The number of calls in a second.
    """

    def __init__(self, per_second: float) -> None:
        super().__init__()
        self._schedule = Schedule(per_second)

    def _joined(self, now: float) -> None:
        if len(self._turns) == 1:
            self._schedule.begin(now)

    def _take(self, now: float, *, bulk: bool) -> float | None:
        return self._schedule.take(now, bulk=bulk)

    def _estimate(self, place: int, *, bulk: bool) -> float:
        return self._schedule.find(place, bulk=bulk)
