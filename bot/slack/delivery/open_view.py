"""An open modal view, updated when its data is ready."""

import logging
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from bot.slack.api.client import SlackClient
from bot.slack.api.errors import SlackCallError
from bot.slack.modals.answer import without_alerts

FOLLOWED_AFTER = 4.0
"""Seconds after which Slack has applied an ack or never will; it waits three for one."""

_FIRST_PAUSE = 0.05
_LONGEST_PAUSE = 0.4
_GONE = "not_found"
_REFUSED_BLOCKS = frozenset({"invalid_arguments", "invalid_blocks", "missing_scope"})
"""The errors of a view with blocks that this workspace, or the app's scopes, do not allow."""

Simplify: TypeAlias = Callable[[Mapping[str, Any]], Mapping[str, Any] | None]

log = logging.getLogger(__name__)


@dataclass(slots=True)
class OpenView:
    """An open modal view, found by Slack's id or, if an ack shows it, by an id of the bot.

    The ack and a later update take different connections, and may overtake each other. Slack does not know
    the bot's id before it has applied the ack, so the ack never overwrites an update by that id.

    Args:
        slack: The client of the Web API.
        title: The form's title, also above a notice in its place.
        view_id: Slack's id; empty while unknown.
        external_id: The bot's id for the view in the ack.
        expected_until: The moment (monotonic seconds) until which Slack may still apply the ack.
        problem: The error of the update that Slack refused, empty before; it gets no more after that.
    """

    slack: SlackClient
    title: str
    view_id: str = ""
    external_id: str = ""
    expected_until: float = 0.0
    problem: str = ""

    @classmethod
    def expected(cls, slack: SlackClient, title: str) -> "OpenView":
        """Make the open view that the coming ack will show."""
        return cls(slack, title, "", secrets.token_urlsafe(12), time.monotonic() + FOLLOWED_AFTER)

    @property
    def is_gone(self) -> bool:
        """Whether the person has closed it."""
        return self.problem == _GONE

    def show(self, view: Mapping[str, Any], simplify: Simplify = without_alerts) -> bool:
        """Update the view; return False if it is closed, or refused an update.

        Args:
            view: The new view.
            simplify: Makes a simpler one if Slack refuses its blocks; None if there is none.
        """
        pause = _FIRST_PAUSE
        while not self.problem:
            problem = self._try(view)
            if not problem:
                return True
            if problem in _REFUSED_BLOCKS and (simpler := simplify(view)):
                view = simpler
                continue
            if problem != _GONE or time.monotonic() >= self.expected_until:
                log.info("could not update a modal (%s)", problem)
                self.problem = problem
            else:
                time.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)
        return False

    def _try(self, view: Mapping[str, Any]) -> str:
        """Update the view once; return the error code, empty on success."""
        place = {"view_id": self.view_id} if self.view_id else {"external_id": self.external_id}
        try:
            shown = self.slack.call("views.update", **place, view=view).get("view") or {}
        except SlackCallError as error:
            return error.reason
        self.view_id = str(shown.get("id") or "") or self.view_id
        return ""
