"""Answers of the bot while Slack or Tencent Chat fails: one for each command, and only one."""

import re
from dataclasses import replace

import pytest
from playwright.sync_api import Locator, Page, expect

from bot.playground.people import EDITOR, VIEWER, Person
from bot.sandbox.behavior import Fault
from tests.e2e.conftest import OpenPage
from tests.support.page_actions import (
    Playground,
    articles,
    ask,
    go_to,
    keep_picture,
    open_shortcut,
    press,
    send,
    set_fault,
)
from tests.support.slack import wait_until

pytestmark = pytest.mark.browser

# The first call finds all its hundred; the two others do not, and take another call each.
CROWD = [f"user_{number:03}" for number in range(18, 240) if number not in (29, 117)]


@pytest.fixture
def page(enter: OpenPage) -> Page:
    return enter(VIEWER)


def look_up_slowly(enter: OpenPage, playground: Playground, person: Person) -> tuple[Page, Locator]:
    """Look up many accounts while Tencent Chat is slow; returns the page and the progress message."""
    page = enter(person, 690)
    set_fault(page, "Tencent Chat", "Slow (3 s a call)")
    # The check of accounts hangs, which is slow enough, and leaves time to cancel.
    hanging = Fault(kind="hang", command="account_check")
    playground.sandbox.behavior = replace(playground.sandbox.behavior, fault=hanging, latency_ms=300)
    go_to(page, "im-bot")
    form = open_shortcut(page, "Look up accounts", "Look up accounts")
    form.get_by_label("Account ids").fill(" ".join(CROWD))
    form.get_by_label("Answer in").select_option("")
    form.get_by_role("button", name="Look up").click()

    answer = articles(page)
    expect(answer).to_contain_text(f"Looking up {len(CROWD)} accounts in demo")
    expect(answer).to_contain_text(re.compile(r"100 of 220 · 100 found · about \d+ s left"))
    return page, answer


def test_shows_progress_while_tencent_chat_is_slow(enter: OpenPage, playground: Playground) -> None:
    page, _ = look_up_slowly(enter, playground, VIEWER)
    keep_picture(page, "progress")

    expect(page.locator("#faults-summary")).to_have_text("Tencent Chat: Slow (3 s a call)")
    page.get_by_role("button", name="Faults").click()
    keep_picture(page, "weather")


def test_stops_a_slow_lookup_that_is_cancelled(enter: OpenPage, playground: Playground) -> None:
    # Another person than above, whose lookup ends in the meantime.
    page, answer = look_up_slowly(enter, playground, EDITOR)
    answer.get_by_role("button", name="Cancel").click()

    expect(answer).to_contain_text("Cancelled. 100 of 220 read", use_inner_text=True)
    expect(answer.get_by_role("button", name="Resume with 120 left")).to_be_visible()
    expect(answer.get_by_role("button", name="Cancel")).to_have_count(0)
    expect(answer).to_have_count(1)
    keep_picture(page, "cancelled")


def test_says_that_tencent_chat_is_down_until_it_is_up(page: Page) -> None:
    set_fault(page, "Tencent Chat", "Down (502)")
    failed = ask(page, "/im profile alice bob_k")
    expect(failed).to_contain_text("0 of 2 found · 2 failed", use_inner_text=True)
    expect(failed).to_contain_text("Try again")

    set_fault(page, "Tencent Chat", "Fine")
    answer = press(page, failed, "Retry all 2")

    expect(answer).to_contain_text("2 of 2 found")


def test_answers_once_elsewhere_when_response_urls_are_refused(page: Page) -> None:
    set_fault(page, "Response URLs", "Too many requests (429)")
    go_to(page, "im-bot")
    answers = articles(page).filter(has_text="Alice Zhang")
    before = answers.count()
    go_to(page, "oncall")

    send(page, "/im profile alice")

    direct = page.get_by_role("navigation", name="Conversations").get_by_role("link", name="im-bot")
    expect(direct).to_contain_text("unread")
    go_to(page, "im-bot")
    expect(answers).to_have_count(before + 1)
    set_fault(page, "Response URLs", "Fine")
    go_to(page, "oncall")
    expect(ask(page, "/im profile carol")).to_contain_text("1 of 1 found")
    expect(articles(page)).to_have_count(1)
    go_to(page, "im-bot")
    expect(answers).to_have_count(before + 1)


def test_answers_once_across_a_lost_connection(page: Page, playground: Playground) -> None:
    set_fault(page, "Tencent Chat", "Slow (3 s a call)")
    send(page, "/im profile alice bob_k")
    expect(page.get_by_role("article")).to_contain_text("The answer follows as a new message.")

    set_fault(page, "Socket", "Drop now")

    expect(articles(page)).to_contain_text("2 of 2 found")
    expect(articles(page)).to_have_count(1)
    set_fault(page, "Tencent Chat", "Fine")
    wait_until(lambda: len(playground.workspace.sockets) > 0)
    expect(ask(page, "/im profile carol")).to_contain_text("1 of 1 found")


def test_changes_and_answers_once_what_is_delivered_twice(enter: OpenPage, playground: Playground) -> None:
    page, written = enter(EDITOR), len(playground.sandbox.writes)
    answer = ask(page, "/im set carol location=Jurong")
    set_fault(page, "Deliveries", "Twice")

    answer.get_by_role("button", name="Confirm 1 change").click()

    expect(answer).to_contain_text("Done. 1 field of carol", use_inner_text=True)
    send(page, "@im-bot alice")
    mention = articles(page).filter(has_text="@im-bot")
    expect(mention.get_by_role("button", name="1 reply")).to_be_visible()
    set_fault(page, "Deliveries", "Once")
    history = ask(page, "/im history carol")
    expect(history).to_contain_text("set succeeded @Ed Okafor", use_inner_text=True)
    assert str(history.inner_text()).count("set succeeded") == 1
    assert len(playground.sandbox.writes) == written + 1
    expect(mention.get_by_role("button", name="1 reply")).to_be_visible()
