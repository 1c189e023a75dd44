"""Delivery to response URLs, with a direct message as the last resort."""

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, ClassVar

import msgspec

from bot.core.model import Deadline
from bot.http_client.errors import CallError
from bot.http_client.session import Response, Session
from bot.slack.api.client import USUAL_LIMITS, Limits, SlackClient
from bot.slack.api.errors import read_code, refuses_blocks
from bot.slack.api.retry_after import LONGEST_WAIT, read_wait
from bot.slack.delivery.channel import Channel
from bot.slack.delivery.conversation import Conversation, send_directly, soon
from bot.slack.delivery.modal import ModalDelivery
from bot.slack.delivery.open_view import OpenView
from bot.slack.delivery.private_thread import PrivateThread
from bot.slack.delivery.reply import Audience, Delivery
from bot.slack.messages.blocks import Message
from bot.slack.messages.silent_mentions import Names, no_names, without_mentions

TRIES = 2
"""The tries of one message before the fallback; a response URL works five times in all."""
UPDATED_AFTER = (2.5, 6.0)
"""Seconds after which a progress notice is updated in place of the pressed message.

The URL takes five messages: the notice, two updates, the answer, and one in reserve. There is only one update
after a waiting notice.
"""
MOST_BYTES = 64 * 1024
"""The longest response read, in bytes; Slack responds `ok`, or an error code."""

_JSON = {"Content-Type": "application/json; charset=utf-8"}
_QUIET = {"unfurl_links": False, "unfurl_media": False}
_IN_PLACE = {"response_type": "ephemeral", "replace_original": True}

log = logging.getLogger(__name__)


class _NotTakenError(Exception):
    """Slack did not take a message; the text is its error code or the kind of failure."""


