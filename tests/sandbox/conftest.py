from collections.abc import Iterator

import pytest

from bot.sandbox.faults import Receive, Scope, Send
from bot.sandbox.server import Sandbox
from bot.sandbox.web import WebApp
from bot.serving.background_server import BackgroundServer
from tests.support.sandbox import Caller, hosted

ANN: dict[str, str | int] = {
    "Tag_Profile_IM_Nick": "Ann",
    "Tag_Profile_IM_Level": 7,
    "Tag_Profile_Custom_Test": "blue",
}


class SwitchableSandbox:
    """Serves the sandbox of the current test, so that one web server serves all tests."""

    sandbox: Sandbox

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await WebApp(self.sandbox)(scope, receive, send)


@pytest.fixture
def sandbox() -> Sandbox:
    return Sandbox(hosted({"ann": ANN, "ben": {}, "cy": {"Tag_Profile_IM_Nick": "Cy"}}))


@pytest.fixture
def caller(sandbox: Sandbox) -> Iterator[Caller]:
    caller = Caller(sandbox)
    with caller.session:
        yield caller


@pytest.fixture(scope="session")
def sandbox_server() -> Iterator[tuple[SwitchableSandbox, str]]:
    sandbox_server = SwitchableSandbox()
    with BackgroundServer(sandbox_server) as server:
        yield sandbox_server, server.url


@pytest.fixture
def served(sandbox: Sandbox, sandbox_server: tuple[SwitchableSandbox, str]) -> Iterator[Caller]:
    sandbox_server[0].sandbox = sandbox
    caller = Caller(sandbox, sandbox_server[1])
    with caller.session:
        yield caller
