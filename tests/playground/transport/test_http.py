import asyncio
import socket
from collections.abc import Iterator
from urllib.parse import parse_qs

import pytest
from slack_sdk import WebClient
from slack_sdk.signature import SignatureVerifier
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from bot.playground.people import VIEWER
from bot.playground.workspace import Workspace
from bot.serving.background_server import BackgroundServer
from tests.playground.conftest import OpenPage
from tests.support.slack import ONCALL, SIGNING_SECRET, make_buttons


async def answer(request: Request) -> Response:
    """Check the signature, and answer as the path says."""
    body = await request.body()
    if not SignatureVerifier(SIGNING_SECRET).is_valid_request(body, dict(request.headers)):
        return Response(status_code=401)
    how = request.path_params["how"]
    if how == "slow":
        await asyncio.sleep(0.1)
    answers = {
        "json": JSONResponse({"text": parse_qs(body.decode()).get("text", [""])[0]}),
        "text": PlainTextResponse("plain"),
        "broken": Response("{", media_type="application/json"),
        "slow": Response(),
    }
    return answers[how] if how in answers else Response(status_code=int(how))


@pytest.fixture(scope="module")
def bot() -> Iterator[str]:
    with BackgroundServer(Starlette(routes=[Route("/{how}", answer, methods=["POST"])])) as server:
        yield server.url


@pytest.mark.parametrize(
    ("how", "shown"),
    [
        ("json", "profile a"),
        ("text", "plain"),
        ("broken", '/im failed with the error "dispatch_failed"'),
        ("slow", '/im failed with the error "operation_timeout"'),
        ("404", '/im failed with the error "http_client_error"'),
        ("503", '/im failed with the error "http_service_error"'),
        ("302", '/im failed with the error "http_client_error"'),
    ],
)
def test_shows_what_the_request_url_answers(
    workspace: Workspace, page: OpenPage, bot: str, how: str, shown: str
) -> None:
    vera = page(VIEWER)
    workspace.app.request_url = f"{bot}/{how}"
    workspace.ack_limit = 0.05 if how == "slow" else 3

    vera.send("/im profile a")

    assert vera.next_message()["text"] == shown


def test_shows_that_the_request_url_refuses_connections(workspace: Workspace, page: OpenPage) -> None:
    vera = page(VIEWER)
    with socket.create_server(("127.0.0.1", 0)) as free:
        workspace.app.request_url = f"http://127.0.0.1:{free.getsockname()[1]}/"

    vera.send("/im profile a")

    assert vera.next_message()["text"] == '/im failed with the error "dispatch_failed"'


def test_names_the_status_to_the_person_who_pressed(
    workspace: Workspace, slack: WebClient, page: OpenPage, bot: str
) -> None:
    vera = page(VIEWER)
    slack.chat_postMessage(channel=ONCALL, text="Which?", blocks=make_buttons("a"))
    asked = vera.next_message()

    workspace.app.request_url = f"{bot}/500"
    vera.press(asked, "a")

    assert vera.next_message()["text"] == "This app responded with Status Code 500."


def test_takes_an_empty_answer_for_an_ack(workspace: Workspace, page: OpenPage, bot: str) -> None:
    vera = page(VIEWER)
    workspace.app.request_url = f"{bot}/200"

    vera.send("/im profile a")
    vera.send("hello")

    assert vera.next_message()["text"] == "hello"
