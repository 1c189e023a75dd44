import os
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TypeAlias

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from bot.playground.people import EDITOR, GUEST, VIEWER, Person
from bot.playing import make_workspace, playing
from bot.sandbox.run import open_sandbox
from tests.support.slack import ONCALL

pytestmark = pytest.mark.browser

PICTURES = Path(__file__).parents[2] / "docs" / "pictures"
CROWD = " ".join(f"user_{number:03}" for number in range(1, 44))
LOW = 620
"""The height of a window that one message nearly fills."""

Enter: TypeAlias = Callable[..., Page]


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with playing(make_workspace(), open_sandbox()) as url:
        yield url


@pytest.fixture
def enter(browser: Browser, url: str) -> Iterator[Enter]:
    """Open #oncall as somebody, in a window of its own."""
    with ExitStack() as stack:

        def enter(person: Person, height: int = 960) -> Page:
            context = browser.new_context(viewport={"width": 1100, "height": height}, device_scale_factor=1.5)
            page = stack.enter_context(context).new_page()
            page.goto(f"{url}/?as={person.id}#{ONCALL}")
            return page

        yield enter


@pytest.fixture
def page(enter: Enter) -> Page:
    return enter(VIEWER)


def send(page: Page, text: str) -> None:
    box = page.get_by_role("textbox")
    expect(box).to_be_focused()
    box.fill(text)
    box.press("Escape")
    box.press("Enter")


def ask(page: Page, text: str) -> Locator:
    answers = page.get_by_role("article")
    seen = answers.count()
    send(page, text)
    expect(answers).to_have_count(seen + 1)
    return answers.last


def has_rows(message: Locator, *rows: str | re.Pattern[str]) -> None:
    """Expect the rows of a table, their cells set apart by tabs."""
    expect(message.get_by_role("row")).to_have_text([*rows], use_inner_text=True)


def keep_picture(page: Page, name: str) -> None:
    """Rewrite a picture of README: PICTURES=write pytest tests/e2e/test_story.py."""
    if os.environ.get("PICTURES") == "write":
        page.screenshot(path=PICTURES / name)


def test_accounts_for_every_id_of_a_lookup(page: Page) -> None:
    answer = ask(page, "/im profile alice bob_k nobody")

    expect(answer).to_contain_text(
        "2 of 3 found · 1 not imported · profile · demo local", use_inner_text=True
    )
    expect(answer.get_by_role("columnheader")).to_have_text(["Field", "alice", "bob_k"])
    expect(answer).to_contain_text("nobody not imported into this app (40003).", use_inner_text=True)
    keep_picture(page, "profile.png")


def test_turns_the_pages_of_a_long_answer(page: Page) -> None:
    answer = ask(page, f"/im profile {CROWD}")
    expect(answer).to_contain_text("41 of 43 found")
    expect(answer.get_by_role("cell").first).to_have_text("user_001")

    answer.get_by_role("button", name="Next 20").click()

    expect(answer.get_by_role("cell").first).to_have_text("user_022")
    keep_picture(page, "pages.png")

    answer.get_by_role("button", name="Previous 20").click()

    expect(answer.get_by_role("cell").first).to_have_text("user_001")


def test_says_why_a_viewer_may_change_nothing(page: Page) -> None:
    answer = ask(page, "/im set bob_k nick=Mallory")

    expect(answer).to_contain_text("Refused: you are not an editor")
    expect(answer).to_contain_text("Nothing was sent")
    expect(answer.get_by_role("button", name="Confirm")).to_have_count(0)
    page.get_by_role("link", name="im-audit").click()
    told = page.get_by_role("article").filter(visible=True)
    expect(told.last).to_contain_text(
        "Refused set bob_k in demo local by @Vera Lindqvist", use_inner_text=True
    )


