"""The bot's Home tab in the page."""

import pytest
from playwright.sync_api import expect

from bot.playground.people import EDITOR, VIEWER
from tests.e2e.conftest import OpenPage
from tests.support.page_actions import articles, ask, go_to, keep_picture, open_home

pytestmark = pytest.mark.browser


def test_leads_a_viewer_from_what_they_did_to_what_they_do_next(enter: OpenPage) -> None:
    page = enter(VIEWER)
    home = open_home(page)
    expect(home).to_contain_text("You are a viewer: every full member of this workspace may look up")
    expect(home).to_contain_text("Nothing yet. Try /im profile alice bob_k")
    expect(home.get_by_role("button", name="Change a profile…")).to_have_count(0)

    home.get_by_role("button", name="Look up…").click()
    form = page.get_by_role("dialog", name="Look up accounts")
    form.get_by_label("Account ids").fill("alice, bob_k")
    form.get_by_role("button", name="Look up").click()

    expect(form).to_be_hidden()
    go_to(page, "im-bot")
    expect(articles(page)).to_have_count(1)
    expect(articles(page)).to_contain_text("2 of 2 found")
    home = open_home(page)
    expect(home).to_contain_text("Looked up profiles alice, bob_k", use_inner_text=True)
    home.get_by_role("button", name="Look up again").click()
    answer = page.get_by_role("dialog", name="Look up again")
    expect(answer).to_contain_text("2 of 2 found")
    expect(answer).to_contain_text("alice: Alice Zhang")


def test_keeps_what_an_editor_has_still_to_confirm(enter: OpenPage) -> None:
    page = enter(EDITOR, 840)
    ask(page, "/im set carol location=Jurong").get_by_role("button", name="Confirm").click()
    expect(articles(page).last).to_contain_text("Done. 1 field of carol", use_inner_text=True)
    go_to(page, "im-audit")
    expect(articles(page).last).to_contain_text("Changed carol", use_inner_text=True)
    go_to(page, "oncall")
    ask(page, "/im profile alice bob_k")
    ask(page, '/im set bob_k nick="Bob K" forbid=allowed')
    expect(articles(page).last).to_contain_text("nothing is changed yet")

    home = open_home(page)
    expect(home).to_contain_text("You are an editor")
    expect(home).to_contain_text("Waiting for your confirmation")
    expect(home).to_contain_text("Change bob_k", use_inner_text=True)
    expect(home).to_contain_text("Audit channel")
    keep_picture(page, "home")
    home.get_by_role("button", name="Review…").click()

    review = page.get_by_role("dialog", name="Review a change")
    expect(review).to_contain_text("Change free_coins_4u bob_k in demo local?", use_inner_text=True)
    review.get_by_role("button", name="Confirm 2 changes").click()
    expect(review).to_contain_text("Done. 2 fields of bob_k", use_inner_text=True)
    review.get_by_role("button", name="Close").last.click()
    expect(home).to_contain_text("Changed bob_k", use_inner_text=True)
    expect(home.get_by_role("button", name="Review…")).to_have_count(0)
