import json
from typing import Any
from urllib.parse import unquote

import pytest
import requests
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin

from bot.playground.inspector.inspector import HISTORY_SIZE
from bot.playground.people import TEAM_ID, VIEWER
from bot.playground.workspace import Workspace
from tests.playground.conftest import OpenPage, OpenSocket
from tests.support.slack import APP_TOKEN, BOT_TOKEN, ONCALL, make_buttons, make_view

Record = dict[str, Any]
BAD = [{"type": "header", "text": {"type": "plain_text", "text": "x" * 151}}]


def read(url: str) -> list[Record]:
    records: list[Record] = requests.get(f"{url}/page/inspector", timeout=30).json()["records"]
    return records


def test_shows_a_call_with_its_answer(url: str, slack: WebClient) -> None:
    ts = slack.chat_postMessage(channel=ONCALL, text="hello", blocks=make_buttons("a"))["ts"]

    (record,) = read(url)
    assert record["took_ms"] >= 0
    assert (record["direction"], record["name"], record["outcome"]) == ("from_bot", "chat.postMessage", "200")
    assert (record["sent"]["text"], record["answer"]["ts"]) == ("hello", ts)
    assert record["problems"] == []
    start, _, shown = record["builder_url"].partition("#")
    assert start == "https://app.slack.com/block-kit-builder/"
    assert json.loads(unquote(shown)) == {"blocks": make_buttons("a")}


def test_shows_which_arguments_are_ignored(
    url: str, slack: WebClient, page: OpenPage, open_socket: OpenSocket, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "bot.playground")
    vera, bot = page(VIEWER), open_socket()
    for _ in range(2):
        slack.chat_postMessage(
            channel=ONCALL, text="hello", username="Ann", metadata={"event_type": "a", "event_payload": {}}
        )
    vera.send("/im profile a")
    envelope = bot.receive()
    bot.acknowledge(envelope, payload={"text": "Found.", "link_names": True, "response_type": "ephemeral"})
    vera.next_message()
    answer = {"text": "x", "reply_broadcast": True, "replace_original": False}
    requests.post(envelope["payload"]["response_url"], json=answer, timeout=30)

    ignored = {record["name"]: record["ignored"] for record in read(url)}
    assert ignored["chat.postMessage"] == ["metadata", "username"]
    assert ignored["slash_commands"] == ["link_names"]
    assert ignored["response_url"] == ["reply_broadcast"]
    assert ignored["apps.connections.open"] == []
    assert [line for line in caplog.messages if line.startswith("chat.")] == [
        "chat.postMessage: ignored here: metadata",
        "chat.postMessage: ignored here: username",
    ]


def test_ignores_nothing_where_it_does_as_it_is_asked(url: str, slack: WebClient) -> None:
    quiet: Any = {"mrkdwn": False, "unfurl_links": False, "unfurl_media": False, "link_names": False}
    slack.chat_postMessage(channel=ONCALL, text="hello", parse="none", **quiet)
    slack.api_call("chat.postMessage", params={"channel": ONCALL, "text": "form", "unfurl_links": "0"})

    assert [record["ignored"] for record in read(url)] == [[], []]


def test_ignores_nothing_of_a_bots_own_workspace(url: str, slack: WebClient) -> None:
    # Bolt sends it with every call.
    slack.chat_postMessage(channel=ONCALL, text="hello", team_id=TEAM_ID)

    assert read(url)[0]["ignored"] == []


def test_logs_what_is_not_played_the_first_time(slack: WebClient, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "bot.playground")
    card = {"type": "card", "title": {"type": "plain_text", "text": "Look out"}}
    for _ in range(2):
        with pytest.raises(SlackApiError):
            slack.conversations_join(channel=ONCALL)
        with pytest.raises(SlackApiError):
            slack.chat_postMessage(channel=ONCALL, text="hello", blocks=[card])
        with pytest.raises(SlackApiError):
            slack.chat_postMessage(channel=ONCALL, text="hello", blocks=BAD)

    assert [line for line in caplog.messages if "ignored" not in line] == [
        "conversations.join is not played by this local Slack",
        "card is not played by this local Slack",
    ]


def test_shows_a_payload_with_its_ack(url: str, page: OpenPage, open_socket: OpenSocket) -> None:
    vera, bot = page(VIEWER), open_socket()

    vera.send("/im profile a")
    bot.acknowledge(bot.receive(), payload={"text": "Found.", "blocks": BAD})
    vera.next_message()

    _, record = read(url)
    assert (record["direction"], record["name"], record["title"]) == ("to_bot", "slash_commands", "/im")
    assert (record["sent"]["text"], record["answer"]["text"]) == ("profile a", "Found.")
    assert record["outcome"] == "acknowledged"
    assert [problem["pointer"] for problem in record["problems"]] == ["/blocks/0/text/text"]


