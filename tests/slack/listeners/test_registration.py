import json
import logging
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

import pytest
from slack_bolt import BoltRequest, BoltResponse
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse

from bot.app import Bot, make_bot
from bot.playground.blockkit.checker import check_message, check_view
from bot.playground.interactions.payloads import make_slash_command
from bot.playground.people import (
    EDITOR,
    ENTERPRISE_ID,
    ENTERPRISE_NAME,
    PARTNER_TEAM_ID,
    TEAM_ID,
    VIEWER,
    Person,
    PersonKind,
    make_channels,
    make_people,
)
from bot.playground.server import make_app
from bot.playground.workspace import Workspace
from bot.playground_app import make_settings
from bot.sandbox.run import open_sandbox
from bot.sandbox.web import WebApp
from bot.serving.background_server import BackgroundServer
from bot.slack.listeners.envelopes import DeduplicatingHandler
from bot.slack.modals.search import SEARCH_MODAL
from bot.slack.workers import QUEUE_LENGTH, THREADS
from tests.support.bot import make_trigger_id, signed
from tests.support.scripted_server import ScriptedServer, answer
from tests.support.slack import APP_TOKEN, ONCALL, make_workspace, wait_until

CROWD = " ".join(f"user_{number:03}" for number in range(1, 208))
NOBODY = {
    PersonKind.GUEST: "a guest",
    PersonKind.DEACTIVATED: "a deactivated user",
    PersonKind.BOT: "a bot",
    PersonKind.STRANGER: "from another organization",
}


@dataclass
class ListenerFixture:
    workspace: Workspace
    bot: Bot
    scripted_server: ScriptedServer

    def new_person(self, kind: PersonKind = PersonKind.MEMBER) -> Person:
        """Add a person whom the bot has not cached."""
        person = replace(VIEWER, id=f"U07NEW{len(self.workspace.people)}", kind=kind)
        self.workspace.people[person.id] = person
        return person

    def make_command(self, text: str, actor: Person) -> dict[str, Any]:
        channel, url = make_channels(make_people())[ONCALL], self.scripted_server.url
        return make_slash_command(actor, channel, "/im", text, response_url=url, trigger_id=make_trigger_id())

    def send(self, text: str, actor: Person, team_id: str = TEAM_ID) -> BoltResponse:
        return self._post(urlencode({**self.make_command(text, actor), "team_id": team_id}))

    def press(self, key: str, actor: Person, **changes: Any) -> BoltResponse:
        payload = {
            "type": "block_actions",
            "user": {"id": actor.id, "team_id": TEAM_ID},
            "team": {"id": TEAM_ID},
            "container": {"type": "message", "channel_id": ONCALL, "is_ephemeral": True},
            "response_url": self.scripted_server.url,
            "actions": [{"type": "button", "action_id": "page", "block_id": "b", "value": key}],
        }
        return self._post(urlencode({"payload": json.dumps({**payload, **changes})}))

    def fill_in(self, callback_id: str, actor: Person, *blocks: dict[str, Any]) -> BoltResponse:
        """Submit a modal with some blocks and an empty state."""
        view = {"type": "modal", "id": "V1", "callback_id": callback_id, "blocks": blocks}
        payload = {
            "type": "view_submission",
            "user": {"id": actor.id, "team_id": TEAM_ID},
            "team": {"id": TEAM_ID},
            "view": {**view, "private_metadata": "op_unknown", "state": {"values": {}}},
        }
        return self._post(urlencode({"payload": json.dumps(payload)}))

    def next_post(self) -> dict[str, Any]:
        """Wait for the next post to the response URL."""
        wait_until(lambda: bool(self.scripted_server.requests))
        posted: dict[str, Any] = self.scripted_server.requests.pop(0).json
        assert check_message(posted) == []
        return posted

    def _post(self, body: str) -> BoltResponse:
        return self.bot.bolt.dispatch(BoltRequest(body=body, headers={**signed(body.encode())}))


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ListenerFixture]:
    folder = tmp_path_factory.mktemp("record")
    sandbox, workspace = open_sandbox(), make_workspace()
    with (
        BackgroundServer(WebApp(sandbox)) as im,
        BackgroundServer(make_app(workspace)) as slack,
        ScriptedServer(answer(b"ok")) as scripted_server,
        closing(make_bot(make_settings(workspace, slack.url, sandbox, im.url, folder / "im-bot.db"))) as bot,
    ):
        yield ListenerFixture(workspace, bot, scripted_server)


@pytest.fixture
def fixture(running: ListenerFixture) -> Iterator[ListenerFixture]:
    yield running
    assert running.scripted_server.requests == []


