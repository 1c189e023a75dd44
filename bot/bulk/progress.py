"""Progress of a lookup in a terminal: a bar that moves, or a line every few seconds."""

import sys
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, NoReturn, TextIO

from bot.core.model import LookupStatus

if TYPE_CHECKING:
    from tqdm import tqdm

LINE_SECONDS = 5.0
"""Seconds between two lines, where there is no terminal."""

_BAR_SECONDS = 0.2
_MISSING = (LookupStatus.NOT_IMPORTED, LookupStatus.NOT_A_FRIEND)
_FAILED = (LookupStatus.FAILED, LookupStatus.NOT_ASKED)
_MINUTE, _HOUR = 60, 3600


class Progress:
    """Shows how far a lookup has come; begins when it is made.

    Args:
        total: The number of ids.
        done: The number of ids that were done before.
        stream: A terminal, or anything else.
    """

    def __init__(self, total: int, done: int, stream: TextIO = sys.stderr) -> None:
        self._total = total
        self._before = done
        self._stream = stream
        self._began = self._said = time.monotonic()
        self._counts: Mapping[LookupStatus, int] = {}
        self._bar = self._make_bar() if stream.isatty() else None

    def _make_bar(self) -> "tqdm[NoReturn]":
        # Loaded only where it is seen.
        from tqdm import tqdm  # noqa: PLC0415

        # Its own thread would only watch for bars that do not move.
        tqdm.monitor_interval = 0
        shape = "{percentage:3.0f}%|{bar}| {desc}"
        return tqdm(total=self._total, file=self._stream, dynamic_ncols=True, bar_format=shape)

    def show(self, counts: Mapping[LookupStatus, int]) -> None:
        """Show the numbers of ids by status, those done before included."""
        self._counts = counts
        self.tick()

    def tick(self) -> None:
        """Show that time passes."""
        now = time.monotonic()
        if now - self._said < (LINE_SECONDS if self._bar is None else _BAR_SECONDS):
            return
        self._said = now
        if self._bar is None:
            print(self._describe(), file=self._stream, flush=True)
        else:
            self._move(self._bar)

    def close(self) -> None:
        """Leave the bar as it is, and end its line."""
        if self._bar is not None:
            self._move(self._bar)
            self._bar.close()

    def _move(self, bar: "tqdm[NoReturn]") -> None:
        bar.n = self._done
        bar.set_description_str(self._describe())

    @property
    def _done(self) -> int:
        return sum(self._counts.values()) or self._before

    def _describe(self) -> str:
        done = self._done
        parts = [f"{done:,} of {self._total:,}", describe(self._counts)]
        asked = done - self._before
        if asked > 0 and done < self._total:
            left = (time.monotonic() - self._began) / asked * (self._total - done)
            parts.append(f"{_format_seconds(left)} left")
        return " · ".join(filter(None, parts))


def describe(counts: Mapping[LookupStatus, int]) -> str:
    """Count what was found, is missing and failed; nothing before the first."""
    if not counts:
        return ""
    numbers = {
        "found": counts.get(LookupStatus.FOUND, 0),
        "missing": sum(counts.get(status, 0) for status in _MISSING),
        "failed": count_failed(counts),
    }
    return " · ".join(f"{number:,} {word}" for word, number in numbers.items() if number or word == "found")


def count_failed(counts: Mapping[LookupStatus, int]) -> int:
    """Count the ids of which nothing is known."""
    return sum(counts.get(status, 0) for status in _FAILED)


def _format_seconds(seconds: float) -> str:
    whole = int(seconds)
    if whole >= _HOUR:
        return f"{whole // _HOUR} h {whole % _HOUR // _MINUTE} min"
    return f"{whole // _MINUTE} min {whole % _MINUTE} s" if whole >= _MINUTE else f"{whole} s"
