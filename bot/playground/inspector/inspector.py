"""Log of the exchanges with the bot, each with its Block Kit problems."""

import logging
import re
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Literal, TypeAlias

from bot.playground.blockkit.checks import check_exchange
from bot.playground.inspector.arguments import list_ignored_in_message
from bot.playground.inspector.redact import redact
from bot.playground.json_types import Json

_log = logging.getLogger(__name__)

_UNPLAYED = re.compile(r"\S+ is not played by this local Slack")

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
        ignored: Arguments of a call that this local Slack drops.
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
    ignored: list[str] = field(default_factory=list)

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
            "ignored": self.ignored or list_ignored_in_message(self.name, self.sent, self.answer),
            **report,
        }


class Inspector:
    """The latest exchanges, serialized, and their subscribers."""

    def __init__(self) -> None:
        self.exchanges: deque[Json] = deque(maxlen=HISTORY_SIZE)
        self._subscribers: list[Callable[[Json], None]] = []
        self._numbers = count(1)
        self._logged = set[str]()

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
            self._log_once(described)
            self.exchanges.append(described)
            for subscriber in list(self._subscribers):
                subscriber(described)

    def _log_once(self, described: Json) -> None:
        """Log each ignored argument and each part that is not played the first time."""
        for note in _list_notes(described):
            if note not in self._logged:
                self._logged.add(note)
                _log.info("%s", note)


def _list_notes(described: Json) -> list[str]:
    answer = described["answer"]
    ours = described["direction"] == "from_bot" and isinstance(answer, Mapping)
    refused = answer.get("response_metadata", {}).get("messages", []) if ours else []
    said = [*refused, *(problem["message"] for problem in described["problems"])]
    return [
        *(f"{described['name']}: ignored here: {key}" for key in described["ignored"]),
        *(found.group() for message in said if (found := _UNPLAYED.search(message))),
    ]
