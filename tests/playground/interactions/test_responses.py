from collections.abc import Callable
from typing import Any, TypeAlias

import pytest
import requests

from bot.playground.faults.faults import RESPONSE_URL, SlackFault
from bot.playground.people import EDITOR, VIEWER
from bot.playground.workspace import Workspace
from tests.playground.conftest import OpenPage, OpenSocket
from tests.support.slack import ONCALL, Page, SocketModeConnection, make_buttons

Ask: TypeAlias = Callable[[], str]


def respond(response_url: str, **body: Any) -> requests.Response:
    return requests.post(response_url, json=body, timeout=30)


@pytest.fixture
def vera(page: OpenPage) -> Page:
    return page(VIEWER)


@pytest.fixture
def bot(open_socket: OpenSocket) -> SocketModeConnection:
    return open_socket()


def ask(vera: Page, bot: SocketModeConnection) -> str:
    """Run a slash command and return its response URL."""
    vera.send("/im profile a")
    envelope = bot.receive()
    bot.acknowledge(envelope)
    response_url: str = envelope["payload"]["response_url"]
    return response_url


def press(
    person: Page, bot: SocketModeConnection, message: dict[str, Any], action_id: str = "a"
) -> dict[str, Any]:
    """Press a button and return the payload the bot gets."""
    assert person.press(message, action_id) == {"ok": True}
    envelope = bot.receive()
    bot.acknowledge(envelope)
    payload: dict[str, Any] = envelope["payload"]
    return payload


def test_answers_the_actor_alone_by_default(vera: Page, bot: SocketModeConnection) -> None:
    answer = respond(ask(vera, bot), text="yours")

    message = vera.next_message()
    assert (answer.status_code, answer.text) == (200, "ok")
    assert (message["text"], message["ephemeral"], message["command"]) == ("yours", True, None)


def test_shows_the_command_once_when_answering_the_channel(
    vera: Page, bot: SocketModeConnection, page: OpenPage
) -> None:
    ed = page(EDITOR)
    response_url = ask(vera, bot)

    respond(response_url, text="one", response_type="in_channel")
    respond(response_url, text="two", response_type="in_channel")

    assert [ed.next_message()["command"] for _ in range(2)] == ["/im profile a", None]


def test_works_five_times(vera: Page, bot: SocketModeConnection, workspace: Workspace) -> None:
    response_url = ask(vera, bot)

    statuses = [respond(response_url, text=str(n)).status_code for n in range(5)]
    sixth = respond(response_url, text="once more")

    assert statuses == [200] * 5
    assert (sixth.status_code, sixth.json()) == (404, {"ok": False, "error": "used_url"})
    assert len(workspace.messages) == 5


def test_works_for_thirty_minutes(vera: Page, bot: SocketModeConnection, workspace: Workspace) -> None:
    response_url = ask(vera, bot)
    now = workspace.clock()

    workspace.clock = lambda: now + 30 * 60 - 1
    in_time = respond(response_url, text="in time")
    workspace.clock = lambda: now + 30 * 60 + 1
    late = respond(response_url, text="late")

    assert in_time.status_code == 200
    assert (late.status_code, late.json()) == (404, {"ok": False, "error": "expired_url"})


def test_knows_no_other_response_url(url: str, workspace: Workspace) -> None:
    assert respond(f"{url}/response/guess", text="hello").status_code == 404


@pytest.mark.parametrize(
    ("body", "word"),
    [("{", "invalid_payload"), ("[]", "invalid_payload"), ("{}", "no_text")],
)
def test_refuses_what_is_no_message(vera: Page, bot: SocketModeConnection, body: str, word: str) -> None:
    answer = requests.post(ask(vera, bot), body, timeout=30)

    assert (answer.status_code, answer.json()["error"]) == (400, word)


def test_refuses_invalid_blocks_with_the_place(vera: Page, bot: SocketModeConnection) -> None:
    header = {"type": "header", "text": {"type": "plain_text", "text": "x" * 151}}

    answer = respond(ask(vera, bot), text="x", blocks=[header])

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_blocks")
    assert "[json-pointer:/blocks/0/text/text]" in answer.json()["response_metadata"]["messages"][0]


def test_adds_an_answer_though_it_is_asked_to_replace_the_one_before(
    vera: Page, bot: SocketModeConnection
) -> None:
    response_url = ask(vera, bot)

    respond(response_url, text="working …")
    respond(response_url, text="done", replace_original=True)

    before, after = vera.next_message(), vera.next_message()
    assert (before["text"], after["text"]) == ("working …", "done")
    assert after["ts"] != before["ts"]


