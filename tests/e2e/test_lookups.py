"""Lookups in the page."""

import csv
import re
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from bot.playground.people import EDITOR, GUEST, VIEWER
from bot.sandbox.behavior import Fault
from bot.sandbox.data import Account
from tests.e2e.conftest import OpenPage
from tests.support.page_actions import (
    Playground,
    articles,
    ask,
    go_to,
    has_rows,
    keep_picture,
    open_shortcut,
    press,
    press_and_confirm,
    send,
)

pytestmark = pytest.mark.browser

CROWD = [f"user_{number:03}" for number in range(1, 208)]


@pytest.fixture
def page(enter: OpenPage) -> Page:
    return enter(VIEWER)


def test_accounts_for_every_id(enter: OpenPage) -> None:
    page = enter(VIEWER, 860)
    answer = ask(page, "/im profile alice bob_k nobody")

    expect(answer).to_contain_text(
        "2 of 3 found · 1 not imported · profile · demo local", use_inner_text=True
    )
    expect(answer.get_by_role("columnheader")).to_have_text(["Field", "alice", "bob_k"])
    expect(answer).to_contain_text("nobody no such account (40003).", use_inner_text=True)
    keep_picture(page, "profile")


def test_turns_the_pages_of_a_long_answer(enter: OpenPage) -> None:
    page = enter(VIEWER, 1100)
    answer = ask(page, f"/im profile {' '.join(CROWD)}")
    expect(answer).to_contain_text("203 of 207 found")
    expect(answer.get_by_role("rowheader").first).to_have_text("user_001")

    answer.get_by_role("button", name="Next 100").click()

    expect(answer.get_by_role("rowheader").first).to_have_text("user_103")
    keep_picture(page, "pages")

    answer.get_by_role("button", name="Previous 100").click()

    expect(answer.get_by_role("rowheader").first).to_have_text("user_001")


def test_asks_again_for_what_failed(page: Page, playground: Playground) -> None:
    refusal = Fault(kind="code", code=40001, command="portrait_get", calls=(1,))
    playground.sandbox.behavior = replace(playground.sandbox.behavior, fault=refusal)
    failed = ask(page, "/im profile alice bob_k nobody")
    expect(failed).to_contain_text("0 of 3 found · 3 failed", use_inner_text=True)

    answer = press(page, failed, "Retry 3 failed")

    expect(answer).to_contain_text("2 of 3 found · 1 not imported", use_inner_text=True)
    expect(answer.get_by_role("button", name="Retry")).to_have_count(0)


def test_brings_a_spreadsheet_of_every_account(page: Page, playground: Playground) -> None:
    (app,) = playground.sandbox.apps.values()
    app.accounts["mallory"] = Account({"Tag_Profile_IM_Nick": '=HYPERLINK("https://evil.example")'})
    asked = ["mallory", *CROWD, "nobody"]
    answer = ask(page, f"/im profile {' '.join(asked)}")

    said = press(page, answer, "CSV of all 209")

    expect(said).to_contain_text("The CSV is in your direct messages with this bot: profile-demo-")
    go_to(page, "im-bot")
    with page.expect_download() as download:
        page.get_by_role("list", name="Files").get_by_role("link").click()
    with Path(download.value.path()).open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["account"] for row in rows] == asked
    assert rows[0]["Nickname"] == """'=HYPERLINK("https://evil.example")"""
    assert rows[-1]["status"] == "not imported"
    assert {row["status"] for row in rows[1:-1]} == {"found", "failed", "not imported"}


def test_shares_what_it_shows_with_the_channel(enter: OpenPage) -> None:
    page, other = enter(VIEWER), enter(EDITOR)
    go_to(page, "support")
    go_to(other, "support")
    answer = ask(page, "/im profile alice --fields nick,level")
    expect(answer).to_contain_text("Only visible to you")

    shared = press_and_confirm(page, answer, "Share")

    for seen in (shared, articles(other)):
        expect(seen).to_contain_text("Alice Zhang")
        expect(seen).to_contain_text("shared by Vera Lindqvist (U07VERA2K1Q)")
        expect(seen).not_to_contain_text("Only visible to you")
        expect(seen.get_by_role("button", name="CSV")).to_have_count(0)


def test_offers_no_sharing_where_other_organizations_read(enter: OpenPage) -> None:
    page = enter(VIEWER)
    go_to(page, "partners")
    answer = ask(page, "/im profile alice")

    expect(answer.get_by_role("button", name="CSV")).to_be_visible()
    expect(answer.get_by_role("button", name="Share")).to_have_count(0)


def test_looks_up_what_is_filled_in(page: Page) -> None:
    form = open_shortcut(page, "Look up accounts", "Look up accounts")
    form.get_by_label("Account ids").fill("alice\nbob_k")
    for field in ("Nickname", "Level"):
        form.get_by_label("Fields").fill(field)
        page.keyboard.press("Enter")
    expect(form.get_by_label("Answer in").locator("option:checked")).to_have_text("#oncall")

    form.get_by_role("button", name="Look up").click()

    expect(form).to_be_hidden()
    answer = articles(page).last
    expect(answer).to_contain_text("2 of 2 found")
    expect(answer).to_contain_text("Only visible to you")
    has_rows(answer, "Field\talice\tbob_k", re.compile("Nickname"), re.compile("Level"))


def test_looks_up_the_ids_in_an_alert(enter: OpenPage) -> None:
    page = enter(VIEWER, 860)
    send(page, 'FIRING LoginFailures user=bob_k p99=2.4s\nbody: {"To_Account": ["alice", "nobody"]}, dave')
    message = articles(page).last
    expect(message).to_contain_text("LoginFailures")
    message.hover()
    message.get_by_label("More actions").click()
    page.get_by_role("button", name="Look up these ids").click()
    form = page.get_by_role("dialog", name="Look up accounts")
    expect(form.get_by_label("Account ids")).to_have_value("bob_k, alice, nobody")
    expect(form.get_by_label("Other words of the message")).to_be_visible()
    keep_picture(page, "alert")

    form.get_by_role("button", name="Look up").click()

    expect(form).to_be_hidden()
    expect(articles(page).last).to_contain_text("2 of 3 found")


def test_answers_a_mention_in_its_thread(page: Page) -> None:
    send(page, "@im-bot bob_k")
    mention = articles(page).last

    mention.get_by_role("button", name="1 reply").click()

    thread = page.get_by_role("complementary", name="Thread")
    expect(thread.get_by_role("article")).to_have_count(2)
    expect(thread.get_by_role("article").last).to_contain_text("free_coins_4u")
    expect(thread).not_to_contain_text("Only visible to you")


def test_answers_direct_messages(enter: OpenPage) -> None:
    page = enter(EDITOR)
    go_to(page, "im-bot")

    send(page, "alice, bob_k")

    expect(articles(page)).to_have_count(2)
    expect(articles(page).last).to_contain_text("2 of 2 found")


def test_says_why_a_guest_is_refused(enter: OpenPage) -> None:
    answer = ask(enter(GUEST), "/im profile alice")

    expect(answer).to_contain_text("you are a guest")
    expect(answer).to_contain_text("Nothing was sent")
