"""Signed payloads of every kind with one value changed: refused in words, or answered."""

import copy
import json
import logging
import random
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import pytest
from slack_sdk.socket_mode.request import SocketModeRequest

from bot.app import Bot, make_bot
from bot.logs import set_up_logs
from bot.playground.interactions.payloads import (
    make_action,
    make_block_actions,
    make_event,
    make_interaction,
    make_message_action,
    make_shortcut,
    make_slash_command,
)
from bot.playground.people import VIEWER, make_channels, make_people
from bot.playground.server import make_app
from bot.playground.state.messages import Message, MessageContent
from bot.playground_app import make_settings
from bot.sandbox.run import open_sandbox
from bot.sandbox.web import WebApp
from bot.serving.background_server import BackgroundServer
from bot.serving.http_app import HTTPApp
from bot.serving.metrics import Metrics
from bot.slack.listeners.envelopes import DeduplicatingHandler
from tests.support.bot import EVENTS, call, make_trigger_id, signed
from tests.support.scripted_server import ScriptedServer, answer
from tests.support.slack import APP_TOKEN, ONCALL, SIGNING_SECRET, make_workspace, wait_until

CANARY = "canary-that-must-not-be-logged"
ROUNDS = 100
"""Mutations of each kind of payload."""
ENVELOPES = 30
"""Of these, the ones that come in an envelope, too: one reader reads them after it is opened."""
STRANGE: tuple[Any, ...] = (
    None, True, 0, -1, 1e308, "", CANARY, "\x00", "x" * 9000, [], [None], [CANARY], {}, {"id": None},
    {CANARY: CANARY}, [[[[[]]]]], {"type": CANARY},
)  # fmt: skip


@dataclass
class BotFixture:
    bot: Bot
    app: HTTPApp
    envelopes: DeduplicatingHandler
    scripted_server: ScriptedServer


@pytest.fixture(scope="module")
def fixture(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BotFixture]:
    # The answers to so many payloads would come for minutes at Slack's pace.
    sandbox, workspace = open_sandbox(), make_workspace(rate_limits=False)
    folder = tmp_path_factory.mktemp("record")
    with (
        BackgroundServer(WebApp(sandbox)) as im,
        BackgroundServer(make_app(workspace)) as slack,
        ScriptedServer(answer(b"ok")) as scripted_server,
        closing(make_bot(make_settings(workspace, slack.url, sandbox, im.url, folder / "im.db"))) as bot,
        closing(DeduplicatingHandler(bot.bolt, bot.slack, APP_TOKEN)) as envelopes,
    ):
        yield BotFixture(bot, HTTPApp(bot.bolt, Metrics(), [], SIGNING_SECRET), envelopes, scripted_server)


def payloads(url: str) -> dict[str, Any]:
    """Make one payload of each kind that Slack sends to the bot."""
    channel, direct = make_channels(make_people())[ONCALL], f"D{VIEWER.id[1:]}"
    common: dict[str, Any] = {"response_url": url, "trigger_id": make_trigger_id()}
    button = {
        "type": "button",
        "action_id": "page",
        "value": CANARY,
        "text": {"type": "plain_text", "text": "x"},
    }
    block = {"type": "actions", "block_id": "b", "elements": [button]}
    message = Message(channel.id, "1700000000.000100", VIEWER, MessageContent(CANARY, [block]))
    place = {
        "type": "input",
        "block_id": "ids",
        "element": {"type": "plain_text_input", "action_id": "input"},
    }
    view = {
        "type": "modal",
        "id": "V1",
        "private_metadata": CANARY,
        "blocks": [place],
        "state": {"values": {"ids": {"input": {"type": "plain_text_input", "value": CANARY}}}},
    }
    said = {"user": VIEWER.id, "text": CANARY, "ts": "1700000000.000100", "team": VIEWER.team_id}

    def submission(callback_id: str, kind: str = "view_submission") -> dict[str, Any]:
        urls = [{"channel_id": ONCALL, "response_url": url, "block_id": "c", "action_id": "c"}]
        filled = {"view": {**view, "callback_id": callback_id}, "response_urls": urls}
        return {**make_interaction(kind, VIEWER), **filled, "trigger_id": make_trigger_id()}

    return {
        "command": make_slash_command(VIEWER, channel, "/im", f"profile {CANARY}", **common),
        "press": make_block_actions(
            VIEWER, channel, message, make_action(block, button, {}, "1.2"), **common
        ),
        "shortcut": make_shortcut(VIEWER, "lookup", "1.2", "1.2.a"),
        "set shortcut": make_shortcut(VIEWER, "set_account", "1.2", "1.2.a"),
        "message shortcut": make_message_action(
            VIEWER, channel, message, callback_id="lookup_message", ts="1.2", **common
        ),
        **{name: submission(name) for name in ("lookup_modal", "set_account", "set_modal", "set_review")},
        "closed": submission("set_review", "view_closed"),
        "mention": make_event({"type": "app_mention", "channel": ONCALL, **said}, channel, "Ev1", 1),
        "direct message": make_event(
            {"type": "message", "channel": direct, "channel_type": "im", **said}, channel, "Ev2", 1
        ),
        "home": make_event(
            {"type": "app_home_opened", "user": VIEWER.id, "channel": direct, "tab": "home"},
            channel,
            "Ev3",
            1,
        ),
    }


