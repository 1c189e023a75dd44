import asyncio
import json
from typing import cast

import pytest
import requests
from starlette.websockets import WebSocket, WebSocketDisconnect
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from bot.playground.people import APP_ID, EDITOR, VIEWER
from bot.playground.transport.http import NotDeliveredError
from bot.playground.transport.socket_mode import SocketMode
from bot.playground.workspace import Workspace
from tests.playground.conftest import OpenPage, OpenSocket
from tests.support.slack import ONCALL


def test_greets_and_hands_over_a_slash_command(page: OpenPage, open_socket: OpenSocket) -> None:
    vera, bot = page(VIEWER), open_socket()

    vera.send("/im profile  <a> & b ")
    envelope = bot.receive()

    assert (bot.hello["type"], bot.hello["connection_info"]["app_id"]) == ("hello", APP_ID)
    assert (envelope["type"], envelope["accepts_response_payload"]) == ("slash_commands", True)
    payload = envelope["payload"]
    assert {key: payload[key] for key in payload.keys() - {"token", "response_url", "trigger_id"}} == {
        "team_id": "T07IMBOT4QX",
        "team_domain": "playground",
        "channel_id": ONCALL,
        "channel_name": "oncall",
        "user_id": VIEWER.id,
        "user_name": "vera",
        "command": "/im",
        "text": "profile  &lt;a&gt; &amp; b",
        "api_app_id": APP_ID,
        "is_enterprise_install": "false",
    }


def test_shows_the_body_of_an_ack_to_the_actor_alone(page: OpenPage, open_socket: OpenSocket) -> None:
    vera, ed, bot = page(VIEWER), page(EDITOR), open_socket()

    vera.send("/im help")
    bot.acknowledge(bot.receive(), payload={"text": "I can help."})
    answer = vera.next_message()
    ed.send("hello")

    assert (answer["text"], answer["ephemeral"], answer["command"]) == ("I can help.", True, None)
    assert ed.next_message()["text"] == "hello"


def test_shows_the_command_with_an_answer_for_everyone(page: OpenPage, open_socket: OpenSocket) -> None:
    vera, ed, bot = page(VIEWER), page(EDITOR), open_socket()

    vera.send("/im profile a")
    bot.acknowledge(bot.receive(), payload={"response_type": "in_channel", "text": "a is fine."})
    answer = ed.next_message()

    assert (answer["text"], answer["ephemeral"], answer["command"]) == ("a is fine.", False, "/im profile a")
    assert vera.next_message() == answer


@pytest.mark.parametrize(
    ("payload", "word"),
    [
        ("words", "dispatch_failed"),
        ({"response_type": "ephemeral"}, "no_text"),
        ({"text": "x", "blocks": "[{"}, "invalid_blocks_format"),
    ],
)
def test_shows_that_an_ack_makes_no_sense(
    page: OpenPage, open_socket: OpenSocket, payload: object, word: str
) -> None:
    vera, bot = page(VIEWER), open_socket()

    vera.send("/im help")
    bot.acknowledge(bot.receive(), payload=payload)
    notice = vera.next_message()

    assert notice["text"] == f'/im failed with the error "{word}"'
    assert (notice["error"], notice["ephemeral"], notice["from"]["name"]) == (True, True, "Slackbot")


def test_shows_the_actor_that_the_ack_came_too_late(
    workspace: Workspace, page: OpenPage, open_socket: OpenSocket
) -> None:
    vera, bot = page(VIEWER), open_socket()
    workspace.ack_limit = 0.02

    vera.send("/im profile a")
    envelope = bot.receive()
    notice = vera.next_message()
    bot.acknowledge(envelope, payload={"text": "late"})
    bot.send("no JSON, and no reason to hang up")
    vera.send("still here")

    assert notice["text"] == '/im failed with the error "operation_timeout"'
    assert vera.next_message()["text"] == "still here"


def test_shows_the_actor_that_no_bot_is_connected(page: OpenPage) -> None:
    vera = page(VIEWER)

    vera.send("/im profile a")

    assert vera.next_message()["text"] == '/im failed with the error "dispatch_failed"'


def test_gives_each_payload_to_one_of_the_connections(page: OpenPage, open_socket: OpenSocket) -> None:
    vera, first, second = page(VIEWER), open_socket(), open_socket()

    vera.send("/im one")
    vera.send("/im two")

    texts = [bot.receive()["payload"]["text"] for bot in (first, second)]
    assert sorted(texts) == ["one", "two"]


def test_delivers_an_envelope_twice_by_a_fault_setting(
    workspace: Workspace, page: OpenPage, open_socket: OpenSocket
) -> None:
    vera, bot = page(VIEWER), open_socket()
    workspace.sockets.repeat()

    vera.send("/im one")
    first, again = bot.receive(), bot.receive()
    bot.acknowledge(first, payload={"text": "first"})
    bot.acknowledge(again, payload={"text": "again"})
    answer = vera.next_message()
    vera.send("/im two")

    assert first == again
    assert answer["text"] == "first"
    assert bot.receive()["payload"]["text"] == "two"


def test_turns_an_eleventh_connection_away(workspace: Workspace, open_socket: OpenSocket) -> None:
    bots = [open_socket() for _ in range(11)]

    assert [bot.hello["type"] for bot in bots] == ["hello"] * 10 + ["disconnect"]
    assert bots[-1].hello["reason"] == "too_many_websockets"
    assert len(workspace.sockets) == 10


def test_asks_the_bot_to_connect_anew_and_sends_no_more(
    workspace: Workspace, page: OpenPage, open_socket: OpenSocket
) -> None:
    vera, old = page(VIEWER), open_socket()

    workspace.sockets.drop()
    notice = old.receive()
    new = open_socket()
    vera.send("/im one")

    assert (notice["type"], notice["reason"]) == ("disconnect", "refresh_requested")
    assert new.receive()["payload"]["text"] == "one"


def test_refuses_a_connection_without_a_fresh_ticket(url: str, workspace: Workspace) -> None:
    headers = {"Authorization": f"Bearer {workspace.app.app_token}"}
    address = requests.post(f"{url}/api/apps.connections.open", headers=headers, timeout=30).json()["url"]
    with connect(address, proxy=None) as socket:
        assert json.loads(socket.recv(30))["type"] == "hello"

    with pytest.raises(InvalidStatus):
        connect(address, proxy=None)


def test_raises_when_the_connection_is_already_closed() -> None:
    class ClosedWebSocket:
        async def send_json(self, _: object) -> None:
            raise WebSocketDisconnect

    sockets = SocketMode()
    sockets._connections.append(cast("WebSocket", ClosedWebSocket()))

    with pytest.raises(NotDeliveredError, match="dispatch_failed"):
        asyncio.run(sockets.deliver("slash_commands", {}, ack_limit=1))
