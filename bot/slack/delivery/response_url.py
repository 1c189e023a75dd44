"""Answers to a response URL or in a conversation, with a direct message as the last way out."""

import logging
import secrets
import time
from collections.abc import Callable, Mapping
from functools import partial
from http import HTTPStatus
from typing import Any

import msgspec

from bot.core.model import Deadline
from bot.http_session import CallError, Response, Session
from bot.slack.api.client import USUAL_LIMITS, Limits, SlackClient
from bot.slack.api.errors import LONGEST_WAIT, SlackCallError, read_code, read_wait
from bot.slack.delivery.channel import Channel
from bot.slack.delivery.conversation import Conversation
from bot.slack.messages.blocks import Message

TRIES = 2
"""How often one message is sent before another way is taken; a response URL works five times in all."""
MOST_BYTES = 64 * 1024
"""The longest answer to a post that is read; Slack says `ok`, or an error's code."""

_JSON = {"Content-Type": "application/json; charset=utf-8"}
_QUIET = {"unfurl_links": False, "unfurl_media": False}
_IN_PLACE = {"response_type": "ephemeral", "replace_original": True}

_PASSING = {"", "internal_error", "service_unavailable", "request_timeout"}
"""What Slack says when it does not know itself what became of a message."""

log = logging.getLogger(__name__)


class _NotTakenError(Exception):
    """Slack did not take a message; the words are its error code or the kind of failure."""


class Responder:
    """Sends messages to response URLs; shared by all commands and threads."""

    def __init__(self, slack: SlackClient, connections: int, limits: Limits = USUAL_LIMITS) -> None:
        self._slack = slack
        self._limits = limits
        self._session = Session("https://hooks.slack.com", connections)

    def send(self, url: str, message: Message, options: Mapping[str, Any], actor_id: str) -> None:
        """Send a message to a response URL; without one, or where it is not taken, to the actor directly.

        It never raises: what cannot be delivered at all is logged, without its content.
        """
        if not url:
            self.send_directly(actor_id, message)
            return
        body = {"text": message.text, "blocks": message.blocks, **options, **_QUIET}
        deadline = Deadline.after(self._limits.answer)
        try:
            try:
                self._post(url, body, deadline)
            except _NotTakenError as error:
                if "invalid_blocks" not in str(error):
                    raise
                log.warning("Slack refused the blocks of an answer; sending its plain text")
                self._post(url, {name: value for name, value in body.items() if name != "blocks"}, deadline)
        except _NotTakenError as error:
            log.warning("a response URL did not take an answer (%s); sending a direct message", error)
            self.send_directly(actor_id, message)

    def open_conversation(self, channel_id: str, user_id: str, thread_ts: str) -> Conversation:
        """Make the conversation with somebody in a direct message, or in a thread of a channel."""
        return Conversation(Channel(self._slack, channel_id, thread_ts), user_id)

    def say(self, conversation: Conversation, message: Message, *, replaces: bool, private: bool) -> None:
        """Send a message to a conversation; where it is not taken, to the person directly.

        What cannot take the place of the last message there is posted as a new one first.

        As `send` it never raises.

        Args:
            conversation: Where.
            message: What.
            replaces: Whether it takes the place of the last one there.
            private: Whether only the person is to see it.
        """
        post = conversation.post_ephemeral if private else partial(conversation.say, replaces=False)
        replace = partial(conversation.say, replaces=True)
        deadline = Deadline.after(self._limits.answer)
        for way in (replace, post) if replaces and conversation.begun and not private else (post,):
            if deadline.left() <= 0:
                break
            try:
                _patiently(partial(way, message), deadline)
            except SlackCallError as error:
                log.warning("a conversation did not take an answer (%s); taking another way", error)
            else:
                return
        self.send_directly(conversation.user_id, message)

    def update(self, way: str | Conversation, message: Message) -> None:
        """Put a message in the place of the last one at a response URL or in a conversation, or do not."""
        if isinstance(way, Conversation):
            try:
                way.say(message, replaces=True)
            except SlackCallError as error:
                log.info("a conversation did not take an update (%s)", error)
            return
        body = {"text": message.text, "blocks": message.blocks, **_IN_PLACE, **_QUIET}
        _, reason = self._try(way, msgspec.json.encode(body), self._limits.attempt)
        if reason:
            log.info("a response URL did not take an update (%s)", reason)

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def _post(self, url: str, body: Mapping[str, Any], deadline: Deadline) -> None:
        """Post to a response URL, twice at the most and not beyond the deadline.

        Raises:
            _NotTakenError: Slack did not take it.
        """
        data = msgspec.json.encode(body)
        for left in reversed(range(TRIES)):
            wait, reason = self._try(url, data, min(self._limits.attempt, deadline.left()))
            if not reason:
                return
            if wait is None or not left or wait >= deadline.left():
                raise _NotTakenError(reason)
            time.sleep(wait)

    def _try(self, url: str, data: bytes, seconds: float) -> tuple[float | None, str]:
        """Post once; the seconds until another try makes sense, if ever, and why it failed, empty if not."""
        try:
            answer = self._session.post(url, data, _JSON, seconds=seconds, max_bytes=MOST_BYTES)
        except CallError as error:
            return _soon(), str(error)
        if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
            asked = read_wait(answer.headers, LONGEST_WAIT)
            return 1.0 if asked is None else asked, "ratelimited"
        if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return _soon(), f"HTTP {answer.status}"
        return None, _refusal(answer)

    def send_directly(self, actor_id: str, message: Message) -> None:
        """Send a message to an actor's direct messages; as `send` it never raises."""
        post = partial(Channel(self._slack, actor_id).post, message)
        try:
            _patiently(post, Deadline.after(self._limits.answer), last=True)
        except SlackCallError as error:
            log.error("an answer could not be delivered at all (%s)", error)  # noqa: TRY400


def _patiently(post: Callable[[], object], deadline: Deadline, *, last: bool = False) -> None:
    """Post, and once more where Slack asks to wait or nobody knows what became of it.

    Args:
        post: Posts once.
        deadline: Until when to try again.
        last: Whether there is no other way; then again and again, as long as Slack asks to wait.

    Raises:
        SlackCallError: Slack did not take it.
    """
    again = False
    while True:
        try:
            post()
        except SlackCallError as error:
            limited = error.retry_after is not None
            if (again and not (last and limited)) or not (limited or error.code in _PASSING):
                raise
            wait = min(_soon() if error.retry_after is None else error.retry_after, LONGEST_WAIT)
            if wait >= deadline.left():
                raise
        else:
            return
        again = True
        # Those that wait for the same channel do not all come back at once.
        time.sleep(wait + _soon() if last else wait)


def _soon() -> float:
    return 0.2 + secrets.randbelow(300) / 1000


def _refusal(answer: Response) -> str:
    """Name Slack's error, empty when it took the message; its answer is `ok` as text or as JSON."""
    taken = answer.status < HTTPStatus.MULTIPLE_CHOICES
    if taken and bytes(answer.body.strip()) in (b"ok", b""):
        return ""
    try:
        said = msgspec.json.decode(answer.body, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        said = {"ok": taken, "error": answer.body.decode(errors="replace")}
    if taken and said.get("ok", True):
        return ""
    # Only a code of Slack's is repeated: a gateway's page may name the response URL.
    return read_code(said) or f"HTTP {answer.status}"
