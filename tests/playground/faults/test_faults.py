from threading import Thread
from typing import Any

import pytest
import requests
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.playground.people import EDITOR, VIEWER
from bot.playground.workspace import Workspace
from bot.playground_app import make_im_control
from bot.sandbox.run import open_sandbox
from bot.serving.background_server import BackgroundServer
from tests.playground.conftest import OpenPage, OpenSocket
from tests.support.slack import ONCALL, wait_until


def test_sends_every_page_the_fault_settings(page: OpenPage) -> None:
    vera, ed = page(VIEWER), page(EDITOR)

    assert vera.set_fault("web_api", "down") == {"ok": True}

    for person in (vera, ed):
        news = person.next()
        assert news["type"] == "weather"
        assert {dial["name"]: dial["setting"] for dial in news["weather"]} == {
            "web_api": "down",
            "response_url": "fine",
            "command_answers": "added",
            "updated_views": "chosen",
            "data_tables": "taken",
            "downloads": "fine",
            "files_in_mentions": "listed",
            "deliveries": "once",
            "socket": "connected",
        }
    (first, *_) = page(VIEWER).snapshot["weather"]
    assert (first["label"], first["setting"]) == ("Slack's Web API", "down")
    assert first["settings"][1] == {"name": "limited", "label": "Too many requests (429)"}


@pytest.mark.parametrize(("dial", "setting"), [("sun", "fine"), ("web_api", "sunny"), ("web_api", None)])
def test_knows_no_other_weather(page: OpenPage, dial: str, setting: str) -> None:
    assert page(VIEWER).set_fault(dial, setting) == {"ok": False, "error": "invalid_weather"}


@pytest.mark.parametrize(("setting", "status"), [("limited", 429), ("down", 500)])
def test_fails_the_web_api_until_the_fault_is_cleared(
    slack: WebClient, page: OpenPage, setting: str, status: int
) -> None:
    vera = page(VIEWER)
    vera.set_fault("web_api", setting)

    for _ in range(2):
        with pytest.raises(SlackApiError) as caught:
            slack.auth_test()
        assert caught.value.response.status_code == status

    vera.set_fault("web_api", "fine")
    assert slack.auth_test()["ok"]


def test_answers_a_delayed_method_late_and_any_other_at_once(slack: WebClient, workspace: Workspace) -> None:
    workspace.faults.delay("users.info", 0.5)
    finished: list[str] = []
    calls = {
        "slow": lambda: slack.users_info(user=VIEWER.id),
        "quick": slack.auth_test,
    }

    def call(name: str) -> None:
        assert calls[name]()["ok"]
        finished.append(name)

    threads = [Thread(target=call, args=(name,)) for name in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert finished == ["quick", "slow"]


def test_lets_response_urls_fail_alone(slack: WebClient, page: OpenPage, open_socket: OpenSocket) -> None:
    vera, bot = page(VIEWER), open_socket()
    vera.set_fault("response_url", "down")
    vera.send("/im help")

    answer = requests.post(bot.receive()["payload"]["response_url"], json={"text": "x"}, timeout=30)

    assert answer.status_code == 500
    assert slack.auth_test()["ok"]


def test_refuses_data_tables_until_the_fault_is_cleared(
    slack: WebClient, page: OpenPage, open_socket: OpenSocket
) -> None:
    cells = [[{"type": "raw_text", "text": text}] for text in ("Account", "alice")]
    message: dict[str, Any] = {
        "text": "x",
        "blocks": [{"type": "data_table", "caption": "Accounts", "rows": cells}],
    }
    vera, bot = page(VIEWER), open_socket()
    vera.send("/im help")
    response_url = bot.receive()["payload"]["response_url"]

    vera.set_fault("data_tables", "refused")
    with pytest.raises(SlackApiError, match="invalid_blocks") as caught:
        slack.chat_postMessage(channel=ONCALL, **message)
    refused = requests.post(response_url, json=message, timeout=30)
    vera.set_fault("data_tables", "taken")
    taken = requests.post(response_url, json=message, timeout=30)

    assert caught.value.response["errors"] == ["unsupported type: data_table [json-pointer:/blocks/0/type]"]
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_blocks")
    assert taken.status_code == 200
    assert slack.chat_postMessage(channel=ONCALL, **message)["ok"]


def test_leaves_calls_hanging(url: str, page: OpenPage) -> None:
    page(VIEWER).set_fault("web_api", "hanging")

    with pytest.raises(requests.Timeout):
        requests.post(f"{url}/api/auth.test", {"token": "xoxb-test"}, timeout=0.1)


def test_delivers_everything_twice_by_socket(page: OpenPage, open_socket: OpenSocket) -> None:
    vera, bot = page(VIEWER), open_socket()
    vera.set_fault("deliveries", "twice")

    vera.send("/im one")
    vera.send("/im two")

    envelopes = [bot.receive() for _ in range(4)]
    assert len({envelope["envelope_id"] for envelope in envelopes}) == 2


def test_delivers_everything_twice_by_http(workspace: Workspace, page: OpenPage) -> None:
    vera, came = page(VIEWER), []

    async def take(request: Request) -> Response:
        came.append((await request.body(), request.headers.get("X-Slack-Retry-Num")))
        return Response()

    workspace.app.events, workspace.app.scopes = frozenset({"app_mention"}), frozenset({"app_mentions:read"})
    with BackgroundServer(Starlette(routes=[Route("/", take, methods=["POST"])])) as bot:
        workspace.app.request_url = bot.url
        vera.set_fault("deliveries", "twice")
        vera.send("@im-bot alice")
        wait_until(lambda: len(came) == 2)
        vera.send("/im one")
        wait_until(lambda: len(came) == 4)

    assert [number for _, number in came] == [None, "1", None, None]
    assert came[0][0] == came[1][0]
    assert came[2] == came[3]


def test_drops_the_socket(page: OpenPage, open_socket: OpenSocket) -> None:
    vera, bot = page(VIEWER), open_socket()

    vera.set_fault("socket", "drop")

    assert bot.receive()["reason"] == "refresh_requested"
    assert {dial["name"]: dial["setting"] for dial in vera.next()["weather"]}["socket"] == "connected"


def test_sets_the_sandboxs_behavior_by_a_fault_control(workspace: Workspace, page: OpenPage) -> None:
    vera, sandbox = page(VIEWER), open_sandbox()
    workspace.fault_controls.add(make_im_control(sandbox))
    settings = [each["name"] for each in workspace.fault_controls.serialize()[-1]["settings"]]

    behavior = {}
    for setting in (*settings, "fine"):
        vera.set_fault("im", setting)
        behavior[setting] = (
            sandbox.behavior.latency_ms,
            sandbox.behavior.fault and sandbox.behavior.fault.kind,
        )

    assert behavior == {
        "slow": (3000, None),
        "busy": (0, "code"),
        "down": (0, "502"),
        "hanging": (0, "hang"),
        "fine": (0, None),
    }


def test_takes_so_many_calls_a_minute(slack: WebClient, workspace: Workspace) -> None:
    now = 1_800_000_000.0
    workspace.clock = lambda: now
    ts = slack.chat_postMessage(channel=ONCALL, text="0")["ts"]

    def change() -> int | str:
        try:
            return slack.chat_update(channel=ONCALL, ts=ts, text="x").status_code
        except SlackApiError as error:
            return f"{error.response.status_code} after {error.response.headers['Retry-After']}"

    assert [change() for _ in range(51)] == [200] * 50 + ["429 after 60"]
    assert slack.conversations_open(users=VIEWER.id)["ok"]
    now += 60
    assert change() == 200
