from typing import Any

import pytest
import requests
from slack_sdk import WebClient
from websockets.exceptions import ConnectionClosedError, InvalidStatus
from websockets.sync.client import connect

from bot.playground.manifest import SlashCommand
from bot.playground.page_server.connection import UNKNOWN_PERSON
from bot.playground.people import BOT, EDITOR, GUEST, LEAVER, SINGLE_GUEST, STRANGER, VIEWER
from bot.playground.server import make_app
from bot.playground.workspace import Workspace
from tests.playground.conftest import OpenPage, OpenSocket
from tests.support.slack import (
    BOT_TOKEN,
    ONCALL,
    PARTNERS,
    SUPPORT,
    TIMEOUT,
    SwitchableApp,
    make_buttons,
    make_workspace,
    open_page,
)

OPTIONS = [{"text": {"type": "plain_text", "text": name}, "value": name} for name in ("nick", "level")]
SELECT = {
    "type": "static_select",
    "action_id": "field",
    "placeholder": {"type": "plain_text", "text": "Field"},
    "options": OPTIONS,
}


def test_begins_with_what_the_person_can_see(slack: WebClient, page: OpenPage) -> None:
    slack.chat_postMessage(channel=ONCALL, text="hello")

    snapshot = page(VIEWER).snapshot

    assert (snapshot["type"], snapshot["me"], snapshot["team"]) == (
        "snapshot",
        VIEWER.id,
        {"name": "Playground"},
    )
    assert snapshot["people"][0] == {
        "id": VIEWER.id,
        "name": "Vera Lindqvist",
        "handle": "vera",
        "title": "Viewer",
        "avatar_letter": "V",
        "kind": "member",
    }
    assert [(channel["name"], channel["kind"], channel["shared"]) for channel in snapshot["channels"]] == [
        ("oncall", "channel", False),
        ("support", "channel", False),
        ("im-audit", "channel", False),
        ("partners", "channel", True),
        ("im-bot", "direct", False),
    ]
    (command,) = snapshot["commands"]
    assert command == {"command": "/im", "usage_hint": "profile <id>…", "description": "Look up accounts"}
    (message,) = snapshot["messages"]
    assert message.pop("at") == int(float(message.pop("ts")))
    assert message == {
        "channel": ONCALL,
        "from": {"id": "U07IMBOTX3M", "name": "im-bot", "bot": True},
        "text": "hello",
        "mrkdwn": True,
        "typed": None,
        "edited": False,
        "blocks": None,
        "ephemeral": False,
        "command": None,
        "error": False,
        "thread_ts": None,
        "status": "",
        "files": [],
    }


def test_shows_an_app_by_its_own_name(url: str, switchable_app: SwitchableApp) -> None:
    workspace = make_workspace(
        name="Deploy Bot 2", commands=[SlashCommand(command="/deploy", description="Deploy")]
    )
    switchable_app.app = make_app(workspace)
    slack = WebClient(BOT_TOKEN, base_url=f"{url}/api/")

    slack.chat_postMessage(channel=ONCALL, text="hello")
    with open_page(url, VIEWER) as vera:
        snapshot = vera.snapshot
        vera.send("@deploy-bot-2 now", f"D{VIEWER.id[1:]}")
        mention = vera.next_message()["text"]

    assert snapshot["messages"][0]["from"]["name"] == "Deploy Bot 2"
    assert {channel["name"] for channel in snapshot["channels"] if channel["kind"] == "direct"} == {
        "Deploy Bot 2"
    }
    assert [person["name"] for person in snapshot["people"] if person["kind"] == "bot"] == ["Deploy Bot 2"]
    assert snapshot["hint"] == "/deploy"
    assert mention == f"<@{BOT.id}> now"
    assert slack.auth_test()["user"] == "deploy-bot-2"
    assert slack.users_info(user=BOT.id)["user"]["real_name"] == "Deploy Bot 2"


@pytest.mark.parametrize(
    ("commands", "hint"),
    [
        ([SlashCommand(command="/a", description="A", usage_hint="b <c> | d")], "/a b <c>"),
        ([], "@im-bot hello"),
    ],
)
def test_hints_at_what_the_app_understands(
    commands: list[SlashCommand], hint: str, url: str, switchable_app: SwitchableApp
) -> None:
    switchable_app.app = make_app(make_workspace(commands=commands))

    with open_page(url, VIEWER) as vera:
        assert vera.snapshot["hint"] == hint


@pytest.mark.parametrize(
    ("person", "names"),
    [
        (GUEST, ["oncall", "support", "im-bot"]),
        (SINGLE_GUEST, ["support", "im-bot"]),
        (STRANGER, ["partners"]),
        (LEAVER, ["support"]),
    ],
)
def test_shows_only_the_channels_of_the_person(page: OpenPage, person: Any, names: list[str]) -> None:
    assert [channel["name"] for channel in page(person).snapshot["channels"]] == names


