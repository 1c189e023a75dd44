from collections.abc import Iterator

import pytest

from bot.playground.people import VIEWER
from bot.playground.server import make_app
from bot.playground.workspace import Workspace
from bot.serving.background_server import BackgroundServer
from tests.support.slack import SCOPES, Page, make_workspace, open_page


@pytest.fixture
def workspace() -> Workspace:
    """A workspace in which the bot may send files."""
    return make_workspace(scopes=(*SCOPES, "files:write"))


@pytest.fixture
def url(workspace: Workspace) -> Iterator[str]:
    with BackgroundServer(make_app(workspace)) as server:
        yield server.url


@pytest.fixture
def vera(url: str) -> Iterator[Page]:
    with open_page(url, VIEWER) as page:
        yield page
