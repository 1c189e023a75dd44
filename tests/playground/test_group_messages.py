"""Group direct messages of the local Slack."""

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.playground.people import BOT, EDITOR, GUEST, STRANGER, VIEWER
from bot.playground.workspace import Workspace
from tests.playground.conftest import OpenPage, OpenSocket
from tests.support.slack import ONCALL


def test_returns_a_group_direct_message_only_with_its_own_scope(
    slack: WebClient, workspace: Workspace
) -> None:
    group = workspace.open_group_message(VIEWER, EDITOR, BOT)

    with pytest.raises(SlackApiError) as refusal:
        slack.conversations_info(channel=group.id)
    workspace.app.scopes |= {"mpim:read"}
    found = slack.conversations_info(channel=group.id)["channel"]

    assert (refusal.value.response["error"], refusal.value.response["needed"]) == (
        "missing_scope",
        "mpim:read",
    )
    assert found["name"] == "mpdm-vera--ed--im-bot-1"
    flags = ("is_mpim", "is_private", "is_channel", "is_group", "is_im", "is_ext_shared", "is_member")
    assert [found[flag] for flag in flags] == [True, True, False, False, False, False, True]


def test_shares_a_group_direct_message_with_a_stranger_outside(
    slack: WebClient, workspace: Workspace
) -> None:
    workspace.app.scopes |= {"mpim:read"}
    group = workspace.open_group_message(VIEWER, STRANGER, BOT)

    assert slack.conversations_info(channel=group.id)["channel"]["is_ext_shared"]


def test_hides_a_group_direct_message_without_the_bot(slack: WebClient, workspace: Workspace) -> None:
    workspace.app.scopes |= {"mpim:read"}
    group = workspace.open_group_message(VIEWER, EDITOR)

    with pytest.raises(SlackApiError) as refusal:
        slack.conversations_info(channel=group.id)

    assert refusal.value.response["error"] == "channel_not_found"


def test_looks_like_a_channel_by_its_id(workspace: Workspace) -> None:
    groups = [workspace.open_group_message(VIEWER, EDITOR, BOT), workspace.open_group_message(VIEWER, GUEST)]

    assert {group.id[0] for group in groups} == {ONCALL[0]}
    assert len({group.id for group in groups}) == 2


def test_sends_a_mention_in_a_group_direct_message_as_in_a_channel(
    workspace: Workspace, page: OpenPage, open_socket: OpenSocket
) -> None:
    group = workspace.open_group_message(VIEWER, EDITOR, BOT)
    workspace.app.events, workspace.app.scopes = frozenset({"app_mention"}), frozenset({"app_mentions:read"})
    vera, bot = page(VIEWER), open_socket()

    vera.send("@im-bot help", group.id)
    event = bot.receive()["payload"]["event"]

    assert (event["type"], event["channel"]) == ("app_mention", group.id)
    assert "channel_type" not in event


def test_shows_a_group_direct_message_to_its_members(workspace: Workspace, page: OpenPage) -> None:
    group = workspace.open_group_message(VIEWER, EDITOR, BOT)

    kinds = {channel["id"]: channel["kind"] for channel in page(VIEWER).snapshot["channels"]}

    assert kinds[group.id] == "group"
    assert group.id not in {channel["id"] for channel in page(GUEST).snapshot["channels"]}