def test_replaces_the_answer_given_before_if_so_set(vera: Page, bot: SocketModeConnection) -> None:
    vera.set_fault("command_answers", "replaced")
    response_url = ask(vera, bot)

    respond(response_url, text="working …")
    respond(response_url, text="done", replace_original=True)

    _, before, after = vera.next(), vera.next(), vera.next()
    assert (after["type"], after["message"]["text"]) == ("message_changed", "done")
    assert after["message"]["ts"] == before["message"]["ts"]


def test_has_nothing_to_delete_for_a_slash_command(vera: Page, bot: SocketModeConnection) -> None:
    response_url = ask(vera, bot)
    respond(response_url, text="one")

    assert respond(response_url, delete_original=True).json()["error"] == "no_text"


def test_replaces_the_message_whose_button_was_pressed(
    vera: Page, bot: SocketModeConnection, page: OpenPage
) -> None:
    ed = page(EDITOR)
    respond(ask(vera, bot), text="Which?", blocks=make_buttons("a", "b"), response_type="in_channel")

    payload = press(ed, bot, ed.next_message())
    respond(payload["response_url"], text="a it is", replace_original=True)

    asked, replaced = vera.next(), vera.next()
    assert (replaced["type"], replaced["message"]["text"]) == ("message_changed", "a it is")
    assert replaced["message"]["ts"] == asked["message"]["ts"]


def test_answers_a_shortcut_used_in_a_thread_in_the_channel(vera: Page, bot: SocketModeConnection) -> None:
    vera.send("first")
    first = vera.next_message()
    vera.send("reply", thread_ts=first["ts"])
    vera.use_shortcut("lookup_message", ts=vera.next_message()["ts"])
    while (envelope := bot.receive())["type"] != "interactive":
        bot.acknowledge(envelope)
    bot.acknowledge(envelope)

    respond(envelope["payload"]["response_url"], text="here")

    assert envelope["payload"]["message"]["thread_ts"] == first["ts"]
    assert vera.next_message()["thread_ts"] is None


def test_answers_a_press_with_a_new_message_without_replace_original(
    vera: Page, bot: SocketModeConnection
) -> None:
    respond(ask(vera, bot), text="Which?", blocks=make_buttons("a"))

    payload = press(vera, bot, vera.next_message())
    respond(payload["response_url"], text="beside", replace_original=False)

    assert vera.next()["type"] == "message"


def test_deletes_the_message_whose_button_was_pressed(vera: Page, bot: SocketModeConnection) -> None:
    respond(ask(vera, bot), text="Which?", blocks=make_buttons("a"))
    asked = vera.next_message()

    respond(press(vera, bot, asked)["response_url"], delete_original="true")

    assert vera.next() == {"type": "message_deleted", "channel": ONCALL, "ts": asked["ts"]}


def test_answers_anew_when_the_message_is_gone(vera: Page, bot: SocketModeConnection) -> None:
    respond(ask(vera, bot), text="Which?", blocks=make_buttons("a"))
    response_url = press(vera, bot, vera.next_message())["response_url"]
    respond(response_url, delete_original=True)

    respond(response_url, text="gone, so here", replace_original=True)

    assert [vera.next()["type"], vera.next()["type"]] == ["message_deleted", "message"]


def test_fails_by_a_fault_setting(vera: Page, bot: SocketModeConnection, workspace: Workspace) -> None:
    response_url = ask(vera, bot)
    workspace.faults.fail(RESPONSE_URL, SlackFault.RATE_LIMITED)

    limited, fine = respond(response_url, text="one"), respond(response_url, text="two")

    assert (limited.status_code, limited.headers["Retry-After"]) == (429, "1")
    assert fine.status_code == 200


def test_takes_a_message_a_second_for_everyone_after_a_burst(
    vera: Page, bot: SocketModeConnection, workspace: Workspace
) -> None:
    urls = [ask(vera, bot) for _ in range(2)]
    now = workspace.clock()
    workspace.clock = lambda: now

    answers = [respond(url, text="x", response_type="in_channel") for url in urls for _ in range(3)]
    private = respond(urls[1], text="x")

    assert [answer.status_code for answer in answers] == [200] * 5 + [429]
    assert answers[-1].headers["Retry-After"] == "1"
    assert private.status_code == 200
