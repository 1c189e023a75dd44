from collections.abc import Callable
from typing import Any

import pytest
import requests
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.playground.people import BOT, EDITOR, STRANGER, VIEWER
from bot.playground.workspace import Workspace
from tests.playground.conftest import OpenPage, OpenSocket
from tests.support.slack import BOT_TOKEN, ONCALL, PARTNERS, SUPPORT, Page, SocketModeConnection

DIRECT = f"D{VIEWER.id[1:]}"
CSV = b"id\nalice\nbob_k\n"
AUTHORIZED = {"Authorization": f"Bearer {BOT_TOKEN}"}
MENTION = f"@{BOT.handle} look"


@pytest.fixture(autouse=True)
def subscribed(workspace: Workspace) -> None:
    workspace.app.events = frozenset({"message.im", "app_mention"})
    workspace.app.scopes |= {"im:history", "app_mentions:read", "files:read"}


@pytest.fixture
def vera(page: OpenPage) -> Page:
    return page(VIEWER)


@pytest.fixture
def bot(open_socket: OpenSocket) -> SocketModeConnection:
    return open_socket()


def read_event(bot: SocketModeConnection) -> dict[str, Any]:
    envelope = bot.receive()
    bot.acknowledge(envelope)
    event: dict[str, Any] = envelope["payload"]["event"]
    return event


def fail(call: Callable[[], object]) -> str:
    with pytest.raises(SlackApiError) as caught:
        call()
    return str(caught.value.response["error"])


def download(file: dict[str, Any]) -> requests.Response:
    return requests.get(file["url_private_download"], headers=AUTHORIZED, timeout=30)


def test_sends_an_event_of_a_file_in_slacks_shape(url: str, vera: Page, bot: SocketModeConnection) -> None:
    uploaded = vera.upload("ids.csv", CSV, DIRECT)
    event = read_event(bot)

    ts, (file,) = vera.next_message()["ts"], event.pop("files")
    assert event.pop("client_msg_id")
    assert event == {
        "type": "message",
        "subtype": "file_share",
        "text": "",
        "user": VIEWER.id,
        "upload": False,
        "display_as_bot": False,
        "ts": ts,
        "event_ts": ts,
        "channel": DIRECT,
        "channel_type": "im",
    }
    assert file.pop("created") == file.pop("timestamp")
    id_ = uploaded["id"]
    assert file == {
        "id": id_,
        "name": "ids.csv",
        "title": "ids.csv",
        "mimetype": "text/csv",
        "filetype": "csv",
        "pretty_type": "CSV",
        "user": VIEWER.id,
        "user_team": "T07IMBOT4QX",
        "editable": True,
        "size": len(CSV),
        "mode": "snippet",
        "is_external": False,
        "external_type": "",
        "is_public": False,
        "public_url_shared": False,
        "display_as_bot": False,
        "username": "",
        "url_private": f"{url}/files/{VIEWER.id}/{id_}/ids.csv/edit",
        "url_private_download": f"{url}/files-pri/T07IMBOT4QX-{id_}/download/ids.csv",
        "permalink": f"{url}/files/{VIEWER.id}/{id_}/ids.csv",
        "edit_link": f"{url}/files/{VIEWER.id}/{id_}/ids.csv/edit",
        "has_rich_preview": False,
        "file_access": "visible",
    }


def test_shows_a_file_to_everybody_in_the_conversation(url: str, vera: Page, page: OpenPage) -> None:
    ed = page(EDITOR)

    vera.upload("ids.csv", CSV, text="These")
    message = ed.next_message()

    (file,) = message["files"]
    assert (message["text"], file["name"], file["owner"]) == ("These", "ids.csv", VIEWER.id)
    assert requests.get(url + file["url"], timeout=30).content == CSV


def test_lets_the_app_read_what_people_send_where_it_is(
    slack: WebClient, workspace: Workspace, vera: Page, bot: SocketModeConnection
) -> None:
    vera.upload("ids.csv", CSV, DIRECT, "look up these")
    event = read_event(bot)
    (file,) = event["files"]

    assert event["blocks"][0]["elements"][0]["elements"] == [{"type": "text", "text": "look up these"}]
    info = slack.files_info(file=file["id"])["file"]
    assert info == {**file, **{key: info[key] for key in info.keys() - file.keys()}}
    assert (info["ims"], info["channels"]) == ([DIRECT], [])
    assert download(file).content == CSV

    workspace.channels[SUPPORT].members.remove(BOT.id)
    hidden = vera.upload("ids.csv", CSV, SUPPORT)
    unsent = vera.choose("ids.csv", CSV)
    assert fail(lambda: slack.files_info(file=hidden["id"])) == "file_not_found"
    assert fail(lambda: slack.files_info(file=unsent["id"])) == "file_not_found"
    path = hidden["url"].partition("?")[0]
    assert (
        "Sign in"
        in download({"url_private_download": file["url_private"].partition("/files/")[0] + path}).text
    )


