import re
from collections.abc import Callable, Iterator
from secrets import token_hex

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]  # it has no types
from playwright.sync_api import Page, expect

from bot.playground.people import EDITOR
from bot.playground_app import make_workspace, open_playground
from bot.sandbox.run import open_sandbox
from tests.e2e.conftest import Pages
from tests.support.page_actions import Scheme, choose_fields, field_input

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with open_playground(make_workspace(), open_sandbox()) as url:
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
    choose_fields(page.get_by_role("dialog"), "Nickname", "Birthday")


def show_review(page: Page) -> None:
    show_form(page)
    field_input(page.get_by_role("dialog"), "Nickname").fill("Bob K")
    page.get_by_role("dialog").get_by_role("button", name="Preview").click()
    expect(page.get_by_role("dialog").get_by_role("button", name="Confirm")).to_be_visible()


def show_lookup(page: Page) -> None:
    show_shortcuts(page)
    page.get_by_role("button", name="Look up accounts").click()
    expect(page.get_by_role("dialog").get_by_label("Fields")).to_be_visible()


def show_found_ids(page: Page) -> None:
    alert = f"FIRING {token_hex(4)}"
    _send(page, f"{alert} user=bob_k and alice")
    # Other messages may arrive before this one.
    sent = page.get_by_role("article").filter(has_text=alert)
    sent.hover()
    sent.get_by_label("More actions").click()
    page.get_by_role("button", name="Look up these ids").last.click()
    expect(page.get_by_role("dialog").get_by_label("Account ids")).to_have_value(re.compile("bob_k"))


def show_suggestions(page: Page) -> None:
    page.get_by_role("textbox", name="Message").fill("/im")
    expect(page.get_by_role("option").first).to_be_visible()


def show_shortcuts(page: Page) -> None:
    page.get_by_label("Shortcuts").click()
    expect(page.get_by_role("button", name="Change a profile").first).to_be_visible()


def show_file(page: Page) -> None:
    _send(page, "/im profile alice")
    page.get_by_role("button", name="CSV").last.click()
    page.get_by_role("navigation", name="Conversations").get_by_role("link", name="im-bot").click()
    expect(page.get_by_role("list", name="Files").last).to_be_visible()


def show_data_table(page: Page) -> None:
    _send(page, "/im profile " + " ".join(f"user_{number:03}" for number in range(1, 31)))
    expect(page.get_by_role("searchbox", name="Filter").last).to_be_visible()


def show_search(page: Page) -> None:
    _send(page, "/im history")
    expect(page.get_by_role("dialog", name="Search the record")).to_be_visible()


def show_history(page: Page) -> None:
    _send(page, "/im history alice")
    expect(page.get_by_role("combobox", name="Show").last).to_be_visible()


def show_home(page: Page) -> None:
    page.get_by_role("navigation", name="Conversations").get_by_role("link", name="im-bot").click()
    page.get_by_role("navigation", name="Tabs").get_by_role("link", name="Home").click()
    expect(page.get_by_role("region", name="Home")).to_contain_text("You are an editor")


def show_thread(page: Page) -> None:
    _send(page, "@im-bot alice")
    page.get_by_role("button", name="1 reply").last.click()
    expect(page.get_by_role("log", name="Thread in #oncall")).to_contain_text("1 of 1 found")


def show_faults(page: Page) -> None:
    page.get_by_role("button", name="Faults").click()
    dial = page.get_by_role("combobox", name="Deliveries")
    dial.select_option("Twice")
    expect(page.locator("#faults-summary")).to_be_visible()


def show_exchanges(page: Page) -> None:
    _send(page, "/im whoami")
    page.get_by_role("button", name="Inspector").click()
    asked = page.locator(".records > li").filter(has_text="slash_commands").first
    asked.locator("summary").click()
    expect(asked.get_by_role("region", name="Sent")).to_be_visible()


def show_tour(page: Page) -> None:
    page.get_by_role("button", name="Start the tour").click()
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("region", name="Tour")).to_contain_text("2 of 4")


SCHEMES: tuple[Scheme, ...] = ("light", "dark")
SCENES = (
    show_tour,
    show_answers,
    show_preview,
    show_form,
    show_review,
    show_lookup,
    show_found_ids,
    show_suggestions,
    show_shortcuts,
    show_file,
    show_data_table,
    show_search,
    show_history,
    show_home,
    show_thread,
    show_exchanges,
    show_faults,
)


@pytest.mark.parametrize("show", SCENES)
def test_has_no_accessibility_violations_in_either_theme(
    pages: Pages, url: str, show: Callable[[Page], None]
) -> None:
    with pages.open(url, EDITOR, is_new=True) as page:
        show(page)

        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme)
            found = Axe().run(page)
            assert not found.response["violations"], found.generate_report()
