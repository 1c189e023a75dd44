import pytest
import requests
from slack_sdk import WebClient

from bot.playground.interactions.actions import ACTIONS, QUERIES
from bot.playground.people import (
    BOT,
    COLLEAGUE,
    ENTERPRISE_ID,
    ENTERPRISE_NAME,
    LEAVER,
    PARTNER_TEAM_ID,
    SISTER_TEAM_ID,
    STRANGER,
    TEAM_DOMAIN,
    TEAM_ID,
    VIEWER,
)
from bot.playground.workspace import Workspace
from tests.playground.conftest import OpenPage, OpenSocket
from tests.support.slack import ONCALL, PARTNERS, SUPPORT, make_buttons

WHAT_PEOPLE_DO = sorted((ACTIONS.keys() | QUERIES.keys()) - {"weather"})


@pytest.mark.parametrize("action", WHAT_PEOPLE_DO)
@pytest.mark.parametrize(
    ("id_", "error"),
    [(LEAVER.id, "account_inactive"), (BOT.id, "user_not_found"), ("U000", "user_not_found")],
)
def test_refuses_actions_of_deactivated_and_unknown_users(
    url: str, workspace: Workspace, action: str, id_: str, error: str
) -> None:
    body = {"as": id_, "channel": SUPPORT, "text": "hello", "view_id": "V0"}

    answer = requests.post(f"{url}/page/{action}", json=body, timeout=30)

    assert answer.json() == {"ok": False, "error": error}


def test_lets_people_of_another_workspace_press_but_run_nothing(
    slack: WebClient, page: OpenPage, open_socket: OpenSocket
) -> None:
    stella, bot = page(STRANGER), open_socket()
    slack.chat_postMessage(channel=PARTNERS, text="Which?", blocks=make_buttons("a"))
    message = stella.next_message()

    stella.send("/im help", PARTNERS)
    refused = stella.next_message()
    shortcut = stella.use_shortcut("lookup_message", PARTNERS, ts=message["ts"])
    stella.press(message, "a")
    payload = bot.receive()["payload"]

    assert (refused["error"], shortcut["error"]) == (True, "shortcut_not_found")
    assert (payload["type"], payload["user"]["team_id"]) == ("block_actions", PARTNER_TEAM_ID)


def test_names_one_workspace_of_two_in_presses_and_the_right_one_in_commands(
    slack: WebClient, workspace: Workspace, page: OpenPage, open_socket: OpenSocket
) -> None:
    workspace.join_organization()
    enterprise = {"enterprise_id": ENTERPRISE_ID, "enterprise_name": ENTERPRISE_NAME}
    colleague, bot = page(COLLEAGUE), open_socket()

    colleague.send("/im help")
    command = bot.receive()
    bot.acknowledge(command)
    slack.chat_postMessage(channel=ONCALL, text="Which?", blocks=make_buttons("a"))
    colleague.press(colleague.next_message(), "a")
    press = bot.receive()["payload"]

    asked = {key: command["payload"].get(key) for key in ("team_id", *enterprise, "is_enterprise_install")}
    assert asked == {"team_id": TEAM_ID, **enterprise, "is_enterprise_install": "false"}
    assert (press["user"]["id"], press["user"]["team_id"]) == (COLLEAGUE.id, SISTER_TEAM_ID)
    assert press["team"] == {"id": TEAM_ID, "domain": TEAM_DOMAIN, **enterprise}
    assert press["enterprise"] == {"id": ENTERPRISE_ID, "name": ENTERPRISE_NAME}
    assert press["is_enterprise_install"] is False


def test_lists_the_workspaces_of_a_person_in_an_organization(slack: WebClient, workspace: Workspace) -> None:
    workspace.join_organization()

    user = slack.users_info(user=COLLEAGUE.id)["user"]

    assert user["enterprise_user"] == {
        "id": COLLEAGUE.id,
        "enterprise_id": ENTERPRISE_ID,
        "enterprise_name": ENTERPRISE_NAME,
        "is_admin": False,
        "is_owner": False,
        "teams": [TEAM_ID, SISTER_TEAM_ID],
    }
    assert "enterprise_user" not in slack.users_info(user=STRANGER.id)["user"]
    assert slack.auth_test()["enterprise_id"] == ENTERPRISE_ID


def test_names_no_organization_outside_one(slack: WebClient) -> None:
    assert "enterprise_id" not in slack.auth_test()
    assert "enterprise_user" not in slack.users_info(user=VIEWER.id)["user"]


def test_sends_the_organization_with_an_event(
    workspace: Workspace, page: OpenPage, open_socket: OpenSocket
) -> None:
    workspace.join_organization()
    workspace.app.events, workspace.app.scopes = frozenset({"app_mention"}), frozenset({"app_mentions:read"})
    colleague, bot = page(COLLEAGUE), open_socket()

    colleague.send("@im-bot help")
    payload = bot.receive()["payload"]

    assert (payload["team_id"], payload["enterprise_id"]) == (TEAM_ID, ENTERPRISE_ID)
    assert payload["authorizations"][0]["enterprise_id"] == ENTERPRISE_ID
    assert payload["event"]["team"] == SISTER_TEAM_ID
