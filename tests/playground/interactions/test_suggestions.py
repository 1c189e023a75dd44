from threading import Thread
from typing import Any

import pytest
from slack_sdk import WebClient

from bot.playground.people import VIEWER
from bot.playground.workspace import Workspace
from tests.playground.conftest import OpenPage, OpenSocket
from tests.support.slack import (
    ONCALL,
    Page,
    SocketModeConnection,
    make_input,
    make_option,
    make_text,
    make_view,
)

SELECT = {"type": "external_select", "action_id": "who", "min_query_length": 1}
ALICE = make_option("alice")


@pytest.fixture
def vera(page: OpenPage) -> Page:
    return page(VIEWER)


@pytest.fixture
def bot(open_socket: OpenSocket) -> SocketModeConnection:
    return open_socket()


@pytest.fixture
def view(vera: Page, bot: SocketModeConnection, slack: WebClient) -> dict[str, Any]:
    vera.send("/im set")
    envelope = bot.receive()
    bot.acknowledge(envelope)
    shown = make_view(make_input("who", SELECT), make_input("nick", {"type": "plain_text_input"}))
    slack.views_open(trigger_id=envelope["payload"]["trigger_id"], view=shown)
    return vera.next_view()


def ask(
    vera: Page, bot: SocketModeConnection, place: dict[str, Any], answer: object
) -> tuple[dict[str, Any], Any]:
    """Type in the select, and let the bot answer; returns the page's options and the bot's payload."""
    got: list[dict[str, Any]] = []
    typing = Thread(target=lambda: got.append(vera.suggest("al", **place)))
    typing.start()
    envelope = bot.receive()
    bot.acknowledge(envelope, payload=answer)
    typing.join()
    return got[0], envelope["payload"]


def test_offers_what_the_bot_acknowledges_with(
    vera: Page, bot: SocketModeConnection, view: dict[str, Any]
) -> None:
    place = {"view_id": view["id"], "block_id": "who", "action_id": "who"}

    answer, payload = ask(vera, bot, place, {"options": [ALICE]})

    assert answer == {"ok": True, "options": [ALICE]}
    assert (payload["type"], payload["block_id"], payload["action_id"]) == ("block_suggestion", "who", "who")
    assert (payload["value"], payload["container"]) == ("al", {"type": "view", "view_id": view["id"]})
    assert payload["view"]["state"]["values"]["who"]["who"]["selected_option"] is None

    vera.submit(view, {"who": {"who": {"selected_option": ALICE}}, "nick": {"nick": {"value": "Al"}}})
    submitted = bot.receive()["payload"]["view"]["state"]["values"]["who"]["who"]
    assert submitted == {"type": "external_select", "selected_option": ALICE}


def test_offers_options_in_a_message_too(vera: Page, bot: SocketModeConnection, slack: WebClient) -> None:
    block = {"type": "actions", "block_id": "who", "elements": [SELECT]}
    slack.chat_postMessage(channel=ONCALL, text="Who?", blocks=[block])
    message = vera.next_message()
    place = {"channel": ONCALL, "ts": message["ts"], "block_id": "who", "action_id": "who"}
    groups = {"option_groups": [{"label": make_text("All"), "options": [ALICE]}]}

    answer, payload = ask(vera, bot, place, groups)

    assert answer == {"ok": True, **groups}
    assert (payload["container"]["message_ts"], payload["message"]["text"]) == (message["ts"], "Who?")
    vera.press(message, "who", selected_option=ALICE)
    assert bot.receive()["payload"]["actions"][0]["selected_option"] == ALICE


@pytest.mark.parametrize(
    "answer",
    [
        None,
        {},
        {"options": [ALICE] * 101},
        {"options": [{"value": "alice"}]},
        {"options": [], "option_groups": []},
    ],
)
def test_refuses_invalid_options(
    vera: Page, bot: SocketModeConnection, view: dict[str, Any], answer: object
) -> None:
    place = {"view_id": view["id"], "block_id": "who", "action_id": "who"}

    assert ask(vera, bot, place, answer)[0] == {"ok": False, "error": "invalid_options"}


def test_refuses_options_after_the_ack_limit(
    vera: Page, bot: SocketModeConnection, view: dict[str, Any], workspace: Workspace
) -> None:
    workspace.ack_limit = 0.02

    answer = vera.suggest("al", view_id=view["id"], block_id="who", action_id="who")

    assert answer == {"ok": False, "error": "operation_timeout"}


@pytest.mark.parametrize(
    ("query", "block_id", "error"),
    [("", "who", "query_too_short"), ("al", "nick", "action_not_found"), ("al", "x", "action_not_found")],
)
def test_does_not_trouble_the_bot(
    vera: Page, view: dict[str, Any], query: str, block_id: str, error: str
) -> None:
    answer = vera.suggest(query, view_id=view["id"], block_id=block_id, action_id=block_id)

    assert answer == {"ok": False, "error": error}


def test_takes_no_option_that_is_none(vera: Page, view: dict[str, Any]) -> None:
    answer = vera.submit(view, {"who": {"who": {"selected_option": {"value": "alice"}}}})

    assert answer == {"ok": False, "error": "invalid_state"}
