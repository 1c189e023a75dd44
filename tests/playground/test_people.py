import pytest
import requests
from slack_sdk import WebClient

from bot.playground.interactions.actions import ACTIONS, QUERIES
from bot.playground.people import BOT, LEAVER, PARTNER_TEAM_ID, STRANGER
from bot.playground.workspace import Workspace
from tests.playground.conftest import OpenPage, OpenSocket
from tests.support.slack import PARTNERS, SUPPORT, make_buttons

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
