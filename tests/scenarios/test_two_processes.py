"""Two bots with one database, which get Slack's requests in turn."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from bot.playground.people import EDITOR, VIEWER
from tests.scenarios.test_file_lookups import ANSWERED, MANY, read_csv, send, wait_for
from tests.scenarios.test_home import next_home, open_home, press, texts
from tests.scenarios.test_modals import NICK, choose, nick_of, open_form, press_choice, review, typed
from tests.support.bot import signed, slash_command
from tests.support.running_bot import RunningBot, SlackUser, run_bot
from tests.support.scripted_server import ScriptedServer, answer
from tests.support.slack import wait_until

LEVEL = "Tag_Profile_IM_Level"
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


def test_publishes_the_home_that_the_other_has_published(running_bot: RunningBot) -> None:
    with running_bot.act_as(EDITOR) as ed:
        ed.ask("/im set user_005 nick=Waiting")
        home = open_home(ed)
        ed.ask("/im whoami")  # takes the other's turn
        press(ed, home, "Review…")
        preview = ed.view("nothing is changed yet")
        press(ed, preview, "Confirm 1 change")
        ed.view("Done.")

        while "✅ *Changed*  `user_005`" not in texts(home):
            home = next_home(ed)


def test_proposes_no_change_of_an_untouched_input(running_bot: RunningBot) -> None:
    with running_bot.act_as(EDITOR) as ed, running_bot.act_as(VIEWER) as vera:
        before = nick_of(running_bot, "user_024")
        form = open_form(ed, "user_024")
        vera.ask("/im whoami")  # so that the other process has the next request
        form = choose(ed, form, NICK, LEVEL)
        (app,) = running_bot.sandbox.apps.values()
        app.accounts["user_024"].profile[NICK] = "Set by a colleague"
        ed.page.submit(form, {**typed(form, NICK, before), **typed(form, LEVEL, "66")})
        preview = ed.view("nothing is changed yet")

    assert "Level" in str(preview["blocks"])
    assert "Nickname" not in str(preview["blocks"])


def test_goes_on_with_a_file_in_the_other_process(running_bot: RunningBot) -> None:
    with running_bot.act_as(VIEWER) as vera:
        question = send(vera, MANY)
        with running_bot.vendor.hold("portrait_get", but=ANSWERED):
            vera.click(question, "Look up 6,001 profiles")
            wait_for(vera, "Looking up 6,001 ids", "left")
            (busy,) = (bot for bot in running_bot.bots if bot.file_lookups.loop.is_busy)
            busy.file_lookups.loop.close()
        rows = read_csv(running_bot, vera)
        done = wait_for(vera, "Looked up 6,001 ids")

    assert [row[0] for row in rows[1:4]] == ["user_00000", "user_00001", "user_00002"]
    assert len(rows) == 6002
    assert done["ts"] == question["ts"]


def test_keeps_a_change_to_confirm_while_the_record_is_locked(running_bot: RunningBot) -> None:
    path = running_bot.settings.database_url.removeprefix("sqlite:///")
    with running_bot.act_as(EDITOR) as ed, closing(sqlite3.connect(path, isolation_level=None)) as other:
        _, preview = review(ed, "user_025", "Once")
        other.execute("BEGIN IMMEDIATE")
        ed.page.submit(preview)
        notice = ed.view("nothing was sent", "The change still waits")
        other.execute("ROLLBACK")
        ed.page.close(notice)
        ed.page.submit(ed.view("nothing is changed yet"))
        ed.view("Done.")

    assert nick_of(running_bot, "user_025") == "Once"


def test_says_in_a_form_that_the_record_is_away(running_bot: RunningBot) -> None:
    file = Path(running_bot.settings.database_url.removeprefix("sqlite:///"))
    with running_bot.act_as(EDITOR) as ed, running_bot.act_as(VIEWER) as vera:
        form = open_form(ed, "user_026")
        vera.ask("/im whoami")  # so that the process that did not open the form has the next request
        file.rename(file.with_suffix(".away"))
        press_choice(ed, form, NICK)
        kept = ed.view("file is gone", "Choose again in a minute", "What to change")
        file.with_suffix(".away").rename(file)
        shown = choose(ed, kept, NICK)

    assert "Nickname" in str(shown["blocks"])
    assert "file is gone" not in str(shown["blocks"])
