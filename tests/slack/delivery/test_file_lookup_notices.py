"""Messages about file lookups, over the local Slack and a real store."""

import io
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import requests
from sqlalchemy import func, select

from bot.core.file_lookups import SHOW_SECONDS, FileLookup, FileLookupState
from bot.core.model import Actor, LookupStatus
from bot.encryption import Cipher
from bot.errors import BotError
from bot.playground.faults.faults import SlackFault
from bot.playground.people import TEAM_ID, VIEWER
from bot.playground.workspace import Workspace
from bot.slack.api.client import Limits, SlackClient
from bot.slack.delivery.file_lookup_notices import SlackFileLookupNotices
from bot.slack.delivery.files import Files
from bot.store.database.engine import open_engine
from bot.store.database.schema import file_lookups
from bot.store.files.file_lookups import StoredFileLookups
from bot.store.record import Store
from tests.support.file_lookup_time import pass_time
from tests.support.file_samples import LOOKUP
from tests.support.migrated import migrated_file
from tests.support.sample_results import PROD
from tests.support.scripted_server import ReceivedRequest, ScriptedServer, answer
from tests.support.slack import BOT_TOKEN, Page, wait_until

S = FileLookupState
MINE = replace(LOOKUP, id="mine", actor=Actor(VIEWER.id, TEAM_ID), total=100)
OTHER = replace(MINE, id="other", file_name="others.csv")
PACE = 0.3


def moved(lookup: FileLookup, done: int, state: FileLookupState = S.RUNNING) -> FileLookup:
    return replace(lookup, state=state, counts={LookupStatus.FOUND: done})


@pytest.fixture
def store(tmp_path: Path) -> Iterator[StoredFileLookups]:
    file = tmp_path / "im-bot.db"
    migrated_file(file)
    with closing(Store(f"sqlite:///{file}")) as store:
        lookups = store.open_file_lookups({PROD.name: PROD}, Cipher("xoxb"))
        for each in (MINE, OTHER):
            lookups.add(each, [["alice"]])
        yield lookups


def make_notices(
    url: str, store: StoredFileLookups, pace: float = PACE, first_wait: float = 0.01
) -> SlackFileLookupNotices:
    slack = SlackClient(BOT_TOKEN, f"{url}/api/", Limits(call=1))
    return SlackFileLookupNotices(slack, Files(slack), store, pace, first_wait)


@pytest.fixture
def notices(url: str, store: StoredFileLookups) -> Iterator[SlackFileLookupNotices]:
    with closing(make_notices(url, store)) as notices:
        yield notices


def wait_for(vera: Page, words: str) -> dict[str, Any]:
    while words not in (message := vera.next_message())["text"]:
        pass
    return message


def test_posts_one_message_that_moves(
    vera: Page, notices: SlackFileLookupNotices, store: StoredFileLookups
) -> None:
    notices.show(MINE)
    first = vera.next_message()
    notices.show(moved(MINE, 40), 12.0)
    second = vera.next_message()

    assert "Waiting: 100 ids of players.csv" in first["text"]
    assert "40 of 100 · 40 found · about 12 s left" in second["text"]
    assert (first["channel"], first["ts"]) == (second["channel"], second["ts"])
    assert first["channel"] == f"D{VIEWER.id[1:]}"
    found = store.find("mine")
    assert found
    assert found.message == (first["channel"], first["ts"])


def test_shows_the_latest_state_at_most_once_in_its_pace(
    vera: Page, notices: SlackFileLookupNotices, store: StoredFileLookups
) -> None:
    for each in (MINE, OTHER):
        store.set_state(each.id, [S.WAITING], S.SENDING)
    began = time.monotonic()
    for done in range(1, 100):
        notices.show(moved(replace(MINE, message=("", "")), done))
        notices.show(moved(OTHER, done))
        time.sleep(0.01)
    notices.show(moved(MINE, 100, S.DONE))
    notices.show(moved(OTHER, 100, S.DONE))
    shown: list[str] = []
    while sum("Looked up" in text for text in shown) < 2:
        shown.append(vera.next_message()["text"])

    assert len(shown) <= (time.monotonic() - began) / PACE + 1
    assert "others.csv" in " ".join(shown)


