"""The first minute: lines to send with one press, and the tour."""

from collections.abc import Iterator
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]  # it has no types
from playwright.sync_api import Page, ViewportSize, expect

from bot.playground.people import EDITOR, VIEWER
from tests.e2e.conftest import OpenPage, Pages
from tests.support.browser import measure_contrast
from tests.support.page_actions import Playground, articles, go_to
from tests.support.slack import PARTNERS

pytestmark = pytest.mark.browser


@pytest.fixture
def page(pages: Pages, playground: Playground) -> Iterator[Page]:
    """A viewer's page, in a browser that has never been here."""
    with pages.open(playground.url, VIEWER, is_new=True) as page:
        yield page


def test_looks_up_accounts_by_one_press(page: Page) -> None:
    page.get_by_role("textbox", name="Message").fill("a draft")

    page.get_by_role("button", name="Look up three accounts").click()

    expect(articles(page)).to_contain_text("2 of 3 found")
    expect(page.get_by_role("textbox", name="Message")).to_have_value("a draft")


def test_opens_a_change_as_an_editor(page: Page) -> None:
    page.get_by_role("button", name="Change an account").click()

    expect(page.get_by_role("dialog")).to_contain_text("bob_k")
    page.keyboard.press("Escape")
    expect(page.get_by_role("link", name=EDITOR.name)).to_have_attribute("aria-current", "true")
    page.reload()
    expect(page.get_by_role("textbox", name="Message #oncall")).to_be_focused()
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_shows_the_record_as_an_editor(page: Page) -> None:
    page.get_by_role("button", name="See what was done").click()

    expect(articles(page)).to_contain_text("bob_k")
    expect(page.get_by_role("link", name=EDITOR.name)).to_have_attribute("aria-current", "true")


def test_leads_through_lookup_change_undo_and_faults(page: Page) -> None:
    tour = page.get_by_role("region", name="Tour")
    tour.get_by_role("button", name="Start the tour").press("Enter")
    expect(tour).to_contain_text("1 of 4")
    tour.get_by_role("button", name="Send /im profile").click()
    expect(articles(page)).to_contain_text("2 of 3 found")

    tour.get_by_role("button", name="Continue").click()
    tour.get_by_role("button", name="Send /im set bob_k").click()
    expect(page.get_by_role("dialog")).to_contain_text("bob_k")
    page.keyboard.press("Escape")
    expect(tour).to_contain_text("2 of 4")

    tour.get_by_role("button", name="Continue").click()
    tour.get_by_role("button", name="Send /im history bob_k").click()
    expect(articles(page)).to_contain_text("bob_k")
    tour.get_by_role("button", name="Continue").click()
    tour.get_by_role("button", name="Open the fault panel").click()
    expect(page.get_by_role("dialog", name="Faults")).to_be_visible()
    page.keyboard.press("Escape")

    tour.get_by_role("button", name="Finish").press("Enter")
    expect(tour).to_have_count(0)
    expect(page.get_by_role("textbox", name="Message #oncall")).to_be_focused()


def test_remembers_that_the_tour_was_declined(page: Page) -> None:
    tour = page.get_by_role("region", name="Tour")
    tour.get_by_role("button", name="No, thanks").click()
    expect(tour).to_have_count(0)

    page.reload()
    expect(page.get_by_role("button", name="Look up three accounts")).to_be_visible()
    expect(tour).to_have_count(0)

    page.get_by_role("button", name="Tour", exact=True).click()
    expect(tour).to_contain_text("1 of 4")
    tour.get_by_role("button", name="End the tour").click()
    expect(tour).to_have_count(0)


def test_sends_a_step_of_the_tour_from_the_home_tab(page: Page) -> None:
    tour = page.get_by_role("region", name="Tour")
    tour.get_by_role("button", name="Start the tour").click()
    go_to(page, "im-bot")
    page.get_by_role("navigation", name="Tabs").get_by_role("link", name="Home").click()

    tour.get_by_role("button", name="Send /im profile").click()

    expect(articles(page)).to_contain_text("2 of 3 found")


def test_offers_starters_in_every_channel(page: Page) -> None:
    for name in ("support", "partners"):
        go_to(page, name)
        expect(page.get_by_role("button", name="Look up three accounts")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [400, 1200])
def test_has_no_accessibility_violations(
    pages: Pages, playground: Playground, scheme: Literal["light", "dark"], width: int
) -> None:
    size: ViewportSize = {"width": width, "height": 800}
    with pages.open(playground.url, VIEWER, viewport=size, color_scheme=scheme, is_new=True) as page:
        page.goto(f"{playground.url}/?as={VIEWER.id}#{PARTNERS}")
        expect(page.get_by_role("button", name="Look up three accounts")).to_be_visible()
        for name in ("Start the tour", "Continue"):
            page.get_by_role("button", name=name).click()
            found = Axe().run(page)
            assert not found.response["violations"], found.generate_report()
            assert measure_contrast(page) >= 4.5


def test_offers_no_tour_of_an_app_that_has_no_starters(open_page: OpenPage) -> None:
    page = open_page()

    expect(page.get_by_role("log", name="Messages in #oncall")).to_contain_text("Try /im profile")
    expect(page.get_by_role("button", name="Tour")).to_have_count(0)