def key_of(posted: Mapping[str, Any], label: str) -> str:
    """Read the value of an answer's button."""
    elements = [element for block in posted["blocks"] for element in block.get("elements", ())]
    return next(str(one["value"]) for one in elements if label in str(one.get("text")))


@contextmanager
def everybody_busy(bot: Bot) -> Iterator[None]:
    released = threading.Event()

    def work() -> None:
        released.wait()

    for _ in range(THREADS + QUEUE_LENGTH):
        wait_until(lambda: bool(bot.workers.submit(work)))
    try:
        yield
    finally:
        released.set()
        wait_until(lambda: bool(bot.workers.submit(lambda: None)))


def test_acknowledges_with_nothing_and_answers_later(fixture: ListenerFixture) -> None:
    acknowledged = fixture.send("whoami", VIEWER)

    assert (acknowledged.status, acknowledged.body) == (200, "")
    assert fixture.next_post()["response_type"] == "ephemeral"


def test_turns_the_page_of_the_message_whose_button_was_pressed(fixture: ListenerFixture) -> None:
    fixture.send(f"profile {CROWD}", VIEWER)
    first = fixture.next_post()
    acknowledged = fixture.press(key_of(first, "Next 100"), VIEWER)

    assert (acknowledged.status, acknowledged.body) == (200, "")
    assert fixture.next_post()["replace_original"] is True


@pytest.mark.parametrize(("kind", "what"), NOBODY.items(), ids=str)
def test_refuses_a_command_of_all_but_full_members(
    fixture: ListenerFixture, kind: PersonKind, what: str
) -> None:
    fixture.send("profile alice", fixture.new_person(kind))

    refused = fixture.next_post()
    assert f"you are {what}" in refused["text"]
    assert "Nothing was sent to Tencent Chat" in refused["text"]
    assert (refused["response_type"], refused["replace_original"]) == ("ephemeral", False)


@pytest.mark.parametrize(("kind", "what"), NOBODY.items(), ids=str)
def test_refuses_a_press_of_a_former_full_member(
    fixture: ListenerFixture, kind: PersonKind, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.slack.api.people.FRESH_SECONDS", -1)
    actor = fixture.new_person()
    fixture.send(f"profile {CROWD}", actor)
    first = fixture.next_post()
    fixture.workspace.people[actor.id] = replace(actor, kind=kind)

    fixture.press(key_of(first, "Next 100"), actor)

    refused = fixture.next_post()
    assert f"you are {what}" in refused["text"]
    assert refused["replace_original"] is False


def test_refuses_a_command_from_another_workspace(fixture: ListenerFixture) -> None:
    fixture.send("profile alice", VIEWER, team_id=PARTNER_TEAM_ID)

    assert "from another organization" in fixture.next_post()["text"]


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"user": {"id": VIEWER.id, "team_id": PARTNER_TEAM_ID}}, "from another organization"),
        ({"user": {"id": VIEWER.id}, "team": {"id": PARTNER_TEAM_ID}}, "from another organization"),
        ({"user": {"id": EDITOR.id, "team_id": TEAM_ID}}, "only the person who ran the command"),
        ({"user": None}, "only the person who ran the command"),
    ],
)
def test_refuses_a_press_in_anothers_name(
    fixture: ListenerFixture, changes: Mapping[str, Any], why: str
) -> None:
    fixture.send(f"profile {CROWD}", VIEWER)
    first = fixture.next_post()

    assert fixture.press(key_of(first, "Next 100"), VIEWER, **changes).status == 200
    assert why in fixture.next_post()["text"]


def test_takes_a_press_of_an_organization_that_names_no_workspace(fixture: ListenerFixture) -> None:
    fixture.send(f"profile {CROWD}", VIEWER)
    changes = {
        "user": {"id": VIEWER.id},
        "team": None,
        "enterprise": {"id": ENTERPRISE_ID, "name": ENTERPRISE_NAME},
        "is_enterprise_install": True,
    }

    fixture.press(key_of(fixture.next_post(), "Next 100"), VIEWER, **changes)

    assert "207" in fixture.next_post()["text"]


@pytest.mark.parametrize("key", ["", "no-such-button", "x" * 2000])
def test_says_that_it_does_not_know_a_button(fixture: ListenerFixture, key: str) -> None:
    fixture.press(key, VIEWER)

    refused = fixture.next_post()
    assert "this button has expired" in refused["text"]
    assert "Run the command again" in refused["text"]


def test_says_that_it_is_busy_in_the_acknowledgement_of_a_command(fixture: ListenerFixture) -> None:
    with everybody_busy(fixture.bot):
        acknowledged = fixture.send("profile alice", VIEWER)

    reply = json.loads(acknowledged.body)
    assert acknowledged.status == 200
    assert reply["response_type"] == "ephemeral"
    assert "The bot is busy" in reply["text"]
    assert "Try again" in reply["text"]
    assert check_message(reply) == []


