"""Blocks as the page draws them: pictures, accessories with their confirmation, and the alerts of modals."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]  # it has no types
from playwright.sync_api import Page, expect
from slack_sdk import WebClient

from bot.core.fields import NICK
from bot.core.model import App, Entry, Outcome
from bot.playground.people import VIEWER
from bot.playground.state.messages import with_ids
from bot.playground.workspace import Workspace
from bot.slack.messages.audit import render_entries
from tests.e2e.conftest import OpenPage
from tests.support.browser import measure_contrast
from tests.support.entries import a_change, step
from tests.support.slack import ONCALL, make_text, make_view

pytestmark = pytest.mark.browser

LEFT_OF = """(article, text) => {
    const walker = document.createTreeWalker(article, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        const at = walker.currentNode.data.indexOf(text);
        if (at < 0) continue;
        const range = document.createRange();
        range.setStart(walker.currentNode, at);
        range.setEnd(walker.currentNode, at + text.length);
        return range.getBoundingClientRect().left;
    }
}"""

PICTURE = {"type": "image", "image_url": "https://img.example/a/77.png", "alt_text": "Avatar of alice"}
CONFIRM = {
    "title": make_text("Undo it?"),
    "text": make_text("Level goes back from 42 to 7."),
    "confirm": make_text("Undo"),
    "deny": make_text("Keep"),
    "style": "danger",
}
UNDO = {"type": "button", "action_id": "undo", "text": make_text("Undo…"), "confirm": CONFIRM}
LEVELS = ("default", "info", "warning", "error", "success")


def section(text: str, accessory: dict[str, Any]) -> dict[str, Any]:
    return {"type": "section", "text": make_text(text), "accessory": accessory}


def show(page: Page, slack: WebClient, *blocks: dict[str, Any]) -> Page:
    slack.chat_postMessage(channel=ONCALL, text="x", blocks=list(blocks))
    expect(page.get_by_role("article")).to_be_visible()
    return page


def open_view(workspace: Workspace, *blocks: dict[str, Any]) -> None:
    """Show a person a modal, as if a bot had opened it."""
    workspace.modals.open(VIEWER, make_view(*with_ids(list(blocks))), ONCALL)


def test_draws_a_placeholder_with_the_alt_text_for_every_picture(
    open_page: OpenPage, slack: WebClient
) -> None:
    page = open_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))

    show(
        page,
        slack,
        section("alice", PICTURE),
        PICTURE,
        {"type": "context", "elements": [PICTURE, make_text("demo")]},
    )

    pictures = page.get_by_role("img", name="Avatar of alice")
    expect(pictures).to_have_count(3)
    widths = [pictures.nth(place).evaluate("node => node.offsetWidth") for place in range(3)]
    assert widths == [88, 360, 20]
    assert not [url for url in asked if "img.example" in url]


def test_draws_a_header_as_a_heading(open_page: OpenPage, slack: WebClient) -> None:
    page = show(open_page(), slack, {"type": "header", "text": make_text("Alice Liddell")})

    expect(page.get_by_role("heading", name="Alice Liddell")).to_be_visible()


def test_confirms_an_accessory_by_keyboard(open_page: OpenPage, slack: WebClient) -> None:
    page = show(open_page(), slack, section("Level 7 → 42", UNDO))
    undo = page.get_by_role("button", name="Undo…")
    dialog = page.get_by_role("dialog", name="Undo it?")
    presses: list[str] = []
    page.on("request", lambda request: presses.append(request.url))

    undo.press("Enter")
    expect(dialog).to_contain_text("Level goes back from 42 to 7.")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(undo).to_be_focused()
    assert presses == []

    undo.press("Enter")
    expect(dialog.get_by_role("button", name="Keep")).to_be_focused()
    page.keyboard.press("Tab")
    with page.expect_request("**/page/press") as press:
        page.keyboard.press("Enter")
    assert '"action_id":"undo"' in (press.value.post_data or "")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_draws_the_alerts_of_a_modal_by_level(open_page: OpenPage, workspace: Workspace, scheme: str) -> None:
    page = open_page(color_scheme=scheme)
    alerts = [{"type": "alert", "level": level, "text": make_text(f"Saved by {level}")} for level in LEVELS]

    open_view(workspace, *alerts, {"type": "alert", "text": make_text("Saved")})

    modal = page.get_by_role("dialog")
    expect(modal.get_by_role("note")).to_have_text(
        [
            re.compile(f"{level.capitalize()}: Saved") if level != "default" else "ℹSaved by default"
            for level in LEVELS
        ]
        + ["ℹSaved"]
    )
    found = Axe().run(page)
    assert not found.response["violations"], found.generate_report()
    assert measure_contrast(page) >= 4.5


def test_asks_before_a_press_in_a_modal(open_page: OpenPage, workspace: Workspace) -> None:
    page = open_page()
    open_view(workspace, section("Level 7 → 42", UNDO))
    modal, undo = page.get_by_role("dialog", name="Set"), page.get_by_role("button", name="Undo…")

    undo.press("Enter")
    expect(page.get_by_role("dialog", name="Undo it?")).to_be_visible()
    page.keyboard.press("Escape")

    expect(modal).to_be_visible()
    expect(undo).to_be_focused()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [400, 1200])
def test_has_no_accessibility_violations(
    open_page: OpenPage, slack: WebClient, scheme: str, width: int
) -> None:
    page = open_page(color_scheme=scheme, viewport={"width": width, "height": 800})
    show(page, slack, section("alice", PICTURE), PICTURE, section("Level 7 → 42", UNDO))

    for stage in ("message", "confirmation"):
        found = Axe().run(page)
        assert not found.response["violations"], f"{stage}: {found.generate_report()}"
        if stage == "message":
            page.get_by_role("button", name="Undo…").click()
            expect(page.get_by_role("dialog")).to_be_visible()


def test_shows_right_to_left_values_from_old_to_new(open_page: OpenPage, slack: WebClient) -> None:
    old, new = "שלום", "עולם"
    change = replace(a_change(after={NICK.tag: new}), before={NICK.tag: old}, reason="שלום 4711")
    entry = Entry(1, datetime.now(UTC), step(change, Outcome.SUCCEEDED), "0" * 64, "a" * 64)
    page = show(open_page(), slack, *render_entries([entry], {"demo": App("demo", "local")}, {}).blocks)

    article = page.get_by_role("article")
    places = [article.evaluate(LEFT_OF, text) for text in (old, "→", new, "4711")]

    assert places == sorted(places)
