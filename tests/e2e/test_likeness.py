"""The likeness to Slack: emoji, dates in their zone, the message box, the actions at a message."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect
from slack_sdk import WebClient

from bot.playground.workspace import Workspace
from tests.e2e.conftest import OpenPage
from tests.support.slack import ONCALL

pytestmark = pytest.mark.browser

MOMENT = 1_796_034_600  # 30 November 2026, 10:30 UTC


def post(slack: WebClient, *blocks: dict[str, Any]) -> None:
    slack.chat_postMessage(channel=ONCALL, text="x", blocks=list(blocks))


def mrkdwn(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}


def plain(text: str, **more: bool) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "plain_text", "text": text, **more}}


def block(page: Page) -> Any:
    return page.get_by_role("article").locator(".block")


def test_draws_the_emoji_that_apps_write_by_name(open_page: OpenPage, slack: WebClient) -> None:
    page = open_page()
    line = ":white_check_mark: saved, :no_such_emoji: at 10:30:45"

    post(slack, mrkdwn(line), mrkdwn("✅ saved"), mrkdwn("`:x:`"), plain(line, emoji=True), plain(line))

    drawn = "✅ saved, :no_such_emoji: at 10:30:45"
    expect(block(page)).to_have_text([drawn, "✅ saved", ":x:", drawn, line])
    expect(page.get_by_role("img", name="white check mark")).to_have_count(2)


@pytest.mark.parametrize(
    ("zone", "shown"),
    [("Asia/Tokyo", "Nov 30, 2026 at 7:30 PM"), ("America/New_York", "Nov 30, 2026 at 5:30 AM")],
)
def test_shows_dates_in_the_readers_zone(
    open_page: OpenPage, slack: WebClient, zone: str, shown: str
) -> None:
    page = open_page(timezone_id=zone, locale="en-US")
    date = {"type": "date", "timestamp": MOMENT, "format": "{date_short} at {time}", "fallback": "then"}
    rich = {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [date]}]}

    post(slack, mrkdwn(f"<!date^{MOMENT}^{{date_short}} at {{time}}|then>"), rich)

    expect(block(page)).to_have_text([shown, shown])


def test_says_how_long_ago_it_was(open_page: OpenPage, slack: WebClient, workspace: Workspace) -> None:
    page = open_page(locale="en-US")
    now = int(workspace.clock())

    post(slack, *(mrkdwn(f"<!date^{now - age}^{{ago}}|then>") for age in (7_300, 200_000)))

    expect(block(page)).to_have_text(["2 hours ago", "2 days ago"])


def test_opens_the_commands_by_a_button(open_page: OpenPage) -> None:
    page = open_page()
    box = page.get_by_role("textbox", name="Message #oncall")

    page.get_by_role("button", name="Slash command").click()

    expect(box).to_have_value("/")
    expect(page.get_by_role("option", name="/im")).to_be_visible()
    expect(box).to_be_focused()
    box.press("Enter")
    expect(box).to_have_value("/im ")


def test_keeps_a_menu_inside_a_narrow_page(open_page: OpenPage, workspace: Workspace) -> None:
    long = "A form with the current values of one account; only what is altered is changed"
    app = workspace.app
    app.shortcuts = tuple(one.model_copy(update={"description": long}) for one in app.shortcuts)
    page = open_page(viewport={"width": 400, "height": 800})

    page.get_by_label("Shortcuts").click()

    right: float = page.locator(".popup").first.evaluate("node => node.getBoundingClientRect().right")
    assert right <= 400


def test_suggests_people_to_mention(open_page: OpenPage, workspace: Workspace) -> None:
    page = open_page()
    box = page.get_by_role("textbox", name="Message #oncall")
    box.press_sequentially("please ask")

    page.get_by_role("button", name="Mention somebody").click()
    box.press_sequentially("gr")
    expect(page.get_by_role("option")).to_have_text("Grace Kim@grace")
    box.press("Tab")
    expect(box).to_have_value("please ask @grace ")
    box.press("Enter")

    expect(page.get_by_role("article").locator(".mention")).to_have_text("@Grace Kim")


def test_sends_a_mention_that_is_written_out(open_page: OpenPage, workspace: Workspace) -> None:
    page = open_page()
    box = page.get_by_role("textbox", name="Message #oncall")

    box.press_sequentially("@ed")
    box.press("Enter")

    expect(page.get_by_role("article").locator(".mention")).to_have_text("@Ed Okafor")


def test_shows_time_and_actions_of_a_message_under_the_pointer(open_page: OpenPage, slack: WebClient) -> None:
    page = open_page()
    for text in ("first", "second"):
        slack.chat_postMessage(channel=ONCALL, text=text)
    second = page.get_by_role("article").filter(has_text="second")
    expect(second.locator(".gutter")).to_be_hidden()
    expect(second.locator(".tools")).to_have_css("opacity", "0")

    second.hover()

    expect(second.locator(".gutter")).to_be_visible()
    expect(second.locator(".tools")).to_have_css("opacity", "1")
    second.get_by_role("button", name="Reply in thread").click()
    expect(page.get_by_role("log", name="Thread in #oncall")).to_be_visible()