def test_says_that_it_is_busy_beside_the_message_whose_button_was_pressed(fixture: ListenerFixture) -> None:
    with everybody_busy(fixture.bot):
        acknowledged = fixture.press("any", VIEWER)
        reply = fixture.next_post()

    # Slack ignores the body that acknowledges a press.
    assert (acknowledged.status, acknowledged.body) == (200, "")
    assert "The bot is busy" in reply["text"]
    assert reply["replace_original"] is False


def test_says_that_it_is_busy_on_top_of_the_review_that_was_confirmed(fixture: ListenerFixture) -> None:
    with everybody_busy(fixture.bot):
        acknowledged = fixture.fill_in("set_review", VIEWER)

    reply = json.loads(acknowledged.body)
    assert reply["response_action"] == "push"
    assert "The bot is busy" in str(reply["view"])
    assert check_view(reply["view"]) == []


def test_says_at_the_first_input_what_concerns_a_form_as_a_whole(fixture: ListenerFixture) -> None:
    acknowledged = fixture.fill_in("set_modal", VIEWER, {"type": "input", "block_id": "first"})

    reply = json.loads(acknowledged.body)
    assert reply["response_action"] == "errors"
    assert "too old" in reply["errors"]["first"]


def test_takes_the_submission_of_a_form_that_lost_its_inputs(fixture: ListenerFixture) -> None:
    acknowledged = fixture.fill_in("set_modal", VIEWER, {"type": "divider"})

    assert (acknowledged.status, json.loads(acknowledged.body)["response_action"]) == (200, "errors")


def test_answers_again_when_a_worker_is_free(fixture: ListenerFixture) -> None:
    with everybody_busy(fixture.bot):
        fixture.send("profile alice", VIEWER)
    fixture.send("profile alice", VIEWER)

    assert "1 of 1 found" in fixture.next_post()["text"]


@pytest.mark.parametrize(
    ("typed", "expected"), [("whoami", "You are a viewer"), (" HELP profile", "/im profile")]
)
def test_says_who_one_is_and_helps_although_everybody_is_busy(
    fixture: ListenerFixture, typed: str, expected: str
) -> None:
    with everybody_busy(fixture.bot):
        acknowledged = fixture.send(typed, VIEWER)
        assert acknowledged.body == ""
        assert expected in fixture.next_post()["text"]


def test_answers_with_a_reference_when_a_command_cannot_be_queued(
    fixture: ListenerFixture, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fixture.bot.workers, "threads", None)
    acknowledged = fixture.send("profile alice", VIEWER)

    reply = json.loads(acknowledged.body)
    (reference,) = re.findall("the reference ([0-9a-f]{8})", reply["text"])
    assert (acknowledged.status, reply["response_type"]) == (200, "ephemeral")
    assert f"reference {reference}" in caplog.text


def test_shows_a_reference_in_a_form_that_cannot_be_submitted(
    fixture: ListenerFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fixture.bot.workers, "threads", None)
    acknowledged = fixture.fill_in(SEARCH_MODAL, VIEWER, {"type": "input", "block_id": "first"})

    reply = json.loads(acknowledged.body)
    assert (acknowledged.status, reply["response_action"]) == (200, "update")
    assert re.search("the reference .*[0-9a-f]{8}", json.dumps(reply["view"]))
    assert check_view(reply["view"]) == []


def test_logs_a_reference_for_a_press_of_an_odd_shape(
    fixture: ListenerFixture, caplog: pytest.LogCaptureFixture
) -> None:
    acknowledged = fixture.press("any", VIEWER, user="U07SOMEBODY")

    assert (acknowledged.status, acknowledged.body) == (200, "")
    assert "reference" in caplog.text


class FakeSocketClient:
    """Records the envelope ids acknowledged over a WebSocket."""

    def __init__(self) -> None:
        self.logger = logging.getLogger(__name__)
        self.acknowledged: list[str] = []

    def send_socket_mode_response(self, response: SocketModeResponse) -> None:
        self.acknowledged.append(response.envelope_id)


def test_answers_once_to_an_envelope_that_comes_twice(fixture: ListenerFixture) -> None:
    client: Any = FakeSocketClient()
    with closing(DeduplicatingHandler(fixture.bot.bolt, fixture.bot.slack, APP_TOKEN)) as envelopes:
        for id_ in ("one", "one", "two", "one"):
            payload = fixture.make_command("whoami", VIEWER)
            envelopes.handle(client, SocketModeRequest("slash_commands", id_, payload))

    assert client.acknowledged == ["one", "one", "two", "one"]
    assert ["You are a viewer" in fixture.next_post()["text"] for _ in range(2)] == [True, True]
