"""An outbox in memory, as strict as one on disk; safe between threads."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from threading import RLock

from bot.core.model import Entry
from bot.errors import AuditError


@dataclass
class FakeOutbox:
    """Entries that wait.

    Args:
        waiting: Which, in order.
        broken: The methods that fail at the moment.
        crashing: What taking crashes with at the moment.
    """

    waiting: list[Entry] = field(default_factory=list)
    broken: set[str] = field(default_factory=set)
    crashing: BaseException | None = None
    holder: str = ""
    takes: int = 0
    _until: float = 0
    _lock: RLock = field(default_factory=RLock)

    def put(self, *entries: Entry) -> None:
        with self._lock:
            self.waiting.extend(entries)

    def take(self, holder: str, seconds: float, limit: int) -> Sequence[Entry]:
        self._fail_if_told("take")
        with self._lock:
            self.takes += 1
            if self.crashing:
                raise self.crashing
            now = time.monotonic()
            if not self.waiting or (self.holder not in ("", holder) and now < self._until):
                return ()
            self.holder, self._until = holder, now + seconds
            return self.waiting[:limit]

    def done(self, holder: str, last: int) -> None:  # noqa: ARG002 - what was told was told, whoever holds
        self._fail_if_told("done")
        with self._lock:
            self.waiting = [entry for entry in self.waiting if entry.sequence > last]

    def release(self, holder: str) -> None:
        self._fail_if_told("release")
        with self._lock:
            if self.holder == holder:
                self.holder = ""

    def count_waiting(self) -> tuple[int, datetime | None]:
        self._fail_if_told("count_waiting")
        with self._lock:
            return len(self.waiting), self.waiting[0].at if self.waiting else None

    def _fail_if_told(self, method: str) -> None:
        if method in self.broken:
            raise AuditError("the record cannot be written")