def test_shows_a_payload_that_no_bot_received(url: str, page: OpenPage) -> None:
    vera = page(VIEWER)

    vera.send("/im profile a")
    vera.next_message()

    (record,) = read(url)
    assert (record["outcome"], record["answer"]) == ("dispatch_failed", None)


def test_shows_what_comes_to_a_response_url(url: str, page: OpenPage, open_socket: OpenSocket) -> None:
    vera, bot = page(VIEWER), open_socket()
    vera.send("/im profile a")
    envelope = bot.receive()
    bot.acknowledge(envelope)

    requests.post(envelope["payload"]["response_url"], json={"text": "x", "blocks": BAD}, timeout=30)
    requests.post(envelope["payload"]["response_url"], "{", timeout=30)

    bad, broken = read(url)[-2:]
    assert (bad["name"], bad["outcome"], bad["sent"]["text"]) == ("response_url", "400", "x")
    assert bad["problems"]
    assert (broken["sent"], broken["outcome"]) == (None, "400")


def test_judges_views_wherever_they_come(
    url: str, slack: WebClient, page: OpenPage, open_socket: OpenSocket
) -> None:
    vera, bot = page(VIEWER), open_socket()
    divider = make_view({"type": "divider"})
    vera.send("/im set a")
    envelope = bot.receive()
    bot.acknowledge(envelope)
    slack.views_open(trigger_id=envelope["payload"]["trigger_id"], view=divider)
    vera.submit(vera.next_view())
    bot.acknowledge(bot.receive(), payload={"response_action": "update", "view": {**divider, "title": "x"}})
    vera.next_view()

    opened, submitted = read(url)[-2:]
    assert (opened["title"], opened["problems"]) == ("views.open", [])
    assert json.loads(unquote(opened["builder_url"].partition("#")[2])) == divider
    assert submitted["title"] == "view_submission set_modal"
    assert [problem["pointer"] for problem in submitted["problems"]] == ["/title"]


def test_judges_what_is_no_view(url: str, slack: WebClient) -> None:
    with pytest.raises(SlackApiError):
        slack.api_call("views.open", json={"trigger_id": "x", "view": "{"})

    assert [problem["message"] for problem in read(url)[-1]["problems"]] == ["must be an object"]


def test_judges_what_is_offered_in_a_select(url: str, slack: WebClient, page: OpenPage) -> None:
    vera = page(VIEWER)
    select = {"type": "external_select", "action_id": "who", "min_query_length": 0}
    block = {"type": "actions", "block_id": "who", "elements": [select]}
    slack.chat_postMessage(channel=ONCALL, text="Who?", blocks=[block])
    message = vera.next_message()

    vera.suggest("", channel=ONCALL, ts=message["ts"], block_id="who", action_id="who")

    assert read(url)[-1]["title"] == "block_suggestion who"


def test_shows_no_secret(
    url: str, slack: WebClient, page: OpenPage, open_socket: OpenSocket, workspace: Workspace
) -> None:
    workspace.app.scopes |= {"files:write"}
    vera, bot = page(VIEWER), open_socket()
    vera.send("/im profile a")
    envelope = bot.receive()
    bot.acknowledge(envelope)
    url_given = envelope["payload"]["response_url"]
    requests.post(url_given, json={"text": f"mind {BOT_TOKEN}"}, timeout=30)
    upload = slack.files_getUploadURLExternal(filename="a", length=1)["upload_url"]
    slack.api_call("auth.test", params={"token": BOT_TOKEN})

    shown = json.dumps(read(url))
    secrets = [BOT_TOKEN, APP_TOKEN, envelope["payload"]["trigger_id"], envelope["payload"]["token"]]
    urls = [address.rpartition("/")[2] for address in (url_given, upload)]
    assert [secret for secret in (*secrets, *urls, "ticket=x") if secret in shown] == []
    assert "ticket=•••" in json.dumps(read(url), ensure_ascii=False)


def test_streams_new_records(url: str, slack: WebClient) -> None:
    slack.auth_test()

    with connect(f"{url.replace('http', 'ws')}/page/inspector", proxy=None) as socket:
        before = json.loads(socket.recv(30))
        slack.users_info(user=VIEWER.id)
        after = json.loads(socket.recv(30))

    assert (before["type"], [record["name"] for record in before["records"]]) == ("records", ["auth.test"])
    assert (after["type"], after["record"]["name"]) == ("record", "users.info")


def test_keeps_out_pages_of_other_sites(url: str, workspace: Workspace) -> None:
    address = f"{url.replace('http', 'ws')}/page/inspector"

    with pytest.raises(InvalidStatus):
        connect(address, origin=Origin("http://evil.example"), proxy=None)


def test_keeps_the_latest(url: str, slack: WebClient) -> None:
    for _ in range(HISTORY_SIZE + 1):
        slack.auth_test()

    assert [read(url)[0]["number"], len(read(url))] == [2, HISTORY_SIZE]
