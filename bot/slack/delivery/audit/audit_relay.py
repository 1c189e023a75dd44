"""The relay: posts every audit entry to the audit channel, in order, through Slack's outages."""

import logging
import secrets
import threading
import time
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import takewhile

from bot.core.model import AlteredEntry, App, Entry, Head, OutdatedPost, Post
from bot.core.ports import Outbox
from bot.errors import AuditError, NotSharedError
from bot.slack.api.channels import Readers
from bot.slack.api.client import SlackClient
from bot.slack.api.errors import SlackCallError
from bot.slack.api.retry_after import MOST_WAIT
from bot.slack.delivery.audit.seal import is_genuine, make_post
from bot.slack.delivery.channel import Channel, fix_for
from bot.slack.messages.audit import Group, describe_altered, group_entries, render_checkpoint, render_entries
from bot.slack.messages.silent_mentions import Names, no_names

BATCH = 5
"""The most entries in one message; a group of refusals counts as one."""
TAKEN = 1000
"""The most entries leased at once: a flood of up to as many refusals makes one message."""
LEASE = 30.0
"""Seconds for which the outbox is leased; far longer than one post takes."""
STUCK_SECONDS = 60.0
"""Seconds after which a waiting entry counts as stuck."""
ALARM_SECONDS = 900.0
"""Seconds for which an altered entry counts as trouble: long enough for monitors to notice.

The bot can still record and post, so it becomes ready again; the alarm in the channel stays.
"""
CLOSE_SECONDS = 10.0
"""Seconds that closing waits for a message being posted."""

_DOUBLINGS = 10
_FINAL = frozenset({"message_not_found", "cant_update_message", "edit_window_closed"})
"""The codes of an update that will never work; a bot that is out of the channel may be invited later."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RelayTiming:
    """The waits of a relay, in seconds.

    Args:
        spacing: Between two messages: Slack allows about one a second per channel.
        poll: Between two polls of an empty outbox, for entries of other processes.
        first_wait: Before the first retry; doubles with each further one.
        longest_wait: The longest before a retry, unless Slack asks for more.
        longest_asked: The longest before a retry, even if Slack asks for more.
        private: The cache time of Slack's answer that no other organization can read the channel.
        checkpoint: Between the channel's last message and a checkpoint.
    """

    spacing: float = 1.0
    poll: float = 2.0
    first_wait: float = 0.5
    longest_wait: float = 30.0
    longest_asked: float = MOST_WAIT
    private: float = 10.0
    checkpoint: float = 3600.0


USUAL_TIMING = RelayTiming()
"""The usual timing, within Slack's rate limits."""


@dataclass(frozen=True, slots=True)
class RelayStatus:
    """The state of the relay.

    Args:
        waiting: The number of waiting entries.
        oldest_seconds: The age of the oldest, in seconds.
        problem: The last failure and its fix; empty after a success.
        running: Whether its thread is alive.
    """

    waiting: int
    oldest_seconds: float
    problem: str
    running: bool


