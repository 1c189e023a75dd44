import gc
import socket
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urlsplit

import pytest
import requests
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.playground.faults.faults import UPLOAD_URL, SlackFault
from bot.playground.people import BOT, VIEWER
from bot.playground.state.files import Files
from bot.playground.workspace import Workspace
from tests.playground.conftest import OpenPage
from tests.support.slack import BOT_TOKEN, ONCALL, SUPPORT, wait_until

FORM = {"Content-Type": "multipart/form-data; boundary=x"}
AUTHORIZED = {"Authorization": f"Bearer {BOT_TOKEN}"}
CSV = "id,nick\nalice,Alice ☃\n"


@pytest.fixture(autouse=True)
def allowed(workspace: Workspace) -> None:
    workspace.app.scopes |= {"files:write", "files:read"}


def refuse(slack: WebClient, method: str, **arguments: object) -> Any:
    with pytest.raises(SlackApiError) as caught:
        slack.api_call(method, params=arguments)
    return caught.value.response.data


def make_form(stream: BinaryIO) -> Iterator[bytes]:
    """Make a form with one file, which is read while it is sent."""
    yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="big"\r\n\r\n'
    yield from iter(lambda: stream.read(2**16), b"")
    yield b"\r\n--x--\r\n"


def break_off(address: str) -> None:
    """Begin an upload of three bytes, and leave after one."""
    place = urlsplit(address)
    head = f"POST {place.path} HTTP/1.1\r\nHost: {place.netloc}\r\nContent-Length: 3\r\n\r\n"
    with socket.create_connection((place.hostname, place.port), timeout=30) as connection:
        connection.sendall(head.encode() + b"a")


def announce(slack: WebClient, length: int = 3) -> tuple[str, str]:
    answer = slack.files_getUploadURLExternal(filename="a.csv", length=length)
    return answer["file_id"], answer["upload_url"]


def test_takes_a_file_raw_or_in_a_form(slack: WebClient) -> None:
    content = b"id,nickname\r\nalice,Anna"

    for body in ({"data": content}, {"files": {"filename": ("a.csv", content, "text/csv")}}):
        file_id, url = announce(slack, length=len(content))
        assert requests.post(url, **body, timeout=30).text == f"OK - {len(content)}"
        slack.files_completeUploadExternal(files=[{"id": file_id}], channel_id=ONCALL)


def test_refuses_a_form_without_a_file(slack: WebClient) -> None:
    _, url = announce(slack)

    assert requests.post(url, files={"filename": (None, "x")}, timeout=30).status_code == 400


def test_shows_a_file_that_was_uploaded_and_lets_it_be_downloaded(
    url: str, slack: WebClient, page: OpenPage
) -> None:
    vera = page(VIEWER)
    direct = slack.conversations_open(users=VIEWER.id)["channel"]["id"]

    answer = slack.files_upload_v2(
        channel=direct, content=CSV, filename="accounts.csv", title="Accounts", initial_comment="Here"
    )
    message = vera.next_message()

    assert (message["channel"], message["text"], message["from"]["id"]) == (direct, "Here", BOT.id)
    (file,) = message["files"]
    path = file.pop("url")
    assert file == {
        "id": answer["file"]["id"],
        "name": "accounts.csv",
        "title": "Accounts",
        "mimetype": "text/csv",
        "filetype": "csv",
        "size": len(CSV.encode()),
        "owner": BOT.id,
        "deleted": False,
    }
    got = requests.get(url + path, timeout=30)
    assert got.content == CSV.encode()
    assert got.headers["Content-Disposition"] == "attachment; filename*=UTF-8''accounts.csv"


def test_describes_a_file_as_slack_does(slack: WebClient) -> None:
    file = slack.files_upload_v2(channel=ONCALL, content="x", filename="a.pdf")["file"]

    assert (file["name"], file["size"], file["filetype"], file["channels"]) == ("a.pdf", 1, "pdf", [ONCALL])
    assert (file["mode"], file["pretty_type"]) == ("hosted", "PDF")
    assert slack.files_info(file=file["id"])["file"] == file


