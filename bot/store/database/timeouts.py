"""Timeouts of the record, and the running thread's deadline."""

import math
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic


@dataclass(frozen=True, slots=True)
class StoreTimeouts:
    """Timeouts in seconds, each shorter than the one before, so that the nearest cause is reported.

    Args:
        entry: From submitting a write until its caller gives up.
        use: One use of the database, from connecting to committing.
        lock: Waiting for another program's lock.
    """

    entry: float = 4.0
    use: float = 3.5
    lock: float = 3.0


MILLISECONDS = 1000
"""In a second: the databases take their waits in milliseconds."""
USUAL_TIMEOUTS = StoreTimeouts()
"""The timeouts of a running bot."""


class _Deadline(threading.local):
    at = math.inf


_deadline = _Deadline()


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Bound all waits for databases of the running thread in this context."""
    before = _deadline.at
    _deadline.at = monotonic() + seconds
    try:
        yield
    finally:
        _deadline.at = before


def deadline() -> float:
    """Return the running thread's deadline (monotonic seconds); infinity without one."""
    return _deadline.at


def seconds_left() -> float:
    """Return the seconds until the running thread's deadline, at least 0."""
    return max(0.0, _deadline.at - monotonic())
