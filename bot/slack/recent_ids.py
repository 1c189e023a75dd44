"""What has come before: Slack delivers some things twice, and nobody wants two answers."""

from collections import OrderedDict
from threading import Lock


class RecentIds:
    """Knows the latest ids again.

    Args:
        capacity: How many of them.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._ids: OrderedDict[str, None] = OrderedDict()
        self._lock = Lock()

    def add(self, id_: str) -> bool:
        """Tell whether an id has been here before; from now on it has."""
        with self._lock:
            seen = id_ in self._ids
            self._ids[id_] = None
            if len(self._ids) > self._capacity:
                self._ids.popitem(last=False)
        return seen
