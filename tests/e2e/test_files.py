"""Files that people send in the page: attached to messages, dropped, and chosen in forms."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]  # it has no types
from playwright.sync_api import FilePayload, Locator, Page, expect
from slack_sdk import WebClient

from bot.playground.people import EDITOR
from bot.playground.workspace import Workspace
from tests.e2e.conftest import OpenPage
from tests.support.slack import SocketModeConnection, make_input, make_view, open_socket_mode

pytestmark = pytest.mark.browser

CSV = b"id\nalice\n"
_DROP = """([node, name, text]) => {
    const data = new DataTransfer();
    data.items.add(new File([text], name));
    node.dispatchEvent(new DragEvent("dragover", { dataTransfer: data, bubbles: true, cancelable: true }));
    node.dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
}"""


@pytest.fixture(autouse=True)
def allowed(workspace: Workspace) -> None:
    workspace.app.scopes |= {"files:read"}


@pytest.fixture
def bot(url: str, workspace: Workspace) -> Iterator[SocketModeConnection]:
    with open_socket_mode(url) as bot:
        yield bot


@pytest.fixture
def show(open_page: OpenPage, slack: WebClient, bot: SocketModeConnection) -> Callable[..., Locator]:
    def open_modal(*, optional: bool = False, **element: Any) -> Locator:
        """Open a page and a modal with a file input in it; returns the modal."""
        page = open_page()
        page.get_by_label("Shortcuts").click()
        page.get_by_role("button", name="Look up accounts").click()
        bot.acknowledge(envelope := bot.receive())
        ids = make_input("Ids", {"type": "file_input", **element}, optional=optional)
        slack.views_open(trigger_id=envelope["payload"]["trigger_id"], view=make_view(ids))
        return page.get_by_role("dialog")

    return open_modal


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


def test_hands_over_the_files_chosen_in_a_form(
    show: Callable[..., Locator], bot: SocketModeConnection
) -> None:
    form = show(filetypes=["csv", "txt"], max_files=1)
    field = form.get_by_label("Ids", exact=True)

    form.get_by_role("button", name="Go").click()
    expect(form).to_contain_text("Please complete this required field.")
    field.set_input_files([make_file("ids.png")])
    expect(form.get_by_role("alert").filter(has_text="ids.png: choose a file of these types")).to_be_visible()
    field.set_input_files([make_file("wrong.csv")])
    form.get_by_role("button", name="Remove wrong.csv").click()
    expect(field).to_be_focused()
    field.set_input_files([make_file("IDS.CSV")])
    expect(list_chosen(form)).to_contain_text("IDS.CSV9 bytes")
    expect(field).to_be_hidden()
    found = Axe().run(form.page)
    assert found.violations_count == 0, found.generate_report()
    form.get_by_role("button", name="Go").click()

    values = bot.receive()["payload"]["view"]["state"]["values"]
    assert [file["name"] for file in values["Ids"]["Ids"]["files"]] == ["IDS.CSV"]


def test_takes_as_many_files_of_ten_megabytes_as_a_form_asks_for(show: Callable[..., Locator]) -> None:
    form = show(max_files=2)
    field = form.get_by_label("Ids", exact=True)

    field.set_input_files([make_file("big.csv", bytes(10 * 2**20 + 1))])
    expect(form.get_by_role("alert").filter(has_text="choose a file of at most 10 MB")).to_be_visible()
    field.set_input_files([make_file("1.csv"), make_file("2.csv"), make_file("3.csv")])

    expect(list_chosen(form)).to_have_count(2)
    expect(form.get_by_role("alert").filter(has_text="3.csv: you can choose at most 2 files")).to_be_visible()


def test_keeps_the_files_of_a_form_while_the_bot_updates_it(
    show: Callable[..., Locator], slack: WebClient, workspace: Workspace
) -> None:
    form = show()
    form.get_by_label("Ids", exact=True).set_input_files([make_file("ids.csv")])
    expect(list_chosen(form)).to_have_count(1)

    (view,) = workspace.views._views.values()
    more = make_input("Why", {"type": "plain_text_input"})
    slack.views_update(view_id=view.id, view=make_view(*view.blocks, more))

    expect(form.get_by_label("Why")).to_be_visible()
    expect(list_chosen(form)).to_contain_text("ids.csv")
