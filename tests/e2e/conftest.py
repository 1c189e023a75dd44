from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, TypeAlias

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect
from slack_sdk import WebClient

from bot import playground_app
from bot.playground.people import VIEWER, Person
from bot.playground.server import make_app
from bot.playground.state.rate_limits import PostingLimit
from bot.playground.workspace import Workspace
from bot.sandbox.behavior import Behavior
from bot.sandbox.run import open_sandbox
from bot.serving.background_server import BackgroundServer
from tests.support.browser import TIMEOUT, launch
from tests.support.page_actions import WIDE, Playground
from tests.support.slack import BOT_TOKEN, ONCALL, SwitchableApp, make_workspace

OpenPage: TypeAlias = Callable[..., Page]


# Not session-wide: while Playwright runs, this thread has a running event loop, and tests elsewhere
# could not start their own.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    expect.set_options(timeout=TIMEOUT)
    with launch() as browser:
        yield browser


@pytest.fixture(scope="module")
def switchable_app() -> SwitchableApp:
    return SwitchableApp()


@pytest.fixture(scope="module")
def url(switchable_app: SwitchableApp) -> Iterator[str]:
    with BackgroundServer(switchable_app) as server:
        yield server.url


@pytest.fixture
def workspace(switchable_app: SwitchableApp) -> Workspace:
    workspace = make_workspace()
    switchable_app.app = make_app(workspace)
    return workspace


@pytest.fixture
def slack(url: str, workspace: Workspace) -> WebClient:
    return WebClient(BOT_TOKEN, base_url=f"{url}/api/", timeout=30, retry_handlers=[])


@pytest.fixture
def open_page(browser: Browser, url: str, workspace: Workspace) -> Iterator[OpenPage]:
    with ExitStack() as stack:
        yield lambda person=VIEWER, **options: stack.enter_context(_page(browser, url, person, options))


@pytest.fixture(scope="module")
def playground() -> Iterator[Playground]:
    """The whole bot in its playground; one for all tests of a module."""
    workspace, sandbox = playground_app.make_workspace(), open_sandbox()
    # At Slack's pace, messages would come in the middle of the next test.
    workspace.posting_limit = PostingLimit(enabled=False)
    with playground_app.open_playground(workspace, sandbox) as url:
        yield Playground(url, workspace, sandbox)


@pytest.fixture
def enter(browser: Browser, playground: Playground) -> Iterator[OpenPage]:
    """Open the playground as a person, in a window of a picture's height."""
    with ExitStack() as stack:

        def enter(person: Person = VIEWER, height: int = 960, scale: float = 1.5) -> Page:
            options = {"viewport": {"width": WIDE, "height": height}, "device_scale_factor": scale}
            return stack.enter_context(_page(browser, playground.url, person, options))

        yield enter
    for control in playground.workspace.fault_controls.serialize():
        playground.workspace.fault_controls.apply(control["name"], control["settings"][0]["name"])
    playground.sandbox.behavior = Behavior()


@contextmanager
def _page(browser: Browser, url: str, person: Person, options: dict[str, Any]) -> Iterator[Page]:
    """Open a person's page; fails the test on a script error or a breach of the page's policy."""
    faults: list[str] = []

    def watch(message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text:
            faults.append(message.text)

    been_here: Any = {"origins": [{"origin": url, "localStorage": [{"name": "tour", "value": "done"}]}]}
    with browser.new_context(storage_state=been_here, **options) as context:
        context.set_default_timeout(TIMEOUT)
        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", watch)
        page.goto(f"{url}/?as={person.id}#{ONCALL}")
        expect(page.get_by_role("textbox", name="Message #oncall")).to_be_focused()
        yield page
    assert not faults
