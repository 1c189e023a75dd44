"""Links from answers to the audit channel's messages, added once those are posted."""

import logging
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from threading import Event, Lock, Thread
from typing import TypeAlias

from bot.errors import AuditError

WAIT_SECONDS = 120.0
"""Seconds for which a link is awaited: an answer that old is rarely read again."""
LOOK_SECONDS = 2.0
"""Seconds between two looks: the process that posts may be another one."""
MOST_AWAITED = 1000
"""The most links awaited at once; the oldest is dropped first."""

AddLink: TypeAlias = Callable[[str], None]
"""Shows an answer again with a link; it must not post another one."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Awaited:
    until: float
    add: AddLink


class PostLinks:
    """A thread that adds to answers the links to their entries' messages, and sleeps while none is awaited.

    Args:
        find_posts: Finds the channel and time stamp of the messages of entries, by their numbers.
        link: Makes the link to a message; empty if it is not known.
        look_seconds: The seconds between two looks while a link is awaited.
    """

    def __init__(
        self,
        find_posts: Callable[[Collection[int]], Mapping[int, tuple[str, str]]],
        link: Callable[[str, str], str],
        look_seconds: float = LOOK_SECONDS,
    ) -> None:
        self._find_posts = find_posts
        self._link = link
        self._look_seconds = look_seconds
        self._awaited: dict[int, _Awaited] = {}
        self._lock = Lock()
        self._woken = Event()
        self._closed = False
        self._thread = Thread(target=self._run, name="post links", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def close(self) -> None:
        """Stop; answers whose entry is not posted yet stay without a link."""
        self._closed = True
        self._woken.set()

    def expect(self, number: int, add: AddLink) -> None:
        """Add a link to an answer once the entry of this number is posted."""
        with self._lock:
            self._awaited[number] = _Awaited(time.monotonic() + WAIT_SECONDS, add)
            if len(self._awaited) > MOST_AWAITED:
                del self._awaited[next(iter(self._awaited))]
        self._woken.set()

    def look(self) -> None:
        """Look now: a message was posted."""
        self._woken.set()

    def _run(self) -> None:
        while not self._closed:
            self._woken.wait(self._look_seconds if self._awaited else None)
            self._woken.clear()
            try:
                if not self._closed:
                    self._look()
            except Exception:
                # If this thread died, no further answer would get its link.
                log.exception("the links of answers could not be added")

    def _look(self) -> None:
        now = time.monotonic()
        with self._lock:
            self._awaited = {number: each for number, each in self._awaited.items() if each.until > now}
            numbers = [*self._awaited]
        if not numbers:
            return
        try:
            found = self._find_posts(numbers)
        except AuditError as error:
            log.info("could not find the messages of answers: %s", error)
            return
        for number, place in found.items():
            with self._lock:
                awaited = self._awaited.pop(number, None)
            if awaited and (link := self._link(*place)):
                awaited.add(link)
