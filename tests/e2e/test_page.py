from typing import Any

import pytest
from playwright.sync_api import Page, expect
from slack_sdk import WebClient

from bot.playground.people import BOT, EDITOR, VIEWER
from bot.playground.server import make_app
from bot.playground.state.messages import MessageContent, with_ids
from bot.playground.workspace import Workspace
from bot.serving.background_server import BackgroundServer
from tests.e2e.conftest import OpenPage
from tests.playground.blockkit.test_checker import SAMPLES, is_played
from tests.support.browser import measure_contrast
from tests.support.slack import ONCALL, SUPPORT, make_buttons

pytestmark = pytest.mark.browser

HOSTILE = "<img src=x onerror=alert(1)> <javascript:alert(1)|js> @channel &lt;!here&gt; https://evil.example"
AS_READ = "<img src=x onerror=alert(1)> <javascript:alert(1)|js> @channel <!here> https://evil.example"
CONFIRM = {
    "title": {"type": "plain_text", "text": "Really?"},
    "text": {"type": "plain_text", "text": "It cannot be undone."},
    "confirm": {"type": "plain_text", "text": "Go on"},
    "deny": {"type": "plain_text", "text": "Stop"},
}


def section(text: str, *, verbatim: bool) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": verbatim}}


def table(*rows: tuple[str, ...]) -> dict[str, Any]:
    return {"type": "table", "rows": [[{"type": "raw_text", "text": text} for text in row] for row in rows]}


def article(page: Page) -> Any:
    return page.get_by_role("article")


def box(page: Page) -> Any:
    return page.get_by_role("textbox", name="Message #oncall")


def test_keeps_hostile_text_text(open_page: OpenPage, slack: WebClient) -> None:
    page = open_page()

    rich = {"type": "rich_text_section", "elements": [{"type": "text", "text": AS_READ}]}
    blocks = [
        section(HOSTILE, verbatim=True),
        {"type": "rich_text", "elements": [rich]},
        table((AS_READ,), ("b",)),
    ]
    slack.chat_postMessage(channel=ONCALL, text="x", blocks=blocks)

    expect(article(page).locator(".section, .rich_text, th")).to_have_text([AS_READ, AS_READ, AS_READ])
    expect(article(page).locator("img, a, .mention")).to_have_count(0)


def test_shows_what_slack_makes_of_text_that_is_not_verbatim(open_page: OpenPage, slack: WebClient) -> None:
    page = open_page()

    slack.chat_postMessage(channel=ONCALL, text="x", blocks=[section(HOSTILE, verbatim=False)])

    expect(article(page).locator(".mention")).to_have_text("@channel")
    expect(article(page).get_by_role("link")).to_have_attribute("href", "https://evil.example")


def test_gives_a_table_header_cells(open_page: OpenPage, slack: WebClient) -> None:
    page = open_page()

    slack.chat_postMessage(channel=ONCALL, text="x", blocks=[table(("Field", "alice"), ("Gender", "Female"))])

    expect(article(page).get_by_role("columnheader")).to_have_text(["Field", "alice"])
    expect(article(page).get_by_role("cell")).to_have_text(["Gender", "Female"])


def test_edits_ones_own_message_by_keyboard(open_page: OpenPage, workspace: Workspace) -> None:
    page, other = open_page(), open_page(EDITOR)
    box(page).fill("@ed <a> & alcie")
    box(page).press("Enter")
    edit = article(page).get_by_role("button", name="Edit message")
    editor = article(page).get_by_role("textbox", name="Edit message")
    expect(article(other)).to_contain_text("@Ed Okafor <a> & alcie")
    expect(article(other).get_by_role("button", name="Edit message")).to_have_count(0)

    edit.press("Enter")
    expect(editor).to_be_focused()
    expect(editor).to_have_value("@ed <a> & alcie")
    editor.press("Escape")
    expect(editor).to_have_count(0)
    expect(edit).to_be_focused()

    edit.press("Enter")
    editor.fill("@ed <a> & alice")
    workspace.post(
        workspace.channels[ONCALL], EDITOR, MessageContent("reply"), thread_ts=workspace.messages[0].ts
    )
    expect(article(page)).to_contain_text("1 reply")
    expect(editor).to_be_focused()
    page.keyboard.press("Enter")

    for each in (page, other):
        expect(article(each)).to_contain_text("@Ed Okafor <a> & alice")
        expect(article(each)).to_contain_text("(edited)")
    expect(edit).to_be_focused()


def test_says_why_an_edit_was_not_taken(open_page: OpenPage, workspace: Workspace) -> None:
    page = open_page()
    box(page).fill("one")
    box(page).press("Enter")
    article(page).get_by_role("button", name="Edit message").press("Enter")

    workspace.channels[ONCALL].members.discard(VIEWER.id)
    editor = article(page).get_by_role("textbox", name="Edit message")
    editor.fill("two")
    editor.press("Enter")

    expect(article(page).get_by_role("alert")).to_have_text("Failed: the message no longer exists.")
    expect(editor).to_have_value("two")