def test_changes_a_profile_and_undoes_it(enter: Enter) -> None:
    page = enter(EDITOR, LOW)
    answer = ask(page, '/im set bob_k nick="Bob K" forbid=allowed --reason "spam nickname, ticket 4711"')
    expect(answer).to_contain_text("Change free_coins_4u bob_k in demo local?", use_inner_text=True)
    changed = ["Nickname\tfree_coins_4u\tBob K", "Friend requests\tBlocked by admin\tAllowed"]
    has_rows(answer, "Field\tNow\tAfter", *changed)
    expect(answer).to_contain_text(re.compile(r"valid until .+ \(10 minutes\)"))
    keep_picture(page, "preview.png")

    answer.get_by_role("button", name="Confirm 2 changes").click()

    expect(answer).to_contain_text("Done. 2 fields of bob_k", use_inner_text=True)
    has_rows(answer, "Field\tBefore\tAfter", *changed)
    expect(answer.get_by_role("button", name="Confirm")).to_have_count(0)

    page.get_by_role("link", name="im-audit").click()
    told = page.get_by_role("article").filter(visible=True)
    expect(told.last).to_contain_text("Changed bob_k in demo local by @Ed Okafor", use_inner_text=True)
    expect(told.last).to_contain_text("Reason spam nickname, ticket 4711", use_inner_text=True)
    has_rows(told.last, "Field\tBefore\tAfter", *changed)
    keep_picture(page, "audit.png")

    told.last.get_by_role("button", name="Undo…").click()
    expect(told.last).to_contain_text("Undo change op_")
    told.last.get_by_role("button", name="Confirm 2 changes").click()

    undone = told.filter(has_text="Undone")
    back = ["Nickname\tBob K\tfree_coins_4u", "Friend requests\tAllowed\tBlocked by admin"]
    has_rows(undone, "Field\tBefore\tAfter", *back)


def test_changes_a_profile_in_a_form(enter: Enter) -> None:
    page = enter(EDITOR)
    send(page, "/im set alice")
    form = page.get_by_role("dialog", name="Change a profile")
    expect(form.get_by_label("Nickname")).to_have_value("Alice Zhang")
    expect(form.get_by_label("Gender").locator("option:checked")).to_have_text("Female")
    expect(form.get_by_label("Birthday")).to_have_value("1990-04-19")

    form.get_by_label("Nickname").fill("Alice Z")
    form.get_by_label("Gender").select_option("Male")
    form.get_by_role("button", name="Preview").click()

    expect(form).to_contain_text("Change Alice Zhang alice in demo local?", use_inner_text=True)
    expect(form).to_contain_text("Alice Zhang → Alice Z")
    expect(form).to_contain_text("Female → Male")
    keep_picture(page, "review.png")

    form.get_by_role("button", name="Back").click()
    expect(form.get_by_label("Nickname")).to_have_value("Alice Z")
    form.get_by_label("Gender").select_option("Female")
    form.get_by_role("button", name="Preview").click()
    form.get_by_role("button", name="Confirm 1 change").click()

    expect(form).to_contain_text("Done. 1 field of alice", use_inner_text=True)
    form.get_by_role("button", name="Close", exact=True).last.click()
    expect(form).to_be_hidden()


def test_looks_up_what_is_filled_in(page: Page) -> None:
    page.get_by_label("Shortcuts").click()
    page.get_by_role("button", name="Look up accounts").click()
    form = page.get_by_role("dialog", name="Look up accounts")
    form.get_by_label("Account ids").fill("alice\nbob_k")
    for field in ("Nickname", "Level"):
        form.get_by_label("Fields").fill(field)
        page.keyboard.press("Enter")
    expect(form.get_by_label("Answer in").locator("option:checked")).to_have_text("#oncall")

    form.get_by_role("button", name="Look up").click()

    expect(form).to_be_hidden()
    answer = page.get_by_role("article").last
    expect(answer).to_contain_text("2 of 2 found")
    expect(answer).to_contain_text("Only visible to you")
    has_rows(answer, "Field\talice\tbob_k", re.compile("Nickname"), re.compile("Level"))


def test_looks_up_the_ids_in_an_alert(page: Page) -> None:
    send(page, 'FIRING LoginFailures user=bob_k p99=2.4s\nbody: {"To_Account": ["alice", "nobody"]}, dave')
    message = page.get_by_role("article").last
    expect(message).to_contain_text("LoginFailures")
    message.hover()
    message.get_by_label("More actions").click()
    page.get_by_role("button", name="Look up these ids").click()
    form = page.get_by_role("dialog", name="Look up accounts")
    for account in ("bob_k", "alice", "nobody"):
        expect(form.get_by_label(account, exact=True)).to_be_checked()
    expect(form.get_by_label("dave", exact=True)).not_to_be_checked()
    keep_picture(page, "alert.png")

    form.get_by_role("button", name="Look up").click()

    expect(form).to_be_hidden()
    expect(page.get_by_role("article").last).to_contain_text("2 of 3 found")


def test_says_why_a_guest_is_refused(enter: Enter) -> None:
    answer = ask(enter(GUEST), "/im profile alice")

    expect(answer).to_contain_text("Slack says that you are a guest")
    expect(answer).to_contain_text("Nothing was sent")
