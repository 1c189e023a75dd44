"""Conversations beside one another: drafts, unread marks, and the place of the newest line."""

import pytest
from playwright.sync_api import Page, Route, expect
from slack_sdk import WebClient

from bot.playground.people import BOT, VIEWER
from bot.playground.state.messages import MessageContent
from bot.playground.workspace import Workspace
from tests.e2e.conftest import OpenPage
from tests.support.browser import measure_contrast
from tests.support.page_actions import go_to
from tests.support.slack import ONCALL, SUPPORT, wait_until

pytestmark = pytest.mark.browser

DIRECT = f"D{VIEWER.id[1:]}"


def post_lines(workspace: Workspace, channel: str, count: int) -> None:
    for number in range(1, count + 1):
        workspace.post(workspace.channels[channel], BOT, MessageContent(f"line {number} of {count}"))


def is_whole(page: Page, text: str) -> bool:
    """Check whether a message is inside the list that scrolls."""
    script = """node => {
        const [own, list] = [node, node.closest(".log")].map((one) => one.getBoundingClientRect());
        return own.top >= list.top && own.bottom <= list.bottom + 1;
    }"""
    whole: bool = page.get_by_role("article").filter(has_text=text).evaluate(script)
    return whole


def test_keeps_a_draft_in_the_conversation_it_was_written_in(open_page: OpenPage) -> None:
    page = open_page()
    page.get_by_role("textbox", name="Message #oncall").fill("half a")

    go_to(page, "support")
    support = page.get_by_role("textbox", name="Message #support")
    expect(support).to_have_value("")
    support.fill("another")

    go_to(page, "oncall")
    expect(page.get_by_role("textbox", name="Message #oncall")).to_have_value("half a")
    go_to(page, "support")
    expect(page.get_by_role("textbox", name="Message #support")).to_have_value("another")


def test_brings_an_unsent_line_back_to_the_conversation_it_was_for(
    open_page: OpenPage, workspace: Workspace
) -> None:
    page = open_page()
    workspace.channels[ONCALL].members.discard(VIEWER.id)
    held: list[Route] = []
    page.route("**/page/send", lambda route: held.append(route))  # noqa: PLW0108 - it needs a function
    page.get_by_role("textbox", name="Message #oncall").fill("hello")
    page.keyboard.press("Enter")

    go_to(page, "support")
    with page.expect_response("**/page/send"):
        held.pop().continue_()
    expect(page.get_by_role("textbox", name="Message #support")).to_have_value("")
    expect(page.get_by_role("alert")).to_have_count(0)

    go_to(page, "oncall")
    expect(page.get_by_role("textbox", name="Message #oncall")).to_have_value("hello")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_sets_an_unread_open_row_off_from_its_background(
    open_page: OpenPage, slack: WebClient, scheme: str
) -> None:
    page = open_page(color_scheme=scheme)
    go_to(page, "im-bot")
    page.get_by_role("navigation", name="Tabs").get_by_role("link", name="Home").click()
    expect(page.get_by_role("region", name="Home")).to_be_visible()

    slack.chat_postMessage(channel=VIEWER.id, text="done")

    expect(page.get_by_role("link", name="im-bot 1 unread")).to_be_visible()
    assert measure_contrast(page) >= 4.5


def test_marks_what_came_since_a_conversation_was_read(open_page: OpenPage, slack: WebClient) -> None:
    page = open_page()
    slack.chat_postMessage(channel=SUPPORT, text="one")
    go_to(page, "support")
    line = page.get_by_role("log", name="Messages in #support").locator(".divider.new")
    expect(page.get_by_text("one", exact=True)).to_be_visible()
    expect(line).to_have_count(0)
    go_to(page, "oncall")

    for text in ("two", "three"):
        slack.chat_postMessage(channel=SUPPORT, text=text)
    expect(page.get_by_role("link", name="support 2 unread")).to_be_visible()
    go_to(page, "support")
    expect(line).to_have_text("New")
    below = line.locator("xpath=following-sibling::article")
    expect(below).to_have_count(2)
    expect(below.first).to_contain_text("two")

    go_to(page, "oncall")
    go_to(page, "support")
    expect(line).to_have_count(0)


def test_shows_the_newest_line_of_a_direct_message_whole(open_page: OpenPage, workspace: Workspace) -> None:
    page = open_page(viewport={"width": 900, "height": 500})
    post_lines(workspace, DIRECT, 30)

    go_to(page, "im-bot")

    expect(page.get_by_role("navigation", name="Tabs")).to_be_visible()
    expect(page.get_by_text("line 30 of 30")).to_be_visible()
    wait_until(lambda: is_whole(page, "line 30 of 30"))


def test_keeps_the_newest_line_in_sight_while_the_message_box_grows(
    open_page: OpenPage, workspace: Workspace
) -> None:
    page = open_page(viewport={"width": 900, "height": 500})
    post_lines(workspace, ONCALL, 30)
    expect(page.get_by_text("line 30 of 30")).to_be_visible()

    page.get_by_role("textbox", name="Message #oncall").fill("\n" * 8)

    wait_until(lambda: is_whole(page, "line 30 of 30"))


def test_says_once_that_a_person_is_unknown(open_page: OpenPage, url: str) -> None:
    page = open_page()
    opened: list[str] = []
    page.on("websocket", lambda socket: opened.append(socket.url))

    page.goto(f"{url}/?as=U000")
    expect(page.get_by_role("alert")).to_contain_text("There is no person U000 here.")
    page.wait_for_timeout(1000)
    assert len(opened) == 1

    page.get_by_role("link", name="Choose another").click()
    expect(page.get_by_role("link", name="Vera Lindqvist")).to_have_attribute("aria-current", "true")