def test_posts_anew_what_was_deleted(
    vera: Page, notices: SlackFileLookupNotices, store: StoredFileLookups
) -> None:
    store.set_message("mine", f"D{VIEWER.id[1:]}", "1700000000.000100")

    notices.show(moved(MINE, 5))

    message = wait_for(vera, "5 of 100")
    wait_until(lambda: store.find("mine").message == (message["channel"], message["ts"]))  # type: ignore[union-attr]


@pytest.mark.parametrize("fault", [SlackFault.BROKEN, SlackFault.RATE_LIMITED])
def test_tries_until_slack_takes_an_outcome(
    vera: Page,
    workspace: Workspace,
    notices: SlackFileLookupNotices,
    store: StoredFileLookups,
    fault: SlackFault,
) -> None:
    store.set_state("mine", [S.WAITING], S.CANCELLED)
    workspace.faults.fail("chat.postMessage", fault, times=2)

    notices.show(moved(MINE, 50, S.CANCELLED))

    assert "Cancelled after 50 of 100" in vera.next_message()["text"]


def test_shows_what_another_process_has_done_since(
    vera: Page, notices: SlackFileLookupNotices, store: StoredFileLookups
) -> None:
    store.set_state("mine", [S.WAITING], S.CANCELLED)

    notices.show(moved(MINE, 50))

    assert "Cancelled after 0 of 100" in vera.next_message()["text"]


def test_shows_that_a_cancelled_one_goes_on_by_now(vera: Page, notices: SlackFileLookupNotices) -> None:
    notices.show(moved(MINE, 50, S.CANCELLED))

    assert "Waiting: 100 ids" in vera.next_message()["text"]


def test_leaves_it_to_the_process_that_started_it_to_post_the_message(
    url: str, vera: Page, notices: SlackFileLookupNotices, store: StoredFileLookups
) -> None:
    with closing(make_notices(url, store)) as other:
        other.show(moved(MINE, 1))
        notices.show(MINE)
        first, second = vera.next_message(), wait_for(vera, "1 of 100")

    assert first["ts"] == second["ts"]


def test_sends_the_csv_and_names_it(
    url: str, vera: Page, notices: SlackFileLookupNotices, store: StoredFileLookups
) -> None:
    content = b"account,status\r\n" * 100_000
    store.set_state("mine", [S.WAITING], S.SENDING)

    notices.send(moved(MINE, 100, S.DONE), io.BytesIO(content), len(content))

    message = vera.next_message()
    (file,) = message["files"]
    done = wait_for(vera, "Looked up 100 ids")
    assert message["text"].startswith("The CSV you asked for: profile of 100 accounts in prod")
    assert requests.get(url + file["url"], timeout=30).content == content
    assert file["name"] in done["text"]


def test_says_that_a_part_was_sent(vera: Page, notices: SlackFileLookupNotices) -> None:
    notices.send(moved(MINE, 30, S.CANCELLED), io.BytesIO(b"a"), 1)

    assert "30 of 100 accounts" in vera.next_message()["text"]
    assert (
        "The CSV of what was read is a message of its own" in wait_for(vera, "CSV of what was read")["text"]
    )


def test_sends_a_csv_whole_at_the_second_try(
    url: str, vera: Page, workspace: Workspace, notices: SlackFileLookupNotices
) -> None:
    workspace.faults.fail("files.completeUploadExternal", SlackFault.RATE_LIMITED)

    notices.send(moved(MINE, 100, S.DONE), io.BytesIO(b"content"), 7)

    (file,) = vera.next_message()["files"]
    assert requests.get(url + file["url"], timeout=30).content == b"content"


