from collections.abc import Callable
from typing import Any, TypeAlias

import pytest
import requests
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.playground.people import EDITOR, VIEWER
from bot.playground.workspace import Workspace
from tests.playground.conftest import OpenPage, OpenSocket
from tests.support.slack import BOT_TOKEN, Page, SocketModeConnection, make_input, make_view

View: TypeAlias = dict[str, Any]
Show: TypeAlias = Callable[..., View]

CSV = b"id\nalice\n"
TROUBLE = "We had some trouble connecting. Try again?"


@pytest.fixture(autouse=True)
def allowed(workspace: Workspace) -> None:
    workspace.app.scopes |= {"files:read"}


@pytest.fixture
def vera(page: OpenPage) -> Page:
    return page(VIEWER)


@pytest.fixture
def bot(open_socket: OpenSocket) -> SocketModeConnection:
    return open_socket()


@pytest.fixture
def trigger(vera: Page, bot: SocketModeConnection) -> Callable[[], str]:
    def run_command() -> str:
        vera.send("/im lookup")
        bot.acknowledge(envelope := bot.receive())
        trigger_id: str = envelope["payload"]["trigger_id"]
        return trigger_id

    return run_command


@pytest.fixture
def show(vera: Page, trigger: Callable[[], str], slack: WebClient) -> Show:
    def open_modal(*, optional: bool = False, **element: Any) -> View:
        """Open a modal with a file input; returns the view sent to the page."""
        slack.views_open(trigger_id=trigger(), view=make_view(make_file_input(optional=optional, **element)))
        return vera.next_view()

    return open_modal


def make_file_input(*, optional: bool = False, **element: Any) -> dict[str, Any]:
    return make_input("ids", {"type": "file_input", **element}, optional=optional)


def fill_in(*files: dict[str, Any]) -> dict[str, Any]:
    return {"ids": {"ids": {"files": [file["id"] for file in files]}}}


def read_files(bot: SocketModeConnection) -> list[dict[str, Any]]:
    entry = bot.receive()["payload"]["view"]["state"]["values"]["ids"]["ids"]
    assert entry["type"] == "file_input"
    files: list[dict[str, Any]] = entry["files"]
    return files


def test_hands_over_the_files_of_a_form(
    slack: WebClient, vera: Page, bot: SocketModeConnection, show: Show
) -> None:
    view, file = show(filetypes=["CSV", "txt"], max_files=1), vera.choose("ids.csv", CSV)

    assert vera.submit(view, fill_in(file)) == {"ok": True}
    (handed,) = read_files(bot)

    assert (handed["id"], handed["name"], handed["user"]) == (file["id"], "ids.csv", VIEWER.id)
    info = slack.files_info(file=file["id"])["file"]
    assert (info["channels"], info["ims"]) == ([], [])
    address, headers = handed["url_private_download"], {"Authorization": f"Bearer {BOT_TOKEN}"}
    assert requests.get(address, headers=headers, timeout=30).content == CSV


def test_hands_over_no_file_of_an_optional_input(vera: Page, bot: SocketModeConnection, show: Show) -> None:
    vera.submit(show(optional=True))

    assert read_files(bot) == []


@pytest.mark.parametrize(
    ("element", "sizes", "error"),
    [
        ({}, {}, "Please complete this required field."),
        ({"max_files": 1}, {"a.csv": 1, "b.csv": 1}, "Please choose at most 1 file."),
        ({"filetypes": ["csv", "txt"]}, {"a.png": 1}, "Please choose files of these types: csv, txt."),
        ({"filetypes": ["csv"]}, {"csv": 1}, "Please choose files of these types: csv."),
        ({}, {"a.csv": 10 * 2**20 + 1}, "Please choose files of at most 10 MB."),
    ],
)
def test_says_at_the_input_which_files_it_takes(
    vera: Page, show: Show, element: dict[str, Any], sizes: dict[str, int], error: str
) -> None:
    view = show(**element)
    files = [vera.choose(name, bytes(size)) for name, size in sizes.items()]

    vera.submit(view, fill_in(*files))

    assert vera.next_view()["errors"] == {"ids": error}


def test_takes_ten_files_of_ten_megabytes(vera: Page, bot: SocketModeConnection, show: Show) -> None:
    view = show()
    files = [vera.choose("a.csv", bytes(10 * 2**20)), *(vera.choose("b.csv", b"x") for _ in range(9))]

    vera.submit(view, fill_in(*files))

    assert len(read_files(bot)) == 10


def test_takes_no_file_of_another_person_and_no_deleted_one(vera: Page, page: OpenPage, show: Show) -> None:
    view, others, deleted = show(), page(EDITOR).choose("a.csv", CSV), vera.choose("a.csv", CSV)
    vera.delete_file(deleted)

    for file in (others, deleted, {"id": "F000"}):
        assert vera.submit(view, fill_in(file))["error"] == "file_not_found"
    assert vera.submit(view, {"ids": {"ids": {"files": "F000"}}})["error"] == "invalid_state"


def test_sends_no_choice_of_a_file_before_the_form_is_submitted(vera: Page, show: Show) -> None:
    view = show()

    assert vera.press_in(view, "ids", "ids", files=[])["error"] == "action_not_found"


def test_opens_no_file_input_without_the_scope(
    slack: WebClient, workspace: Workspace, vera: Page, bot: SocketModeConnection, trigger: Callable[[], str]
) -> None:
    view_id = slack.views_open(
        trigger_id=trigger(), view=make_view(make_input("x", {"type": "plain_text_input"}))
    )["view"]["id"]
    shown, asking = vera.next_view(), make_view(make_file_input())
    workspace.app.scopes -= {"files:read"}

    for method, more in (("open", {"trigger_id": trigger()}), ("update", {"view_id": view_id})):
        with pytest.raises(SlackApiError) as caught:
            slack.api_call(f"views.{method}", json={**more, "view": asking})
        assert caught.value.response["error"] == "invalid_arguments"
        assert "files:read" in caught.value.response["response_metadata"]["messages"][0]

    vera.submit(shown, {"x": {"x": {"value": "a"}}})
    bot.acknowledge(bot.receive(), payload={"response_action": "update", "view": asking})
    assert vera.next_view()["problem"] == TROUBLE