class Responder:
    """Sends messages to response URLs; shared by all commands and threads.

    Args:
        slack: The client of Slack's Web API.
        connections: The most connections.
        limits: The time limits.
        names: Returns the names of people in public messages.
    """

    def __init__(
        self,
        slack: SlackClient,
        connections: int,
        limits: Limits = USUAL_LIMITS,
        names: Names = no_names,
    ) -> None:
        self.names = names
        self._slack = slack
        self._limits = limits
        self._session = Session("https://hooks.slack.com", connections)

    def reach(self, url: str, actor_id: str) -> Delivery:
        """Make the delivery to a response URL, or without one to the actor's direct messages.

        Args:
            url: The response URL; empty if there is none.
            actor_id: The actor's user id.
        """
        if not url:
            return self.open_conversation(actor_id, actor_id, public=False)
        return ResponseUrl(self, url, actor_id)

    def open_conversation(
        self,
        channel_id: str,
        user_id: str,
        thread_ts: str = "",
        *,
        public: bool,
        asked_ts: str = "",
        opens_thread: bool = False,
    ) -> Conversation:
        """Make the delivery to a direct message, or to a public thread of a channel, perhaps a new one."""
        channel, seconds = Channel(self._slack, channel_id, thread_ts), self._limits.answer
        return Conversation(channel, user_id, seconds, public, self.names, asked_ts, opens_thread)

    def open_private_thread(self, channel_id: str, thread_ts: str, url: str, actor_id: str) -> Delivery:
        """Make the delivery to one person in a thread, with the fallback of `reach`."""
        return PrivateThread(Channel(self._slack, channel_id, thread_ts), actor_id, self.reach(url, actor_id))

    def open_view(self, view: OpenView, url: str, actor_id: str) -> Delivery:
        """Make the delivery to an open view, with the fallback of `reach` once it is closed."""
        return ModalDelivery(view, self.reach(url, actor_id))

    def send(self, url: str, message: Message, options: Mapping[str, Any]) -> bool:
        """Send a message to a response URL; return whether Slack took it.

        Never raises; a failure is logged without the content.
        """
        body = {"text": message.text, "blocks": message.blocks, **options, **_QUIET}
        deadline = Deadline.after(self._limits.answer)
        try:
            try:
                self._post(url, body, deadline)
            except _NotTakenError as error:
                if not refuses_blocks(str(error), HTTPStatus.OK, message.blocks):
                    raise
                if message.simpler:
                    log.warning("Slack refused the blocks of an answer; sending simpler ones")
                    return self.send(url, message.simpler(), options)
                log.warning("Slack refused the blocks of an answer; sending its plain text")
                self._post(url, {name: value for name, value in body.items() if name != "blocks"}, deadline)
        except _NotTakenError as error:
            log.warning("could not answer at a response URL (%s)", error)
            return False
        return True

    def send_directly(self, actor_id: str, message: Message) -> None:
        """Send a direct message; never raises."""
        send_directly(Channel(self._slack, actor_id), message, self._limits.answer)

    def update(self, url: str, message: Message) -> None:
        """Update the pressed message of a response URL, if Slack allows it."""
        body = {"text": message.text, "blocks": message.blocks, **_IN_PLACE, **_QUIET}
        _, reason = self._try(url, msgspec.json.encode(body), self._limits.attempt)
        if reason:
            log.info("could not update a message at a response URL (%s)", reason)

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def _post(self, url: str, body: Mapping[str, Any], deadline: Deadline) -> None:
        """Post to a response URL, at most twice and before the deadline.

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
        """Post once; return the seconds before a retry, None for never, and the error, empty on success."""
        try:
            answer = self._session.post(url, data, _JSON, seconds=seconds, max_bytes=MOST_BYTES)
        except CallError as error:
            return soon(), str(error)
        if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
            asked = read_wait(answer.headers, LONGEST_WAIT)
            return 1.0 if asked is None else asked, "ratelimited"
        if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return soon(), f"HTTP {answer.status}"
        return None, read_refusal(answer)


@dataclass(slots=True)
class ResponseUrl:
    """Delivery to the response URL of a command, a form or a pressed message.

    Slack replaces the pressed message, but nothing that was sent to the URL of a command: there, and beside
    a pressed message, each message is a new one.

    Args:
        responder: The client of response URLs.
        url: The response URL.
        actor_id: The actor's user id, for direct messages.
    """

    responder: Responder
    url: str = field(repr=False)
    actor_id: str
    _used: bool = field(default=False, init=False)
    public: ClassVar[bool] = False
    editable: ClassVar[bool] = False
    is_view: ClassVar[bool] = False

    @property
    def updates(self) -> tuple[float, ...]:
        """The seconds after which a progress notice is updated."""
        return UPDATED_AFTER[: 1 if self._used else None]

    def send(self, message: Message, audience: Audience = Audience.USUAL, *, in_place: bool = False) -> bool:
        """Send a message, with a direct message as the fallback for what the actor alone sees."""
        self._used = True
        in_channel = audience is Audience.CHANNEL
        if in_channel:
            message = without_mentions(message, self.responder.names)
        options = {
            "response_type": "in_channel" if in_channel else "ephemeral",
            "replace_original": in_place and not in_channel,
        }
        is_taken = self.responder.send(self.url, message, options)
        if not is_taken and not in_channel:
            self.responder.send_directly(self.actor_id, message)
        return is_taken or not in_channel

    def show_status(self, status: str) -> bool:  # noqa: ARG002 - the protocol's
        """Show none."""
        return False

    def update(self, message: Message) -> None:
        """Update the pressed message, if Slack allows it."""
        self.responder.update(self.url, message)


def read_refusal(answer: Response) -> str:
    """Return the error code of a response, empty on success; Slack responds `ok` as text or JSON."""
    taken = answer.status < HTTPStatus.MULTIPLE_CHOICES
    if taken and bytes(answer.body.strip()) in (b"ok", b""):
        return ""
    try:
        said = msgspec.json.decode(answer.body, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        said = {"ok": taken, "error": answer.body.decode(errors="replace")}
    if taken and said.get("ok", True):
        return ""
    # Only Slack's error code is repeated: a gateway's page may name the response URL.
    return read_code(said) or f"HTTP {answer.status}"
