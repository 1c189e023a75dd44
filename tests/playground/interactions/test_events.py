from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from slack_sdk import WebClient
from slack_sdk.signature import SignatureVerifier
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.playground.people import BOT, EDITOR, STRANGER, VIEWER
from bot.playground.workspace import Workspace
from bot.serving.background_server import BackgroundServer
from tests.playground.conftest import OpenPage, OpenSocket
from tests.support.slack import ONCALL, PARTNERS, SIGNING_SECRET, make_buttons, wait_until

DIRECT = f"D{VIEWER.id[1:]}"


@pytest.fixture(autouse=True)
def subscribed(workspace: Workspace) -> None:
    workspace.app.events = frozenset({"message.im", "app_mention", "app_home_opened"})
    workspace.app.scopes |= {"im:history", "app_mentions:read"}


def test_sends_an_event_of_a_direct_message_in_slacks_shape(page: OpenPage, open_socket: OpenSocket) -> None:
    vera, bot = page(VIEWER), open_socket()

    vera.send("alice & <bob>, @ed: https://example.com/u?a=1&b=2, me@example.com", DIRECT)
    envelope = bot.receive()
    ts = vera.next_message()["ts"]

    payload = envelope.pop("payload")
    assert envelope.pop("envelope_id")
    assert envelope == {
        "type": "events_api",
        "accepts_response_payload": False,
        "retry_attempt": 0,
        "retry_reason": "",
    }
    assert payload.pop("token")
    assert payload.pop("event_context")
    assert payload.pop("event_id").startswith("Ev")
    assert payload.pop("event_time") == int(float(ts))
    assert UUID(payload["event"].pop("client_msg_id")).version == 4
    assert payload["event"]["blocks"][0].pop("block_id")
    assert payload == {
        "type": "event_callback",
        "team_id": "T07IMBOT4QX",
        "api_app_id": "A07IMBOTX3M",
        "authorizations": [
            {
                "enterprise_id": None,
                "team_id": "T07IMBOT4QX",
                "user_id": BOT.id,
                "is_bot": True,
                "is_enterprise_install": False,
            }
        ],
        "is_ext_shared_channel": False,
        "event": {
            "type": "message",
            "user": VIEWER.id,
            "ts": ts,
            "event_ts": ts,
            "team": "T07IMBOT4QX",
            "text": f"alice &amp; &lt;bob&gt;, <@{EDITOR.id}>: <https://example.com/u?a=1&amp;b=2>, "
            "<mailto:me@example.com|me@example.com>",
            "blocks": [
                {
                    "type": "rich_text",
                    "elements": [
                        {
                            "type": "rich_text_section",
                            "elements": [
                                {"type": "text", "text": "alice & <bob>, "},
                                {"type": "user", "user_id": EDITOR.id},
                                {"type": "text", "text": ": "},
                                {"type": "link", "url": "https://example.com/u?a=1&b=2"},
                                {"type": "text", "text": ", "},
                                {"type": "link", "url": "mailto:me@example.com", "text": "me@example.com"},
                            ],
                        }
                    ],
                }
            ],
            "channel": DIRECT,
            "channel_type": "im",
        },
    }


def test_sends_an_event_of_a_mention_in_the_bots_channels(
    workspace: Workspace, page: OpenPage, open_socket: OpenSocket
) -> None:
    vera, bot = page(VIEWER), open_socket()
    workspace.channels["C07SUPPRT7B"].members.remove(BOT.id)

    vera.send("@im-bot anybody there?", "C07SUPPRT7B")
    vera.send("@nobody, @vera")
    vera.send("@im-bot look up alice")
    event = bot.receive()["payload"]["event"]

    assert (event["type"], event["channel"], event["user"]) == ("app_mention", ONCALL, VIEWER.id)
    assert event["text"] == f"<@{BOT.id}> look up alice"
    assert [vera.next_message()["text"] for _ in range(2)][1] == f"@nobody, <@{VIEWER.id}>"


def test_sends_an_event_of_a_mention_from_another_workspace(page: OpenPage, open_socket: OpenSocket) -> None:
    stella, bot = page(STRANGER), open_socket()

    stella.send("@im-bot alice", PARTNERS)
    payload = bot.receive()["payload"]

    assert payload["is_ext_shared_channel"]
    assert payload["event"]["team"] == STRANGER.team_id