def test_raises_where_the_csv_cannot_be_sent(workspace: Workspace, notices: SlackFileLookupNotices) -> None:
    workspace.app.scopes -= {"files:write"}

    with pytest.raises(BotError, match="missing_scope"):
        notices.send(moved(MINE, 100, S.DONE), io.BytesIO(b"content"), 7)


def test_shows_outcomes_before_it_closes(url: str, vera: Page, store: StoredFileLookups) -> None:
    for each in (MINE, OTHER):
        store.set_state(each.id, [S.WAITING], S.CANCELLED)
    notices = make_notices(url, store, pace=60)
    notices.show(moved(MINE, 1, S.CANCELLED))
    notices.show(moved(OTHER, 2, S.CANCELLED))
    notices.close()

    shown = {vera.next_message()["text"].partition("\n")[0] for _ in range(2)}
    assert shown == {
        "Cancelled after 1 of 100 ids of players.csv",
        "Cancelled after 2 of 100 ids of others.csv",
    }


def test_posts_once_for_an_outcome_where_slack_lets_nothing_be_edited(store: StoredFileLookups) -> None:
    def behave(connection: Any, request: ReceivedRequest, stopped: Any) -> None:
        body = {"ok": True, "channel": "D1", "ts": f"170000000{len(slack.requests)}.000100"}
        fixed = {"ok": False, "error": "edit_window_closed"}
        answer(fixed if request.path.endswith("chat.update") else body)(connection, request, stopped)

    def asked(times: int) -> bool:
        return len(slack.requests) == times

    store.set_message("mine", "D1", "1700000000.000100")
    with ScriptedServer(behave) as slack, closing(make_notices(slack.url, store, pace=0.01)) as notices:
        for done in (5, 6):
            notices.show(moved(MINE, done))
            wait_until(partial(asked, done - 4))
        store.set_state("mine", [S.WAITING], S.CANCELLED)
        for number in (4, 5):
            notices.show(moved(MINE, 7, S.CANCELLED))
            wait_until(partial(asked, number))

        methods = [request.path.rpartition(".")[2] for request in slack.requests]
        assert methods == ["update", "update", "update", "postMessage", "update"]


def test_keeps_that_an_end_is_shown(
    vera: Page, notices: SlackFileLookupNotices, store: StoredFileLookups, tmp_path: Path
) -> None:
    store.set_state("mine", [S.WAITING], S.CANCELLED)
    notices.show(moved(MINE, 40, S.CANCELLED))
    wait_for(vera, "Cancelled after 40 of 100")
    notices.close()
    pass_time(f"sqlite:///{tmp_path / 'im-bot.db'}", SHOW_SECONDS)

    assert store.take_unshown() is None


def test_shows_no_end_that_another_process_has_shown(
    vera: Page, notices: SlackFileLookupNotices, store: StoredFileLookups
) -> None:
    store.set_state("mine", [S.WAITING], S.CANCELLED)
    ended = store.find("mine")
    assert ended
    store.set_shown("mine", S.CANCELLED)

    notices.show(ended)
    notices.show(OTHER)

    assert "others.csv" in vera.next_message()["text"]


def test_holds_an_end_that_slack_does_not_take(
    store: StoredFileLookups, url: str, workspace: Workspace, tmp_path: Path
) -> None:
    record = f"sqlite:///{tmp_path / 'im-bot.db'}"
    workspace.faults.fail("chat.postMessage", SlackFault.BROKEN)
    store.set_state("mine", [S.WAITING], S.CANCELLED)
    ended = store.find("mine")
    assert ended

    with closing(make_notices(url, store, first_wait=100)) as notices:
        notices.show(ended)
        wait_until(lambda: read_time_to_show(record) > 2 * SHOW_SECONDS)
        pass_time(record, SHOW_SECONDS)

        assert store.take_unshown() is None


def read_time_to_show(url: str) -> float:
    """Read the longest time (seconds) left to show an end."""
    engine = open_engine(url)
    try:
        with engine.connect() as connection:
            return float(connection.scalar(select(func.max(file_lookups.c.until))) or 0) - time.time()
    finally:
        engine.dispose()
