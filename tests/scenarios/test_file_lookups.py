"""Files of ids end to end: sent at a local Slack, looked up in a sandbox, in one process and in two."""

import csv
from collections.abc import Iterator, Sequence
from hashlib import sha256
from io import StringIO
from typing import Any

import pytest
import requests

from bot.playground.people import GUEST, VIEWER
from bot.slack.modals.file_lookup import COLUMN
from bot.slack.modals.lookup import FILE, IDS, KIND, OWNER
from tests.scenarios.test_lookup_modals import choose, filled, open_modal, options_of
from tests.support.running_bot import RunningBot, SlackUser, read_denials, read_history
from tests.support.slack import ONCALL

DIRECT = f"D{VIEWER.id[1:]}"
PLAYERS = "name,user_id\nAnn,alice\nBob,bob_k\nNo,nobody\nAnn,alice\n"
LONG = "x" * 40
MANY = "\n".join(["user_id", *(f"user_{number:05}" for number in range(6000)), "alice"])
ANSWERED = 50
"""The calls for profiles that are answered while the others are held: of more ids than are kept together."""

pytestmark = pytest.mark.parametrize("running_bot", ["socket", "pair"], indirect=True, scope="module")
"""Any process takes any press."""


@pytest.fixture
def vera(running_bot: RunningBot) -> Iterator[SlackUser]:
    with running_bot.act_as(VIEWER) as vera:
        yield vera


def wait_for(user: SlackUser, *words: str) -> dict[str, Any]:
    """Wait for a message with these words in its text."""
    message = user.next_message()
    while not all(each in message["text"] for each in words):
        message = user.next_message()
    return message


def send(user: SlackUser, content: str | bytes, text: str = "", name: str = "players.csv") -> dict[str, Any]:
    """Send a file to the bot directly; return the question about it."""
    data = content if isinstance(content, bytes) else content.encode()
    user.page.upload(name, data, f"D{user.page.person.id[1:]}", text)
    return wait_for(user, name, "such as")


def read_csv(running_bot: RunningBot, user: SlackUser) -> Sequence[Sequence[str]]:
    """Wait for the CSV, and read it."""
    while "The CSV you asked for" not in (message := user.next_message())["text"]:
        pass
    (file,) = message["files"]
    return read_file(running_bot, file)


def read_file(running_bot: RunningBot, file: dict[str, Any]) -> Sequence[Sequence[str]]:
    content = requests.get(running_bot.url + file["url"], timeout=30).content
    return list(csv.reader(StringIO(content.decode("utf-8-sig"))))


def labels(message: dict[str, Any]) -> list[str]:
    return [
        element["text"]["text"]
        for block in message["blocks"]
        if block["type"] == "actions"
        for element in block["elements"]
    ]


def choose_file(user: SlackUser, view: dict[str, Any], content: str, **given: Any) -> dict[str, Any]:
    """Make the state of a lookup form with a file."""
    file = user.page.choose("players.csv", content.encode())
    element = next(block["element"] for block in view["blocks"] if block.get("block_id") == FILE)
    return {**filled(view, **given), FILE: {element["action_id"]: {"files": [file["id"]]}}}


def test_looks_up_the_ids_of_a_file_in_its_order(running_bot: RunningBot, vera: SlackUser) -> None:
    question = send(vera, PLAYERS + f"Long,{LONG}\n")
    vera.click(question, "Look up 4 profiles")
    rows = read_csv(running_bot, vera)
    done = wait_for(vera, "Looked up 4 ids of players.csv")

    assert "4 ids in the column “user_id”, such as alice, bob_k, nobody." in question["text"]
    assert "1 repeated id will be looked up once" in question["text"]
    assert [row[:2] for row in rows[1:]] == [
        ["alice", "found"],
        ["bob_k", "found"],
        ["nobody", "not imported"],
        [LONG, "not asked"],
    ]
    assert "2 found · 1 not imported · 1 not asked" in done["text"]
    assert (done["channel"], done["ts"]) == (question["channel"], question["ts"])
    assert labels(done) == []


def test_records_the_digest_of_the_file_as_it_was_sent(running_bot: RunningBot, vera: SlackUser) -> None:
    content = "name\tuser_id\r\nAnn\twritten_by_excel\r\n".encode("utf-16")
    vera.click(send(vera, content), "Look up 1 profile")
    rows = read_csv(running_bot, vera)
    wait_for(vera, "Looked up 1 id of")

    assert [row[:2] for row in rows[1:]] == [["written_by_excel", "not imported"]]
    (entry,) = read_history(running_bot, "written_by_excel")
    assert entry.event.reason == f"1 ids, file {sha256(content).hexdigest()[:12]}"


def test_moves_the_message_while_it_works(running_bot: RunningBot, vera: SlackUser) -> None:
    question = send(vera, MANY)
    with running_bot.vendor.hold("portrait_get", but=ANSWERED):
        vera.click(question, "Look up 6,001 profiles")
        moving = wait_for(vera, "Looking up 6,001 ids of players.csv", "left")
    read_csv(running_bot, vera)
    wait_for(vera, "Looked up 6,001 ids")

    assert moving["ts"] == question["ts"]
    assert labels(moving) == ["Cancel"]


