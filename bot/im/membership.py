"""One process's membership in a limit that processes share."""

import time

from bot.im.lease import DELIVERED_WITHIN, HORIZON, LOST_AFTER, Lease, State

KEPT = DELIVERED_WITHIN + LOST_AFTER + HORIZON + 0.05
"""Seconds after a request without an answer in which a process does not use its share.

By then Redis leaves the share to it, and what it leased before to others is used up.
"""
SETTLING = 1.5
"""Seconds for which a process keeps to its share once Redis is back: until all others are back, too."""
UNKNOWN_SHARE = 0.25
"""The share of a process that has never reached Redis and does not know how many there are."""


class Membership:
    """One process's part in the shared limit: shared, or apart with a share of its own.

    It comes apart only when Redis leaves its share to it, and when what Redis leased before is used up; and
    it shares again only when all others have had the time to be back. While in doubt it tells Redis that it
    is apart, as nobody knows whether Redis hears it.

    Args:
        share: The share that it keeps to without Redis; None for one by the number of processes.
    """

    def __init__(self, share: float | None) -> None:
        self.share = share or UNKNOWN_SHARE
        """The share of the limit while apart."""
        self.announced = self.share
        """The share to tell Redis."""
        self.state: State = "apart"
        """The state to tell Redis."""
        self.trouble = ""
        """Why it is not shared, as far as known."""
        self.is_cut_off = False
        """Whether it has come apart, until it shares again."""
        self._fixed = share is not None
        self._apart_from = time.monotonic() + KEPT
        self._back_at: float | None = None

    def is_shared(self, now: float) -> bool:
        """Whether leased slots may be used at a time (monotonic seconds), and not those of the share."""
        return now < self._apart_from

    def note_request(self, now: float) -> None:
        """Note that Redis is asked now, and may hear it although no answer comes."""
        if self.state == "shared":
            self._apart_from = now + KEPT

    def note_lease(self, lease: Lease) -> None:
        """Note Redis's answer."""
        self._note_share(lease.processes)
        self._back_at = self._back_at or lease.asked_at
        if self.state == "shared":
            return
        is_back = not self.is_cut_off or lease.asked_at - self._back_at >= SETTLING
        if is_back and lease.age >= SETTLING:
            self.state, self.is_cut_off, self.trouble = "shared", False, ""
            self._apart_from = time.monotonic() + KEPT
        elif lease.age < SETTLING:
            self._apart_from = min(self._apart_from, time.monotonic())
            self.trouble = self.trouble or "it has just started"

    def note_trouble(self, trouble: str) -> None:
        """Note that Redis cannot be used."""
        self.state, self.trouble, self._back_at = "apart", trouble, None

    def note_time(self, now: float) -> bool:
        """Return whether it has just come apart."""
        if self.is_cut_off or self.is_shared(now):
            return False
        # A process that was stopped for a while has noted no trouble.
        self.state, self.is_cut_off, self._back_at = "apart", True, None
        return True

    def _note_share(self, processes: int) -> None:
        if self._fixed:
            return
        # One more may start meanwhile. What Redis does not know yet must not be more.
        share = 1 / (processes + 1)
        self.share = min(share, self.share if self.is_cut_off else self.announced)
        self.announced = self.share if self.is_cut_off else share