def test_hints_at_the_apps_own_command(open_page: OpenPage) -> None:
    expect(open_page().get_by_role("log").get_by_text("Try")).to_contain_text("Try /im profile <id>…")


def test_shows_text_as_it_is_where_markup_is_off(open_page: OpenPage, slack: WebClient) -> None:
    page = open_page()

    slack.chat_postMessage(channel=ONCALL, text="*a* &lt;b&gt;", mrkdwn=False)

    expect(article(page).locator(".block")).to_have_text("*a* <b>")


def test_shows_what_people_type_as_they_typed_it(open_page: OpenPage, workspace: Workspace) -> None:
    page = open_page()

    box(page).fill("a & b &amp; <b> <@U07VERA2K1Q> *bold*")
    box(page).press("Enter")

    expect(article(page).locator(".block")).to_have_text("a & b &amp; <b> <@U07VERA2K1Q> bold")
    (message,) = workspace.messages
    assert message.content.text == "a &amp; b &amp;amp; &lt;b&gt; &lt;@U07VERA2K1Q&gt; *bold*"


def test_shows_every_block_and_element_that_is_played(open_page: OpenPage, workspace: Workspace) -> None:
    page, names = open_page(), list(SAMPLES)
    for name in names:
        content = MessageContent(name, with_ids([SAMPLES[name]]))
        workspace.post(workspace.channels[ONCALL], BOT, content)
    expect(article(page)).to_have_count(len(names))

    shown = [article(page).nth(place).locator(".unknown").count() == 0 for place in range(len(names))]

    assert dict(zip(names, shown, strict=True)) == {name: is_played(SAMPLES[name]) for name in names}


def test_posts_what_is_pressed(open_page: OpenPage, slack: WebClient) -> None:
    page = open_page()
    message = slack.chat_postMessage(channel=ONCALL, text="x", blocks=make_buttons("page"))

    with page.expect_request("**/page/press") as press:
        page.get_by_role("button", name="page", exact=True).click()

    assert press.value.post_data_json == {
        "as": VIEWER.id,
        "channel": ONCALL,
        "ts": message["ts"],
        "block_id": "buttons",
        "action_id": "page",
        "value": "value of page",
    }
    expect(page.get_by_text("This app failed with the error")).to_be_visible()


def test_asks_first_where_the_button_says_so(open_page: OpenPage, slack: WebClient) -> None:
    page = open_page()
    blocks = make_buttons("undo")
    blocks[1]["elements"][0]["confirm"] = CONFIRM
    slack.chat_postMessage(channel=ONCALL, text="x", blocks=blocks)
    presses: list[str] = []
    page.on("request", lambda request: presses.append(request.url))

    page.get_by_role("button", name="undo").click()
    page.get_by_role("dialog").get_by_role("button", name="Stop").click()
    assert presses == []

    page.get_by_role("button", name="undo").click()
    with page.expect_request("**/page/press"):
        page.get_by_role("dialog").get_by_role("button", name="Go on").click()


def test_keeps_the_focus_in_a_message_that_changes(open_page: OpenPage, slack: WebClient) -> None:
    page = open_page()
    message = slack.chat_postMessage(channel=ONCALL, text="x", blocks=make_buttons("Next"))
    page.get_by_role("button", name="Next").focus()

    slack.chat_update(channel=ONCALL, ts=message["ts"], text="x", blocks=make_buttons("Previous", "Next"))

    expect(page.get_by_role("button", name="Previous")).to_be_visible()
    expect(page.get_by_role("button", name="Next")).to_be_focused()


def test_takes_a_deleted_message_away(open_page: OpenPage, slack: WebClient) -> None:
    page = open_page()
    message = slack.chat_postMessage(channel=ONCALL, text="gone soon")
    expect(article(page)).to_have_count(1)

    slack.chat_delete(channel=ONCALL, ts=message["ts"])

    expect(article(page)).to_have_count(0)


def test_marks_messages_that_only_one_person_sees(open_page: OpenPage, slack: WebClient) -> None:
    page = open_page()

    slack.chat_postEphemeral(channel=ONCALL, user=VIEWER.id, text="psst")
    slack.chat_postMessage(channel=ONCALL, text="hello")

    expect(article(page).filter(has_text="psst")).to_contain_text("Only visible to you")
    expect(article(page).filter(has_text="hello")).not_to_contain_text("Only visible to you")


def test_shows_the_command_that_a_public_message_answers(workspace: Workspace, open_page: OpenPage) -> None:
    workspace.post(
        workspace.channels[ONCALL], BOT, MessageContent("1 of 1 found"), command="/im profile alice --share"
    )

    expect(article(open_page())).to_contain_text("/im profile alice --share")


def test_marks_channels_with_unread_messages(open_page: OpenPage, slack: WebClient) -> None:
    page = open_page()
    support = page.get_by_role("link", name="support")

    slack.chat_postMessage(channel=SUPPORT, text="over here")

    expect(support).to_have_accessible_name("support 1 unread")
    support.click()
    expect(page.get_by_text("over here")).to_be_visible()
    expect(support).to_have_accessible_name("support")