def test_keeps_files_from_an_app_without_the_scope(
    slack: WebClient, workspace: Workspace, vera: Page, bot: SocketModeConnection
) -> None:
    workspace.app.scopes -= {"files:read"}
    vera.upload("ids.csv", CSV, DIRECT)
    (file,) = read_event(bot)["files"]

    assert fail(lambda: slack.files_info(file=file["id"])) == "missing_scope"
    assert "Sign in" in download(file).text


def test_lists_the_files_of_a_mention(vera: Page, bot: SocketModeConnection) -> None:
    vera.upload("ids.csv", CSV, text=MENTION)
    event = read_event(bot)

    assert (event["type"], event["text"], event["upload"]) == ("app_mention", f"<@{BOT.id}> look", False)
    assert [file["name"] for file in event["files"]] == ["ids.csv"]
    assert "subtype" not in event


def test_leaves_the_files_of_a_mention_out_by_a_fault_setting(vera: Page, bot: SocketModeConnection) -> None:
    vera.set_fault("files_in_mentions", "left_out")

    vera.upload("ids.csv", CSV, text=MENTION)
    event = read_event(bot)

    assert event["type"] == "app_mention"
    assert event.keys().isdisjoint({"files", "upload", "subtype"})


def test_sends_no_mention_with_a_file_until_it_is_edited_by_a_fault_setting(
    vera: Page, bot: SocketModeConnection
) -> None:
    vera.set_fault("files_in_mentions", "no_event")
    assert vera.next()["type"] == "weather"

    vera.upload("ids.csv", CSV, text=MENTION)
    vera.edit(f"{MENTION} again", channel=ONCALL, ts=vera.next_message()["ts"])
    event = read_event(bot)

    assert event["text"] == f"<@{BOT.id}> look again"
    assert [file["name"] for file in event["files"]] == ["ids.csv"]


def test_says_nothing_of_a_file_in_slack_connect_until_it_is_asked(
    slack: WebClient, page: OpenPage, bot: SocketModeConnection
) -> None:
    page(STRANGER).upload("ids.csv", CSV, PARTNERS, MENTION)
    (file,) = read_event(bot)["files"]

    assert file == {
        "id": file["id"],
        "mode": "file_access",
        "file_access": "check_file_info",
        "created": 0,
        "timestamp": 0,
        "user": "",
    }
    info = slack.files_info(file=file["id"])["file"]
    assert (info["name"], info["user_team"]) == ("ids.csv", STRANGER.team_id)
    assert download(info).content == CSV


def test_deletes_a_file_and_the_message_that_holds_nothing_else(
    slack: WebClient, vera: Page, bot: SocketModeConnection
) -> None:
    file = vera.upload("ids.csv", CSV, DIRECT)
    posted = read_event(bot)
    vera.next_message()

    assert vera.delete_file(file) == {"ok": True}
    deleted = read_event(bot)

    assert (deleted["subtype"], deleted["deleted_ts"]) == ("message_deleted", posted["ts"])
    assert vera.next()["type"] == "message_deleted"
    assert fail(lambda: slack.files_info(file=file["id"])) == "file_deleted"
    assert download(posted["files"][0]).status_code == 410
    assert vera.delete_file(file)["error"] == "file_not_found"


def test_leaves_a_tombstone_of_a_file_in_a_message_with_text(vera: Page, bot: SocketModeConnection) -> None:
    file = vera.upload("ids.csv", CSV, DIRECT, "look")
    posted = read_event(bot)

    vera.delete_file(file)
    changed = read_event(bot)

    assert (changed["subtype"], changed["message"]["ts"]) == ("message_changed", posted["ts"])
    assert changed["message"]["files"] == [{"id": file["id"], "mode": "tombstone"}]
    assert changed["previous_message"]["files"] == posted["files"]
    assert [vera.next_message()["files"][0]["deleted"] for _ in range(2)] == [False, True]


def test_lets_nobody_send_or_delete_what_is_not_theirs(vera: Page, page: OpenPage) -> None:
    file = page(EDITOR).choose("ids.csv", CSV)

    assert vera.send("x", files=[file["id"]])["error"] == "file_not_found"
    assert vera.send("x", files=file["id"])["error"] == "file_not_found"
    assert vera.delete_file(file)["error"] == "file_not_found"