def test_cancels_resumes_and_sends_what_was_read(running_bot: RunningBot, vera: SlackUser) -> None:
    question = send(vera, MANY)
    with running_bot.vendor.hold("portrait_get", but=ANSWERED):
        vera.click(question, "Look up 6,001 profiles")
        moving = wait_for(vera, "Looking up 6,001 ids", "left")
        vera.click(moving, "Cancel")
        cancelled = wait_for(vera, "Cancelled after")
    vera.click(cancelled, "Send what was read")
    part = read_csv(running_bot, vera)
    sent = wait_for(vera, "The CSV of what was read")
    resume = next(label for label in labels(sent) if label.startswith("Resume with"))
    vera.click(sent, resume)
    whole = read_csv(running_bot, vera)
    wait_for(vera, "Looked up 6,001 ids")

    assert 1 < len(part) < len(whole) == 6002
    assert [row[0] for row in whole[1 : len(part)]] == [row[0] for row in part[1:]]
    assert [row[0] for row in whole[-2:]] == ["user_05999", "alice"]


def test_starts_once_however_often_it_is_pressed(running_bot: RunningBot, vera: SlackUser) -> None:
    question = send(vera, PLAYERS)
    # Until its message has moved on, Slack hands over every press.
    pressed = sum(vera.try_click(question, "Look up 3 profiles") for _ in range(3))
    for _ in range(pressed - 1):
        wait_for(vera, "has started already")
    wait_until_done(vera, question)

    assert sum("The CSV you asked for" in message["text"] for message in vera.shown.values()) == 1


def wait_until_done(user: SlackUser, question: dict[str, Any]) -> None:
    """Wait until the message of a question says the outcome."""
    while "Looked up 3 ids" not in user.shown[question["ts"]]["text"]:
        user.next_message()


def test_starts_once_by_its_button_and_its_form(running_bot: RunningBot, vera: SlackUser) -> None:
    question = send(vera, PLAYERS)
    vera.click(question, "Choose…")
    form = vera.view("Column of the ids")
    vera.click(question, "Look up 3 profiles")
    wait_until_done(vera, question)
    assert vera.page.submit(form) == {"ok": True}
    read_news(vera, "has started already")

    assert sum("The CSV you asked for" in message["text"] for message in vera.shown.values()) == 1


def test_asks_for_the_column_the_kind_and_the_owner(running_bot: RunningBot, vera: SlackUser) -> None:
    question = send(vera, "who,owner_name\nbob_k,alice\ncarol,alice\n", "friends")
    assert labels(question) == ["Choose…"]
    vera.click(question, "Choose…")
    form = vera.view("Column of the ids", "Owner of the friend list")
    state = {
        **filled(form, **{OWNER: "alice"}),
        COLUMN: {
            element(form, COLUMN)["action_id"]: {"selected_option": options_of(element(form, COLUMN))["who"]}
        },
    }
    assert vera.page.submit(form, state) == {"ok": True}
    said = read_news(vera, "You can close this", "The CSV you asked for", "Looked up 2 ids of players.csv")

    assert "Looking up 2 ids of" in str(said["You can close this"]["view"]["blocks"])
    (file,) = said["The CSV you asked for"]["message"]["files"]
    assert [row[0] for row in read_file(running_bot, file)[1:]] == ["bob_k", "carol"]
    done = said["Looked up 2 ids of players.csv"]["message"]
    assert "in the list of alice" in done["text"]
    assert done["ts"] == question["ts"]


def element(view: dict[str, Any], block_id: str) -> dict[str, Any]:
    found: dict[str, Any] = next(
        block["element"] for block in view["blocks"] if block.get("block_id") == block_id
    )
    return found


def test_takes_a_file_in_the_form(running_bot: RunningBot, vera: SlackUser) -> None:
    form = choose(vera, open_modal(vera), "attrs")
    assert vera.page.submit(form, choose_file(vera, form, PLAYERS, **{KIND: "attrs"})) == {"ok": True}
    asked = vera.view("Column of the ids", "3 ids")
    assert element(asked, COLUMN)["initial_option"]["value"] == "user_id"
    assert element(asked, KIND)["initial_option"]["value"] == "attrs"
    assert vera.page.submit(asked) == {"ok": True}
    said = read_news(vera, "You can close this", "The CSV you asked for", "Looked up 3 ids of players.csv")

    assert "Looking up 3 ids of" in str(said["You can close this"]["view"]["blocks"])
    assert "Attributes in demo" in said["Looked up 3 ids of players.csv"]["message"]["text"]
    (file,) = said["The CSV you asked for"]["message"]["files"]
    assert [row[0] for row in read_file(running_bot, file)[1:]] == ["alice", "bob_k", "nobody"]


