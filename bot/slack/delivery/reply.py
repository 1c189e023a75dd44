"""The reply to one request: at most a working line, brought up to date, and the answer."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum, auto
from threading import Event, Lock, Thread
from typing import Protocol

from bot.slack.messages.blocks import Message
from bot.slack.messages.notices import following, shared

WORKING_AFTER = 1.0
"""The usual seconds without an answer until a working line is sent."""


class Audience(Enum):
    """The people who see a message."""

    USUAL = auto()
    """The actor, and the others in a public conversation."""
    ACTOR = auto()
    """The actor alone."""
    CHANNEL = auto()
    """Everybody in the channel."""


class Delivery(Protocol):
    """A way to the person who asked: a response URL, a conversation or an open view.

    None of its methods raises: what cannot be delivered at all is logged, without its content.
    """

    @property
    def public(self) -> bool:
        """Whether others than the actor see what is usually sent."""

    @property
    def beside(self) -> bool:
        """Whether what replaces a message replaces the one that was pressed, never one sent since."""

    @property
    def is_view(self) -> bool:
        """Whether others than the reply show something in the same place."""

    def updates(self, *, stays: bool) -> tuple[float, ...]:
        """List the seconds of work after which a working line is updated."""

    def send(self, message: Message, audience: Audience = Audience.USUAL, *, in_place: bool = False) -> None:
        """Send a message; `in_place` asks to replace the last one, or the pressed one."""

    def update(self, message: Message) -> None:
        """Replace the last message, if Slack takes it; nothing is sent elsewhere."""


class Line(Enum):
    """The state of what is shown before the answer."""

    NONE = auto()
    """Nothing is shown."""
    MAKES_WAY = auto()
    """The message whose button was pressed is replaced by whatever comes next, unless that is an error."""
    ANNOUNCED = auto()
    """A line stands beside the pressed message, where nothing can replace it."""
    STANDS = auto()
    """A line stands where the answer comes, and is replaced by it."""
    STAYS = auto()
    """A line stays, because the answer goes elsewhere."""
    OUTDATED = auto()
    """A line stays, and shows progress that the answer ends."""


@dataclass(slots=True)
class Reply:
    """The reply to one request.

    Args:
        delivery: The way to the actor.
        working_after: The seconds without an answer until a working line is sent.
    """

    delivery: Delivery
    working_after: float = WORKING_AFTER
    _line: Line = Line.NONE
    _answered: Event = field(default_factory=Event, init=False)
    _lock: Lock = field(default_factory=Lock, init=False)

    @property
    def public(self) -> bool:
        """Whether others than the actor see the answer."""
        return self.delivery.public

    def replace_pressed(self) -> None:
        """Let the message whose button was pressed make way for the answer."""
        with self._lock:
            if self._line in (Line.NONE, Line.ANNOUNCED):
                self._line = Line.MAKES_WAY

    def announce_waiting(self, line: Callable[[], Message], over: Event) -> None:
        """Send a line if a request waits longer than about a second, from a thread of its own.

        Args:
            line: Makes it.
            over: Set when the request has begun, or does not wait any more.
        """
        Thread(target=self._announce_waiting, args=(line, over), name="waiting", daemon=True).start()

    def begin(self) -> None:
        """Begin the work; a waiting line on its way into a view must not replace what is shown there next."""
        if self.delivery.is_view:
            with self._lock:
                pass

    @contextmanager
    def working(self, line: Callable[[], Message], *, stays: bool = False) -> Iterator[None]:
        """Send a working line if what happens inside takes longer than about a second.

        Beside a message that must stay, only that the answer follows: no line could be replaced there.

        Args:
            line: Makes the line; what it makes later is shown in its place.
            stays: Whether the answer leaves the line where it is, because it goes elsewhere.
        """
        done = Event()
        Thread(target=self._show_progress, args=(line, stays, done), name="progress", daemon=True).start()
        try:
            yield
        finally:
            done.set()

    def answer(self, message: Message, audience: Audience = Audience.USUAL) -> None:
        """Send the answer."""
        with self._lock:
            self._answered.set()
            outdated = self._line is Line.OUTDATED
            if outdated or (audience is Audience.CHANNEL and self._line is Line.STANDS):
                # First: later this would take the place of the answer.
                self.delivery.update(shared())
            if outdated:
                self._line = Line.STAYS
            self._send(message, audience)

    def refuse(self, message: Message) -> None:
        """Send what went wrong; the message whose button was pressed stays as it is."""
        with self._lock:
            self._answered.set()
            stands = self._line is Line.STANDS
            self.delivery.send(message, Audience.USUAL if stands else Audience.ACTOR, in_place=stands)

    def stop_progress(self) -> None:
        """Stop progress updates; another caller replies."""
        with self._lock:
            self._answered.set()

    def _announce_waiting(self, line: Callable[[], Message], over: Event) -> None:
        if over.wait(self.working_after):
            return
        with self._lock:
            if over.is_set() or self._answered.is_set():
                return
            # Whether others may see an answer at all is not known before the role was checked.
            self._send(line(), Audience.ACTOR if self.public else Audience.USUAL)
            if not self.public:
                self._line = Line.ANNOUNCED if self.delivery.beside else Line.STANDS

    def _show_progress(self, line: Callable[[], Message], stays: bool, done: Event) -> None:  # noqa: FBT001 - called by Thread
        started, shown = time.monotonic(), None
        for moment in (self.working_after, *self.delivery.updates(stays=stays)):
            if done.wait(max(0.0, started + moment - time.monotonic())):
                return
            with self._lock:
                if self._answered.is_set():
                    return
                if self.delivery.beside and self._line in (Line.NONE, Line.ANNOUNCED):
                    if self._line is Line.NONE:
                        self._line = Line.ANNOUNCED
                        self._send(following())
                    return
                message = line()
                if shown is None:
                    self._send(message)
                    self._line = Line.STAYS if stays else Line.STANDS
                elif message != shown:
                    self.delivery.update(message)
                    self._line = Line.OUTDATED if stays else self._line
                shown = message

    def _send(self, message: Message, audience: Audience = Audience.USUAL) -> None:
        in_place = self._line in (Line.STANDS, Line.MAKES_WAY)
        self.delivery.send(message, audience, in_place=in_place)
