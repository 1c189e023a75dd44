"""Files that people send in the page: attached to messages, and dropped."""

from pathlib import Path

import pytest
from playwright.sync_api import FilePayload, Locator, Page, expect

from bot.playground.people import EDITOR
from bot.playground.workspace import Workspace
from tests.e2e.conftest import OpenPage

pytestmark = pytest.mark.browser

CSV = b"id\nalice\n"
_DROP = """([node, name, text]) => {
    const data = new DataTransfer();
    data.items.add(new File([text], name));
    node.dispatchEvent(new DragEvent("dragover", { dataTransfer: data, bubbles: true, cancelable: true }));
    node.dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
}"""


def make_file(name: str, content: bytes = CSV) -> FilePayload:
    return {"name": name, "mimeType": "text/csv", "buffer": content}


def attach(page: Page, *files: FilePayload) -> None:
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Attach files").click()
    chooser.value.set_files(files)


def list_chosen(page: Page | Locator) -> Locator:
    return page.get_by_role("list", name="Chosen files").get_by_role("listitem")


def test_attaches_files_to_a_message(open_page: OpenPage) -> None:
    page, other = open_page(), open_page(EDITOR)
    expect(page.get_by_role("button", name="Send")).to_be_disabled()

    attach(page, make_file("ids.csv"), make_file("more.csv"))
    expect(list_chosen(page)).to_contain_text(["ids.csv9 bytes", "more.csv9 bytes"])
    page.get_by_role("button", name="Remove more.csv").click()
    expect(page.get_by_role("button", name="Remove ids.csv")).to_be_focused()
    page.get_by_role("button", name="Send").click()

    expect(list_chosen(page)).to_have_count(0)
    file = other.get_by_role("list", name="Files").get_by_role("link")
    expect(file).to_contain_text("ids.csv")
    with other.expect_download() as download:
        file.click()
    assert Path(download.value.path()).read_bytes() == CSV


def test_attaches_files_that_are_dropped_on_the_conversation(open_page: OpenPage) -> None:
    page = open_page()

    page.evaluate(_DROP, [page.get_by_role("log").element_handle(), "ids.csv", CSV.decode()])
    expect(list_chosen(page)).to_have_count(1)
    page.get_by_role("textbox", name="Message #oncall").fill("These")
    page.keyboard.press("Enter")

    expect(page.get_by_role("article")).to_contain_text("These")
    expect(page.get_by_role("article").get_by_role("link", name="ids.csv")).to_be_visible()


def test_keeps_the_files_of_a_message_that_could_not_be_sent_and_of_another_conversation(
    open_page: OpenPage, workspace: Workspace
) -> None:
    page = open_page()
    attach(page, make_file("ids.csv"))
    expect(list_chosen(page)).to_have_count(1)

    page.get_by_role("textbox", name="Message #oncall").fill("/im help")
    page.keyboard.press("Escape")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert").filter(has_text="slash commands take no files")).to_be_visible()
    page.get_by_role("link", name="support").click()
    expect(list_chosen(page)).to_have_count(0)
    page.get_by_role("link", name="oncall").click()

    expect(list_chosen(page)).to_have_count(1)


def test_says_why_a_file_is_not_attached(open_page: OpenPage) -> None:
    page = open_page()

    attach(page, make_file("empty.csv", b""))

    expect(page.get_by_role("alert").filter(has_text="empty.csv: the file is empty.")).to_be_visible()
    expect(page.get_by_role("button", name="Send")).to_be_disabled()


def test_deletes_ones_own_files(open_page: OpenPage) -> None:
    page, other = open_page(), open_page(EDITOR)
    page.get_by_role("textbox", name="Message #oncall").fill("These")
    attach(page, make_file("ids.csv"))
    expect(list_chosen(page)).to_have_count(1)
    page.get_by_role("button", name="Send").click()

    expect(other.get_by_role("link", name="ids.csv")).to_be_visible()
    expect(other.get_by_role("button", name="Delete ids.csv")).to_have_count(0)
    page.get_by_role("article").hover()
    page.get_by_role("button", name="Delete ids.csv").click()

    for each in (page, other):
        expect(each.get_by_role("article")).to_contain_text("This file was deleted.")
