from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from typing import Any

import pytest
import requests

from bot.errors import BotError, FileError, SlackUnavailableError
from bot.playground.faults.faults import UPLOAD_URL, SlackFault
from bot.playground.people import LEAVER, VIEWER
from bot.playground.workspace import Workspace
from bot.slack.api.client import Limits, SlackClient
from bot.slack.api.shared_files import SharedFile, read_file
from bot.slack.delivery.files import Files
from tests.support.scripted_server import (
    DRIPS,
    ReceivedRequest,
    ScriptedServer,
    ServerResponse,
    answer,
    hang,
    reset,
)
from tests.support.slack import BOT_TOKEN, Page

CSV = "a,b\r\n漢字,1\r\n".encode("utf-8-sig")
OPENED = answer({"ok": True, "channel": {"id": "D01"}})


def files(url: str) -> Files:
    return Files(SlackClient(BOT_TOKEN, f"{url}/api/", Limits(call=1)))


def refused(url: str, actor_id: str = VIEWER.id) -> BotError:
    with pytest.raises(BotError, match="could not be sent to your direct messages") as caught:
        files(url).send(actor_id, "a.csv", CSV, "Here")
    assert caught.value.__cause__ is None
    return caught.value


def test_sends_a_file_to_the_actors_direct_messages(url: str, vera: Page) -> None:
    files(url).send(VIEWER.id, "profile-prod.csv", CSV, "Here it is.")

    message = vera.next_message()
    (file,) = message["files"]
    assert (message["channel"], message["text"]) == (f"D{VIEWER.id[1:]}", "Here it is.")
    assert (file["name"], file["title"]) == ("profile-prod.csv", "profile-prod.csv")
    assert requests.get(url + file["url"], timeout=30).content == CSV


@pytest.mark.parametrize("scope", ["im:write", "files:write"])
def test_says_which_scopes_it_takes(url: str, workspace: Workspace, scope: str) -> None:
    workspace.app.scopes -= {scope}

    error = refused(url)

    assert "(missing_scope)" in str(error)
    assert not isinstance(error, SlackUnavailableError), "it is not tried again all day"
    assert "the scopes files:write and im:write" in error.advice


def test_fails_for_a_deactivated_person(url: str) -> None:
    assert "(user_disabled)" in str(refused(url, LEAVER.id))


def test_waits_when_slack_asks_to(url: str, workspace: Workspace, vera: Page) -> None:
    workspace.faults.fail("files.completeUploadExternal", SlackFault.RATE_LIMITED)

    files(url).send(VIEWER.id, "a.csv", CSV, "Here")

    (file,) = vera.next_message()["files"]
    assert file["size"] == len(CSV)


@pytest.mark.parametrize("broken", [1, 2, 3])
def test_sends_it_once_more_over_a_connection_that_slack_closed(broken: int) -> None:
    def behave(connection: Any, request: ReceivedRequest, stopped: Any) -> None:
        body = {"ok": True, "channel": {"id": "D01"}, "file_id": "F1", "upload_url": slack.url + ADDRESS}
        (reset() if len(slack.requests) == broken else answer(body))(connection, request, stopped)

    with ScriptedServer(behave) as slack:
        files(slack.url).send("U01", "a.csv", CSV, "Here")

    assert [request.body for request in slack.requests if request.path == ADDRESS][-1] == CSV


def test_does_not_share_it_twice_when_it_may_be_shared() -> None:
    def behave(connection: Any, request: ReceivedRequest, stopped: Any) -> None:
        body = {"ok": True, "channel": {"id": "D01"}, "file_id": "F1", "upload_url": slack.url + ADDRESS}
        (reset() if "completeUpload" in request.path else answer(body))(connection, request, stopped)

    with ScriptedServer(behave) as slack:
        refused(slack.url)

    assert [request.path for request in slack.requests].count("/api/files.completeUploadExternal") == 1


def break_upload(workspace: Workspace) -> None:
    workspace.faults.fail(UPLOAD_URL, SlackFault.BROKEN)


def hang_upload(workspace: Workspace) -> None:
    workspace.faults.fail(UPLOAD_URL, SlackFault.HANG)


def limit_completing(workspace: Workspace) -> None:
    workspace.faults.fail("files.completeUploadExternal", SlackFault.RATE_LIMITED, times=2)


@pytest.mark.parametrize("worsen", [break_upload, hang_upload, limit_completing])
def test_says_what_to_do_when_slack_takes_half_of_it(
    url: str, workspace: Workspace, worsen: Callable[[Workspace], None]
) -> None:
    worsen(workspace)

    error = refused(url)

    assert "Try again in a minute" in error.advice
    assert "/upload/" not in f"{error} {error.detail}"


