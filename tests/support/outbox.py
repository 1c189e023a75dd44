"""An outbox in memory, as strict as one on disk; safe between threads."""

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import RLock

from bot.core.model import AlteredEntry, Entry, Head, OutdatedPost, Post
from bot.errors import AuditError


@dataclass
class FakeOutbox:
    """The waiting entries, and the lease to post them.

    Args:
        waiting: The entries, in order.
        broken: The methods that raise AuditError.
        faulty: The methods that raise KeyError.
        crashing: Raised by `lease_next`, if set.
        head: The newest entry of the record, posted or not.
        seen: The newest entry that a post in the channel covers.
        seen_at: The time of the last post (monotonic seconds).
        posts: The messages of the entries that were posted.
        outdated: The undone changes whose messages do not say so, the oldest first.
    """

    waiting: list[Entry | AlteredEntry] = field(default_factory=list)
    broken: set[str] = field(default_factory=set)
    faulty: set[str] = field(default_factory=set)
    crashing: BaseException | None = None
    head: Head | None = None
    seen: int = 0
    seen_at: float = float("-inf")
    posts: list[Post] = field(default_factory=list)
    outdated: list[OutdatedPost] = field(default_factory=list)
    holder: str = ""
    takes: int = 0
    _until: float = 0
    _lock: RLock = field(default_factory=RLock)

    def put(self, *entries: Entry | AlteredEntry) -> None:
        with self._lock:
            self.waiting.extend(entries)
            newest = entries[-1]
            self.head = Head(newest.sequence, newest.hash if isinstance(newest, Entry) else "f" * 64)

    def add_unposted(self, entry: Entry) -> None:
        """Record an entry that is not posted."""
        with self._lock:
            self.head = Head(entry.sequence, entry.hash)

    def now(self) -> datetime:
        return datetime.now(UTC)

    def lease_checkpoint(self, holder: str, seconds: float, every: float) -> Head | None:
        self._fail_if_set("lease_checkpoint")
        with self._lock:
            now = time.monotonic()
            covered = self.head is None or self.head.sequence <= self.seen or now - self.seen_at < every
            if self.waiting or covered or not self._lease(holder, seconds):
                return None
            return self.head

    def lease_next(self, holder: str, seconds: float, limit: int) -> Sequence[Entry | AlteredEntry]:
        self._fail_if_set("lease_next")
        with self._lock:
            self.takes += 1
            if self.crashing:
                raise self.crashing
            if not self.waiting or not self._lease(holder, seconds):
                return ()
            return self.waiting[:limit]

    def mark_delivered(self, holder: str, last: int, posts: Collection[Post] = ()) -> None:  # noqa: ARG002 - what was posted stays so
        self._fail_if_set("mark_delivered")
        with self._lock:
            self.posts += posts
            self.waiting = [entry for entry in self.waiting if entry.sequence > last]
            self.seen, self.seen_at = max(self.seen, last), time.monotonic()

    def lease_outdated(self, holder: str, seconds: float) -> OutdatedPost | None:
        self._fail_if_set("lease_outdated")
        with self._lock:
            if self.waiting or not self.outdated or not self._lease(holder, seconds):
                return None
            return self.outdated[0]

    def mark_shown(self, outdated: OutdatedPost) -> None:
        self._fail_if_set("mark_shown")
        with self._lock:
            self.outdated.remove(outdated)

    def release(self, holder: str) -> None:
        self._fail_if_set("release")
        with self._lock:
            if self.holder == holder:
                self.holder = ""

    def count_waiting(self) -> tuple[int, datetime | None]:
        self._fail_if_set("count_waiting")
        with self._lock:
            moments = [entry.at for entry in self.waiting if isinstance(entry, Entry)]
            return len(self.waiting), moments[0] if moments else None

    def leased_for(self) -> float:
        """Return the seconds left of the lease."""
        return self._until - time.monotonic()

    def _lease(self, holder: str, seconds: float) -> bool:
        now = time.monotonic()
        if self.holder not in ("", holder) and now < self._until:
            return False
        self.holder, self._until = holder, now + seconds
        return True

    def _fail_if_set(self, method: str) -> None:
        if method in self.broken:
            raise AuditError("the record cannot be written")
        if method in self.faulty:
            raise KeyError(method)