def test_sends_a_mention_again_when_it_is_edited(page: OpenPage, open_socket: OpenSocket) -> None:
    vera, ed, bot = page(VIEWER), page(EDITOR), open_socket()
    vera.send("@im-bot alcie")
    first = bot.receive()["payload"]

    place = {"channel": ONCALL, "ts": first["event"]["ts"]}
    assert ed.edit("@im-bot bob_k", **place)["error"] == "cant_update_message"
    assert vera.edit("@im-bot alice", **place) == {"ok": True}
    second = bot.receive()["payload"]

    assert second["event_id"] != first["event_id"]
    assert second["event"].pop("edited")["user"] == VIEWER.id
    (before,), (after,) = (event["event"].pop("blocks") for event in (first, second))
    assert before["block_id"] != after["block_id"]
    assert after["elements"][0]["elements"][-1] == {"type": "text", "text": " alice"}
    assert second["event"] == {**first["event"], "text": f"<@{BOT.id}> alice"}
    assert [ed.next_message()["text"] for _ in range(2)][1] == f"<@{BOT.id}> alice"


def test_keeps_a_thread_together(slack: WebClient, page: OpenPage, open_socket: OpenSocket) -> None:
    vera, ed, bot = page(VIEWER), page(EDITOR), open_socket()
    vera.send("look")
    first = vera.next_message()["ts"]

    assert ed.send("@im-bot alice", thread_ts=first) == {"ok": True}
    event = bot.receive()["payload"]["event"]
    slack.chat_postMessage(channel=ONCALL, text="here", thread_ts=event["ts"])

    assert event["thread_ts"] == first
    assert [vera.next_message()["thread_ts"] for _ in range(2)] == [first, first]
    assert vera.send("/im help", thread_ts=first)["error"] == "no_command_in_thread"
    assert vera.send("hm", thread_ts="1.0")["error"] == "message_not_found"


def test_sends_events_of_the_bots_own_direct_messages(
    slack: WebClient, page: OpenPage, open_socket: OpenSocket
) -> None:
    bot = open_socket()

    ts = slack.chat_postMessage(channel=DIRECT, text="one", blocks=make_buttons("a"))["ts"]
    slack.chat_update(channel=DIRECT, ts=ts, text="two")
    slack.chat_delete(channel=DIRECT, ts=ts)
    slack.chat_postEphemeral(channel=DIRECT, user=VIEWER.id, text="not told")
    page(VIEWER).send("last", DIRECT)
    posted, changed, deleted, last = (bot.receive()["payload"]["event"] for _ in range(4))

    assert (posted["bot_id"], posted["user"], posted["text"]) == ("B07IMBOTX3M", BOT.id, "one")
    assert (changed["subtype"], changed["message"]["text"]) == ("message_changed", "two")
    assert (changed["previous_message"]["text"], changed["message"]["ts"]) == ("one", ts)
    assert (deleted["subtype"], deleted["deleted_ts"]) == ("message_deleted", ts)
    assert last["text"] == "last"


def test_sends_an_edit_with_the_message_before_it(page: OpenPage, open_socket: OpenSocket) -> None:
    vera, bot = page(VIEWER), open_socket()
    vera.send("alcie", DIRECT)
    posted = bot.receive()["payload"]["event"]

    vera.edit("alice", channel=DIRECT, ts=posted["ts"])
    changed = bot.receive()["payload"]["event"]

    message = {
        key: value for key, value in posted.items() if key not in ("channel", "channel_type", "event_ts")
    }
    assert changed["previous_message"] == message
    assert changed["message"]["client_msg_id"] == posted["client_msg_id"]
    assert changed["message"]["edited"]["user"] == VIEWER.id


def test_sends_what_a_message_was_before_it_had_blocks(
    slack: WebClient, page: OpenPage, open_socket: OpenSocket
) -> None:
    bot = open_socket()

    ts = slack.chat_postMessage(channel=DIRECT, text="one")["ts"]
    slack.chat_update(channel=DIRECT, ts=ts, text="two", blocks=make_buttons("a"))
    _, changed = (bot.receive()["payload"]["event"] for _ in range(2))

    assert "blocks" in changed["message"]
    assert "blocks" not in changed["previous_message"]