class Relay:
    """A thread that posts the outbox's entries to one channel until it is closed.

    An entry counts as posted once Slack confirms it. Of several processes, the one with the lease posts. If
    it dies before it marks an entry as delivered, the entry is posted twice, with the same number. Nothing
    is posted while people from other organizations can read the channel, or while Slack does not say.

    Args:
        slack: The client of Slack's Web API.
        channel: The channel's id.
        outbox: The entries to post.
        apps: The apps by name.
        masked: By app, the tags of fields with values hidden from the channel.
        is_shared_outside: Asks Slack whether people from other organizations can read a channel; raises
            SlackUnavailableError.
        names: Returns the names of people, within about a second.
        posted: Called after a message was posted and kept; it must not wait.
        timing: The waits.
    """

    def __init__(
        self,
        slack: SlackClient,
        channel: str,
        outbox: Outbox,
        *,
        apps: Mapping[str, App],
        masked: Mapping[str, Collection[str]],
        is_shared_outside: Callable[[str], bool],
        names: Names = no_names,
        posted: Callable[[], None] = lambda: None,
        timing: RelayTiming = USUAL_TIMING,
    ) -> None:
        self._token = slack.token or ""
        self._channel = Channel(slack, channel)
        self._readers = Readers(channel, is_shared_outside, timing.private)
        self._names = names
        self._notify_posted = posted
        self._outbox = outbox
        self._apps = apps
        self._masked = masked
        self._timing = timing
        self._holder = secrets.token_hex(8)
        self._holding = False
        self._posted: frozenset[str] = frozenset()
        self._altered: Mapping[int, float] = {}
        self._unkept: list[Post] = []
        self._update_at = 0.0
        self._unnoted: Head | None = None
        self._uncovered_since: float | None = None
        self._failures = 0
        self._problem = ""
        self._stop = threading.Event()
        self._woken = threading.Event()
        self._is_idle = False
        self._thread = threading.Thread(target=self._run, name="relay", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def look(self) -> None:
        """Post soon: an entry waits."""
        self._woken.set()

    def close(self, seconds: float = CLOSE_SECONDS) -> None:
        """Stop after the current message, if it is posted in that time."""
        self._stop.set()
        self._woken.set()
        if self._thread.is_alive():
            self._thread.join(seconds)
        if self._thread.is_alive():
            log.warning("a message to the audit channel was still being posted after %g s", seconds)

    def status(self) -> RelayStatus:
        """Return the state of the relay.

        Raises:
            AuditError: The outbox cannot be read.
        """
        waiting, since = self._outbox.count_waiting()
        oldest = max(0.0, (self._outbox.now() - since).total_seconds()) if since else 0.0
        return RelayStatus(waiting, oldest, self._problem, self._thread.is_alive())

    def trouble(self) -> str:
        """Explain why entries are not delivered or were altered; empty when all is well."""
        try:
            status = self.status()
        except AuditError as error:
            return f"the outbox cannot be read: {error}"
        if not status.running:
            return "the relay has stopped: restart the bot"
        return "; ".join(filter(None, (self._alarm(), self._delay(status))))

    def _alarm(self) -> str:
        now = time.monotonic()
        fresh = [number for number, found_at in self._altered.items() if now - found_at < ALARM_SECONDS]
        return (
            f"{describe_altered(fresh)}: tell the bot's operator to run im-bot audit verify" if fresh else ""
        )

    def _delay(self, status: RelayStatus) -> str:
        since, late = self._uncovered_since, status.oldest_seconds
        if since is not None and not status.waiting:
            late = time.monotonic() - since
        if late < STUCK_SECONDS and not self._readers.outside:
            return ""
        waiting = "1 entry waits" if status.waiting == 1 else f"{status.waiting} entries wait"
        delay = f"{waiting}, the oldest for {late:.0f} s" if status.waiting else ""
        if since is not None and not status.waiting:
            delay = f"a checkpoint has waited for {late:.0f} s"
        return "; ".join(filter(None, (delay, status.problem)))

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                self._woken.clear()
                seconds = self._step()
                # Only the wait for entries is cut short; the others are Slack's.
                wakes = self._is_idle and not self._stop.is_set()
                (self._woken if wakes else self._stop).wait(seconds)
        finally:
            self._release()

    def _step(self) -> float:
        """Post the next entries, if any; return the seconds to the next step."""
        try:
            return self._advance()
        except Exception as error:
            # If this thread died, no further entry would be posted.
            log.exception("entries could not be posted")
            return self._fail(f"the bot failed ({type(error).__name__}); see its log")

    def _advance(self) -> float:
        self._is_idle = False
        try:
            posted = self._post_entries() or self._post_checkpoint() or self._update_post()
            if not posted:
                self._readers.look()
        except SlackCallError as error:
            problem, wait = f"{error}{fix_for(error.code)}", error.retry_after
            return self._fail(problem) if wait is None else self._wait(problem, wait)
        except NotSharedError as error:
            return self._fail(f"{error}{fix_for(error.detail)}")
        except AuditError as error:
            return self._fail(f"the outbox failed: {error}")
        self._failures, self._problem = 0, ""
        if posted:
            return self._timing.spacing
        self._release()
        self._is_idle = True
        return self._timing.poll

    def _post_entries(self) -> bool:
        """Post the next entries in one message; return False if there are none."""
        entries = self._outbox.lease_next(self._holder, LEASE, TAKEN)
        if not entries:
            return False
        self._holding = True
        self._note_altered(entries)
        # Entries already posted but not yet marked as delivered are only marked.
        if new := [entry for entry in entries if _key(entry) not in self._posted]:
            self._readers.check()
            chosen = [entry for group in group_entries(new)[:BATCH] for entry in group]
            place = self._channel.post(render_entries(chosen, self._apps, self._masked, self._names))
            self._unkept.append(make_post(self._token, *place, chosen))
            self._posted = (self._posted | set(map(_key, chosen))) & set(map(_key, entries))
        # Groups of refusals are posted out of order: mark only up to the first gap.
        *_, last = takewhile(lambda entry: _key(entry) in self._posted, entries)
        self._outbox.mark_delivered(self._holder, last.sequence, self._unkept)
        self._unkept = []
        self._notify_posted()
        return True

    def _post_checkpoint(self) -> bool:
        """Post a checkpoint if one is due; return False if not."""
        if self._unnoted is None:
            head = self._outbox.lease_checkpoint(self._holder, LEASE, self._timing.checkpoint)
            if head is None:
                self._uncovered_since = None
                return False
            self._holding = True
            self._uncovered_since = self._uncovered_since or time.monotonic()
            self._readers.check()
            self._channel.post(render_checkpoint(head, self._outbox.now()))
            self._unnoted, self._uncovered_since = head, None
        self._outbox.mark_delivered(self._holder, self._unnoted.sequence)
        self._unnoted = None
        return True

    def _update_post(self) -> bool:
        """Update the message of a change that was undone; return False if there is none.

        Failures are tried again later and hold up no entry.
        """
        if time.monotonic() < self._update_at:
            return False
        outdated = self._outbox.lease_outdated(self._holder, LEASE)
        if outdated is None:
            return False
        self._holding = True
        try:
            self._rewrite(outdated)
        except SlackCallError as error:
            if error.code not in _FINAL:
                self._update_at = time.monotonic() + (error.retry_after or self._timing.longest_wait)
                log.warning("could not update a message in the audit channel: %s", error)
                return False
            log.info("a message in the audit channel stays as it is: %s", error)
        self._outbox.mark_shown(outdated)
        return True

    def _rewrite(self, outdated: OutdatedPost) -> None:
        post, entries = outdated.post, outdated.entries
        if post is None or post.channel != self._channel.id:
            return
        if not is_genuine(self._token, post, entries):
            log.warning("message %s of the audit channel is not updated: its entries differ", post.ts)
            return
        self._readers.check()
        message = render_entries(entries, self._apps, self._masked, self._names, outdated.undone)
        self._channel.update(post.ts, message)

    def _note_altered(self, entries: Group) -> None:
        found = [
            entry.sequence
            for entry in entries
            if isinstance(entry, AlteredEntry) and entry.sequence not in self._altered
        ]
        if found:
            log.error("%s: run im-bot audit verify", describe_altered(found))
            self._altered = {**self._altered, **dict.fromkeys(found, time.monotonic())}

    def _fail(self, problem: str) -> float:
        if problem != self._problem:
            log.warning("could not post to the audit channel: %s", problem)
        self._problem = problem
        growing: float = self._timing.first_wait * 2 ** min(self._failures, _DOUBLINGS)
        self._failures += 1
        return min(growing, self._timing.longest_wait)

    def _wait(self, problem: str, asked: float) -> float:
        """Return the seconds that Slack asks to wait, within limits; the lease holds for as long."""
        self._fail(problem)
        seconds = min(asked, self._timing.longest_asked)
        with suppress(AuditError):
            self._outbox.lease_next(self._holder, seconds + LEASE, 1)
        return seconds

    def _release(self) -> None:
        """Release the lease, which otherwise expires."""
        if self._holding:
            self._holding = False
            with suppress(AuditError):
                self._outbox.release(self._holder)


def _key(entry: Entry | AlteredEntry) -> str:
    """Return a key that even another entry with the same number does not share."""
    return entry.hash if isinstance(entry, Entry) else f"altered {entry.sequence}"
