"""Files, threads, the Home tab, the faults and the inspector in the page."""

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.playground.people import BOT, EDITOR, VIEWER
from bot.playground.state.messages import MessageContent
from bot.playground.workspace import Workspace
from tests.e2e.conftest import OpenPage
from tests.support.browser import measure_contrast
from tests.support.slack import ONCALL, make_buttons, make_input

pytestmark = pytest.mark.browser

CSV = "id,nick\nalice,Alice\n"
TOO_LONG = [{"type": "header", "text": {"type": "plain_text", "text": "x" * 151}}]


@pytest.fixture(autouse=True)
def allowed(workspace: Workspace) -> None:
    workspace.app.scopes |= {"files:write"}


def make_home(*blocks: dict[str, Any]) -> dict[str, Any]:
    return {"type": "home", "blocks": list(blocks)}


def open_home(page: Page) -> Locator:
    page.get_by_role("navigation", name="Conversations").get_by_role("link", name=BOT.name).click()
    page.get_by_role("navigation", name="Tabs").get_by_role("link", name="Home").click()
    return page.get_by_role("region", name="Home")


def panel(page: Page) -> Locator:
    return page.locator("#panel")


def say(page: Page, text: str, label: str = "Message #oncall") -> None:
    page.get_by_role("textbox", name=label).fill(text)
    page.keyboard.press("Enter")


def open_thread(page: Page) -> Locator:
    say(page, "first")
    page.get_by_role("article").hover()
    page.get_by_role("button", name="Reply in thread").click()
    expect(page.get_by_role("textbox", name="Reply in thread")).to_be_focused()
    return panel(page)


def test_downloads_the_files_of_a_message(open_page: OpenPage, slack: WebClient) -> None:
    page = open_page()
    slack.files_upload_v2(channel=ONCALL, content=CSV, filename="accounts.csv", title="Accounts")

    file = page.get_by_role("list", name="Files").get_by_role("link")
    expect(file).to_contain_text("accounts.csv · 20 bytes")
    with page.expect_download() as download:
        file.click()

    assert download.value.suggested_filename == "accounts.csv"
    assert Path(download.value.path()).read_text() == CSV


def test_keeps_replies_in_their_thread(open_page: OpenPage, workspace: Workspace) -> None:
    page = open_page()
    thread = open_thread(page)

    say(page, "second", "Reply in thread")
    first = page.get_by_role("main").get_by_role("article")
    expect(thread.get_by_role("article")).to_have_count(2)
    expect(first).to_have_count(1)
    expect(first.get_by_role("button", name="1 reply")).to_be_visible()
    workspace.post(
        workspace.channels[ONCALL], EDITOR, MessageContent("third"), thread_ts=workspace.messages[0].ts
    )
    expect(thread.get_by_role("article").last).to_contain_text("third")

    page.keyboard.press("Escape")
    expect(thread).to_be_hidden()
    first.get_by_role("button", name="2 replies").click()
    expect(thread.get_by_role("article")).to_have_count(3)
    thread.get_by_role("button", name="Close").click()
    expect(first.get_by_role("button", name="2 replies")).to_be_focused()


def test_refuses_commands_in_threads(open_page: OpenPage) -> None:
    page = open_page()
    thread = open_thread(page)

    say(page, "/im help", "Reply in thread")

    expect(thread.get_by_role("alert")).to_contain_text("slash commands do not work in threads")
    expect(page.get_by_role("textbox", name="Reply in thread")).to_have_value("/im help")


def test_leaves_a_mark_where_the_first_message_of_a_thread_was(
    open_page: OpenPage, workspace: Workspace, slack: WebClient
) -> None:
    page = open_page()
    ts = slack.chat_postMessage(channel=ONCALL, text="first")["ts"]
    slack.chat_postMessage(channel=ONCALL, text="second", thread_ts=ts)
    first = page.get_by_role("article")
    expect(first).to_contain_text("1 reply")

    slack.chat_delete(channel=ONCALL, ts=ts)

    expect(first).to_contain_text("This message was deleted.")
    expect(first).to_contain_text("1 reply")


def test_shows_the_home_tab_and_sends_its_presses_to_the_bot(open_page: OpenPage, slack: WebClient) -> None:
    page = open_page()
    with page.expect_request(lambda request: "open_app" in request.url and "home" in str(request.post_data)):
        home = open_home(page)
    expect(home).to_contain_text("has not published a Home tab yet")
    expect(page.get_by_role("textbox")).to_have_count(0)

    note = make_input("note", {"type": "plain_text_input"}, optional=True)
    view = slack.views_publish(user_id=VIEWER.id, view=make_home(note, *make_buttons("again")))["view"]
    home.get_by_label("note").fill("abc")
    with page.expect_request("**/page/press") as press:
        home.get_by_role("button", name="again").click()

    assert press.value.post_data_json == {
        "as": VIEWER.id,
        "view_id": view["id"],
        "block_id": "buttons",
        "action_id": "again",
        "value": "value of again",
        "state": {"note": {"note": {"value": "abc"}}},
    }
    expect(home.get_by_role("alert")).to_have_text("We had some trouble connecting. Try again?")
    expect(home.get_by_label("note")).to_have_value("abc")
    expect(home.get_by_role("button", name="again")).to_be_focused()


