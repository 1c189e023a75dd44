"""The longest that anybody waits for the record."""

import math
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic


@dataclass(frozen=True, slots=True)
class StoreTimeouts:
    """The longest waits, in seconds, each shorter than the one before, so that the nearest cause is named.

    Args:
        entry: From submitting a write until its caller gives it up.
        use: For one use of the database, from connecting to committing.
        lock: For a lock that another program holds.
    """

    entry: float = 4.0
    use: float = 3.5
    lock: float = 3.0


USUAL_TIMEOUTS = StoreTimeouts()
"""The timeouts of a running bot."""


class _Deadline(threading.local):
    at = math.inf


_deadline = _Deadline()


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Let the running thread wait that long, and no longer, for databases in this context."""
    before = _deadline.at
    _deadline.at = monotonic() + seconds
    try:
        yield
    finally:
        _deadline.at = before


def deadline() -> float:
    """Give the moment (monotonic seconds) until which the running thread may wait; infinity if for ever."""
    return _deadline.at


def seconds_left() -> float:
    """Give the seconds that the running thread may still wait; 0 when it may not."""
    return max(0.0, _deadline.at - monotonic())
