"""A queue in which owners take turns, and big jobs yield to commands (weighted fair queueing)."""

from bisect import bisect_left, insort
from collections.abc import Hashable
from dataclasses import dataclass, field
from itertools import count
from typing import Generic, TypeVar

BULK_COST = 8
"""The turns of a command's owner for each one of a big job's, while both wait."""

T = TypeVar("T")


@dataclass(order=True, slots=True)
class Turn(Generic[T]):
    """An item that waits.

    Args:
        tag: Its place; the lowest comes first.
        number: Tells turns with the same tag apart: the earlier comes first.
        item: The item.
        owner: The owner.
        bulk: Whether it belongs to a big job.
    """

    tag: int
    number: int
    item: T = field(compare=False)
    owner: Hashable = field(compare=False)
    bulk: bool = field(compare=False)


class Turns(Generic[T]):
    """The items that wait, in the order of their turns; not safe between threads.

    An owner's items are tagged one after the other, and all owners begin at the tag of the last item
    taken: one item of a new owner is before the second one of any other.
    """

    def __init__(self) -> None:
        self._waiting: list[Turn[T]] = []
        self._last: dict[Hashable, int] = {}
        self._reached = 0
        self._numbers = count()

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, item: T, owner: Hashable, *, bulk: bool = False) -> Turn[T]:
        """Queue an item."""
        before = max(self._reached, self._last.get(owner, 0))
        turn = Turn(before + (BULK_COST if bulk else 1), next(self._numbers), item, owner, bulk)
        self._last[owner] = turn.tag
        insort(self._waiting, turn)
        return turn

    def first(self, *, bulk: bool = True) -> Turn[T] | None:
        """Return the turn that is next; without `bulk`, the next one of a command."""
        return next((turn for turn in self._waiting if bulk or not turn.bulk), None)

    def take(self, turn: Turn[T]) -> T:
        """Take an item whose turn has come."""
        self._reached = max(self._reached, turn.tag)
        self.remove(turn)
        return turn.item

    def remove(self, turn: Turn[T]) -> None:
        """Remove an item that waits no longer; do nothing if it was taken."""
        place = self.place(turn)
        if self._waiting[place : place + 1] != [turn]:
            return
        del self._waiting[place]
        if self._last.get(turn.owner) == turn.tag:
            del self._last[turn.owner]

    def place(self, turn: Turn[T]) -> int:
        """Count the turns before this one."""
        return bisect_left(self._waiting, turn)

    def list_first(self, number: int) -> list[T]:
        """List the items that are next."""
        return [turn.item for turn in self._waiting[:number]]

    def count(self, *, bulk: bool) -> int:
        """Count the waiting items of big jobs, or of commands."""
        return sum(turn.bulk is bulk for turn in self._waiting)
