"""The Home tab, published when it is opened and after its buttons are pressed."""

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from threading import Lock
from typing import Any

from slack_bolt import Ack, App

from bot.core.file_lookups import FileLookup
from bot.core.model import Actor, Role, Surface
from bot.core.results import Home, Recent
from bot.core.services import Services
from bot.errors import AuditError, SlackUnavailableError
from bot.slack.admission import Admission
from bot.slack.api.client import SlackClient
from bot.slack.api.errors import SlackCallError
from bot.slack.api.payloads import text
from bot.slack.delivery.reply import Reply
from bot.slack.delivery.request import SlackRequest
from bot.slack.delivery.response_url import Responder
from bot.slack.interaction_store import Interactions
from bot.slack.interactions import SavedAccount, SavedLookup, ShownHome
from bot.slack.messages.blocks import Button
from bot.slack.messages.home import AuditChannel, accessory, render_home
from bot.slack.messages.notices import busy
from bot.slack.runner import CommandRunner

MOST_TABS = 256
"""The most Home tabs whose buttons are kept; the oldest are dropped first."""
_NAME = "ShowHome"


def register(
    app: App, runner: CommandRunner, responder: Responder, admission: Admission, homes: "HomeTabs"
) -> None:
    """Register the event of an opened Home tab with Bolt."""

    @app.event("app_home_opened")
    def on_home(ack: Ack, body: Mapping[str, Any]) -> None:
        ack()
        event = body["event"]
        if event.get("tab") == "home":
            actor = Actor(text(event, "user"), text(body, "team_id"))
            request = SlackRequest(actor, Surface.BUTTON, Reply(responder.reach("", actor.user_id)))
            # Nothing is written to people who merely looked: the tab says what it said before until then.
            if not admission.workers.submit(partial(publish, runner, homes, request), actor):
                admission.priority.submit(partial(request.reply.refuse, busy()), actor)


def publish(runner: CommandRunner, homes: "HomeTabs", request: SlackRequest) -> None:
    """Publish the actor's Home tab."""
    runner.run_guarded(request, lambda: homes.publish(request.actor))


def publish_again(
    runner: CommandRunner, homes: "HomeTabs", request: SlackRequest, job: Callable[[], None]
) -> None:
    """Publish the actor's Home tab after a job, if it was published before."""
    job()
    if homes.shows(request.actor):
        publish(runner, homes, request)


def _home_id(actor: Actor) -> str:
    return f"home {actor.user_id}"


@dataclass(frozen=True, slots=True)
class HomeTabs:
    """Publishes Home tabs (views.publish).

    Args:
        slack: The client of Slack's Web API.
        command: The name of the slash command, slash included.
        services: The services that run commands.
        interactions: The state behind buttons.
        audit_state: Describes the state of the audit channel.
        audit_channel: The id of the audit channel; empty if there is none.
        list_file_lookups: Lists a person's file lookups that are not over.
    """

    slack: SlackClient
    command: str
    services: Services
    interactions: Interactions
    audit_state: Callable[[], str]
    audit_channel: str = ""
    list_file_lookups: Callable[[Actor], Sequence[FileLookup]] = lambda _: ()
    _is_due_again: dict[Actor, bool] = field(default_factory=dict, init=False)
    _button_ids: OrderedDict[Actor, list[str]] = field(default_factory=OrderedDict, init=False)
    _lock: Lock = field(default_factory=Lock, init=False)

    def shows(self, actor: Actor) -> bool:
        """Check whether an actor's Home tab was published within a day, by any process."""
        return self.interactions.exists(_home_id(actor))

    def publish(self, actor: Actor) -> str:
        """Publish an actor's Home tab; returns the label of its metric.

        Calls while another thread publishes it make that thread publish it once more.

        Raises:
            SlackUnavailableError: Slack did not update it.
        """
        with self._lock:
            if actor in self._is_due_again:
                self._is_due_again[actor] = True
                return _NAME
            self._is_due_again[actor] = True
        while self._is_due(actor):
            try:
                self._publish(actor)
            except BaseException:
                with self._lock:
                    del self._is_due_again[actor]
                raise
        return _NAME

    def _is_due(self, actor: Actor) -> bool:
        """Check whether to publish once more, and reset the mark."""
        with self._lock:
            if not self._is_due_again[actor]:
                del self._is_due_again[actor]
                return False
            self._is_due_again[actor] = False
            return True

    def _publish(self, actor: Actor) -> None:
        home = self.services.show_home(actor)
        state = self.audit_state() if home.report.role is Role.EDITOR else ""
        channel = AuditChannel(self.audit_channel, state)
        ids: list[str] = []
        beside = self._make_buttons(actor, home, ids)
        running: Sequence[FileLookup] = ()
        with suppress(AuditError):
            running = self.list_file_lookups(actor)
        view = render_home(home, beside, channel, command=self.command, file_lookups=running)
        try:
            self.slack.call("views.publish", user_id=actor.user_id, view=view)
        except SlackCallError as error:
            self._forget(ids)
            raise SlackUnavailableError(
                "Slack did not update your Home tab",
                advice=f"Open it again in a minute; {self.command} still works",
                detail=error.reason,
            ) from None
        self._remember(actor, ids)

    def _remember(self, actor: Actor, ids: list[str]) -> None:
        """Keep the buttons of an actor's tab, and forget those that no tab shows any more."""
        self.interactions.keep(actor, ShownHome(), _home_id(actor))
        with self._lock:
            gone = self._button_ids.pop(actor, [])
            self._button_ids[actor] = ids
            if len(self._button_ids) > MOST_TABS:
                gone += self._button_ids.popitem(last=False)[1]
        self._forget(gone)

    def _forget(self, ids: list[str]) -> None:
        for key in ids:
            self.interactions.forget(key)

    def _make_buttons(self, actor: Actor, home: Home, ids: list[str]) -> dict[int, Button]:
        def keep(what: SavedLookup | SavedAccount | None) -> str:
            if what is None:
                return ""
            ids.append(self.interactions.keep(actor, what))
            return ids[-1]

        is_editor = home.report.role is Role.EDITOR
        made = {recent.entry.sequence: _beside(recent, keep, is_editor=is_editor) for recent in home.recent}
        return {sequence: button for sequence, button in made.items() if button}


def _beside(
    recent: Recent, keep: Callable[[SavedLookup | SavedAccount | None], str], *, is_editor: bool
) -> Button | None:
    again, about = recent.again, recent.about
    repeat_id = keep(SavedLookup(again) if again else None)
    history_id = keep(SavedAccount(about.app, about.account) if about and not again else None)
    return accessory(recent, repeat_id, history_id, is_editor=is_editor)
