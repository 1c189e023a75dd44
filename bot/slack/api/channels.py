"""Checks that no other organization can read a channel, before posting to it."""

import time
from collections.abc import Callable
from contextlib import suppress

from bot.errors import NotSharedError, SlackUnavailableError
from bot.slack.api.people import SlackPeople

_OFFER_SECONDS = 0.8
"""The most seconds for the name of a channel before an answer is sent."""
_SOMEWHERE = "this conversation"
_NEVER_TOLD = frozenset({"channel_not_found", "missing_scope"})
"""Slack's codes for a channel whose readers it does not tell the bot."""
_DIRECT = "D"
"""The first letter of the ids of direct messages between two; those of groups have ids like channels."""


def is_private(channel_id: str) -> bool:
    """Check whether a channel is a direct message between two, or there is none."""
    return not channel_id or channel_id.startswith(_DIRECT)


def check_share(people: SlackPeople, channel_id: str) -> None:
    """Check that an answer may be posted in a channel.

    Raises:
        NotSharedError: It may not.
    """
    if is_private(channel_id):
        raise NotSharedError("this is a direct message", advice="Use --share in a channel")
    try:
        shared_outside = people.is_shared_outside(channel_id)
    except SlackUnavailableError:
        raise NotSharedError(
            "Slack did not say whether people from other organizations can read this channel",
            advice="In a private channel, invite the bot first; "
            "a group direct message must be started with it",
        ) from None
    if shared_outside:
        raise NotSharedError("people from other organizations can read this channel")


def find_place(people: SlackPeople, channel_id: str) -> str | None:
    """Return the words for a channel to which an answer may be shared; None if sharing would be refused.

    While Slack does not answer, sharing is offered: the press checks again.
    """
    if is_private(channel_id):
        return None
    try:
        with people.within(_OFFER_SECONDS):
            name, shared_outside = people.describe_channel(channel_id)
    except SlackUnavailableError as error:
        return None if error.detail in _NEVER_TOLD else _SOMEWHERE
    if shared_outside:
        return None
    return f"#{name}" if name else _SOMEWHERE


class Readers:
    """Asks Slack whether people from other organizations can read one channel.

    Only the answer no is cached, for a short time.

    Args:
        channel_id: The channel's id.
        is_shared_outside: Asks Slack; raises SlackUnavailableError.
        seconds: The seconds for which a no is cached.
    """

    def __init__(self, channel_id: str, is_shared_outside: Callable[[str], bool], seconds: float) -> None:
        self._channel_id = channel_id
        self._is_shared_outside = is_shared_outside
        self._seconds = seconds
        self._asked_at = float("-inf")
        self._private_until = float("-inf")
        self.outside = False
        """Whether people from other organizations can read it, by Slack's last answer."""

    def check(self) -> None:
        """Check that no other organization can read the channel.

        Raises:
            NotSharedError: People of other organizations can, or Slack did not say.
        """
        now = time.monotonic()
        if now < self._private_until:
            return
        self._asked_at = now
        try:
            self.outside = self._is_shared_outside(self._channel_id)
        except SlackUnavailableError as error:
            raise NotSharedError(
                "Slack did not say whether people from other organizations can read it",
                detail=error.detail,
            ) from None
        self._private_until = float("-inf") if self.outside else now + self._seconds
        self._refuse_outsiders()

    def look(self) -> None:
        """Ask again if the last answer is old; keep that if Slack does not answer.

        Raises:
            NotSharedError: People of other organizations can read the channel.
        """
        if time.monotonic() - self._asked_at >= self._seconds:
            with suppress(NotSharedError):
                self.check()
        self._refuse_outsiders()

    def _refuse_outsiders(self) -> None:
        if self.outside:
            raise NotSharedError(
                "people from other organizations can read it, so nothing is posted: stop sharing it, or set "
                "another channel in AUDIT_CHANNEL"
            )