def test_suggests_commands_to_choose_by_keyboard(open_page: OpenPage) -> None:
    page = open_page()
    suggestion = page.get_by_role("option", name="/im")

    box(page).press("/")
    expect(suggestion).to_have_text("/improfile <id>…Look up accounts")
    box(page).press("Escape")
    expect(suggestion).to_be_hidden()

    box(page).press("i")
    expect(suggestion).to_have_attribute("aria-selected", "true")
    box(page).press("Tab")
    expect(box(page)).to_have_value("/im ")
    expect(page.get_by_title("/im profile <id>…")).to_be_visible()


def test_sends_with_enter_and_recalls_what_was_sent(open_page: OpenPage) -> None:
    page = open_page()

    box(page).press_sequentially("one")
    box(page).press("Shift+Enter")
    box(page).press_sequentially("two")
    box(page).press("Enter")
    expect(article(page)).to_contain_text("one\ntwo")
    expect(box(page)).to_have_value("")

    box(page).press("ArrowUp")
    expect(box(page)).to_have_value("one\ntwo")
    box(page).press("ArrowDown")
    expect(box(page)).to_have_value("")


def test_switches_to_another_person(open_page: OpenPage) -> None:
    page = open_page()

    page.get_by_role("navigation", name="Act as").get_by_role("link", name="Ed Okafor").click()
    box(page).fill("it is me")
    box(page).press("Enter")

    expect(article(page)).to_have_accessible_name(EDITOR.name)


def test_says_why_a_line_was_not_taken(open_page: OpenPage, workspace: Workspace) -> None:
    page = open_page()

    workspace.channels[ONCALL].members.discard(VIEWER.id)
    box(page).fill("hello")
    box(page).press("Enter")

    expect(page.get_by_role("alert")).to_have_text("Failed: this person is not in the channel.")
    expect(box(page)).to_have_value("hello")


def test_says_that_the_connection_is_lost_and_comes_back(workspace: Workspace, open_page: OpenPage) -> None:
    with BackgroundServer(make_app(workspace)) as server:
        page = open_page()
        page.goto(f"{server.url}/?as={VIEWER.id}")
        expect(box(page)).to_be_focused()
    expect(page.get_by_role("alert")).to_contain_text("Connection lost")

    with BackgroundServer(make_app(workspace), server.port):
        expect(page.get_by_role("alert")).to_have_count(0)
        page.goto("about:blank")


def test_leaves_the_focus_where_it_is_when_the_connection_comes_back(
    workspace: Workspace, open_page: OpenPage
) -> None:
    with BackgroundServer(make_app(workspace)) as server:
        page = open_page()
        page.goto(f"{server.url}/?as={VIEWER.id}")
        expect(box(page)).to_be_focused()
        page.get_by_role("button", name="Inspector").click()
        page.get_by_role("searchbox", name="Filter").fill("views")
    expect(page.get_by_role("alert")).to_contain_text("Connection lost")

    workspace.post(workspace.channels[ONCALL], EDITOR, MessageContent("welcome back"))
    with BackgroundServer(make_app(workspace), server.port):
        expect(article(page)).to_contain_text("welcome back")
        expect(page.get_by_role("searchbox", name="Filter")).to_be_focused()
        page.goto("about:blank")


def test_folds_the_sidebar_in_a_narrow_window(open_page: OpenPage) -> None:
    page = open_page(viewport={"width": 390, "height": 800})
    channel = page.get_by_role("link", name="support")
    expect(channel).to_be_hidden()

    page.get_by_role("button", name="Conversations and people").click()
    channel.click()

    expect(channel).to_be_hidden()
    expect(page.get_by_role("heading", name="#support").first).to_be_visible()


def test_follows_the_systems_dark_mode_until_a_theme_is_chosen(open_page: OpenPage) -> None:
    page = open_page(color_scheme="dark")
    main = page.get_by_role("main")
    expect(main).to_have_css("background-color", "rgb(26, 29, 33)")

    page.get_by_role("button", name="Dark theme").click()
    page.reload()

    expect(main).to_have_css("background-color", "rgb(255, 255, 255)")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_sets_text_off_well_in_both_themes(scheme: str, open_page: OpenPage, workspace: Workspace) -> None:
    words = "plain *bold* `code` <@U07VERA2K1Q> <!here> <#C07SUPPRT7B> <https://example.com>"
    buttons = make_buttons("primary", "danger", "neither")
    buttons[1]["elements"][0]["style"] = "primary"
    buttons[1]["elements"][1]["style"] = "danger"
    small = {"type": "context", "elements": [{"type": "mrkdwn", "text": words, "verbatim": True}]}
    blocks = [section(words, verbatim=True), table((words,), (words,)), *buttons, small, {"type": "no such"}]
    workspace.post(workspace.channels[ONCALL], BOT, MessageContent("x", blocks), command="/im")
    workspace.post(workspace.channels[SUPPORT], BOT, MessageContent("unread"))
    workspace.post(workspace.channels[ONCALL], BOT, MessageContent("failed"), error=True)

    page = open_page(color_scheme=scheme)
    box(page).press("/")

    assert measure_contrast(page) >= 4.5
