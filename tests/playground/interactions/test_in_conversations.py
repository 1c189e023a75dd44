import pytest
import requests
from slack_sdk import WebClient

from bot.playground.people import STRANGER, VIEWER
from bot.playground.workspace import Workspace
from tests.playground.conftest import OpenPage, OpenSocket
from tests.support.slack import ONCALL, PARTNERS

DIRECT = f"D{VIEWER.id[1:]}"


def test_offers_the_shortcuts_of_the_app(page: OpenPage) -> None:
    assert page(VIEWER).snapshot["shortcuts"] == [
        {
            "callback_id": "lookup",
            "name": "Look up accounts",
            "description": "Ask for any ids",
            "type": "global",
        },
        {
            "callback_id": "lookup_message",
            "name": "Look up these ids",
            "description": "Ask for the ids in a message",
            "type": "message",
        },
    ]


@pytest.mark.parametrize("change", [{"messages_enabled": False}, {"messages_read_only": True}])
def test_takes_no_direct_message_where_the_manifest_has_no_place_for_it(
    workspace: Workspace, page: OpenPage, change: dict[str, bool]
) -> None:
    for name, value in change.items():
        setattr(workspace.app, name, value)
    vera = page(VIEWER)

    for text in ("hello", "/im profile a"):
        assert vera.send(text, DIRECT) == {"ok": False, "error": "messages_tab_disabled"}
    assert vera.send("hello") == {"ok": True}


def test_has_no_shortcuts_for_a_person_of_another_workspace(page: OpenPage) -> None:
    stella = page(STRANGER)

    assert stella.snapshot["shortcuts"] == []
    assert stella.use_shortcut("lookup", PARTNERS) == {"ok": False, "error": "shortcut_not_found"}


def test_hands_over_a_global_shortcut_in_the_shape_of_slack(page: OpenPage, open_socket: OpenSocket) -> None:
    vera, bot = page(VIEWER), open_socket()

    assert vera.use_shortcut("lookup") == {"ok": True}
    envelope = bot.receive()

    payload = envelope["payload"]
    assert envelope["type"] == "interactive"
    for key in ("token", "action_ts", "trigger_id"):
        assert payload.pop(key)
    assert payload == {
        "type": "shortcut",
        "callback_id": "lookup",
        "team": {"id": "T07IMBOT4QX", "domain": "playground"},
        "user": {"id": VIEWER.id, "username": "vera", "name": "vera", "team_id": "T07IMBOT4QX"},
        "api_app_id": "A07IMBOTX3M",
        "enterprise": None,
        "is_enterprise_install": False,
    }


def test_hands_over_a_message_shortcut_with_the_message(page: OpenPage, open_socket: OpenSocket) -> None:
    vera, bot = page(VIEWER), open_socket()
    vera.send("alice cannot log in")
    message = vera.next_message()

    vera.use_shortcut("lookup_message", ts=message["ts"])

    payload = bot.receive()["payload"]
    assert (payload["type"], payload["callback_id"]) == ("message_action", "lookup_message")
    assert payload["channel"] == {"id": ONCALL, "name": "oncall"}
    assert payload["message_ts"] == message["ts"]
    assert payload["message"].pop("client_msg_id")
    assert [block["type"] for block in payload["message"].pop("blocks")] == ["rich_text"]
    assert payload["message"] == {
        "type": "message",
        "user": VIEWER.id,
        "ts": message["ts"],
        "team": "T07IMBOT4QX",
        "text": "alice cannot log in",
    }
    assert requests.post(payload["response_url"], json={"text": "1 of 1 found"}, timeout=30).ok
    answer = vera.next_message()
    assert (answer["text"], answer["ephemeral"]) == ("1 of 1 found", True)


def test_opens_a_modal_from_a_shortcut(page: OpenPage, open_socket: OpenSocket, slack: WebClient) -> None:
    vera, bot = page(VIEWER), open_socket()
    vera.use_shortcut("lookup")
    view = {
        "type": "modal",
        "title": {"type": "plain_text", "text": "Look up"},
        "blocks": [{"type": "divider"}],
    }

    slack.views_open(trigger_id=bot.receive()["payload"]["trigger_id"], view=view)

    assert vera.next_view()["title"] == "Look up"


@pytest.mark.parametrize(
    ("callback_id", "ts", "word"),
    [
        ("frobnicate", None, "shortcut_not_found"),
        ("lookup_message", None, "message_not_found"),
        ("lookup_message", "1.0", "message_not_found"),
    ],
)
def test_refuses_a_shortcut_that_is_not_there(
    callback_id: str, ts: str | None, word: str, page: OpenPage
) -> None:
    assert page(VIEWER).use_shortcut(callback_id, ts=ts) == {"ok": False, "error": word}


def test_has_no_shortcuts_on_ephemeral_messages(page: OpenPage, slack: WebClient) -> None:
    vera = page(VIEWER)
    slack.chat_postEphemeral(channel=ONCALL, user=VIEWER.id, text="psst")

    answer = vera.use_shortcut("lookup_message", ts=vera.next_message()["ts"])

    assert answer == {"ok": False, "error": "message_not_found"}


def test_sends_no_interactions_to_an_app_without_interactivity(workspace: Workspace, page: OpenPage) -> None:
    workspace.app.interactive = False
    vera = page(VIEWER)

    vera.use_shortcut("lookup")

    shown = vera.next_message()["text"]
    assert shown == "This app is not configured to handle interactive responses."


def test_shows_the_actor_that_a_shortcut_was_not_delivered(page: OpenPage) -> None:
    vera = page(VIEWER)

    vera.use_shortcut("lookup")

    assert vera.next_message()["text"] == 'This app failed with the error "dispatch_failed"'
