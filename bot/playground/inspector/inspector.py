"""The inspector: what went to the bot and what came from it, with what the Block Kit check says of it."""

import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from typing import Any, Literal, TypeAlias

from bot.playground.blockkit.checks import check_exchange
from bot.playground.inspector.redact import redact
from bot.playground.json_types import Json

HISTORY_SIZE = 200
"""How many records are kept."""

Direction: TypeAlias = Literal["to_bot", "from_bot"]
"""Who began it."""


@dataclass(slots=True)
class Exchange:
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

    def serialize(self) -> Json:
        """Describe it to the page, without its secrets."""
        report = check_exchange(self.name, self.sent, self.answer)
        return {
            "number": self.number,
            "direction": self.direction,
            "name": self.name,
            "title": self.title,
            "at": self.at,
            "took_ms": self.took_ms,
            "outcome": self.outcome,
            "sent": redact(self.sent),
            "answer": redact(self.answer),
            **report,
        }


class Inspector:
    """The latest exchanges, as described to the page, and who watches."""

    def __init__(self) -> None:
        self.exchanges: deque[Json] = deque(maxlen=HISTORY_SIZE)
        self._subscribers: list[Callable[[Json], None]] = []
        self._numbers = count(1)

    @contextmanager
    def subscribe(self, subscriber: Callable[[Json], None]) -> Iterator[None]:
        """Tell a watcher of each exchange that ends, until the context does."""
        self._subscribers.append(subscriber)
        try:
            yield
        finally:
            self._subscribers.remove(subscriber)

    @contextmanager
    def recording(self, direction: Direction, name: str, title: str, sent: Any = None) -> Iterator[Exchange]:
        """Note an exchange, to be completed until the context ends."""
        exchange = Exchange(next(self._numbers), direction, name, title, time.time(), sent)
        begun = time.monotonic()
        try:
            yield exchange
        finally:
            exchange.took_ms = round((time.monotonic() - begun) * 1000)
            described = exchange.serialize()
            self.exchanges.append(described)
            for subscriber in list(self._subscribers):
                subscriber(described)
