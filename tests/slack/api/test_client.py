import io
import re
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest
from slack_bolt import App
from slack_sdk.errors import SlackApiError
from slack_sdk.web import WebClient

from bot.http_client.errors import TooLongError
from bot.slack.api.client import MOST_BYTES, Limits, SlackClient
from bot.slack.api.errors import SlackCallError
from bot.slack.api.retry_after import LONGEST_WAIT, MOST_WAIT, read_wait
from tests.support.scripted_server import (
    DRIPS,
    ReceivedRequest,
    ScriptedServer,
    ServerResponse,
    answer,
    hang,
    reset,
)

TOKEN = "xoxb-that-must-not-leak"
OK = answer({"ok": True, "url": "u"}, headers="X-OAuth-Scopes: chat:write\r\n")

Call = Callable[[WebClient], Any]

CALLS: dict[str, Call] = {
    "nothing": lambda slack: slack.api_call("auth.test"),
    "params": lambda slack: slack.api_call("users.info", params={"user": "U1", "no": None, "yes": True}),
    "data": lambda slack: slack.api_call("users.info", data={"user": "Ü &=1"}),
    "json": lambda slack: slack.api_call("chat.postMessage", json={"text": "张三", "blocks": [{}]}),
    "files": lambda slack: slack.api_call(
        "files.upload", files={"file": io.BytesIO(b"\0\r\n--a")}, data={"a": "b"}
    ),
    "another token": lambda slack: slack.apps_connections_open(app_token="xapp-other"),
    "headers": lambda slack: slack.api_call("auth.test", headers={"X-More": "1"}),
}


def stock(url: str) -> WebClient:
    return WebClient(TOKEN, base_url=url, timeout=5, retry_handlers=[])


def call_and_record(make: Callable[[str], WebClient], call: Call) -> tuple[ReceivedRequest, Any]:
    """Make a call; returns the request received, and its result or error response."""
    with ScriptedServer(OK) as scripted_server:
        try:
            came = call(make(f"{scripted_server.url}/api/"))
        except SlackApiError as error:
            came = error.response
    return scripted_server.requests[0], came


def normalized(request: ReceivedRequest) -> tuple[str, str, dict[str, str], bytes]:
    """Drop what differs from call to call, and the headers of the connection."""
    (boundary,) = re.findall("boundary=(.*)", request.headers.get("content-type", "")) or ["none"]
    dropped = {"host", "connection", "accept", "accept-encoding"}
    headers = {
        name: value.replace(boundary, "") for name, value in request.headers.items() if name not in dropped
    }
    return request.method, request.target, headers, request.body.replace(boundary.encode(), b"")


@pytest.mark.parametrize("call", CALLS)
def test_sends_and_reads_what_the_library_does(call: str) -> None:
    (ours, came), (theirs, expected) = (
        call_and_record(make, CALLS[call]) for make in (lambda url: SlackClient(TOKEN, url), stock)
    )

    assert normalized(ours) == normalized(theirs)
    assert (came.data, came.status_code) == (expected.data, expected.status_code)
    assert came.headers["X-OAuth-Scopes"] == "chat:write"


@pytest.mark.parametrize(
    "behave",
    [
        answer({"ok": False, "error": "channel_not_found"}),
        answer({"ok": False, "error": "ratelimited"}, status=429, headers="Retry-After: 7\r\n"),
        answer({"ok": False, "error": "ratelimited"}, status=429, headers="retry-after: 7\r\n"),
        answer(b"<html>", status=502),
        answer(b"<html>"),
        answer(b""),
    ],
)
def test_fails_as_the_library_does(behave: ServerResponse) -> None:
    failures = []
    for make in (lambda url: SlackClient(TOKEN, url), stock):
        with ScriptedServer(behave) as scripted_server, pytest.raises(SlackApiError) as caught:
            make(f"{scripted_server.url}/api/").api_call("chat.postMessage", json={})
        failures.append(caught.value)

    ours, theirs = failures
    assert (ours.response.data, ours.response.status_code) == (
        theirs.response.data,
        theirs.response.status_code,
    )
    waits = [read_wait(each.response.headers, MOST_WAIT) for each in failures]
    assert waits[0] == waits[1]
    for name in ("Retry-After", "retry-after"):
        assert ours.response.headers.get(name) == theirs.response.headers.get(name)