def test_shows_the_page_for_editing_at_the_private_url_of_a_small_text_file(slack: WebClient) -> None:
    file = slack.files_upload_v2(channel=ONCALL, content="x", filename="a.txt")["file"]

    page, content = (
        requests.get(file[url], headers=AUTHORIZED, timeout=30)
        for url in ("url_private", "url_private_download")
    )

    assert (file["mode"], file["filetype"], file["editable"]) == ("snippet", "text", True)
    assert file["url_private"] == file["edit_link"]
    assert page.headers["Content-Type"].startswith("text/html")
    assert content.text == "x"


def test_hands_a_file_to_a_token_that_may_read_it_and_else_the_login_page(
    slack: WebClient, workspace: Workspace
) -> None:
    file = slack.files_upload_v2(channel=ONCALL, content="x", filename="a.pdf")["file"]

    def get(**headers: str) -> requests.Response:
        return requests.get(file["url_private_download"], headers=headers, timeout=30)

    mine, none, wrong = get(**AUTHORIZED), get(), get(Authorization="Bearer xoxb-other")
    workspace.app.scopes -= {"files:read"}
    unread = get(**AUTHORIZED)

    assert mine.content == b"x"
    for answer in (none, wrong, unread):
        assert [hop.status_code for hop in (*answer.history, answer)] == [302, 200]
        assert answer.headers["Content-Type"] == "text/html; charset=utf-8"


def test_keeps_a_file_without_a_channel_to_itself(slack: WebClient, workspace: Workspace) -> None:
    file = slack.files_upload_v2(content="x", filename="a.txt")["file"]

    assert (file["channels"], file["ims"], workspace.messages) == ([], [], [])


def test_puts_a_file_into_a_thread(slack: WebClient, page: OpenPage) -> None:
    vera = page(VIEWER)
    ts = slack.chat_postMessage(channel=ONCALL, text="one")["ts"]

    slack.files_upload_v2(channel=ONCALL, content="x", filename="a.txt", thread_ts=ts)

    assert [vera.next_message()["thread_ts"] for _ in range(2)] == [None, ts]


@pytest.mark.parametrize("method", ["files.getUploadURLExternal", "files.completeUploadExternal"])
def test_needs_a_scope(slack: WebClient, workspace: Workspace, method: str) -> None:
    workspace.app.scopes = frozenset({"chat:write"})

    refusal = refuse(slack, method)

    assert (refusal["error"], refusal["needed"]) == ("missing_scope", "files:write")


@pytest.mark.parametrize("arguments", [{}, {"filename": "a", "length": 0}, {"filename": "a", "length": "x"}])
def test_wants_a_name_and_a_length(slack: WebClient, arguments: dict[str, object]) -> None:
    assert refuse(slack, "files.getUploadURLExternal", **arguments)["error"] == "missing_argument"


def test_takes_as_many_bytes_as_were_announced(slack: WebClient) -> None:
    id_, address = announce(slack, length=3)

    short = requests.post(address, b"ab", timeout=30)
    right = requests.post(address, b"abc", timeout=30)
    again = requests.post(address, b"abc", timeout=30)

    assert [answer.status_code for answer in (short, right, again)] == [400, 200, 404]
    assert slack.files_completeUploadExternal(files=[{"id": id_}])["files"][0]["id"] == id_


def test_takes_bytes_for_fifteen_minutes(slack: WebClient, workspace: Workspace) -> None:
    _, address = announce(slack)
    now = workspace.clock()
    workspace.clock = lambda: now + 15 * 60 + 1

    assert requests.post(address, b"abc", timeout=30).status_code == 404


def test_knows_only_files_that_were_sent_and_are_not_finished(slack: WebClient) -> None:
    unsent, _ = announce(slack)
    finished = slack.files_upload_v2(content="x", filename="a.txt")["file"]["id"]

    for id_ in (unsent, finished, "F000"):
        files = f'[{{"id": "{id_}"}}]'
        assert refuse(slack, "files.completeUploadExternal", files=files)["error"] == "file_not_found"
    assert refuse(slack, "files.info", file=unsent)["error"] == "file_not_found"


