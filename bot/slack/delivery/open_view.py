"""An open modal view, updated when its data is ready."""

import logging
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.slack.api.client import SlackClient
from bot.slack.api.errors import SlackCallError

FOLLOWED_AFTER = 4.0
"""Seconds after which Slack has followed an ack for certain, or never will: it waits three for one."""

_FIRST_PAUSE = 0.05
_LONGEST_PAUSE = 0.4
_GONE = "not_found"

log = logging.getLogger(__name__)


@dataclass(slots=True)
class OpenView:
    """A view of a modal, found by Slack's id or, where it comes with an ack, by one of ours.

    The ack and what is shown after it go different ways, and may overtake each other. Slack does not know
    our id before it has followed the ack, so that nothing shown by it is overwritten by the ack.

    Args:
        slack: The client of the Web API.
        view_id: Slack's id; empty while only ours is known.
        external_id: Ours, given to the view that comes with the ack.
        expected_until: The moment (monotonic seconds) until which the ack may not have been followed.
        closed: Whether it is closed, or did not take what was to be shown: nothing is shown in it any more.
    """

    slack: SlackClient
    view_id: str = ""
    external_id: str = ""
    expected_until: float = 0.0
    closed: bool = False

    @classmethod
    def expected(cls, slack: SlackClient) -> "OpenView":
        """Make the open view that an ack brings from now on."""
        return cls(slack, "", secrets.token_urlsafe(12), time.monotonic() + FOLLOWED_AFTER)

    def show(self, view: Mapping[str, Any]) -> bool:
        """Replace the view; False when it is closed."""
        pause = _FIRST_PAUSE
        while not self.closed:
            problem = self._try(view)
            if not problem:
                return True
            if problem != _GONE or time.monotonic() >= self.expected_until:
                log.info("a modal did not take a view (%s)", problem)
                self.closed = True
            else:
                time.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)
        return False

    def _try(self, view: Mapping[str, Any]) -> str:
        """Show a view once; the name of what went wrong, empty when nothing did."""
        place = {"view_id": self.view_id} if self.view_id else {"external_id": self.external_id}
        try:
            shown = self.slack.call("views.update", **place, view=view).get("view") or {}
        except SlackCallError as error:
            return error.reason
        self.view_id = str(shown.get("id") or "") or self.view_id
        return ""