@pytest.mark.parametrize(
    "script",
    [
        [hang()],
        [reset()],
        [answer(b"<html>", status=502)],
        [answer({"ok": False, "error": "invalid_auth"})],
        [answer({"ok": True})],
        [OPENED, answer({"ok": True})],
        [OPENED, answer({"ok": True, "file_id": "F1", "upload_url": "http://127.0.0.1:1/upload/s3cr3t"})],
    ],
    ids=["hang", "reset", "gateway", "auth", "no-channel", "no-address", "nobody-there"],
)
def test_fails_in_words_on_any_answer_of_slack(script: list[ServerResponse]) -> None:
    with ScriptedServer(*script) as slack:
        error = refused(slack.url)

    assert error.advice
    assert "s3cr3t" not in f"{error} {error.detail}"
    assert "<html>" not in str(error)


ADDRESS = "/upload/s3cr3t"


STEPS = ("conversations.open", "files.getUploadURLExternal", ADDRESS, "completeUpload")


def test_gives_up_at_any_step_that_drips() -> None:
    def last_step(step: str, drip: str) -> str:
        def behave(connection: Any, request: ReceivedRequest, stopped: Any) -> None:
            body = {"ok": True, "channel": {"id": "D01"}, "file_id": "F1", "upload_url": slack.url + ADDRESS}
            (DRIPS[drip] if step in request.path else answer(body))(connection, request, stopped)

        quick = Limits(call=0.9, sharing=0.9, megabyte=0)
        with ScriptedServer(behave) as slack, pytest.raises(SlackUnavailableError) as caught:
            Files(SlackClient(BOT_TOKEN, f"{slack.url}/api/", quick)).send("U01", "a.csv", CSV, "Here")

        assert "s3cr3t" not in f"{caught.value} {caught.value.detail}"
        return slack.requests[-1].path

    cases = list(product(STEPS, ("status line", "trailer", "body")))
    # At once, as each of them only waits.
    with ThreadPoolExecutor(len(cases)) as pool:
        ended = dict(zip(cases, pool.map(last_step, *zip(*cases, strict=True)), strict=True))

    assert [(case, path) for case, path in ended.items() if case[0] not in path] == []


def test_a_long_file_may_take_longer() -> None:
    def behave(connection: Any, request: ReceivedRequest, stopped: Any) -> None:
        if request.path == ADDRESS:
            stopped.wait(1.2)
        body = {"ok": True, "channel": {"id": "D01"}, "file_id": "F1", "files": []}
        answer(body | {"upload_url": slack.url + ADDRESS})(connection, request, stopped)

    content = b"x" * 1_000_000
    with ScriptedServer(behave) as slack:
        client = SlackClient(BOT_TOKEN, f"{slack.url}/api/", Limits(call=1.0, megabyte=30))
        Files(client).send("U01", "a.csv", content, "Here")

    assert next(request.body for request in slack.requests if request.path == ADDRESS) == content


def test_waits_for_slack_to_post_a_long_file() -> None:
    def behave(connection: Any, request: ReceivedRequest, stopped: Any) -> None:
        if "completeUpload" in request.path:
            stopped.wait(1.2)
        body = {"ok": True, "channel": {"id": "D01"}, "file_id": "F1", "upload_url": slack.url + ADDRESS}
        answer(body)(connection, request, stopped)

    with ScriptedServer(behave) as slack:
        files(slack.url).send("U01", "a.csv", CSV, "Here")

    assert "completeUpload" in slack.requests[-1].path


def test_blames_no_scope_for_a_file_that_slack_describes() -> None:
    def behave(connection: Any, request: ReceivedRequest, stopped: Any) -> None:
        if "files.info" in request.path:
            described = {"id": "F1", "name": "a.csv", "url_private_download": f"{slack.url}/a.csv"}
            answer({"ok": True, "file": described})(connection, request, stopped)
        else:
            login = answer(b"<html>", headers="Content-Type: text/html\r\n")
            login(connection, request, stopped)

    with (
        ScriptedServer(behave) as slack,
        pytest.raises(SlackUnavailableError, match="does not let the bot read") as caught,
        files(slack.url).read(SharedFile("F1", "a.csv")),
    ):
        pass

    assert "files:read" not in caught.value.advice


def test_takes_no_web_page() -> None:
    with pytest.raises(FileError, match="neither CSV nor plain text"):
        read_file({"id": "F1", "name": "a.html", "mimetype": "text/html"}).check()
