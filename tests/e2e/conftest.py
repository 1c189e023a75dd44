from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, TypeAlias

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Error, Page, ViewportSize, expect
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
from tests.support.page_actions import WIDE, Playground, Scheme
from tests.support.slack import BOT_TOKEN, ONCALL, SwitchableApp, make_workspace

OpenPage: TypeAlias = Callable[..., Page]
USUAL_SIZE: ViewportSize = {"width": 1280, "height": 720}


class Pages:
    """Pages of a browser, used by one test after the other: making one takes most of a short test's time."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._idle: dict[str, list[Page]] = {}

    @contextmanager
    def open(
        self,
        url: str,
        person: Person,
        *,
        viewport: ViewportSize = USUAL_SIZE,
        color_scheme: Scheme = "light",
        is_new: bool = False,
        **options: Any,
    ) -> Iterator[Page]:
        """Open a person's page; fails the test on a script error or a breach of the page's policy.

        Args:
            url: The address of its server.
            person: Whose page it is.
            viewport: The size of its window.
            color_scheme: The system's theme.
            is_new: Whether the browser has never been here, and is offered the tour.
            options: Other options of the browser's context.
        """
        idle = self._idle.setdefault(str(options), [])
        page = idle.pop() if idle else self._make(options)
        page.set_viewport_size(viewport)
        page.emulate_media(color_scheme=color_scheme)
        # A document of the same server, without scripts, where nothing is remembered yet.
        page.goto(f"{url}/page/icon.svg")
        page.evaluate("localStorage.clear(); sessionStorage.clear()")
        if not is_new:
            page.evaluate("localStorage.setItem('tour', 'done')")
        faults: list[str] = []

        def watch(message: ConsoleMessage) -> None:
            if "Content Security Policy" in message.text:
                faults.append(message.text)

        def note(error: Error) -> None:
            faults.append(str(error))

        page.on("pageerror", note)
        page.on("console", watch)
        page.goto(f"{url}/?as={person.id}#{ONCALL}")
        expect(page.get_by_role("textbox", name="Message #oncall")).to_be_focused()
        yield page
        page.unroute_all()
        page.goto("about:blank")
        page.mouse.move(0, 0)
        page.remove_listener("pageerror", note)
        page.remove_listener("console", watch)
        assert not faults
        idle.append(page)

    def _make(self, options: dict[str, Any]) -> Page:
        context = self._browser.new_context(**options)
        context.set_default_timeout(TIMEOUT)
        return context.new_page()


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


@pytest.fixture(scope="module")
def pages(browser: Browser) -> Pages:
    return Pages(browser)


@pytest.fixture
def open_page(pages: Pages, url: str, workspace: Workspace) -> Iterator[OpenPage]:
    with ExitStack() as stack:
        yield lambda person=VIEWER, **options: stack.enter_context(pages.open(url, person, **options))


@pytest.fixture(scope="module")
def playground() -> Iterator[Playground]:
    """The whole bot in its playground; one for all tests of a module."""
    workspace, sandbox = playground_app.make_workspace(), open_sandbox()
    # At Slack's pace, messages would come in the middle of the next test.
    workspace.posting_limit = PostingLimit(enabled=False)
    with playground_app.open_playground(workspace, sandbox) as url:
        yield Playground(url, workspace, sandbox)


@pytest.fixture
def enter(pages: Pages, playground: Playground) -> Iterator[OpenPage]:
    """Open the playground as a person, in a window of a picture's height."""
    with ExitStack() as stack:

        def enter(person: Person = VIEWER, height: int = 960, scale: float = 1.5) -> Page:
            viewport: ViewportSize = {"width": WIDE, "height": height}
            return stack.enter_context(
                pages.open(playground.url, person, viewport=viewport, device_scale_factor=scale)
            )

        yield enter
    for control in playground.workspace.fault_controls.serialize():
        playground.workspace.fault_controls.apply(control["name"], control["settings"][0]["name"])
    playground.sandbox.behavior = Behavior()
