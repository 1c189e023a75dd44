"""Delivery to a direct message or a thread, by messages that the bot can update."""

import logging
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import ClassVar

from bot.core.model import Deadline
from bot.slack.api.errors import SlackCallError
from bot.slack.api.retry_after import LONGEST_WAIT
from bot.slack.delivery.channel import Channel
from bot.slack.delivery.reply import Audience
from bot.slack.messages.blocks import Message
from bot.slack.messages.silent_mentions import Names, without_mentions

UPDATED_AFTER = (2.0, 5.0, 10.0, 16.0)
"""Seconds after which a progress notice is updated: Slack allows fifty updates a minute."""

STATUS_SECONDS = 1.0
"""The most seconds for showing a status, which delays what follows."""

_GONE = {"message_not_found", "cant_update_message", "edit_window_closed"}
_PASSING = {"", "internal_error", "service_unavailable", "request_timeout"}
"""Slack's error codes for which it is unknown whether the message was posted."""

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Conversation:
    """The conversation in which a person is answered.

    Args:
        channel: The channel or thread.
        user_id: The person.
        seconds: The time limit of one message; a fallback direct message gets as much again.
        public: Whether others see messages in it; those name people without a mention.
        names: Returns the names of people.
        asked_ts: The time stamp of the person's message, at which a status is shown; empty if there is none.
        opens_thread: Whether the bot's first message opens the thread. Until then Slack shows nobody what is
            posted there for one person.
    """

    channel: Channel
    user_id: str
    seconds: float
    public: bool
    names: Names
    asked_ts: str = ""
    opens_thread: bool = False
    _ts: str = field(default="", init=False)
    editable: ClassVar[bool] = True
    is_view: ClassVar[bool] = False

    @property
    def updates(self) -> tuple[float, ...]:
        """The seconds after which a progress notice is updated."""
        return UPDATED_AFTER

    def send(self, message: Message, audience: Audience = Audience.USUAL, *, in_place: bool = False) -> bool:
        """Send a message: update the last one if asked, else post, else send a direct message."""
        private = audience is Audience.ACTOR
        if self.public and not private:
            message = without_mentions(message, self.names)
        ways = [self._post_ephemeral if private else self._post]
        if in_place and self._ts and not private:
            ways.insert(0, self._replace)
        deadline = Deadline.after(self.seconds)
        for way in ways:
            if deadline.left() <= 0:
                break
            try:
                _try_again(partial(way, message), deadline)
            except SlackCallError as error:
                log.warning("could not answer in a conversation (%s); trying another way", error)
            else:
                return True
        if audience is Audience.CHANNEL:
            return False
        send_directly(replace(self.channel, id=self.user_id, thread_ts=""), message, self.seconds)
        return True

    def show_status(self, status: str) -> bool:
        """Show a status at the person's message, or remove it with an empty one."""
        if not self.asked_ts:
            return False
        try:
            with self.channel.slack.within(STATUS_SECONDS):
                self.channel.set_status(self.asked_ts, status)
        except SlackCallError as error:
            log.info("could not show a status in a conversation (%s)", error)
            return False
        return True

    def update(self, message: Message) -> None:
        """Update the last message, if there is one and Slack allows it."""
        if not self._ts:
            return
        try:
            self.channel.update(self._ts, without_mentions(message, self.names) if self.public else message)
        except SlackCallError as error:
            log.info("could not update a message in a conversation (%s)", error)

    def _replace(self, message: Message) -> None:
        if self._ts:
            try:
                self.channel.update(self._ts, message)
            except SlackCallError as error:
                if error.code not in _GONE:
                    raise
            else:
                return
        self._post(message)

    def _post(self, message: Message) -> None:
        channel_id, self._ts = self.channel.post(message)
        self.channel = replace(self.channel, id=channel_id)

    def _post_ephemeral(self, message: Message) -> None:
        """Post a message that only the person sees."""
        if self.public:
            hidden = self.opens_thread and not self._ts
            channel = replace(self.channel, thread_ts="") if hidden else self.channel
            channel.post_ephemeral(self.user_id, message)
        else:
            self.channel.post(message)


def send_directly(direct: Channel, message: Message, seconds: float) -> None:
    """Send a direct message; a failure is logged without the content.

    Args:
        direct: The person's direct messages.
        message: The message.
        seconds: The time limit.
    """
    try:
        _try_again(partial(direct.post, message), Deadline.after(seconds), last=True)
    except SlackCallError as error:
        log.error("an answer could not be delivered at all (%s)", error)  # noqa: TRY400


def _try_again(post: Callable[[], object], deadline: Deadline, *, last: bool = False) -> None:
    """Post, with one retry if Slack asks to wait or the outcome is unknown.

    Args:
        post: Posts once.
        deadline: The time limit; no retry starts after it.
        last: Whether there is no other way; then it retries as often as Slack asks to wait.

    Raises:
        SlackCallError: Slack did not confirm it.
    """
    again = False
    while True:
        try:
            post()
        except SlackCallError as error:
            limited = error.retry_after is not None
            if (again and not (last and limited)) or not (limited or error.code in _PASSING):
                raise
            wait = min(soon() if error.retry_after is None else error.retry_after, LONGEST_WAIT)
            if wait >= deadline.left():
                raise
        else:
            return
        again = True
        # Spread, so that all messages for a channel are not retried at once.
        time.sleep(wait + soon() if last else wait)


def soon() -> float:
    """Return random seconds before a retry."""
    return 0.2 + secrets.randbelow(300) / 1000
