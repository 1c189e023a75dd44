"""Two bots with one database, which get Slack's requests in turn."""

from collections.abc import Iterator
from dataclasses import replace
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import pytest

from bot.playground.people import VIEWER
from tests.support.bot import signed, slash_command
from tests.support.running_bot import RunningBot, SlackUser, run_bot
from tests.support.scripted_server import ScriptedServer, answer
from tests.support.slack import wait_until

DIRECT = f"D{VIEWER.id[1:]}"


@pytest.fixture(scope="module")
def running_bot() -> Iterator[RunningBot]:
    with run_bot("pair") as running_bot:
        yield running_bot


def post(running_bot: RunningBot, body: bytes) -> int:
    """Post a signed request to the next of both bots; return the status."""
    url = urlsplit(running_bot.workspace.app.request_url or "")
    connection = HTTPConnection(url.hostname or "", url.port or 0, timeout=10)
    headers = {
        **signed(body, running_bot.settings.slack_signing_secret.get_secret_value()),
        "Content-Type": "application/x-www-form-urlencoded",
    }
    connection.request("POST", url.path, body, headers)
    status = connection.getresponse().status
    connection.close()
    return status


def test_answers_once_a_signed_request_that_reaches_both(running_bot: RunningBot) -> None:
    with ScriptedServer(answer(b"ok")) as answers:
        body = slash_command("profile alice", answers.url)
        assert [post(running_bot, body) for _ in range(4)] == [200] * 4
        assert post(running_bot, slash_command("profile bob_k", answers.url)) == 200
        wait_until(lambda: len(answers.requests) >= 2)
        wait_until(lambda: not any(bot.is_busy for bot in running_bot.bots))

        assert len(answers.requests) == 2


@pytest.mark.parametrize("channel", ["", DIRECT], ids=["slash command", "direct message"])
def test_cancels_a_lookup_that_the_other_runs(running_bot: RunningBot, channel: str) -> None:
    behavior = running_bot.sandbox.behavior
    with running_bot.act_as(VIEWER) as vera:
        running_bot.sandbox.behavior = replace(behavior, latency_ms=6000)
        try:
            progress = begin(vera, channel)
            vera.click(progress, "Cancel")
            partial = vera.answer()
        finally:
            running_bot.sandbox.behavior = behavior

    assert "Cancelled. 0 of 1 read" in partial["text"]


def begin(vera: SlackUser, channel: str) -> dict[str, Any]:
    """Begin a slow lookup; return its notice with the Cancel button."""
    if not channel:
        return vera.begin("/im profile alice")
    assert vera.page.send("profile alice", channel) == {"ok": True}
    vera.answer()  # the message sent
    return vera.answer()
