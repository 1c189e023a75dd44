from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import TypeAlias

import pytest
from slack_sdk import WebClient

from bot.playground.people import Person
from bot.playground.server import make_app
from bot.playground.workspace import Workspace
from bot.serving.background_server import BackgroundServer
from tests.support.slack import (
    BOT_TOKEN,
    Page,
    SocketModeConnection,
    SwitchableApp,
    make_workspace,
    open_page,
    open_socket_mode,
)

OpenPage: TypeAlias = Callable[[Person], Page]
OpenSocket: TypeAlias = Callable[[], SocketModeConnection]


@pytest.fixture(scope="session")
def switchable_app() -> SwitchableApp:
    return SwitchableApp()


@pytest.fixture(scope="session")
def url(switchable_app: SwitchableApp) -> Iterator[str]:
    with BackgroundServer(switchable_app) as server:
        yield server.url


@pytest.fixture
def workspace(switchable_app: SwitchableApp) -> Workspace:
    workspace = make_workspace()
    switchable_app.app = make_app(workspace)
    return workspace


@pytest.fixture
def page(url: str, workspace: Workspace) -> Iterator[OpenPage]:
    with ExitStack() as stack:
        yield lambda person: stack.enter_context(open_page(url, person))


@pytest.fixture
def open_socket(url: str, workspace: Workspace) -> Iterator[OpenSocket]:
    with ExitStack() as stack:
        yield lambda: stack.enter_context(open_socket_mode(url))


@pytest.fixture
def slack(url: str, workspace: Workspace) -> WebClient:
    return WebClient(BOT_TOKEN, base_url=f"{url}/api/", timeout=30, retry_handlers=[])
