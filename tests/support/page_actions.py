"""Actions in the playground's page, and the pictures of the docs."""

import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Literal, TypeAlias

from PIL import Image
from playwright.sync_api import Locator, Page, expect

from bot.playground.workspace import Workspace
from bot.sandbox.server import Sandbox

_NOTICE = re.compile(r"The answer follows( as a new message)?\.")
PICTURES = Path(__file__).parents[2] / "docs" / "pictures"
WIDE, NARROW, NARROW_HEIGHT = 1100, 400, 720
Scheme: TypeAlias = Literal["light", "dark"]
LOOKS: Mapping[str, tuple[int, Scheme]] = {
    "": (WIDE, "light"),
    "-dark": (WIDE, "dark"),
    "-narrow": (NARROW, "light"),
    "-narrow-dark": (NARROW, "dark"),
}
"""Width and theme of the pictures of a surface, by the ending of their names."""


@dataclass(frozen=True, slots=True)
class Playground:
    url: str
    workspace: Workspace
    sandbox: Sandbox


def articles(page: Page) -> Locator:
    """Find the messages of the open conversation and thread, without notices that an answer follows."""
    return page.get_by_role("article").filter(has_not_text=_NOTICE)


def send(page: Page, text: str) -> None:
    box = page.get_by_role("textbox", name=re.compile("^Message "))
    box.fill(text)
    box.press("Escape")
    box.press("Enter")


def ask(page: Page, text: str) -> Locator:
    """Send a command; returns the message that answers."""
    return _next(page, lambda: send(page, text))


def press(page: Page, message: Locator, label: str) -> Locator:
    """Press a button that is answered with a new message; returns it."""
    return _next(page, message.get_by_role("button", name=label).click)


def press_and_confirm(page: Page, message: Locator, label: str) -> Locator:
    """Press a button, and its namesake in the dialog that asks; returns the new message."""

    def act() -> None:
        message.get_by_role("button", name=label).click()
        page.get_by_role("dialog").get_by_role("button", name=label).click()

    return _next(page, act)


def _next(page: Page, act: Callable[[], None]) -> Locator:
    seen = articles(page).count()
    act()
    expect(articles(page)).to_have_count(seen + 1)
    return articles(page).nth(seen)


def go_to(page: Page, name: str) -> None:
    """Open a channel, or the bot's messages."""
    page.get_by_role("navigation", name="Conversations").get_by_role("link", name=name).click()
    expect(page.get_by_role("textbox", name=re.compile(f"^Message #?{name}$"))).to_be_visible()


def open_home(page: Page) -> Locator:
    go_to(page, "im-bot")
    page.get_by_role("navigation", name="Tabs").get_by_role("link", name="Home").click()
    return page.get_by_role("region", name="Home")


def open_shortcut(page: Page, name: str, dialog: str) -> Locator:
    """Use a shortcut of the message box; returns the modal that it opens."""
    page.get_by_label("Shortcuts").click()
    page.get_by_role("button", name=name).click()
    return page.get_by_role("dialog", name=dialog)


def choose_fields(form: Locator, *labels: str) -> None:
    """Choose in the form of a change which fields to change, and wait for their inputs."""
    for label in labels:
        form.get_by_label("What to change").fill(label)
        form.get_by_role("option", name=label, exact=True).click()
        expect(field_input(form, label)).to_be_visible()


def field_input(form: Locator, label: str) -> Locator:
    """Find the input of a chosen field, which the choice of fields names as well."""
    return form.get_by_label(f"{label} (optional)", exact=True)


def set_fault(page: Page, control: str, setting: str) -> None:
    """Choose a setting in the fault panel, and wait until it is applied."""
    page.get_by_role("button", name="Faults").click()
    with page.expect_response("**/page/weather"):
        page.get_by_role("combobox", name=control).select_option(setting)
    page.keyboard.press("Escape")


def has_rows(message: Locator, *rows: str | re.Pattern[str]) -> None:
    """Expect the rows of a table, their cells set apart by tabs."""
    expect(message.get_by_role("row")).to_have_text([*rows], use_inner_text=True)


@contextmanager
def look(page: Page, width: int, scheme: Scheme) -> Iterator[None]:
    """Show a page at a width and in a theme; a narrow one is as high as a telephone, or higher."""
    usual = page.viewport_size
    assert usual
    height = max(usual["height"], NARROW_HEIGHT) if width == NARROW else usual["height"]
    page.set_viewport_size({"width": width, "height": height})
    page.emulate_media(color_scheme=scheme)
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    yield
    page.set_viewport_size(usual)
    page.emulate_media(color_scheme="light")


def keep_picture(page: Page, name: str) -> None:
    """Rewrite the pictures of a surface in the docs, with PICTURES=write pytest tests/e2e."""
    if os.environ.get("PICTURES") != "write":
        return
    page.mouse.move(0, 0)  # nothing is hovered
    for ending, (width, scheme) in LOOKS.items():
        with look(page, width, scheme):
            shot = page.screenshot(scale="css" if ending else "device", animations="disabled")
        picture = Image.open(BytesIO(shot)).convert("RGB").quantize(64, dither=Image.Dither.NONE)
        picture.save(PICTURES / f"{name}{ending}.png", optimize=True)
