"""People whom the local Slack notifies because an app's message mentions them."""

from typing import Any

import pytest
from slack_sdk import WebClient

from bot.playground.people import BOT, EDITOR, EDITORS_GROUP_ID, GROUP_EDITOR, STRANGER, VIEWER
from bot.playground.workspace import Workspace
from tests.support.slack import ONCALL


def rich_text(*elements: dict[str, Any]) -> list[dict[str, Any]]:
    section = {"type": "rich_text_section", "elements": list(elements)}
    return [{"type": "rich_text", "elements": [section]}]


def notified(workspace: Workspace) -> list[str]:
    return [person_id for person_id, _ in workspace.notified]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ({"text": f"by <@{EDITOR.id}>"}, [EDITOR.id]),
        ({"text": f"by <@{EDITOR.id}|ed> and <@{VIEWER.id}>"}, [EDITOR.id, VIEWER.id]),
        ({"text": "by", "blocks": rich_text({"type": "user", "user_id": EDITOR.id})}, [EDITOR.id]),
        (
            {"text": "by", "blocks": rich_text({"type": "usergroup", "usergroup_id": EDITORS_GROUP_ID})},
            [GROUP_EDITOR.id],
        ),
        (
            {
                "text": "by",
                "blocks": [{"type": "context", "elements": [{"type": "mrkdwn", "text": f"<@{EDITOR.id}>"}]}],
            },
            [EDITOR.id],
        ),
        ({"text": f"by <@{STRANGER.id}>"}, []),
        ({"text": f"by {EDITOR.name} ({EDITOR.id}), @{EDITOR.handle}"}, []),
        (
            {"text": "by", "blocks": rich_text({"type": "text", "text": f"{EDITOR.name} <@{EDITOR.id}>"})},
            [],
        ),
    ],
)
def test_notifies_members_whom_a_posted_message_mentions(
    slack: WebClient, workspace: Workspace, content: dict[str, Any], expected: list[str]
) -> None:
    slack.chat_postMessage(channel=ONCALL, **content)

    assert notified(workspace) == expected


def test_notifies_nobody_of_an_ephemeral_message(slack: WebClient, workspace: Workspace) -> None:
    slack.chat_postEphemeral(channel=ONCALL, user=VIEWER.id, text=f"by <@{EDITOR.id}>")

    assert notified(workspace) == []


def test_notifies_nobody_in_a_direct_message_between_two(slack: WebClient, workspace: Workspace) -> None:
    slack.chat_postMessage(channel=VIEWER.id, text=f"by <@{VIEWER.id}> and <@{BOT.id}>")

    assert notified(workspace) == []
