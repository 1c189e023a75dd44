"""The real Bolt and slack_sdk, unmodified, by Socket Mode and by signed HTTP."""

from collections.abc import Callable, Iterator
from threading import Thread
from typing import Any, TypeAlias

import pytest
from slack_bolt import Ack, App, Respond
from slack_bolt.adapter.asgi import SlackRequestHandler
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebClient

from bot.playground.people import VIEWER
from bot.playground.workspace import Workspace
from bot.serving.background_server import BackgroundServer
from tests.playground.conftest import OpenPage
from tests.support.slack import (
    APP_TOKEN,
    BOT_TOKEN,
    SIGNING_SECRET,
    Page,
    make_buttons,
    make_input,
    make_text,
    make_view,
    wait_until,
)

Command: TypeAlias = dict[str, Any]


LOADING = {"type": "section", "text": make_text("Loading …")}
FORM = make_view(
    make_input("nick", {"type": "plain_text_input"}), *make_buttons("more"), notify_on_close=True
)


def make_bot(url: str, secret: str = SIGNING_SECRET) -> App:
    bot = App(
        client=WebClient(BOT_TOKEN, base_url=f"{url}/api/"),
        signing_secret=secret,
        process_before_response=True,
    )

    @bot.command("/im")
    def look_up(ack: Ack, respond: Respond, command: Command) -> None:
        ack(text="Looking …")
        respond(text=f"Found {command['text']}.", blocks=make_buttons("again"), response_type="ephemeral")

    @bot.action("again")
    def look_again(ack: Ack, respond: Respond, action: dict[str, Any]) -> None:
        ack()
        respond(text=f"Again: {action['value']}.", replace_original=True)

    @bot.shortcut("lookup")
    def begin(ack: Ack, client: WebClient, shortcut: dict[str, Any]) -> None:
        ack()
        view = client.views_open(trigger_id=shortcut["trigger_id"], view=make_view(LOADING))["view"]
        client.views_update(view_id=view["id"], hash=view["hash"], view=FORM)

    @bot.action("more")
    def explain(ack: Ack, client: WebClient, body: dict[str, Any]) -> None:
        ack()
        client.views_push(trigger_id=body["trigger_id"], view=make_view(LOADING, title=make_text("More")))

    @bot.view("set_modal")
    def check(ack: Ack, view: dict[str, Any]) -> None:
        nick = view["state"]["values"]["nick"]["nick"]["value"]
        if nick == "taken":
            ack(response_action="errors", errors={"nick": "Somebody has it."})
        elif view["title"]["text"] == "Set":
            ack(response_action="update", view={**FORM, "title": make_text("Review")})
        else:
            ack()

    @bot.view_closed("set_modal")
    def go_on(ack: Ack, client: WebClient, view: dict[str, Any]) -> None:
        ack()
        client.chat_postMessage(channel=VIEWER.id, text=f"Closed {view['title']['text']}.")

    return bot


@pytest.fixture(scope="session")
def close() -> Iterator[Callable[[SocketModeHandler], None]]:
    """Closes clients side by side: each takes a second, and some wait for their reader for ever."""
    closing: list[Thread] = []

    def close(handler: SocketModeHandler) -> None:
        closing.append(Thread(target=handler.close, daemon=True))
        closing[-1].start()

    yield close
    for thread in closing:
        thread.join(2)


@pytest.fixture
def connect(
    url: str, workspace: Workspace, close: Callable[[SocketModeHandler], None]
) -> Iterator[Callable[[], None]]:
    handlers: list[SocketModeHandler] = []

    def connect() -> None:
        handlers.append(SocketModeHandler(make_bot(url), APP_TOKEN))
        handlers[-1].client.connect()

    yield connect
    for handler in handlers:
        close(handler)


def converse(vera: Page) -> list[str]:
    """Run a command and press the button of its answer; returns all messages shown."""
    vera.send("/im profile a")
    looking, found = sorted(
        (vera.next_message(), vera.next_message()), key=lambda m: str(m["text"]), reverse=True
    )
    vera.press(found, "again")
    return [looking["text"], found["text"], vera.next_message()["text"]]


def fill_in(vera: Page) -> list[object]:
    """Use a shortcut and fill in its form, wrongly at first; returns all views shown."""
    vera.use_shortcut("lookup")
    loading, form = vera.next_view(), vera.next_view()
    vera.press_in(form, "buttons", "more")
    more = vera.next_view()
    vera.close(more)
    back = vera.next_view()
    vera.submit(form, {"nick": {"nick": {"value": "taken"}}})
    wrong = vera.next_view()
    vera.submit(form, {"nick": {"nick": {"value": "Alice"}}})
    review = vera.next_view()
    vera.submit(review, {"nick": {"nick": {"value": "Alice"}}})
    titles = [view["title"] for view in (loading, form, more, back, review)]
    return [*titles, wrong["errors"], vera.next_view()]


FILLED_IN = ["Set", "Set", "More", "Set", "Review", {"nick": "Somebody has it."}, None]
WHOLE = ["Looking …", "Found profile a.", "Again: value of again."]


def test_talks_by_socket_mode(page: OpenPage, connect: Callable[[], None]) -> None:
    connect()

    assert converse(page(VIEWER)) == WHOLE


def test_fills_in_a_form_by_socket_mode(page: OpenPage, connect: Callable[[], None]) -> None:
    connect()

    assert fill_in(page(VIEWER)) == FILLED_IN


def test_receives_view_closed(page: OpenPage, connect: Callable[[], None]) -> None:
    vera = page(VIEWER)
    connect()
    vera.use_shortcut("lookup")
    vera.next_view()

    vera.close(vera.next_view())

    assert vera.next_view() is None
    assert vera.next_message()["text"] == "Closed Set."


def test_reconnects_when_the_socket_is_dropped(
    page: OpenPage, connect: Callable[[], None], workspace: Workspace
) -> None:
    vera = page(VIEWER)
    connect()
    workspace.sockets.drop()
    wait_until(lambda: len(workspace.sockets) == 1)

    assert converse(vera) == WHOLE


def test_answers_twice_when_an_envelope_comes_twice(
    page: OpenPage, connect: Callable[[], None], workspace: Workspace
) -> None:
    vera = page(VIEWER)
    connect()
    workspace.sockets.repeat()

    vera.send("/im profile a")

    texts = sorted(vera.next_message()["text"] for _ in range(3))
    assert texts == ["Found profile a.", "Found profile a.", "Looking …"]


def test_talks_by_signed_http(url: str, page: OpenPage, workspace: Workspace) -> None:
    with BackgroundServer(SlackRequestHandler(make_bot(url))) as bot:
        workspace.app.request_url = f"{bot.url}/slack/events"

        vera = page(VIEWER)
        assert converse(vera) == WHOLE
        assert fill_in(vera) == FILLED_IN


def test_is_refused_with_another_signing_secret(url: str, page: OpenPage, workspace: Workspace) -> None:
    vera = page(VIEWER)
    with BackgroundServer(SlackRequestHandler(make_bot(url, "another"))) as bot:
        workspace.app.request_url = f"{bot.url}/slack/events"
        vera.send("/im profile a")

        assert vera.next_message()["text"] == '/im failed with the error "http_client_error"'
