"""Tables of messages: order, filter and pages of data tables, and the shadow at the edge of a wide table."""

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]  # it has no types
from playwright.sync_api import Locator, Page, expect
from slack_sdk import WebClient

from tests.e2e.conftest import OpenPage
from tests.support.browser import measure_contrast
from tests.support.slack import ONCALL

pytestmark = pytest.mark.browser

LEVELS = {"alice": 12, "bob_k": 2, "Carol": 100, "user_10": 7, "user_9": 30, "zoë": 1}


def text(value: str) -> dict[str, Any]:
    return {"type": "raw_text", "text": value}


def number(value: float) -> dict[str, Any]:
    return {"type": "raw_number", "value": value, "text": f"level {value}"}


def data_table(page_size: int = 4) -> dict[str, Any]:
    rows = [[text("Account"), text("Level")], *([text(id_), number(level)] for id_, level in LEVELS.items())]
    return {"type": "data_table", "caption": "Accounts in demo", "rows": rows, "page_size": page_size}


@pytest.fixture
def page(open_page: OpenPage, slack: WebClient) -> Page:
    return show(open_page(), slack, data_table())


def show(page: Page, slack: WebClient, *blocks: dict[str, Any]) -> Page:
    slack.chat_postMessage(channel=ONCALL, text="x", blocks=list(blocks))
    expect(page.get_by_role("table")).to_have_count(len(blocks))
    return page


def accounts(page: Page) -> Locator:
    return page.get_by_role("rowheader")


def sort(page: Page, column: str) -> Locator:
    return page.get_by_role("button", name=column, exact=True)


def test_sorts_texts_as_people_count(page: Page) -> None:
    sort(page, "Account").click()

    expect(accounts(page)).to_have_text(["alice", "bob_k", "Carol", "user_9"])
    expect(page.get_by_role("columnheader", name="Account")).to_have_attribute("aria-sort", "ascending")


def test_sorts_numbers_by_value_then_backwards_then_not_at_all(page: Page) -> None:
    sort(page, "Level").click()
    expect(accounts(page)).to_have_text(["zoë", "bob_k", "user_10", "alice"])

    sort(page, "Level").click()
    expect(accounts(page)).to_have_text(["Carol", "user_9", "alice", "user_10"])
    expect(page.get_by_role("columnheader", name="Level")).to_have_attribute("aria-sort", "descending")

    sort(page, "Level").click()
    expect(accounts(page)).to_have_text(["alice", "bob_k", "Carol", "user_10"])


def test_turns_pages_by_keyboard_and_says_which_is_shown(page: Page) -> None:
    status = page.locator(".table-bar").get_by_role("status")
    expect(status).to_have_text("1–4 of 6 rows")
    expect(page.get_by_role("button", name="Previous page")).to_be_disabled()

    page.get_by_role("button", name="Next page").press("Enter")

    expect(accounts(page)).to_have_text(["user_9", "zoë"])
    expect(status).to_have_text("5–6 of 6 rows")
    expect(page.get_by_role("button", name="Next page")).to_be_disabled()
    expect(page.get_by_role("button", name="Previous page")).to_be_focused()
    page.keyboard.press("Enter")
    expect(accounts(page)).to_have_count(4)
    expect(page.get_by_role("button", name="Next page")).to_be_focused()


def test_filters_the_rows_of_all_pages(page: Page) -> None:
    page.get_by_role("searchbox", name="Filter Accounts in demo").fill("USER_")

    expect(accounts(page)).to_have_text(["user_10", "user_9"])
    expect(page.locator(".table-bar").get_by_role("status")).to_have_text("2 of 6 rows match")
    expect(page.get_by_role("button", name="Next page")).to_have_count(0)


def test_says_that_no_row_matches(page: Page) -> None:
    page.get_by_role("searchbox").fill("nobody")

    expect(accounts(page)).to_have_count(0)
    expect(page.locator(".table-bar").get_by_role("status")).to_have_text("0 of 6 rows match")


def test_keeps_order_and_filter_when_a_reply_arrives(page: Page, slack: WebClient) -> None:
    sort(page, "Level").click()
    page.get_by_role("searchbox").fill("user_")
    ts = page.get_by_role("article").evaluate("node => node.message.ts")

    slack.chat_postMessage(channel=ONCALL, text="seen", thread_ts=ts)

    expect(page.get_by_role("button", name="1 reply")).to_be_visible()
    expect(accounts(page)).to_have_text(["user_10", "user_9"])
    expect(page.get_by_role("searchbox")).to_have_value("user_")
    expect(page.get_by_role("searchbox")).to_be_focused()


def test_shows_a_table_without_a_page_size_five_rows_at_a_time(open_page: OpenPage, slack: WebClient) -> None:
    block = data_table()
    del block["page_size"]

    page = show(open_page(), slack, block)

    expect(accounts(page)).to_have_count(5)


@pytest.mark.parametrize("kind", ["table", "data_table"])
def test_shows_at_which_edges_a_wide_table_goes_on(open_page: OpenPage, slack: WebClient, kind: str) -> None:
    rows = [[text(f"{word} number {column}") for column in range(8)] for word in ("column", "value")]
    caption = {"caption": "Wide"} if kind == "data_table" else {}
    page = show(
        open_page(viewport={"width": 400, "height": 800}), slack, {"type": kind, "rows": rows, **caption}
    )
    edges, region = page.locator(".edges"), page.locator(".scroll")

    expect(edges).to_have_attribute("data-more", "right")
    region.evaluate("node => node.scrollTo(40, 0)")
    expect(edges).to_have_attribute("data-more", "left right")
    region.evaluate("node => node.scrollTo(node.scrollWidth, 0)")
    expect(edges).to_have_attribute("data-more", "left")
    page.set_viewport_size({"width": 2000, "height": 800})
    expect(edges).to_have_attribute("data-more", "")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [400, 1200])
def test_has_no_accessibility_violations(
    open_page: OpenPage, slack: WebClient, scheme: str, width: int
) -> None:
    page = open_page(color_scheme=scheme, viewport={"width": width, "height": 800})
    show(page, slack, data_table(), data_table(page_size=100))
    sort(page, "Level").first.click()

    found = Axe().run(page)

    assert not found.response["violations"], found.generate_report()
    assert measure_contrast(page) >= 4.5
