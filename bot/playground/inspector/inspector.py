"""Log of the exchanges with the bot, each with its Block Kit problems."""

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
"""Exchanges kept."""

Direction: TypeAlias = Literal["to_bot", "from_bot"]
"""Direction of the request."""


@dataclass(slots=True)
class Exchange:
    """A request and its response.

    Args:
        name: Kind of the payload, Web API method, or kind of URL.
        title: Short description.
        at: Start in Unix seconds.
        answer: The response, if any.
        outcome: HTTP status, `acknowledged`, or Slack's error code.
        took_ms: Duration in milliseconds.
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
        """Serialize the exchange for the page, without secrets."""
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
    """The latest exchanges, serialized, and their subscribers."""

    def __init__(self) -> None:
        self.exchanges: deque[Json] = deque(maxlen=HISTORY_SIZE)
        self._subscribers: list[Callable[[Json], None]] = []
        self._numbers = count(1)

    @contextmanager
    def subscribe(self, subscriber: Callable[[Json], None]) -> Iterator[None]:
        """Send each finished exchange to a subscriber until the context ends."""
        self._subscribers.append(subscriber)
        try:
            yield
        finally:
            self._subscribers.remove(subscriber)

    @contextmanager
    def recording(self, direction: Direction, name: str, title: str, sent: Any = None) -> Iterator[Exchange]:
        """Record an exchange, which the caller completes before the context ends."""
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
