"""Processes that use up a shared limit, and say which slots they got.

As a program it prints a line for each change of its share, and at the end of its input its slots.
"""

import json
import logging
import subprocess
import sys
import time
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

from bot.core.model import Deadline
from bot.im.redis_schedule import RedisSchedule
from bot.im.redis_url import parse_redis_url
from bot.im.shared_pacer import SharedLimit

APP_ID = 1400000000
LIMIT = 200
THREADS = 16
ROOT = Path(__file__).parents[2]
SHARED, APART = "is shared", "keeps to"
"""Words of the lines that it prints."""


class PacingProcess:
    """One such process."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self._lines: list[str] = []
        self._reader = Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout
        self._lines.extend(iter(self._process.stdout.readline, ""))

    def count(self, words: str) -> int:
        """Count the changes so far to `SHARED` or to `APART`."""
        return sum(words in line for line in list(self._lines))

    @property
    def said(self) -> list[str]:
        return [line.strip() for line in self._lines[:-1]]

    def stop(self) -> list[float]:
        """End it; return its slots (monotonic seconds)."""
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait(30)
        self._reader.join(30)
        slots: list[float] = json.loads(self._lines[-1])
        return slots

    def kill(self) -> None:
        """Kill it, so that it cannot tell Redis."""
        self._process.kill()


@contextmanager
def run_pacing_process(url: str, share: str = "") -> Iterator[PacingProcess]:
    """Run a process that shares a limit of LIMIT a second until the context ends."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.support.pacing_process", url, share],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield PacingProcess(process)
        finally:
            process.kill()


def most_in_a_second(times: Sequence[float]) -> int:
    ordered = sorted(times)
    return max(bisect_left(ordered, start + 1) - place for place, start in enumerate(ordered))


def use_up(url: str, share: float | None) -> list[float]:
    """Take slots in several threads until the input ends."""
    limit = SharedLimit("prod", RedisSchedule(parse_redis_url(url), APP_ID), share)
    pacer = limit.make_pacer("profile/portrait_get", LIMIT)
    stopped = Event()
    slots: list[float] = []

    def take() -> None:
        deadline = Deadline(time.monotonic() + 600, stopped, bulk=True)
        while slot := pacer._wait_once(deadline):
            slots.append(slot)

    threads = [Thread(target=take) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    sys.stdin.read()
    stopped.set()
    for thread in threads:
        thread.join()
    limit.close()
    return slots


if __name__ == "__main__":
    logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(message)s")
    print(json.dumps(use_up(sys.argv[1], float(sys.argv[2]) if sys.argv[2] else None)))