def test_forgets_ephemeral_messages_once_the_page_is_gone(
    url: str, workspace: Workspace, slack: WebClient
) -> None:
    with open_page(url, VIEWER) as first:
        slack.chat_postEphemeral(channel=ONCALL, user=VIEWER.id, text="psst")
        slack.chat_postMessage(channel=ONCALL, text="hello")
        first.next()
        with open_page(url, VIEWER) as second:
            assert [message["text"] for message in second.snapshot["messages"]] == ["psst", "hello"]

    with open_page(url, VIEWER) as third:
        assert [message["text"] for message in third.snapshot["messages"]] == ["hello"]


def test_shows_a_plain_message_to_everyone_in_the_channel(page: OpenPage) -> None:
    vera, ed, stella = page(VIEWER), page(EDITOR), page(STRANGER)

    assert vera.send("a <b> & c") == {"ok": True}
    vera.send("for partners", PARTNERS)

    message = ed.next_message()
    assert (message["text"], message["from"]["name"]) == ("a &lt;b&gt; &amp; c", "Vera Lindqvist")
    assert stella.next_message()["text"] == "for partners"


def test_does_not_listen_on_the_page_s_socket(page: OpenPage) -> None:
    vera = page(VIEWER)

    vera.send_unexpected()
    vera.send("hello")

    assert vera.next_message()["text"] == "hello"


def test_says_that_a_command_is_none(page: OpenPage) -> None:
    vera = page(VIEWER)

    vera.send("/imm profile")

    notice = vera.next_message()
    assert notice["text"].startswith("/imm is not a valid command.")
    assert (notice["ephemeral"], notice["error"]) == (True, True)


def test_has_no_commands_for_a_person_of_another_workspace(page: OpenPage, open_socket: OpenSocket) -> None:
    stella, _bot = page(STRANGER), open_socket()

    stella.send("/im profile a", PARTNERS)

    assert stella.next_message()["text"].startswith("/im is not a valid command.")


def test_lets_a_person_of_another_workspace_press_buttons(
    slack: WebClient, page: OpenPage, open_socket: OpenSocket
) -> None:
    stella, bot = page(STRANGER), open_socket()
    slack.chat_postMessage(channel=PARTNERS, text="Which?", blocks=make_buttons("a"))

    stella.press(stella.next_message(), "a")

    user = bot.receive()["payload"]["user"]
    assert user == {"id": STRANGER.id, "username": "stella", "name": "stella", "team_id": "T05PRTNR8ZK"}


def test_hands_over_a_press_in_the_shape_of_slack(
    slack: WebClient, page: OpenPage, open_socket: OpenSocket
) -> None:
    vera, bot = page(VIEWER), open_socket()
    slack.chat_postMessage(channel=ONCALL, text="Which?", blocks=make_buttons("a", "b"))
    asked = vera.next_message()

    vera.press(asked, "b")
    envelope = bot.receive()

    payload = envelope["payload"]
    assert (envelope["type"], payload["type"]) == ("interactive", "block_actions")
    assert payload["container"] == {
        "type": "message",
        "message_ts": asked["ts"],
        "channel_id": ONCALL,
        "is_ephemeral": False,
    }
    assert payload["message"]["blocks"] == asked["blocks"]
    assert payload["channel"] == {"id": ONCALL, "name": "oncall"}
    (action,) = payload["actions"]
    assert action.pop("action_ts")
    assert action == {
        "type": "button",
        "block_id": "buttons",
        "action_id": "b",
        "text": {"type": "plain_text", "text": "b"},
        "value": "value of b",
    }


def test_leaves_an_ephemeral_message_out_of_the_press(
    slack: WebClient, page: OpenPage, open_socket: OpenSocket
) -> None:
    vera, bot = page(VIEWER), open_socket()
    slack.chat_postEphemeral(channel=ONCALL, user=VIEWER.id, text="Which?", blocks=make_buttons("a"))

    vera.press(vera.next_message(), "a")

    payload = bot.receive()["payload"]
    assert payload["container"]["is_ephemeral"]
    assert "message" not in payload


def test_hands_over_a_choice_with_the_state(
    slack: WebClient, page: OpenPage, open_socket: OpenSocket
) -> None:
    vera, bot = page(VIEWER), open_socket()
    other = {**SELECT, "action_id": "other", "initial_option": OPTIONS[1]}
    blocks = [{"type": "actions", "block_id": "form", "elements": [SELECT, other]}]
    slack.chat_postMessage(channel=ONCALL, text="Which?", blocks=blocks)

    vera.press(vera.next_message(), "field", selected_option=OPTIONS[0])

    payload = bot.receive()["payload"]
    assert payload["actions"][0]["selected_option"] == OPTIONS[0]
    assert payload["state"]["values"] == {
        "form": {
            "field": {"type": "static_select", "selected_option": OPTIONS[0]},
            "other": {"type": "static_select", "selected_option": OPTIONS[1]},
        }
    }


