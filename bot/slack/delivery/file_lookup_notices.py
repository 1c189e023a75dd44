"""The messages that show people how far their file lookups have come, and the CSV at the end."""

import logging
import time
from collections import OrderedDict
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from threading import Condition, Thread
from typing import BinaryIO, TypeVar

from bot.core.file_lookups import OVER, SHOW_SECONDS, FileLookup, FileLookupState, FileLookupStore
from bot.errors import AuditError
from bot.http_client.session import Upload
from bot.slack.api.client import SlackClient
from bot.slack.api.errors import SlackCallError
from bot.slack.api.retry_after import MOST_WAIT
from bot.slack.delivery.channel import Channel
from bot.slack.delivery.files import Files
from bot.slack.messages.lookups.csv import file_name
from bot.slack.messages.lookups.file_lookup import csv_comment, show_file_lookup

PACE = 3.0
"""Seconds between two changes of messages: Slack takes fifty a minute from all processes and answers."""
FIRST_WAIT = 1.0
"""Seconds that double with each failed try to show a state, and then pass before the next."""
CLOSE_SECONDS = 5.0
"""Seconds that closing waits for outcomes that are not shown yet."""

_LONGEST_WAIT, _DOUBLINGS = 300.0, 9
_MOST_TRIES = 300
"""The most tries to show one outcome: a day, after which the file lookup has expired."""
_REMEMBERED = 1000
_GONE = frozenset({"message_not_found", "channel_not_found"})
_FIXED = frozenset({"cant_update_message", "edit_window_closed"})

_BEGUN = frozenset({FileLookupState.WAITING, FileLookupState.RUNNING})

T = TypeVar("T")

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Place:
    """The message of a file lookup.

    Args:
        message: Its channel and time stamp.
        saved: Whether the store knows it.
        shown: The state that it shows, and how many ids are done.
    """

    message: tuple[str, str]
    saved: bool
    shown: tuple[FileLookupState, int]


@dataclass(slots=True)
class _Shown:
    """The latest state of a file lookup, to be shown.

    Args:
        lookup: The file lookup.
        seconds_left: The estimated seconds to its end; None if nobody knows.
        tries: The tries to show it.
        due: The moment (monotonic seconds) of the next try.
    """

    lookup: FileLookup
    seconds_left: float | None
    tries: int = 0
    due: float = 0.0