def read_news(user: SlackUser, *words: str) -> dict[str, dict[str, Any]]:
    """Wait for views and messages, in any order; return the first news with each of some words."""
    found: dict[str, dict[str, Any]] = {}
    while found.keys() != set(words):
        news = user.page.next()
        found = {each: news for each in words if each in str(news)} | found
    return found


@pytest.mark.parametrize(
    ("content", "words"), [("a\0b\n", "holds a NUL"), ("user_id\n", "holds no ids"), ("", "is empty")]
)
def test_says_in_the_form_why_a_file_cannot_be_used(vera: SlackUser, content: str, words: str) -> None:
    form = open_modal(vera)
    vera.page.submit(form, choose_file(vera, form, content or "\n"))

    vera.view(words)


def test_takes_ids_or_a_file(vera: SlackUser) -> None:
    form = open_modal(vera)
    vera.page.submit(form, choose_file(vera, form, PLAYERS, **{IDS: "alice"}))
    both = next_view(vera)
    vera.page.submit(form, {})
    neither = next_view(vera)

    assert "There are ids here, and a file" in both["errors"][IDS] or "there are ids" in both["errors"][IDS]
    assert "Which account?" in neither["errors"][IDS]


def next_view(user: SlackUser) -> dict[str, Any]:
    while not (news := user.page.next()).get("view"):
        pass
    view: dict[str, Any] = news["view"]
    return view


def test_answers_the_ids_of_a_message_beside_its_file(running_bot: RunningBot, vera: SlackUser) -> None:
    vera.page.upload("players.csv", PLAYERS.encode(), DIRECT, "alice bob_k")
    wait_for(vera, "2 of 2 found")
    wait_for(vera, "3 ids in the column")


def test_writes_directly_about_the_file_of_a_mention(running_bot: RunningBot, vera: SlackUser) -> None:
    vera.page.upload("players.csv", PLAYERS.encode(), ONCALL, "@im-bot attrs")
    messages = [wait_for(vera, "players.csv"), wait_for(vera, "players.csv")]
    question = next(message for message in messages if message["channel"] == DIRECT)
    word = next(message for message in messages if message["channel"] == ONCALL)

    assert labels(question)[0] == "Look up attributes of 3 accounts"
    assert word["ephemeral"]
    assert "in your direct messages" in word["text"]


def test_says_which_files_are_none_of_ids(vera: SlackUser) -> None:
    vera.page.upload("report.xlsx", b"PK", DIRECT)
    assert "Save it as CSV" in wait_for(vera, "report.xlsx is neither CSV nor plain text")["text"]
    vera.page.upload("long.csv", b"alice\n" * 2_000_000, DIRECT)
    wait_for(vera, "long.csv is longer than 10 MB")


def test_leaves_a_picture_beside_a_command_out(vera: SlackUser) -> None:
    vera.page.upload("cat.png", b"\x89PNG", DIRECT, "alice bob_k")
    wait_for(vera, "2 of 2 found")
    assert vera.page.send("carol nobody", DIRECT) == {"ok": True}
    wait_for(vera, "of 2 found", "nobody")

    answers = [message["text"] for message in vera.shown.values() if not message["files"]]
    assert not any("cat.png" in answer for answer in answers), answers


def test_asks_about_three_files_of_a_message(vera: SlackUser) -> None:
    files = [vera.page.choose(f"ids{number}.csv", PLAYERS.encode()) for number in range(4)]
    assert vera.page.send("", DIRECT, files=[file["id"] for file in files]) == {"ok": True}

    for number in range(3):
        wait_for(vera, f"ids{number}.csv: 3 ids")
    wait_for(vera, "Only the first 3 files are read")


def test_says_that_the_file_was_deleted_since(vera: SlackUser) -> None:
    file = vera.page.upload("players.csv", PLAYERS.encode(), DIRECT, "these")
    question = wait_for(vera, "such as")
    assert vera.page.delete_file(file) == {"ok": True}
    vera.click(question, "Look up 3 profiles")

    wait_for(vera, "players.csv is no longer in Slack", "Send it again")


def test_reads_no_file_for_a_guest(running_bot: RunningBot) -> None:
    app, scopes = running_bot.workspace.app, running_bot.workspace.app.scopes
    with running_bot.act_as(GUEST) as guest:
        # Without the scope, reading it first would end in another error.
        app.scopes = scopes - {"files:read"}
        try:
            guest.page.upload("players.csv", PLAYERS.encode(), f"D{GUEST.id[1:]}")
            wait_for(guest, "you are a guest")
        finally:
            app.scopes = scopes

    assert read_denials(running_bot, GUEST)[-1]["command"] == "profile"


def test_answers_a_guest_who_asks_for_help_beside_a_file(running_bot: RunningBot) -> None:
    with running_bot.act_as(GUEST) as guest:
        guest.page.upload("players.csv", PLAYERS.encode(), f"D{GUEST.id[1:]}", "whoami")
        wait_for(guest, "You have no role here", "you are a guest")
        wait_for(guest, "Refused", "you are a guest")