@pytest.mark.parametrize("files", ["", "{", "{}", "[]", "[1]"])
def test_wants_a_list_of_files(slack: WebClient, files: str) -> None:
    assert refuse(slack, "files.completeUploadExternal", files=files)["error"] == "invalid_arguments"


def test_shares_files_only_where_the_bot_is(slack: WebClient, workspace: Workspace) -> None:
    workspace.channels[SUPPORT].members.remove(BOT.id)
    id_, address = announce(slack)
    requests.post(address, b"abc", timeout=30)

    def complete(channel: str) -> str:
        files = f'[{{"id": "{id_}"}}]'
        refusal = refuse(slack, "files.completeUploadExternal", files=files, channel_id=channel)
        return str(refusal["error"])

    assert [complete(SUPPORT), complete("C000"), complete(VIEWER.id)] == [
        "not_in_channel",
        "channel_not_found",
        "channel_not_found",
    ]


def test_fails_an_upload_by_a_fault_setting(slack: WebClient, workspace: Workspace) -> None:
    workspace.faults.fail(UPLOAD_URL, SlackFault.BROKEN)

    with pytest.raises(Exception, match="500"):
        slack.files_upload_v2(content="x", filename="a.txt")


def test_knows_no_other_files(url: str, workspace: Workspace) -> None:
    assert requests.get(f"{url}/files-pri/T000-F000/a.txt", timeout=30).status_code == 404


@pytest.mark.parametrize("in_a_form", [True, False])
def test_takes_a_large_file_in_little_memory(
    slack: WebClient, workspace: Workspace, tmp_path: Path, *, in_a_form: bool
) -> None:
    size = 48 * 2**20
    with (tmp_path / "big").open("wb") as stream:
        stream.truncate(size)
    id_, address = announce(slack, length=size)

    tracemalloc.start()
    try:
        with (tmp_path / "big").open("rb") as stream:
            body = make_form(stream) if in_a_form else stream
            requests.post(address, body, headers=FORM if in_a_form else {}, timeout=60).raise_for_status()
        file = slack.files_completeUploadExternal(files=[{"id": id_}])["files"][0]
        with requests.get(
            file["url_private_download"], headers=AUTHORIZED, stream=True, timeout=60
        ) as answer:
            received = sum(map(len, answer.iter_content(2**16)))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert received == size
    assert peak < size / 4


def test_refuses_a_file_larger_than_slack_takes(slack: WebClient) -> None:
    refusal = refuse(slack, "files.getUploadURLExternal", filename="a.csv", length=2**30 + 1)

    assert refusal["error"] == "file_upload_size_restricted"


def test_keeps_so_many_bytes_at_most(slack: WebClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.playground.state.files.CAPACITY", 5)
    (_, first), (_, second) = announce(slack), announce(slack)

    answers = [requests.post(address, b"abc", timeout=30) for address in (first, second)]

    assert [answer.text for answer in answers] == ["OK - 3", "storage_limit_reached"]


def test_forgets_an_upload_that_breaks_off(slack: WebClient, workspace: Workspace) -> None:
    _, address = announce(slack)

    break_off(address)
    wait_until(lambda: any(each["name"] == UPLOAD_URL for each in tuple(workspace.inspector.exchanges)))

    assert requests.post(address, b"abc", timeout=30).text == "OK - 3"
    assert len(list(workspace.files._folder.iterdir())) == 1


def test_deletes_its_files_at_the_end(slack: WebClient, workspace: Workspace) -> None:
    slack.files_upload_v2(channel=ONCALL, content="x", filename="a.txt")
    (file,) = workspace.messages[-1].files
    assert file.content
    folder = file.content.parent
    assert [path.read_text() for path in folder.iterdir()] == ["x"]

    files, workspace.files = workspace.files, Files()
    del files
    gc.collect()

    assert not folder.exists()
