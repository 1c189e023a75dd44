import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.playground.people import VIEWER
from bot.playground.workspace import Workspace
from tests.playground.conftest import OpenPage
from tests.support.slack import ONCALL


def test_shows_nobody_an_ephemeral_in_a_thread_without_replies(slack: WebClient, page: OpenPage) -> None:
    vera = page(VIEWER)
    parent = str(slack.chat_postMessage(channel=ONCALL, text="parent")["ts"])
    assert vera.next_message()["text"] == "parent"

    hidden = slack.chat_postEphemeral(channel=ONCALL, user=VIEWER.id, text="hidden", thread_ts=parent)
    slack.chat_postMessage(channel=ONCALL, text="reply", thread_ts=parent)
    slack.chat_postEphemeral(channel=ONCALL, user=VIEWER.id, text="shown", thread_ts=parent)

    assert hidden["ok"]
    assert hidden["message_ts"]
    assert [vera.next_message()["text"] for _ in range(2)] == ["reply", "shown"]


def test_refuses_a_second_table_as_slack_does(slack: WebClient) -> None:
    table = {"type": "table", "rows": [[{"type": "raw_text", "text": "Anna"}]]}

    slack.chat_postMessage(channel=ONCALL, text="one", blocks=[table])
    with pytest.raises(SlackApiError, match="invalid_attachments"):
        slack.chat_postMessage(channel=ONCALL, text="two", blocks=[table, table])


def test_limits_ephemerals_by_calls_and_not_by_channel(slack: WebClient, workspace: Workspace) -> None:
    for number in range(20):
        slack.chat_postEphemeral(channel=ONCALL, user=VIEWER.id, text=f"{number}")

    assert len(workspace.list_visible(VIEWER.id)) == 20


def test_refuses_an_update_whose_text_is_too_long_in_bytes(slack: WebClient) -> None:
    ts = str(slack.chat_postMessage(channel=ONCALL, text="\N{HIRAGANA LETTER A}" * 2000)["ts"])

    slack.chat_update(channel=ONCALL, ts=ts, text="a" * 4000)
    with pytest.raises(SlackApiError, match="msg_too_long"):
        slack.chat_update(channel=ONCALL, ts=ts, text="\N{HIRAGANA LETTER A}" * 1334)


def test_shows_a_status_at_any_message_until_the_bot_posts_to_its_thread(
    slack: WebClient, page: OpenPage
) -> None:
    vera = page(VIEWER)
    vera.send("hello")
    ts = vera.next_message()["ts"]

    slack.assistant_threads_setStatus(channel_id=ONCALL, thread_ts=ts, status="is working on it…")
    shown = vera.next()
    slack.chat_postMessage(channel=ONCALL, text="done", thread_ts=ts)
    cleared = vera.next()

    assert shown == {"type": "status", "channel": ONCALL, "ts": ts, "status": "is working on it…"}
    assert cleared == {**shown, "status": ""}


def test_shows_no_status_where_there_is_no_message(slack: WebClient) -> None:
    with pytest.raises(SlackApiError, match="invalid_thread_ts"):
        slack.assistant_threads_setStatus(channel_id=ONCALL, thread_ts="1.2", status="is working on it…")
    with pytest.raises(SlackApiError, match="channel_not_found"):
        slack.assistant_threads_setStatus(channel_id="C0", thread_ts="1.2", status="is working on it…")


def test_refuses_direct_messages_of_an_app_without_a_messages_tab(
    slack: WebClient, workspace: Workspace
) -> None:
    workspace.app.messages_enabled = False

    with pytest.raises(SlackApiError, match="messages_tab_disabled"):
        slack.chat_postMessage(channel=VIEWER.id, text="hello")
    slack.chat_postMessage(channel=ONCALL, text="hello")


def test_posts_to_a_messages_tab_that_people_can_only_read(slack: WebClient, workspace: Workspace) -> None:
    workspace.app.messages_read_only = True

    slack.chat_postMessage(channel=VIEWER.id, text="hello")

    assert workspace.messages[0].content.text == "hello"
