"""The inspector: what went to the bot and what came from it, with what the Block Kit check says of it."""

import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from typing import Any, Literal, TypeAlias

from bot.playground.blockkit.checks import judge
from bot.playground.inspector.redact import mask
from bot.playground.json_types import Json

KEPT = 200
"""How many records are kept."""

Direction: TypeAlias = Literal["to_bot", "from_bot"]
"""Who began it."""


@dataclass(slots=True)
class Record:
    """One exchange.

    Args:
        name: The kind of the payload, the Web API method, or which URL was posted to.
        title: What it is about, as far as one can say in a few words.
        at: When it began, in unix seconds.
        answer: What came back, if it did.
        outcome: How it ended: an HTTP status, `acknowledged`, or Slack's word for what went wrong.
        took_ms: How long it took.
    """

    number: int
    direction: Direction
    name: str
    title: str
    at: float
    sent: Any = None
    answer: Any = None
    outcome: str = ""
    took_ms: int = 0

    def describe(self) -> Json:
        """Describe it to the page, without its secrets."""
        verdict = judge(self.name, self.sent, self.answer)
        return {
            "number": self.number,
            "direction": self.direction,
            "name": self.name,
            "title": self.title,
            "at": self.at,
            "took_ms": self.took_ms,
            "outcome": self.outcome,
            "sent": mask(self.sent),
            "answer": mask(self.answer),
            **verdict,
        }


class Inspector:
    """The latest exchanges, as described to the page, and who watches."""

    def __init__(self) -> None:
        self.records: deque[Json] = deque(maxlen=KEPT)
        self._watchers: list[Callable[[Json], None]] = []
        self._numbers = count(1)

    @contextmanager
    def watching(self, watcher: Callable[[Json], None]) -> Iterator[None]:
        """Tell a watcher of each exchange that ends, until the context does."""
        self._watchers.append(watcher)
        try:
            yield
        finally:
            self._watchers.remove(watcher)

    @contextmanager
    def noting(self, direction: Direction, name: str, title: str, sent: Any = None) -> Iterator[Record]:
        """Note an exchange, to be completed until the context ends."""
        record = Record(next(self._numbers), direction, name, title, time.time(), sent)
        begun = time.monotonic()
        try:
            yield record
        finally:
            record.took_ms = round((time.monotonic() - begun) * 1000)
            described = record.describe()
            self.records.append(described)
            for watcher in list(self._watchers):
                watcher(described)
