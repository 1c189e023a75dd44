from collections.abc import Callable, Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]  # it has no types
from playwright.sync_api import Browser, Page, expect

from bot.playground.people import EDITOR
from bot.playing import make_workspace, playing
from bot.sandbox.run import open_sandbox
from tests.support.slack import ONCALL

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with playing(make_workspace(), open_sandbox()) as url:
        yield url


def _send(page: Page, text: str) -> None:
    page.get_by_role("textbox", name="Message").fill(text)
    page.keyboard.press("Escape")
    page.keyboard.press("Enter")


def show_answers(page: Page) -> None:
    for text in ("/im profile alice", "/im profile alice bob_k nobody", "/im help"):
        _send(page, text)
    expect(page.get_by_role("article")).to_have_count(3)


def show_preview(page: Page) -> None:
    _send(page, '/im set bob_k nick="Bob K" level=3 --reason "spam nickname"')
    expect(page.get_by_role("button", name="Confirm").last).to_be_visible()


def show_form(page: Page) -> None:
    _send(page, "/im set bob_k")
    expect(page.get_by_role("dialog").get_by_role("button", name="Preview")).to_be_visible()


def show_review(page: Page) -> None:
    show_form(page)
    page.get_by_role("dialog").get_by_label("Nickname").fill("Bob K")
    page.get_by_role("dialog").get_by_role("button", name="Preview").click()
    expect(page.get_by_role("dialog").get_by_role("button", name="Confirm")).to_be_visible()


def show_lookup(page: Page) -> None:
    show_shortcuts(page)
    page.get_by_role("button", name="Look up accounts").click()
    expect(page.get_by_role("dialog").get_by_label("Fields")).to_be_visible()


def show_found_ids(page: Page) -> None:
    _send(page, "FIRING LoginFailures user=bob_k and alice")
    page.get_by_role("article").last.hover()
    page.get_by_label("More actions").last.click()
    page.get_by_role("button", name="Look up these ids").last.click()
    expect(page.get_by_role("dialog").get_by_label("bob_k", exact=True)).to_be_checked()


def show_suggestions(page: Page) -> None:
    page.get_by_role("textbox", name="Message").fill("/im")
    expect(page.get_by_role("option").first).to_be_visible()


def show_shortcuts(page: Page) -> None:
    page.get_by_label("Shortcuts").click()
    expect(page.get_by_role("button", name="Change a profile").first).to_be_visible()


SCENES = (
    show_answers,
    show_preview,
    show_form,
    show_review,
    show_lookup,
    show_found_ids,
    show_suggestions,
    show_shortcuts,
)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("show", SCENES)
def test_shuts_nobody_out(browser: Browser, url: str, scheme: str, show: Callable[[Page], None]) -> None:
    with browser.new_context(color_scheme=scheme) as context:  # type: ignore[arg-type]
        page = context.new_page()
        page.goto(f"{url}/?as={EDITOR.id}#{ONCALL}")
        show(page)

        found = Axe().run(page)

    assert not found.response["violations"], found.generate_report()