def test_takes_no_file_with_a_slash_command(vera: Page) -> None:
    file = vera.choose("ids.csv", CSV)

    assert vera.send("/im help", files=[file["id"]])["error"] == "no_command_with_files"
    assert vera.send(" ", files=[])["error"] == "no_text"


def test_refuses_an_upload_without_a_name_a_length_or_bytes(url: str, vera: Page) -> None:
    place, kind = f"{url}/page/upload?as={VIEWER.id}", {"Content-Type": "application/octet-stream"}

    def post(place: str, content: Any, headers: dict[str, str]) -> str:
        return str(requests.post(place, content, headers=headers, timeout=30).json()["error"])

    assert vera.try_upload("a.csv", b"")["error"] == "empty_file"
    assert post(place, CSV, kind) == "invalid_form_data"
    assert post(f"{place}&name=a.csv", CSV, {"Content-Type": "text/plain"}) == "invalid_form_data"
    assert post(f"{place}&name=a.csv", iter([CSV]), kind) == "invalid_form_data"
    assert post(f"{url}/page/upload?as=U000&name=a.csv", CSV, kind) == "user_not_found"


@pytest.mark.parametrize(("setting", "status"), [("limited", 429), ("down", 500)])
def test_fails_a_download_by_a_fault_setting(
    vera: Page, bot: SocketModeConnection, setting: str, status: int
) -> None:
    vera.upload("ids.csv", CSV, DIRECT)
    (file,) = read_event(bot)["files"]

    vera.set_fault("downloads", setting)
    assert download(file).status_code == status
    vera.set_fault("downloads", "fine")
    assert download(file).content == CSV


def test_lets_a_download_hang_by_a_fault_setting(vera: Page, bot: SocketModeConnection) -> None:
    vera.upload("ids.csv", CSV, DIRECT)
    (file,) = read_event(bot)["files"]
    vera.set_fault("downloads", "hanging")

    with pytest.raises(requests.Timeout):
        requests.get(file["url_private_download"], headers=AUTHORIZED, timeout=0.3)


def test_shows_a_download_of_the_bot_and_none_of_the_page(
    url: str, workspace: Workspace, vera: Page, bot: SocketModeConnection
) -> None:
    shown = vera.upload("ids.csv", CSV, DIRECT)
    (file,) = read_event(bot)["files"]

    download(file)
    requests.get(url + shown["url"], timeout=30)

    downloads = [each for each in workspace.inspector.exchanges if each["name"] == "file_url"]
    assert [(each["title"], each["outcome"]) for each in downloads] == [("ids.csv", "200")]


def test_cuts_a_download_off_by_a_fault_setting(vera: Page, bot: SocketModeConnection) -> None:
    vera.upload("ids.csv", CSV, DIRECT)
    (file,) = read_event(bot)["files"]
    vera.set_fault("downloads", "cut")

    with requests.get(file["url_private_download"], headers=AUTHORIZED, stream=True, timeout=30) as answer:
        assert answer.status_code == 200
        with pytest.raises(requests.exceptions.ChunkedEncodingError):
            list(answer.iter_content(1))


def test_drips_a_download_by_a_fault_setting(vera: Page, bot: SocketModeConnection) -> None:
    vera.upload("ids.csv", CSV, DIRECT)
    (file,) = read_event(bot)["files"]
    vera.set_fault("downloads", "dripping")

    with requests.get(file["url_private_download"], headers=AUTHORIZED, stream=True, timeout=30) as answer:
        assert answer.headers["Content-Length"] == str(len(CSV))
        assert answer.raw.read1(8) == CSV[:1]


@pytest.mark.parametrize(("setting", "with_token"), [("with_token", True), ("signed", False)])
def test_redirects_a_download_to_another_host_by_a_fault_setting(
    vera: Page, bot: SocketModeConnection, setting: str, *, with_token: bool
) -> None:
    vera.upload("ids.csv", CSV, DIRECT)
    (file,) = read_event(bot)["files"]
    vera.set_fault("downloads", setting)

    first = requests.get(file["url_private_download"], headers=AUTHORIZED, allow_redirects=False, timeout=30)
    place = first.headers["Location"]
    bare, named = (requests.get(place, headers=headers, timeout=30) for headers in ({}, AUTHORIZED))

    assert first.status_code == 302
    assert place.startswith("http://localhost:")
    assert ("Sign in" in bare.text) is with_token
    assert named.content == CSV