class SlackFileLookupNotices:
    """Shows each file lookup in one message in its actor's direct messages; see FileLookupNotices.

    A thread of its own posts the latest states in turn: one in three seconds, however many there are.

    Args:
        slack: The client of Slack's Web API.
        files: Sends the CSV.
        store: Keeps the places of the messages.
        pace: Seconds between two changes of messages.
        first_wait: Seconds that double with each failed try, and then pass before the next.
    """

    def __init__(
        self,
        slack: SlackClient,
        files: Files,
        store: FileLookupStore,
        pace: float = PACE,
        first_wait: float = FIRST_WAIT,
    ) -> None:
        self._slack = slack
        self._files = files
        self._store = store
        self._pace = pace
        self._first_wait = first_wait
        self._waiting: OrderedDict[str, _Shown] = OrderedDict()
        self._places: OrderedDict[str, _Place] = OrderedDict()
        self._sent: OrderedDict[str, str] = OrderedDict()
        self._changed = Condition()
        self._closed = False
        self._thread: Thread | None = None

    def show(self, lookup: FileLookup, seconds_left: float | None = None) -> None:
        """Show how far it has come, soon; returns at once, and may be called as often as it moves."""
        with self._changed:
            if self._closed:
                return
            # What waits keeps its turn, and the latest state counts.
            earlier = self._waiting.get(lookup.id)
            if earlier and lookup.state in OVER and _is_same(earlier.lookup, lookup):
                # It knows more than the store: whether the record has all of it.
                return
            due = earlier.due if earlier else self._find_due(lookup)
            self._waiting[lookup.id] = _Shown(lookup, seconds_left, due=due)
            if self._thread is None:
                self._thread = Thread(target=self._run, name="file-lookup-notices", daemon=True)
                self._thread.start()
            self._changed.notify()

    def _find_due(self, lookup: FileLookup) -> float:
        """Return the moment of the first try: later where another process may be posting the message."""
        starts = lookup.state is FileLookupState.WAITING or any(lookup.message)
        return 0.0 if starts or lookup.id in self._places else time.monotonic() + self._pace

    def send(self, lookup: FileLookup, csv: BinaryIO, size: int) -> None:
        """Send the CSV to the actor's direct messages, and show the state.

        Raises:
            SlackUnavailableError: It could not be sent.
        """
        name = file_name(lookup.command, datetime.now(UTC))
        self._files.send(lookup.actor.user_id, name, Upload(csv, size), csv_comment(lookup))
        _remember(self._sent, lookup.id, name)
        self.show(lookup)

    def close(self, seconds: float = CLOSE_SECONDS) -> None:
        """Show the outcomes that wait, if Slack takes them in that time."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join(seconds)

    def _run(self) -> None:
        while (shown := self._next()) is not None:
            try:
                wait = self._try(shown)
            except Exception:
                # The thread must live on, for all others.
                log.exception("a file lookup could not be shown")
                self._put_back(shown, None)
                wait = self._pace
            with self._changed:
                if not self._closed:
                    self._changed.wait_for(lambda: self._closed, wait)

    def _next(self) -> _Shown | None:
        """Wait for the next state to show, outcomes first; None once there is no more to do."""
        with self._changed:
            while True:
                if self._closed:
                    self._waiting = OrderedDict(
                        (id_, each) for id_, each in self._waiting.items() if each.lookup.state in OVER
                    )
                    if not self._waiting:
                        return None
                now = time.monotonic()
                ready = [each for each in self._waiting.values() if each.due <= now or self._closed]
                if ready:
                    first = next((each for each in ready if each.lookup.state in OVER), ready[0])
                    return self._waiting.pop(first.lookup.id)
                due = [each.due - now for each in self._waiting.values()]
                self._changed.wait(min(due) if due else None)

    def _try(self, shown: _Shown) -> float:
        """Show a state; return the seconds to the next change of any message."""
        try:
            self._post(shown)
        except SlackCallError as error:
            log.info("could not show a file lookup (%s)", error)
            self._put_back(shown, error.retry_after)
            return self._pace if error.retry_after is None else max(self._pace, error.retry_after)
        if shown.lookup.state in OVER:
            # Else another process shows it, too.
            with suppress(AuditError):
                self._store.set_shown(shown.lookup.id, shown.lookup.state)
        return self._pace

    def _put_back(self, shown: _Shown, asked: float | None) -> None:
        """Try again later, unless there is a later state by then; of an outcome there is none."""
        shown.tries += 1
        if self._closed:
            return
        if shown.tries > _MOST_TRIES:
            log.error("the outcome of a file lookup could not be shown")
            return
        growing = min(self._first_wait * 2.0 ** min(shown.tries, _DOUBLINGS), _LONGEST_WAIT)
        wait = growing if asked is None else min(asked, MOST_WAIT)
        shown.due = time.monotonic() + wait
        if shown.lookup.state in OVER:
            with suppress(AuditError):
                self._store.hold_end(shown.lookup.id, shown.lookup.state, wait + SHOW_SECONDS)
        with self._changed:
            later = self._waiting.get(shown.lookup.id)
            if later is None:
                self._waiting[shown.lookup.id] = shown
            else:
                later.due, later.tries = shown.due, shown.tries

    def _post(self, shown: _Shown) -> None:
        """Update the message of a file lookup, or post a new one.

        Raises:
            SlackCallError: Slack did not confirm it.
        """
        lookup, message = self._update(shown.lookup)
        if lookup.is_shown and _is_same(lookup, shown.lookup):
            # By another process, after this one was silent for long.
            return
        content = show_file_lookup(lookup, shown.seconds_left, self._sent.get(lookup.id, ""))
        now = (lookup.state, lookup.done)
        if any(message):
            try:
                Channel(self._slack, message[0]).update(message[1], content)
            except SlackCallError as error:
                if error.code not in _GONE | _FIXED:
                    raise
                if error.code in _FIXED and not self._is_news(lookup):
                    return
            else:
                _remember(self._places, lookup.id, _Place(message, saved=True, shown=now))
                return
        posted = Channel(self._slack, lookup.actor.user_id).post(content)
        saved = False
        with suppress(AuditError):
            self._store.set_message(lookup.id, *posted)
            saved = True
        _remember(self._places, lookup.id, _Place(posted, saved, now))

    def _is_news(self, lookup: FileLookup) -> bool:
        """Check whether it is an outcome that no message shows."""
        place = self._places.get(lookup.id)
        return lookup.state in OVER and (place is None or place.shown != (lookup.state, lookup.done))

    def _update(self, lookup: FileLookup) -> tuple[FileLookup, tuple[str, str]]:
        """Return the file lookup as it is by now, and its message: another process may know better."""
        found = None
        with suppress(AuditError):
            found = self._store.find(lookup.id)
        place = self._places.get(lookup.id)
        known = place.message if place else lookup.message
        if found is None or (place and not place.saved):
            return lookup, known
        # What was sent is over before the store knows.
        if found.state not in (_BEGUN if lookup.state in OVER else OVER):
            is_shown = found.is_shown and _is_same(found, lookup)
            found = replace(lookup, message=found.message, expires_at=found.expires_at, is_shown=is_shown)
        return found, found.message if any(found.message) else known


def _is_same(one: FileLookup, other: FileLookup) -> bool:
    """Check whether two states of a file lookup say the same."""
    return (one.state, one.done) == (other.state, other.done)


def _remember(kept: OrderedDict[str, T], key: str, what: T) -> None:
    kept[key] = what
    while len(kept) > _REMEMBERED:
        kept.popitem(last=False)
