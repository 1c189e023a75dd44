import socket

import pytest
import requests
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from bot.serving.background_server import BackgroundServer


async def greet(request: Request) -> PlainTextResponse:
    return PlainTextResponse("hello")


def make_app() -> Starlette:
    return Starlette(routes=[Route("/", greet)])


def test_serves_from_entering_to_leaving() -> None:
    with BackgroundServer(make_app()) as server:
        assert requests.get(server.url, timeout=30).text == "hello"
        url = server.url

    with pytest.raises(requests.ConnectionError):
        requests.get(url, timeout=30)


def test_raises_when_a_port_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other, pytest.raises(OSError, match="in use"):
        BackgroundServer(make_app(), other.getsockname()[1]).__enter__()


def test_can_be_entered_and_left_at_once() -> None:
    with BackgroundServer(make_app()) as server:
        port = server.port

    with BackgroundServer(make_app(), port) as server:
        assert server.port == port