def test_makes_up_the_ids_a_message_lacks(slack: WebClient, page: OpenPage) -> None:
    vera = page(VIEWER)
    button = {"type": "button", "text": {"type": "plain_text", "text": "a"}}

    slack.chat_postMessage(
        channel=ONCALL,
        text="x",
        blocks=[{"type": "actions", "elements": [button, button]}, {"type": "divider"}],
    )

    actions, divider = vera.next_message()["blocks"]
    ids = {
        actions["block_id"],
        divider["block_id"],
        *(element["action_id"] for element in actions["elements"]),
    }
    assert len(ids) == 4


@pytest.mark.parametrize(
    ("line", "word"),
    [
        (("U000", ONCALL, "hello"), "user_not_found"),
        (("U07IMBOTX3M", ONCALL, "hello"), "user_not_found"),
        ((LEAVER.id, SUPPORT, "hello"), "account_inactive"),
        ((GUEST.id, PARTNERS, "hello"), "channel_not_found"),
        ((VIEWER.id, "C000", "hello"), "channel_not_found"),
        ((VIEWER.id, ONCALL, " "), "no_text"),
    ],
)
def test_refuses_to_send(url: str, workspace: Workspace, line: tuple[str, str, str], word: str) -> None:
    body = dict(zip(("as", "channel", "text"), line, strict=True))

    answer = requests.post(f"{url}/page/send", json=body, timeout=30).json()

    assert answer == {"ok": False, "error": word}
    assert workspace.messages == []


def test_refuses_to_press_what_is_not_there(slack: WebClient, page: OpenPage, workspace: Workspace) -> None:
    vera, ed = page(VIEWER), page(EDITOR)
    select = {"type": "actions", "block_id": "form", "elements": [SELECT]}
    slack.chat_postEphemeral(channel=ONCALL, user=VIEWER.id, text="x", blocks=[*make_buttons("a"), select])
    message = vera.next_message()
    elsewhere = {**message, "ts": "1.0"}
    invented = {**message, "blocks": make_buttons("invented")}
    foreign = {"text": {"type": "plain_text", "text": "x"}, "value": "x"}

    refusals = [
        vera.press(elsewhere, "a"),
        ed.press(message, "a"),
        vera.press(invented, "invented"),
        vera.press(message, "field"),
        vera.press(message, "field", selected_option=foreign),
    ]

    assert [refusal["error"] for refusal in refusals] == [
        "message_not_found",
        "message_not_found",
        "action_not_found",
        "invalid_action",
        "invalid_action",
    ]


def test_shows_the_actor_that_a_press_was_not_delivered(
    slack: WebClient, page: OpenPage, open_socket: OpenSocket, workspace: Workspace
) -> None:
    vera = page(VIEWER)
    slack.chat_postMessage(channel=ONCALL, text="Which?", blocks=make_buttons("a"))
    asked = vera.next_message()

    vera.press(asked, "a")
    nobody = vera.next_message()
    open_socket()
    workspace.ack_limit = 0.02
    vera.press(asked, "a")
    late = vera.next_message()

    assert nobody["text"] == 'This app failed with the error "dispatch_failed"'
    assert late["text"] == "Operation timed out. Apps need to respond within 3 seconds."


def test_refuses_what_another_site_could_send(url: str, workspace: Workspace) -> None:
    body = f'{{"as": "{VIEWER.id}", "channel": "{ONCALL}", "text": "hello"}}'
    plain = requests.post(f"{url}/page/send", body, headers={"Content-Type": "text/plain"}, timeout=30)
    renamed = requests.get(url, headers={"Host": "evil.example"}, timeout=30)

    assert plain.json()["error"] == "invalid_form_data"
    assert renamed.status_code == 400
    with pytest.raises(InvalidStatus):
        connect(
            f"{url.replace('http', 'ws')}/page/events?as={VIEWER.id}",
            proxy=None,
            additional_headers={"Origin": "https://evil.example"},
        )


@pytest.mark.parametrize(("body", "word"), [("{", "invalid_json"), ("[]", "json_not_object")])
def test_refuses_what_is_no_json_object(url: str, workspace: Workspace, body: str, word: str) -> None:
    headers = {"Content-Type": "application/json"}

    assert requests.post(f"{url}/page/press", body, headers=headers, timeout=30).json()["error"] == word


def test_refuses_an_unknown_user_id(url: str, workspace: Workspace) -> None:
    address = f"{url.replace('http', 'ws')}/page/events?as=U000"

    with connect(address, proxy=None) as socket, pytest.raises(ConnectionClosedError) as closed:
        socket.recv(TIMEOUT)

    assert closed.value.rcvd
    assert closed.value.rcvd.code == UNKNOWN_PERSON
