"""What has come before: Slack delivers some things twice, and nobody wants two answers."""

from collections import OrderedDict
from threading import Lock


class RecentIds:
    """Knows the latest ids again.

    Args:
        room: How many of them.
    """

    def __init__(self, room: int) -> None:
        self._room = room
        self._ids: OrderedDict[str, None] = OrderedDict()
        self._lock = Lock()

    def again(self, id_: str) -> bool:
        """Tell whether an id has been here before; from now on it has."""
        with self._lock:
            known = id_ in self._ids
            self._ids[id_] = None
            if len(self._ids) > self._room:
                self._ids.popitem(last=False)
        return known
