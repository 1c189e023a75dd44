"""The answer to one request: a working line that is brought up to date, and what takes its place."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event, Lock, Thread

from bot.slack.delivery.conversation import Conversation
from bot.slack.delivery.response_url import Responder
from bot.slack.messages.blocks import Message
from bot.slack.messages.notices import following, shared

WORKING_AFTER = 1.0
"""The usual seconds until the actor is told that work goes on."""
UPDATED_AFTER = (2.5, 6.0)
"""Seconds after which that is brought up to date at a response URL.

It takes five messages in all: that line, twice brought up to date, the answer, and one in reserve. It is
brought up to date once after a line that said that the request waits, and where the line stays, because
that says at the end where the answer is.
"""
CONVERSED_AFTER = (2.0, 5.0, 10.0, 16.0)
"""The same in a conversation: Slack takes fifty changes a minute in all, the answers among them."""


@dataclass(slots=True)
class Reply:
    """The answer to one request: at most a working line, brought up to date, and what replaces it.

    Args:
        responder: How it is sent.
        url: The response URL of the command or button; empty where there is none.
        actor_id: Whose it is.
        replaces: Whether it takes the place of the message whose button was pressed.
        working_after: After how many seconds without an answer the actor is told that work goes on.
        conversation: Where to answer without a response URL; the actor's direct messages unless told.
        of_message: Whether the URL is that of a message, which is what it replaces, whatever was sent since.
    """

    responder: Responder
    url: str = field(repr=False)
    actor_id: str
    replaces: bool = False
    working_after: float = WORKING_AFTER
    conversation: Conversation | None = None
    of_message: bool = False
    _lock: Lock = field(default_factory=Lock)
    _answered: bool = False
    _standing_in: bool = False
    _elsewhere: bool = False
    _announced: bool = False
    _waited: bool = False

    def __post_init__(self) -> None:
        """Answer directly where there is no other way."""
        if not self.url and self.conversation is None:
            self.conversation = self.responder.open_conversation(self.actor_id, self.actor_id, "")

    @property
    def public(self) -> bool:
        """Whether others than the actor see whatever is answered."""
        return self.conversation is not None and self.conversation.public

    def tell_waiting(self, line: Callable[[], Message], over: Event) -> None:
        """Send a line if a request waits longer than about a second, from a thread of its own.

        Args:
            line: Makes it.
            over: Set when the request has begun, or does not wait any more.
        """
        Thread(target=self._tell_waiting, args=(line, over), name="waiting", daemon=True).start()

    def begin(self) -> None:
        """Note that the work begins; the line that said that it waits is not to come any more."""

    @contextmanager
    def working(self, line: Callable[[], Message], *, stays: bool = False) -> Iterator[None]:
        """Send a working line if what happens inside takes longer than about a second.

        Beside a message that must stay, only that the answer follows: no line could be replaced there.

        Args:
            line: Makes the line; what it makes later is shown in its place.
            stays: Whether the answer leaves the line where it is, because it goes elsewhere.
        """
        done = Event()
        Thread(target=self._keep_telling, args=(line, stays, done), name="telling", daemon=True).start()
        try:
            yield
        finally:
            done.set()

    def answer(self, message: Message, *, in_channel: bool = False, private: bool = False) -> None:
        """Send the answer.

        Args:
            message: It.
            in_channel: Whether the whole channel is to see it, rather than the actor alone.
            private: Whether the actor alone is to see it, though others follow the conversation.
        """
        with self._lock:
            self._answered = True
            if self._elsewhere or (in_channel and self._standing_in):
                # First: later this would take the place of the answer.
                self.responder.update(self.url, shared())
                self._elsewhere = False
            self._send(message, in_channel=in_channel, private=private)

    def refuse(self, message: Message) -> None:
        """Send what went wrong; the message whose button was pressed stays as it is."""
        with self._lock:
            self._answered = True
            self.replaces = self._standing_in
            self._send(message, in_channel=False, private=not self._standing_in)

    def stop_progress(self) -> None:
        """Say no more of the work: somebody else answers."""
        with self._lock:
            self._answered = True

    def _tell_waiting(self, line: Callable[[], Message], over: Event) -> None:
        if over.wait(self.working_after):
            return
        with self._lock:
            if not over.is_set() and not self._answered:
                self.show_waiting(line())

    def show_waiting(self, message: Message) -> None:
        """Show that the request waits, where the answer comes or beside what was pressed."""
        self._waited = True
        # Whether others may see an answer at all is not known before the role was checked.
        self._send(message, in_channel=False, private=self.public)
        if self.public:
            return
        if self.of_message and self.url:
            # Beside the message that was pressed, where nothing can take its place: it stays.
            self._announced = True
        else:
            self.replaces = self._standing_in = True

    def _keep_telling(self, line: Callable[[], Message], stays: bool, done: Event) -> None:  # noqa: FBT001 - called by Thread
        started, shown = time.monotonic(), None
        further = (
            CONVERSED_AFTER if self.conversation else UPDATED_AFTER[: 1 if stays or self._waited else None]
        )
        for moment in (self.working_after, *further):
            if done.wait(max(0.0, started + moment - time.monotonic())):
                return
            with self._lock:
                if self._answered:
                    return
                if self.of_message and self.url and not self.replaces:
                    self._announce()
                    return
                message = line()
                if shown is None:
                    self._send(message, in_channel=False)
                    self.replaces = self._standing_in = not stays
                elif message != shown:
                    self.responder.update(self.conversation or self.url, message)
                    self._elsewhere = stays
                shown = message

    def _announce(self) -> None:
        if not self._announced:
            self._announced = True
            self._send(following(), in_channel=False)

    def _send(self, message: Message, *, in_channel: bool, private: bool = False) -> None:
        if self.conversation:
            self.responder.say(self.conversation, message, replaces=self._standing_in, private=private)
            return
        options = {
            "response_type": "in_channel" if in_channel else "ephemeral",
            "replace_original": self.replaces and not in_channel,
        }
        self.responder.send(self.url, message, options, self.actor_id)
