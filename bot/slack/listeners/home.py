"""The bot's Home tab, published whenever somebody opens it or has pressed a button in it."""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from threading import Lock
from typing import Any

from slack_bolt import Ack, App

from bot.core.model import Actor, Role, Surface
from bot.core.results import Home, Recent
from bot.core.services import Services
from bot.errors import SlackUnavailableError
from bot.slack.admission import Admission
from bot.slack.api.client import SlackClient
from bot.slack.api.errors import SlackCallError
from bot.slack.api.payloads import text
from bot.slack.delivery.reply import Reply
from bot.slack.delivery.request import SlackRequest
from bot.slack.delivery.response_url import Responder
from bot.slack.interactions import Again, Interactions, Subject
from bot.slack.messages.blocks import Button
from bot.slack.messages.home import follow_up_buttons, render_home
from bot.slack.messages.notices import busy
from bot.slack.runner import CommandRunner

ROOM = 256
"""Of how many Home tabs the buttons are remembered; those of the one published longest ago go first."""
_NAME = "ShowHome"


def register(
    app: App, runner: CommandRunner, responder: Responder, admission: Admission, homes: "Homes"
) -> None:
    """Register with Bolt that somebody opens the bot's Home tab."""

    @app.event("app_home_opened")
    def on_home(ack: Ack, body: Mapping[str, Any]) -> None:
        ack()
        event = body["event"]
        if event.get("tab") == "home":
            actor = Actor(text(event, "user"), text(body, "team_id"))
            request = SlackRequest(actor, Surface.BUTTON, Reply(responder.reach("", actor.user_id)))
            # Nothing is written to people who merely looked: the tab says what it said before until then.
            if not admission.workers.submit(partial(publish, runner, homes, request), actor):
                admission.doorman.submit(partial(request.reply.refuse, busy()), actor)


def publish(
    runner: CommandRunner, homes: "Homes", request: SlackRequest, job: Callable[[], None] | None = None
) -> None:
    """Publish somebody's Home tab, after a job if there is one."""
    if job:
        job()
    runner.run_guarded(request, partial(homes.publish, request.actor))


@dataclass(frozen=True, slots=True)
class Homes:
    """Publishes Home tabs (views.publish).

    Args:
        slack: The client of Slack's Web API.
        command: The slash command's name, slash included.
        services: The services that run commands.
        interactions: What buttons lead back to.
        told: Says how far the audit channel has been told.
    """

    slack: SlackClient
    command: str
    services: Services
    interactions: Interactions
    told: Callable[[], str]
    _once_more: dict[Actor, bool] = field(default_factory=dict, init=False)
    _leading: OrderedDict[Actor, list[str]] = field(default_factory=OrderedDict, init=False)
    _lock: Lock = field(default_factory=Lock, init=False)

    def publish(self, actor: Actor) -> str:
        """Publish somebody's Home tab as it is now; names what was done.

        However often this is asked for while it is under way, it is done once more, by whoever is at it.

        Raises:
            SlackUnavailableError: Slack did not take it.
        """
        with self._lock:
            if actor in self._once_more:
                self._once_more[actor] = True
                return _NAME
            self._once_more[actor] = True
        while self._is_due(actor):
            try:
                self._publish(actor)
            except BaseException:
                with self._lock:
                    del self._once_more[actor]
                raise
        return _NAME

    def _is_due(self, actor: Actor) -> bool:
        """Tell whether to publish, and note that it is being done; whoever is not due is at it no more."""
        with self._lock:
            if not self._once_more[actor]:
                del self._once_more[actor]
                return False
            self._once_more[actor] = False
            return True

    def _publish(self, actor: Actor) -> None:
        home = self.services.show_home(actor)
        told = self.told() if home.report.role is Role.EDITOR else ""
        ids: list[str] = []
        view = render_home(home, self._lead_on(actor, home, ids), told, command=self.command)
        try:
            self.slack.call("views.publish", user_id=actor.user_id, view=view)
        except SlackCallError as error:
            self._forget(ids)
            raise SlackUnavailableError(
                "Slack did not take your Home tab",
                advice=f"Open it again in a minute; {self.command} works all the same",
                detail=error.reason,
            ) from None
        self._stand(actor, ids)

    def _stand(self, actor: Actor, ids: list[str]) -> None:
        """Note which buttons somebody has before them, and forget those that nobody has any more."""
        with self._lock:
            gone = self._leading.pop(actor, [])
            self._leading[actor] = ids
            if len(self._leading) > ROOM:
                gone += self._leading.popitem(last=False)[1]
        self._forget(gone)

    def _forget(self, ids: list[str]) -> None:
        for key in ids:
            self.interactions.forget(key)

    def _lead_on(self, actor: Actor, home: Home, ids: list[str]) -> dict[int, list[Button]]:
        def keep(what: Again | Subject) -> str:
            ids.append(self.interactions.keep(actor, what))
            return ids[-1]

        return {recent.entry.sequence: _leads(recent, keep) for recent in home.recent}


def _leads(recent: Recent, keep: Callable[[Again | Subject], str]) -> list[Button]:
    again, about, change_id = recent.again, recent.about, recent.entry.event.change_id
    again_id = keep(Again(again)) if again else None
    subject = Subject(about.app, about.account) if about and not change_id else None
    history_id = keep(subject) if subject else None
    return follow_up_buttons(again_id, history_id, change_id)