def mutate(payload: Any, chance: random.Random) -> Any:
    """Replace or remove one value anywhere in a payload."""
    changed = copy.deepcopy(payload)
    node = changed
    while True:
        keys = list(node) if isinstance(node, dict) else list(range(len(node)))
        key = chance.choice(keys)
        if isinstance(node[key], dict | list) and node[key] and chance.random() < 0.8:
            node = node[key]
            continue
        if chance.random() < 0.25:
            del node[key]
        else:
            node[key] = chance.choice(STRANGE)
        return changed


def encode(payload: Any) -> tuple[bytes, str]:
    """Encode a payload as Slack does for its kind; returns its content type too."""
    if not isinstance(payload, dict) or "event" in payload:
        return json.dumps(payload).encode(), "application/json"
    form = payload if "command" in payload else {"payload": json.dumps(payload)}
    return urlencode({key: value for key, value in form.items() if value is not None}).encode(), ""


KINDS = tuple(payloads(""))


@pytest.mark.parametrize("kind", KINDS)
def test_refuses_in_words_what_is_none_of_slacks(
    fixture: BotFixture, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    set_up_logs("INFO")
    chance, payload = random.Random(kind), payloads(fixture.scripted_server.url)[kind]
    silent = 0
    for number in range(ROUNDS):
        caplog.clear()
        # A number and a trigger make each payload unique: the bot does not run copies.
        changed = mutate(payload, chance) | {"number": str(number)}
        if "trigger_id" in changed and changed["trigger_id"] == payload.get("trigger_id"):
            changed["trigger_id"] = make_trigger_id()
        body, content_type = encode(changed)
        headers = signed(body) | ({"Content-Type": content_type} if content_type else {})

        answered = call(fixture.app, "POST", EVENTS, body, headers)

        assert answered.status in (200, 400, 404), changed
        assert answered.status != 400 or answered.body == b"not a Slack payload\n"
        refused = [record for record in caplog.records if record.name == "bot.serving.http_app"]
        assert len(refused) == (answered.status == 400)
        unexpected = [record for record in caplog.records if record.exc_info]
        assert unexpected == [], changed
        assert CANARY not in caplog.text
        if kind in ("command", "press") and changed.get("response_url") == payload["response_url"]:
            silent += (answered.status, answered.body) == (200, b"")
    if kind in ("command", "press"):
        wait_until(lambda: len(fixture.scripted_server.requests) >= silent)
    fixture.scripted_server.requests.clear()


class FakeSocketClient:
    """Records the responses sent over a WebSocket."""

    logger = logging.getLogger("test")

    def __init__(self) -> None:
        self.sent: list[Any] = []

    def send_socket_mode_response(self, response: Any) -> None:
        self.sent.append(response)


@pytest.mark.parametrize("kind", KINDS)
def test_survives_envelopes_with_mutated_payloads(
    fixture: BotFixture, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    set_up_logs("INFO")
    chance, payload = random.Random(kind), payloads(fixture.scripted_server.url)[kind]
    for number in range(ENVELOPES):
        socket, changed = FakeSocketClient(), mutate(payload, chance) if number else {}
        request = SocketModeRequest("any", f"{kind} {number}", changed)
        fixture.envelopes.handle(socket, request)  # type: ignore[arg-type]

        assert len(socket.sent) <= 1, changed
        if kind == "command" and changed.get("command") == "/im":
            assert socket.sent, changed
        assert [record for record in caplog.records if record.exc_info] == [], changed
    assert CANARY not in caplog.text
    fixture.scripted_server.requests.clear()