@pytest.mark.parametrize(
    ("behave", "words", "code", "retry_after"),
    [
        (
            answer({"ok": False, "error": "channel_not_found"}),
            "Slack says channel_not_found",
            "channel_not_found",
            None,
        ),
        (
            answer({"ok": False, "error": "ratelimited"}, status=429, headers="Retry-After: 7\r\n"),
            "Slack says ratelimited",
            "ratelimited",
            7.0,
        ),
        (answer(b"<html>", status=502), "Slack says HTTP 502", "", None),
        (answer({"ok": False, "error": f"at {TOKEN}"}), "Slack says HTTP 200", "", None),
        (reset(), "Slack could not be reached (ConnectionError)", "", None),
        (hang(), "Slack could not be reached (ReadTimeout)", "", None),
    ],
)
def test_raises_one_error_for_every_failure(
    behave: ServerResponse, words: str, code: str, retry_after: float | None
) -> None:
    with (
        ScriptedServer(behave) as scripted_server,
        closing(SlackClient(TOKEN, f"{scripted_server.url}/api/", Limits(call=0.3))) as slack,
        pytest.raises(SlackCallError) as caught,
    ):
        slack.call("chat.postMessage", text="Anna")

    error = caught.value
    assert (str(error), error.code, error.retry_after) == (words, code, retry_after)
    assert error.__cause__ is None
    assert len(scripted_server.requests) == 1


@pytest.mark.parametrize("behave", [hang(), *DRIPS.values()], ids=["nothing", *DRIPS])
def test_ends_every_call_in_time_without_a_word_of_the_token(
    behave: ServerResponse, caplog: pytest.LogCaptureFixture
) -> None:
    with (
        ScriptedServer(behave) as scripted_server,
        closing(SlackClient(TOKEN, f"{scripted_server.url}/api/", Limits(call=0.1))) as slack,
    ):
        with pytest.raises(OSError, match=r"^$"):
            slack.api_call("chat.postMessage", json={"text": "Anna"})
        scripted_server.set_script(OK)

        assert SlackClient(TOKEN, f"{scripted_server.url}/api/").api_call("auth.test").data == {
            "ok": True,
            "url": "u",
        }
    assert not re.search(f"{TOKEN}|Anna", caplog.text)


def test_keeps_its_connection_and_follows_no_redirect() -> None:
    with ScriptedServer(answer(b"")) as elsewhere:
        moved = answer(b"", status=302, headers=f"Location: {elsewhere.url}/\r\n")
        with (
            ScriptedServer(OK, OK, moved) as scripted_server,
            closing(SlackClient(TOKEN, f"{scripted_server.url}/api/")) as slack,
        ):
            for _ in range(2):
                slack.api_call("auth.test")
            with pytest.raises(SlackApiError):
                slack.api_call("auth.test")

            assert scripted_server.connections == 1
        assert elsewhere.requests == []


@pytest.mark.parametrize(("method", "requests"), [("users.info", 2), ("chat.postMessage", 1)])
def test_asks_once_more_over_a_connection_that_slack_closed(method: str, requests: int) -> None:
    with ScriptedServer(reset(), reset(), answer({"ok": True})) as scripted_server:
        with pytest.raises(SlackCallError, match="ConnectionError"):
            SlackClient(TOKEN, f"{scripted_server.url}/api/").call(method)
        assert len(scripted_server.requests) == requests

    with ScriptedServer(reset(), answer({"ok": True})) as scripted_server:
        assert SlackClient(TOKEN, f"{scripted_server.url}/api/").call("conversations.info").data == {
            "ok": True
        }


def test_reads_no_answer_without_end() -> None:
    long = answer(b" " * (MOST_BYTES + 1))
    with (
        ScriptedServer(long) as scripted_server,
        closing(SlackClient(TOKEN, f"{scripted_server.url}/api/")) as slack,
        pytest.raises(TooLongError),
    ):
        slack.api_call("auth.test")


def test_is_a_client_for_bolt() -> None:
    with (
        ScriptedServer(OK) as scripted_server,
        closing(SlackClient(TOKEN, f"{scripted_server.url}/api/")) as slack,
    ):
        app = App(client=slack, signing_secret="s", token_verification_enabled=False)

        assert app.client is slack
        assert app.client.auth_test()["ok"]


@pytest.mark.parametrize(
    ("retry_after", "seconds"),
    [
        ("0", 0.0),
        ("2", 2.0),
        ("0002", 2.0),
        ("86400", LONGEST_WAIT),
        ("9" * 320, LONGEST_WAIT),
        ("0" * 320 + "1", 1.0),
        ("", None),
        ("-5", None),
        ("1.5", None),
        ("²", None),
        ("inf", None),
        ("Wed, 21 Oct 2026 07:28:00 GMT", None),
    ],
    ids=lambda value: str(value)[:9],
)
def test_reads_how_long_slack_asks_to_wait(retry_after: str, seconds: float | None) -> None:
    assert read_wait({"ReTrY-aFtEr": retry_after}, LONGEST_WAIT) == seconds


def test_nothing_waits_longer_than_a_minute_for_slack() -> None:
    assert read_wait({"Retry-After": "86400"}, MOST_WAIT) == 60
    assert read_wait({}, MOST_WAIT) is None