def test_sends_an_event_when_the_app_is_opened(
    slack: WebClient, page: OpenPage, open_socket: OpenSocket
) -> None:
    vera, bot = page(VIEWER), open_socket()

    assert vera.open_app() == {"ok": True}
    first = bot.receive()["payload"]["event"]
    slack.views_publish(user_id=VIEWER.id, view={"type": "home", "blocks": make_buttons("a")})
    vera.open_app()
    again = bot.receive()["payload"]["event"]
    vera.open_app("messages")
    messages = bot.receive()["payload"]["event"]

    assert first.pop("event_ts")
    assert first == {"type": "app_home_opened", "user": VIEWER.id, "channel": DIRECT, "tab": "home"}
    assert (again["view"]["type"], again["view"]["blocks"][0]["type"]) == ("home", "section")
    assert (messages["tab"], "view" in messages) == ("messages", False)


@pytest.mark.parametrize("change", [{"events": frozenset()}, {"scopes": frozenset({"commands"})}])
def test_sends_only_events_that_the_bot_subscribed_to_and_may_read(
    workspace: Workspace, page: OpenPage, open_socket: OpenSocket, change: dict[str, Any]
) -> None:
    vera, bot = page(VIEWER), open_socket()
    for name, value in change.items():
        setattr(workspace.app, name, value)

    vera.send("alice", DIRECT)
    vera.send("@im-bot alice")
    vera.send("/im help")

    assert bot.receive()["type"] == "slash_commands"


def test_retries_events_that_were_not_acknowledged(
    workspace: Workspace, page: OpenPage, open_socket: OpenSocket
) -> None:
    vera, bot = page(VIEWER), open_socket()
    workspace.ack_limit = 0.05
    workspace.retry_delays = (0, 0.01, 0.01)

    vera.send("alice", DIRECT)
    attempts = [bot.receive() for _ in range(4)]

    assert [attempt["retry_attempt"] for attempt in attempts] == [0, 1, 2, 3]
    assert [attempt["retry_reason"] for attempt in attempts] == ["", *["timeout"] * 3]
    assert len({attempt["payload"]["event_id"] for attempt in attempts}) == 1


class ScriptedRequestURL:
    """A request URL with scripted responses that records the requests with a valid signature."""

    def __init__(self) -> None:
        self.answers: list[Response] = []
        self.received: list[tuple[str | None, str | None, Any]] = []

    async def __call__(self, request: Request) -> Response:
        if not SignatureVerifier(SIGNING_SECRET).is_valid_request(
            await request.body(), dict(request.headers)
        ):
            return Response(status_code=401)
        assert request.headers["Content-Type"] == "application/json"
        number, reason = (request.headers.get(f"X-Slack-Retry-{name}") for name in ("Num", "Reason"))
        self.received.append((number, reason, await request.json()))
        return self.answers.pop(0) if self.answers else Response(status_code=204)


@pytest.fixture
def request_url(workspace: Workspace) -> Iterator[ScriptedRequestURL]:
    request_url = ScriptedRequestURL()
    with BackgroundServer(Starlette(routes=[Route("/", request_url.__call__, methods=["POST"])])) as bot:
        workspace.app.request_url = bot.url
        yield request_url


def test_signs_and_retries_events_over_http(
    workspace: Workspace, page: OpenPage, request_url: ScriptedRequestURL
) -> None:
    workspace.retry_delays = (0, 0, 0)
    request_url.answers = [Response(status_code=500), Response(status_code=404)]

    page(VIEWER).send("alice", DIRECT)
    wait_until(lambda: len(request_url.received) == 3 and not workspace.pending_deliveries)

    assert [attempt[:2] for attempt in request_url.received] == [
        (None, None),
        ("1", "http_error"),
        ("2", "http_error"),
    ]
    assert len({attempt[2]["event_id"] for attempt in request_url.received}) == 1


def test_gives_up_when_the_bot_asks_for_it(
    workspace: Workspace, page: OpenPage, request_url: ScriptedRequestURL
) -> None:
    request_url.answers = [Response(status_code=500, headers={"X-Slack-No-Retry": "1"})]

    page(VIEWER).send("alice", DIRECT)
    wait_until(lambda: bool(request_url.received) and not workspace.pending_deliveries)

    assert len(request_url.received) == 1


def test_gives_up_after_three_more_attempts(
    workspace: Workspace, page: OpenPage, request_url: ScriptedRequestURL
) -> None:
    workspace.retry_delays = (0, 0, 0)
    request_url.answers = [Response(status_code=500)] * 9

    page(VIEWER).send("alice", DIRECT)
    wait_until(lambda: len(request_url.received) == 4 and not workspace.pending_deliveries)

    assert len(request_url.answers) == 5
