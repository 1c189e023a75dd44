"""The reply to one request: at most one notice, updated, and then the answer."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum, auto
from functools import partial
from threading import Event, Lock, Thread
from typing import Protocol

from bot.core.scheduling.timers import timers
from bot.slack.messages.blocks import Message
from bot.slack.messages.notices import WORKING

WORKING_AFTER = 1.0
"""The usual seconds without an answer before a notice is sent."""


class Audience(Enum):
    """The people who see a message."""

    USUAL = auto()
    """The actor, and the others in a public conversation."""
    ACTOR = auto()
    """Only the actor."""
    CHANNEL = auto()
    """Everyone in the channel."""


class Delivery(Protocol):
    """A way to deliver messages: a response URL, a conversation or an open view.

    Its methods never raise; failures are logged without the content.
    """

    @property
    def public(self) -> bool:
        """Whether others than the actor see its usual messages."""

    @property
    def editable(self) -> bool:
        """Whether it can update the messages it sends; a response URL replaces only the pressed one."""

    @property
    def is_view(self) -> bool:
        """Whether it is a modal view, which others may update as well."""

    @property
    def updates(self) -> tuple[float, ...]:
        """The seconds of work after which a progress notice is updated."""

    def send(self, message: Message, audience: Audience = Audience.USUAL, *, in_place: bool = False) -> bool:
        """Send a message; `in_place` replaces the last or the pressed one if possible.

        Returns:
            False if Slack did not take what everyone in the channel was to see; nobody got it then.
        """

    def show_status(self, status: str) -> bool:
        """Show a status without a message, or remove it with an empty one; return whether it is shown."""

    def update(self, message: Message) -> None:
        """Update the last message, if Slack allows it; never post another."""


class Line(Enum):
    """The state of the notice before the answer."""

    NONE = auto()
    """There is none."""
    MAKES_WAY = auto()
    """The next message, unless an error, replaces that of the pressed button."""
    STAYS = auto()
    """A notice is posted that cannot be updated; it is the only one."""
    STANDS = auto()
    """A notice is posted, and the answer will replace it."""


@dataclass(slots=True)
class Reply:
    """The reply to one request.

    Args:
        delivery: The delivery to the actor.
        working_after: The seconds without an answer before a notice is sent.
    """

    delivery: Delivery
    working_after: float = WORKING_AFTER
    _line: Line = Line.NONE
    _has_status: bool = field(default=False, init=False)
    _answered: Event = field(default_factory=Event, init=False)
    _lock: Lock = field(default_factory=Lock, init=False)

    @property
    def public(self) -> bool:
        """Whether others than the actor see the answer."""
        return self.delivery.public

    @property
    def editable(self) -> bool:
        """Whether a notice can be updated, and replaced by the answer."""
        return self.delivery.editable or self._line in (Line.MAKES_WAY, Line.STANDS)

    def move_to(self, delivery: Delivery) -> None:
        """Send what follows elsewhere, as into a form that was opened."""
        with self._lock:
            self.delivery = delivery

    def replace_pressed(self) -> None:
        """Let the answer replace the message of the pressed button."""
        with self._lock:
            if self._line in (Line.NONE, Line.STAYS):
                self._line = Line.MAKES_WAY

    def show_in_ack(self) -> None:
        """Note that the ack of a command shows a notice, which stays."""
        with self._lock:
            self._line = Line.STAYS

    def announce_waiting(self, line: Callable[[], Message], over: Event) -> None:
        """Send a notice if a request waits longer than about a second.

        Args:
            line: Makes the notice.
            over: Set when the request has begun or was cancelled.
        """
        self._send_later("waiting", over, partial(self._announce_waiting, line, over))

    def begin(self) -> None:
        """Begin the work; first wait for a notice on its way to a view, which it must not overwrite later."""
        if self.delivery.is_view:
            with self._lock:
                pass

    @contextmanager
    def working(self, line: Callable[[], Message]) -> Iterator[None]:
        """Show a progress notice if the context takes longer than about a second.

        Args:
            line: Makes the notice, and its updates where a notice can be updated.
        """
        done = Event()
        self._send_later("progress", done, partial(self._show_progress, line, done, time.monotonic()))
        try:
            yield
        finally:
            done.set()

    def answer(self, message: Message, audience: Audience = Audience.USUAL) -> bool:
        """Send the answer; return False if everyone in the channel was to see it, and nobody got it."""
        with self._lock:
            self._answered.set()
            is_sent = self._send(message, audience)
            self._clear_status()
        return is_sent

    def add(self, message: Message) -> None:
        """Send one more message after the answer, for the actor alone."""
        with self._lock:
            self.delivery.send(message, Audience.ACTOR)

    def amend(self, message: Message) -> None:
        """Show the answer again with what is known by now, where it can be updated; never post another."""
        with self._lock:
            self.delivery.update(message)

    def refuse(self, message: Message) -> None:
        """Send an error; the message of the pressed button stays."""
        with self._lock:
            self._answered.set()
            stands = self._line is Line.STANDS
            self.delivery.send(message, Audience.USUAL if stands else Audience.ACTOR, in_place=stands)
            self._clear_status()

    def stop_progress(self) -> None:
        """Stop progress updates; another caller replies."""
        with self._lock:
            self._answered.set()
            self._clear_status()

    def _send_later(self, name: str, over: Event, send: Callable[[], None]) -> None:
        """Send a notice after the usual seconds, in a thread of its own, unless it is over by then."""

        def start() -> None:
            if not over.is_set():
                Thread(target=send, name=name, daemon=True).start()

        timers.call_at(time.monotonic() + self.working_after, start)

    def _announce_waiting(self, line: Callable[[], Message], over: Event) -> None:
        with self._lock:
            if over.is_set() or self._answered.is_set():
                return
            # The role is not checked yet, so others must not see the notice.
            self._send(line(), Audience.ACTOR if self.public else Audience.USUAL)
            if not self.public:
                self._line = Line.STANDS if self.delivery.editable else Line.STAYS

    def _show_progress(self, line: Callable[[], Message], done: Event, started: float) -> None:
        shown = None
        for moment in (self.working_after, *self.delivery.updates):
            if done.wait(max(0.0, started + moment - time.monotonic())):
                return
            with self._lock:
                # The lock may have been held past the end.
                if done.is_set() or self._answered.is_set() or self._line is Line.STAYS:
                    return
                if self._line is Line.NONE and not self._has_status:
                    self._has_status = self.delivery.show_status(WORKING)
                    if self._has_status:
                        continue
                message = line()
                if shown is None:
                    self._send(message)
                    self._line = Line.STANDS if self.editable else Line.STAYS
                elif message != shown:
                    self.delivery.update(message)
                shown = message

    def _clear_status(self) -> None:
        if self._has_status:
            self._has_status = False
            self.delivery.show_status("")

    def _send(self, message: Message, audience: Audience = Audience.USUAL) -> bool:
        in_place = self._line in (Line.STANDS, Line.MAKES_WAY)
        return self.delivery.send(message, audience, in_place=in_place)