def test_goes_between_the_tabs(open_page: OpenPage, slack: WebClient) -> None:
    page = open_page()
    slack.views_publish(user_id=VIEWER.id, view=make_home(*make_buttons("again")))
    home = open_home(page)
    expect(home.get_by_role("button", name="again")).to_be_visible()

    page.get_by_role("link", name="Messages").click()
    expect(home).to_be_hidden()
    expect(page.get_by_role("textbox", name=f"Message {BOT.name}")).to_be_focused()
    page.go_back()
    expect(home).to_be_visible()


def test_sets_faults_and_shows_them(open_page: OpenPage, workspace: Workspace) -> None:
    page, other = open_page(), open_page(EDITOR)
    button = page.get_by_role("button", name="Faults")

    button.click()
    page.get_by_role("combobox", name="Slack's Web API").select_option("Down (500)")

    for one in (page, other):
        expect(one.locator("#faults-summary")).to_have_text("Slack's Web API: Down (500)")
    page.keyboard.press("Escape")
    expect(page.get_by_role("combobox", name="Slack's Web API")).to_be_hidden()
    expect(button).to_be_focused()

    workspace.fault_controls.apply("web_api", "fine")
    workspace.publish_faults()
    expect(page.locator("#faults-summary")).to_be_hidden()


def test_shows_each_exchange_with_what_is_wrong_in_it(open_page: OpenPage, slack: WebClient) -> None:
    page = open_page()
    slack.chat_postMessage(channel=ONCALL, text="Which?", blocks=make_buttons("one"))
    page.get_by_role("button", name="Inspector").click()
    records = panel(page).locator(".records > li")
    expect(records).to_have_text(re.compile(r"chat\.postMessage\s*valid\s*200\s*\d+ ms"), use_inner_text=True)
    expect(records.get_by_role("img", name="from the bot")).to_be_visible()

    page.get_by_role("button", name="one", exact=True).click()
    expect(records.first).to_contain_text("block_actions")
    with pytest.raises(SlackApiError):
        slack.chat_postMessage(channel=ONCALL, text="Which?", blocks=TOO_LONG)

    refused, pressed, posted = records.nth(0), records.nth(1), records.nth(2)
    expect(refused).to_contain_text("1 problem")
    refused.locator("summary").press("Enter")
    expect(refused.get_by_role("list", name="Problems")).to_contain_text("/blocks/0/text/text")
    expect(pressed).to_contain_text("block_actions")
    pressed.locator("summary").press("Enter")
    expect(pressed.get_by_role("region", name="Sent")).to_contain_text('"action_id": "one"')
    posted.locator("summary").click()
    link = posted.get_by_role("link", name="Open in Block Kit Builder")
    expect(link).to_have_attribute("target", "_blank")
    expect(link).to_have_attribute("rel", "noopener")


def test_shows_what_of_a_call_is_ignored(open_page: OpenPage, slack: WebClient) -> None:
    page = open_page()
    slack.chat_postMessage(channel=ONCALL, text="hello", username="Ann", icon_emoji=":wave:")
    page.get_by_role("button", name="Inspector").click()

    expect(panel(page).locator(".records > li")).to_contain_text("ignored here: icon_emoji, username")


def test_sifts_and_clears_the_exchanges(open_page: OpenPage, slack: WebClient) -> None:
    page = open_page()
    for method in ("auth.test", "users.info"):
        slack.api_call(method, params={"user": VIEWER.id})
    page.get_by_role("button", name="Inspector").click()
    names = panel(page).locator(".records strong")
    expect(names.filter(visible=True)).to_have_text(["users.info", "auth.test"])

    page.get_by_role("searchbox", name="Filter").fill("AUTH")
    expect(names.filter(visible=True)).to_have_text(["auth.test"])
    panel(page).get_by_role("button", name="Clear").click()
    expect(panel(page)).to_contain_text("No exchanges yet")
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Inspector")).to_be_focused()

    page.keyboard.press("Enter")
    expect(panel(page)).to_contain_text("No exchanges yet")


def test_closes_a_thread_but_not_the_inspector_with_its_channel(open_page: OpenPage) -> None:
    page = open_page()
    thread = open_thread(page)
    page.get_by_role("link", name="support").click()
    expect(thread).to_be_hidden()

    page.get_by_role("button", name="Inspector").click()
    page.get_by_role("link", name="oncall").click()

    expect(page.get_by_role("textbox", name="Message #oncall")).to_be_focused()
    expect(panel(page).get_by_role("heading", name="Inspector")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_fits_a_narrow_window(scheme: str, open_page: OpenPage, slack: WebClient) -> None:
    page = open_page(viewport={"width": 360, "height": 640}, color_scheme=scheme)
    slack.files_upload_v2(channel=ONCALL, content=CSV, filename="a_very_long_name" * 5 + ".csv")
    expect(page.get_by_role("list", name="Files")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == 360

    page.get_by_role("button", name="Inspector").click()

    expect(panel(page).locator(".records > li").first).to_be_visible()
    assert page.evaluate("document.querySelector('main').inert")
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    assert measure_contrast(page) >= 4.5
