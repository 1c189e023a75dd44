from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest

from bot.core.model import Actor, Outcome, Surface
from bot.errors import ExpiredError, PermissionDeniedError, SlackUnavailableError
from bot.slack.api.client import SlackClient
from bot.slack.delivery.forms import Forms
from bot.slack.delivery.open_view import OpenView
from bot.slack.delivery.reply import Audience, Reply
from bot.slack.delivery.request import SlackRequest
from bot.slack.interactions import OpenLookup
from bot.slack.messages.blocks import Message
from bot.slack.messages.errors import render_error
from bot.slack.modals.lookup import TITLE, message_view
from bot.slack.modals.review import settled_view
from tests.slack.modals.test_views import BOTH, FOUND
from tests.support.interactions import make_interactions
from tests.support.sample_results import settled
from tests.support.scripted_server import ScriptedServer, ServerResponse, answer
from tests.support.slack import BOT_TOKEN

ACTOR = Actor("U07VERA1", "T07")
SHOWN = answer({"ok": True, "view": {"id": "V1"}})
GONE = answer({"ok": False, "error": "not_found"})
BROKEN = answer(b"", status=500)


class RecordingDelivery:
    """Records what is sent."""

    public = editable = is_view = False
    updates = ()

    def __init__(self) -> None:
        self.sent: list[Message] = []

    def send(
        self,
        message: Message,
        audience: Audience = Audience.USUAL,  # noqa: ARG002 - the protocol's
        *,
        in_place: bool = False,  # noqa: ARG002 - the protocol's
    ) -> bool:
        self.sent.append(message)
        return True

    def show_status(self, status: str) -> bool:
        raise AssertionError(status)

    def update(self, message: Message) -> None:
        raise AssertionError(message)


class FormFixture:
    """A form of a message's ids, opened at a scripted Slack."""

    def __init__(self, slack: SlackClient, server: ScriptedServer) -> None:
        self.interactions = make_interactions()
        self.channel = RecordingDelivery()
        self.request = SlackRequest(ACTOR, Surface.FORM, Reply(self.channel), trigger_id="1.2.x")
        self.keys: list[str] = []
        self.server = server
        self._forms = Forms(slack, self.interactions)

    def open(self, *, forgets: bool = True) -> None:
        self._forms.open(self.request, TITLE, self._make, forgets=forgets)

    def refuse(self) -> None:
        """Open a form that the actor may not have, and answer the refusal as the runner does."""
        error = PermissionDeniedError("you are not an editor", advice="Ask an editor")

        def make() -> dict[str, Any]:
            raise error

        with pytest.raises(PermissionDeniedError):
            self._forms.open(self.request, TITLE, make)
        self.request.reply.refuse(render_error(error, command="/im"))

    def _make(self) -> dict[str, Any]:
        self.keys.append(self.interactions.keep(ACTOR, OpenLookup("C01", "")))
        return message_view(BOTH, FOUND, self.keys[-1])

    @property
    def calls(self) -> list[str]:
        return [request.path.rpartition("/")[2] for request in self.server.requests]


@contextmanager
def scripted_slack(*script: ServerResponse) -> Iterator[FormFixture]:
    with (
        ScriptedServer(*script) as server,
        closing(SlackClient(BOT_TOKEN, f"{server.url}/api/")) as slack,
    ):
        yield FormFixture(slack, server)


def test_opens_a_loading_view_before_the_form_is_made() -> None:
    with scripted_slack(SHOWN, SHOWN) as fixture:
        fixture.open()

    assert fixture.calls == ["views.open", "views.update"]
    assert fixture.interactions.find(fixture.keys[0], ACTOR, OpenLookup) == OpenLookup("C01", "")


def test_keeps_nothing_of_a_form_whose_loading_view_was_closed() -> None:
    with scripted_slack(SHOWN, GONE) as fixture:
        fixture.open()

    assert fixture.channel.sent == []
    with pytest.raises(ExpiredError):
        fixture.interactions.find(fixture.keys[0], ACTOR, OpenLookup)


def test_keeps_the_state_of_a_messages_buttons_whose_form_was_closed() -> None:
    with scripted_slack(SHOWN, GONE) as fixture:
        fixture.open(forgets=False)

    assert fixture.interactions.find(fixture.keys[0], ACTOR, OpenLookup) == OpenLookup("C01", "")


def test_makes_no_form_for_a_view_that_did_not_open() -> None:
    with scripted_slack(BROKEN) as fixture, pytest.raises(SlackUnavailableError):
        fixture.open()

    assert fixture.keys == []
    assert fixture.calls == ["views.open"]


def test_raises_when_slack_does_not_take_the_form() -> None:
    with scripted_slack(SHOWN, BROKEN) as fixture, pytest.raises(SlackUnavailableError):
        fixture.open()

    with pytest.raises(ExpiredError):
        fixture.interactions.find(fixture.keys[0], ACTOR, OpenLookup)


@pytest.mark.parametrize(("update", "messages"), [(SHOWN, 0), (GONE, 1)])
def test_shows_a_refusal_in_the_view_or_sends_it_once_that_is_closed(
    update: ServerResponse, messages: int
) -> None:
    with scripted_slack(SHOWN, update) as fixture:
        fixture.refuse()

    shown = fixture.server.requests[1].json["view"]
    assert "you are not an editor" in str(shown["blocks"])
    assert shown["title"]["text"] == TITLE
    assert len(fixture.channel.sent) == messages


def test_shows_an_outcome_without_its_alert_where_slack_refuses_that() -> None:
    refused = answer({"ok": False, "error": "invalid_arguments"})
    with (
        ScriptedServer(refused, SHOWN) as server,
        closing(SlackClient(BOT_TOKEN, f"{server.url}/api/")) as slack,
    ):
        assert OpenView(slack, TITLE, "V1").show(settled_view(settled(Outcome.SUCCEEDED)))

    kinds = [[block["type"] for block in request.json["view"]["blocks"]] for request in server.requests]
    assert [blocks[0] for blocks in kinds] == ["alert", "section"]
    assert "saved and verified" in str(server.requests[1].json["view"]["blocks"][0])
