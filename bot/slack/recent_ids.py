"""Deduplication: Slack delivers some events twice."""

from collections import OrderedDict
from threading import Lock


class RecentIds:
    """A set of the latest ids.

    Args:
        capacity: The number of ids.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._ids: OrderedDict[str, None] = OrderedDict()
        self._lock = Lock()

    def add(self, id_: str) -> bool:
        """Add an id; return whether it was there already."""
        with self._lock:
            seen = id_ in self._ids
            self._ids[id_] = None
            if len(self._ids) > self._capacity:
                self._ids.popitem(last=False)
        return seen
