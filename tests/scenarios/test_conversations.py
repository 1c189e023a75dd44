import json
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing
from functools import partial
from typing import Any

import pytest
import requests

from bot.core.model import Surface
from bot.playground.faults.faults import SlackFault
from bot.playground.people import (
    AUDIT_CHANNEL_ID,
    BOT,
    BOT_ID,
    EDITOR,
    GUEST,
    STRANGER,
    TEAM_ID,
    VIEWER,
    Person,
)
from bot.store.record import Store
from tests.support.bot import signed
from tests.support.entries import unaltered
from tests.support.running_bot import RunningBot, SlackUser, is_audit_message, read_denials, run_bot
from tests.support.slack import ONCALL, PARTNERS, SUPPORT, TIMEOUT

CROWD = " ".join(f"user_{number:03}" for number in range(1, 208))
DIRECT = f"D{VIEWER.id[1:]}"


@pytest.fixture(autouse=True)
def no_faults(running_bot: RunningBot) -> Iterator[None]:
    yield
    running_bot.workspace.posting_limit._paid_until.clear()


def said_by_bot(slack_user: SlackUser) -> dict[str, Any]:
    message = slack_user.answer()
    while message["from"]["id"] != BOT.id:
        message = slack_user.answer()
    return message


def say(slack_user: SlackUser, text: str, channel: str, **more: Any) -> dict[str, Any]:
    assert slack_user.page.send(text, channel, **more) == {"ok": True}
    return said_by_bot(slack_user)


def labels(message: dict[str, Any]) -> list[str]:
    return [
        element["text"]["text"]
        for block in message["blocks"]
        if block["type"] == "actions"
        for element in block["elements"]
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("alice bob_k nobody", "2 of 3 found  ·  1 not imported"),
        ("friends alice bob_k", "in alice's friend list"),
        ("whoami", "You are a viewer"),
        ("history alice", "History of alice"),
        ("profile alice --share", "Not shared: this is a direct message."),
        ("profle_1", "1 not imported"),
        ("profile alice --field nick", "Did you mean --fields?"),
        ("alice & <bob>", "0 of"),
        (f"alice {'x' * 33}", "1 of 2 found  ·  1 not asked"),
    ],
)
def test_answers_a_direct_message(running_bot: RunningBot, text: str, expected: str) -> None:
    with running_bot.act_as() as vera:
        answer = say(vera, text, DIRECT)

    assert expected.replace("0 of", "of 3 found") in answer["text"]
    assert (answer["channel"], answer["ephemeral"], answer["thread_ts"]) == (DIRECT, False, None)


@pytest.mark.parametrize("text", ["set bob_k nick=Bob", "undo op_1"])
def test_sends_an_editor_who_writes_a_change_to_the_command(running_bot: RunningBot, text: str) -> None:
    with running_bot.act_as(EDITOR) as ed:
        assert f"Type /im {text}" in say(ed, text, f"D{EDITOR.id[1:]}")["text"]


def test_answers_a_mention_once_however_often_it_is_edited(running_bot: RunningBot) -> None:
    with running_bot.act_as() as vera:
        answer = say(vera, "@im-bot alcie", ONCALL)
        place = {"channel": ONCALL, "ts": answer["thread_ts"]}
        for text in ("@im-bot alice", "@im-bot alice please"):
            assert vera.page.edit(text, **place) == {"ok": True}
        next_answer = say(vera, "@im-bot bob_k", ONCALL)

    assert "1 not imported" in answer["text"]
    assert "1 of 1 found" in next_answer["text"]
    assert next_answer["thread_ts"] != answer["thread_ts"]


def test_answers_an_edit_that_adds_the_mention(running_bot: RunningBot) -> None:
    with running_bot.act_as() as vera:
        vera.page.send("alice")
        ts = running_bot.workspace.messages[-1].ts
        vera.page.edit("@im-bot alice", channel=ONCALL, ts=ts)
        answer = said_by_bot(vera)

    assert "1 of 1 found" in answer["text"]
    assert answer["thread_ts"] == ts


def test_answers_one_person_where_the_mention_is(running_bot: RunningBot) -> None:
    with running_bot.act_as() as vera:
        beside = say(vera, "@im-bot whoami", ONCALL)
        first = say(vera, "@im-bot alice", ONCALL)
        inside = say(vera, "@im-bot whoami", ONCALL, thread_ts=first["ts"])

    assert (beside["ephemeral"], beside["thread_ts"]) == (True, None)
    assert (inside["ephemeral"], inside["thread_ts"]) == (True, first["thread_ts"])


@pytest.mark.parametrize("text", ["hi", "thanks!", "@im-bot"])
def test_answers_small_talk_as_it_answers_the_command_alone(running_bot: RunningBot, text: str) -> None:
    with running_bot.act_as() as vera:
        assert say(vera, text, DIRECT)["text"] == vera.ask("/im", DIRECT)["text"]


def test_says_which_words_it_did_not_read_as_ids_and_looks_them_up_too(running_bot: RunningBot) -> None:
    with running_bot.act_as() as vera:
        answer = say(vera, "profiles of alice, bob_k", DIRECT)
        left_out = said_by_bot(vera)
        more = vera.press(left_out, "Look those up too")

    assert "1 of 1 found" in answer["text"]
    assert left_out["text"] == "Not read as account ids: profiles, alice."
    assert "1 of 2 found" in more["text"]
    assert "alice" in more["text"]


def test_says_in_private_which_words_of_a_mention_it_did_not_read(running_bot: RunningBot) -> None:
    with running_bot.act_as() as vera:
        answer = say(vera, "@im-bot please show bob_k and alice", ONCALL)
        left_out = said_by_bot(vera)
        more = vera.press(left_out, "Look up alice too")

    assert not answer["ephemeral"]
    assert (left_out["ephemeral"], left_out["thread_ts"]) == (True, answer["thread_ts"])
    assert more["ephemeral"]
    assert "1 of 1 found" in more["text"]


def test_answers_a_mention_in_its_thread_for_everybody(running_bot: RunningBot) -> None:
    with running_bot.act_as() as vera, running_bot.act_as(EDITOR) as ed:
        answer, seen = say(vera, "@im-bot alice", ONCALL), said_by_bot(ed)

    assert "1 of 1 found" in seen["text"]
    assert (seen["channel"], seen["ts"]) == (ONCALL, answer["ts"])
    mention = running_bot.workspace.find(ONCALL, answer["thread_ts"])
    assert mention
    assert mention.sender == VIEWER


def test_sends_a_csv_to_the_person_alone_and_the_counts_to_all(running_bot: RunningBot) -> None:
    with running_bot.act_as() as vera, running_bot.act_as(EDITOR) as ed:
        file = say(vera, "@im-bot profile alice bob_k --csv --share", ONCALL)
        answer, seen = said_by_bot(vera), said_by_bot(ed)

    assert (file["channel"], len(file["files"])) == (DIRECT, 1)
    assert seen["ts"] == answer["ts"]
    assert seen["text"].startswith("2 of 2 found")
    assert "Alice" not in seen["text"]


def test_stays_in_the_thread_it_is_mentioned_in(running_bot: RunningBot) -> None:
    with running_bot.act_as() as vera:
        first = say(vera, "@im-bot alice", ONCALL)
        second = say(vera, "@im-bot attrs alice", ONCALL, thread_ts=first["ts"])

    assert second["thread_ts"] == first["thread_ts"]
    assert "attributes" in second["text"]


def test_gives_buttons_in_a_direct_message_and_none_in_a_thread(running_bot: RunningBot) -> None:
    with running_bot.act_as() as vera:
        mine = say(vera, CROWD, DIRECT)
        theirs = say(vera, f"@im-bot {CROWD}", ONCALL)
        turned = vera.press(mine, "Next 100")

    assert "Next 100" in labels(mine)
    assert labels(theirs) == []
    assert "page 2 of 3" in str(turned["blocks"])
    assert turned["ts"] == mine["ts"]


def test_shows_no_values_of_changes_to_a_channel(running_bot: RunningBot) -> None:
    with running_bot.act_as(EDITOR) as ed:
        assert "only editors see values" not in str(ed.ask("/im history alice")["blocks"])
        assert "only editors see values" in str(say(ed, "@im-bot history alice", ONCALL)["blocks"])


@pytest.mark.parametrize("text", ["whoami", "help", "set bob_k nick=x"])
def test_says_what_is_about_one_person_to_that_person_alone(running_bot: RunningBot, text: str) -> None:
    with running_bot.act_as() as vera:
        assert say(vera, f"@im-bot {text}", ONCALL)["ephemeral"]


@pytest.mark.parametrize("text", ["alice", "history alice"])
def test_refuses_where_people_of_other_organizations_read(running_bot: RunningBot, text: str) -> None:
    with running_bot.act_as() as vera:
        answer = say(vera, f"@im-bot {text}", PARTNERS)

    assert "Refused: people from other organizations can read this channel." in answer["text"]
    assert "message the bot directly" in answer["text"]
    assert answer["ephemeral"]


@pytest.mark.parametrize(
    ("person", "channel", "what"),
    [
        (GUEST, SUPPORT, "a guest"),
        (GUEST, f"D{GUEST.id[1:]}", "a guest"),
        (STRANGER, PARTNERS, "from another organization"),
    ],
)
def test_refuses_whom_it_refuses_everywhere(
    running_bot: RunningBot, person: Person, channel: str, what: str
) -> None:
    with running_bot.act_as(person) as slack_user:
        answer = say(slack_user, "@im-bot alice", channel)

    assert f"you are {what}" in answer["text"]
    assert answer["ephemeral"] == (not channel.startswith("D"))


@pytest.mark.parametrize(
    ("text", "word"),
    [
        (f"alice{' ' * 3000}bob_k", "profile"),
        ("hi alice, can you help me?", "profile"),
        ("history: alice", "history"),
        ("set bob_k nick=x", "set"),
    ],
)
def test_reads_nothing_of_whom_it_refuses_but_the_first_word(
    running_bot: RunningBot, text: str, word: str
) -> None:
    before = len(read_denials(running_bot, GUEST))
    with running_bot.act_as(GUEST) as gus:
        assert "you are a guest" in say(gus, text, f"D{GUEST.id[1:]}")["text"]

    *earlier, entry = read_denials(running_bot, GUEST)
    assert len(earlier) == before
    assert (entry["command"], entry["accounts"], entry["surface"]) == (word, [], Surface.MESSAGE)


@pytest.mark.parametrize("text", ["hi", "Thanks!", "help", "- help profile", "whoami?", "@im-bot"])
def test_answers_without_a_role_what_needs_none(running_bot: RunningBot, text: str) -> None:
    before = len(read_denials(running_bot, GUEST))
    with running_bot.act_as(GUEST) as gus:
        assert "Refused" not in say(gus, text, f"D{GUEST.id[1:]}")["text"]

    assert len(read_denials(running_bot, GUEST)) == before


@pytest.mark.parametrize(
    ("text", "word"), [("set bob_k nick=x", "set"), ("set bob_k", "set"), ("undo op_1", "undo")]
)
def test_records_a_change_that_is_refused_for_the_role(running_bot: RunningBot, text: str, word: str) -> None:
    with running_bot.act_as() as vera:
        assert "Only editors can change profiles" in say(vera, f"@im-bot {text}", ONCALL)["text"]

    entry = read_denials(running_bot, VIEWER)[-1]
    assert (entry["command"], entry["surface"]) == (word, Surface.MESSAGE)
    assert entry["accounts"] == (["bob_k"] if word == "set" else [])


def test_records_where_it_was_asked(running_bot: RunningBot) -> None:
    with running_bot.act_as() as vera:
        say(vera, "@im-bot user_040", ONCALL)
    with closing(Store(running_bot.settings.database_url)) as store:
        (entry,) = unaltered(store.list_history("demo", "user_040", None, 1))

    assert entry.event.surface is Surface.MESSAGE


def test_answers_once_though_envelopes_come_twice(running_bot: RunningBot) -> None:
    running_bot.workspace.sockets.repeat(3)
    with running_bot.act_as() as vera:
        answers = [say(vera, text, DIRECT)["text"] for text in ("user_001", "user_002", "user_003")]
        last = say(vera, "whoami", DIRECT)

    assert all("1 of 1 found" in answer for answer in answers)
    assert "You are a viewer" in last["text"]


def deliver(running_bot: RunningBot, event_id: str, **event: Any) -> None:
    """Send an event to the bot over HTTP as Slack does."""
    said = {"type": "message", "user": VIEWER.id, "team": TEAM_ID, "ts": "1.1", "channel": DIRECT}
    content = {**said, "channel_type": "im", "text": "alice", **event}
    callback = {"type": "event_callback", "team_id": TEAM_ID, "event_id": event_id, "event": content}
    installed = [{"team_id": TEAM_ID, "user_id": BOT.id, "is_bot": True}]
    body = json.dumps({**callback, "authorizations": installed}).encode()
    headers = {**signed(body, running_bot.workspace.app.signing_secret), "Content-Type": "application/json"}
    assert running_bot.workspace.app.request_url
    answer = requests.post(running_bot.workspace.app.request_url, body, headers=headers, timeout=TIMEOUT)
    assert answer.status_code == 200


NOT_ASKED: dict[str, dict[str, Any]] = {
    "bot": {"bot_id": "B07OTHER"},
    "own": {"bot_id": BOT_ID, "user": BOT.id},
    "own file": {"subtype": "file_share", "user": BOT.id},
    "changed": {"subtype": "message_changed", "hidden": True, "user": None},
    "deleted": {"subtype": "message_deleted"},
    "joined": {"subtype": "channel_join"},
    "nobody": {"user": None},
    "channel": {"channel": ONCALL, "channel_type": "channel"},
    "mention in direct messages": {"type": "app_mention", "channel_type": None},
    "edit of a mention before the start": {"type": "app_mention", "channel": ONCALL, "edited": {"ts": "1.2"}},
}


def test_answers_an_event_once_and_nothing_but_what_people_say_to_it() -> None:
    with run_bot("http") as running_bot, running_bot.act_as() as vera:
        for name, event in NOT_ASKED.items():
            deliver(running_bot, name, **event)
        for _ in range(3):
            deliver(running_bot, "Ev1")
        deliver(running_bot, "Ev2", subtype="file_share", text="whoami", ts="1.2", channel_type=None)
        said = sorted(vera.answer()["text"][:10] for _ in range(2))
        running_bot.bot.workers.close()  # ends after all messages are sent
        messages = [message for message in running_bot.workspace.messages if message.sender == BOT]

    assert said == ["Alice Zhan", "You are a "]
    assert len([message for message in messages if message.channel != AUDIT_CHANNEL_ID]) == 2


def test_says_that_it_is_busy(running_bot: RunningBot) -> None:
    released = threading.Event()
    while running_bot.bot.workers.submit(partial(released.wait, TIMEOUT)):
        pass
    try:
        with running_bot.act_as() as vera:
            direct = say(vera, "alice", DIRECT)
            channel = say(vera, "@im-bot alice", ONCALL)
    finally:
        released.set()

    assert "The bot is busy" in direct["text"]
    assert "The bot is busy" in channel["text"]
    assert channel["ephemeral"]


def test_shows_progress_in_its_thread_and_cancels_there(running_bot: RunningBot) -> None:
    with running_bot.act_as() as vera, running_bot.vendor.hold():
        progress = say(vera, "@im-bot alice bob_k", ONCALL)
        answer = vera.press(progress, "Cancel")

    assert labels(progress) == ["Cancel"]
    assert "Cancelled. 0 of 2 read" in answer["text"]
    assert labels(answer) == []
    assert answer["ts"] == progress["ts"]
    assert not answer["ephemeral"]


@pytest.mark.parametrize(("text", "channel"), [("alice", DIRECT), ("@im-bot alice", ONCALL)])
def test_shows_a_status_rather_than_a_message_until_it_answers(
    running_bot: RunningBot, text: str, channel: str
) -> None:
    with running_bot.act_as() as vera, ExitStack() as held:
        held.enter_context(running_bot.vendor.hold())
        assert vera.page.send(text, channel) == {"ok": True}
        ts, seen = vera.answer()["ts"], list[str]()
        while not {"", "answer"} <= set(seen):
            news = vera.page.next()
            if news["type"] == "status" and news["ts"] == ts:
                seen.append(news["status"])
                held.close()
            elif news["type"] == "message" and not is_audit_message(news["message"]):
                assert "1 of 1 found" in news["message"]["text"]
                seen.append("answer")

    # Slack removes it with a post to the thread, the bot everywhere else.
    assert seen[0] == "is working on it…"
    assert seen.count("answer") == 1


def test_puts_the_answer_in_the_place_of_the_working_line(running_bot: RunningBot) -> None:
    running_bot.workspace.faults.set_lasting_fault("assistant.threads.setStatus", SlackFault.BROKEN)
    with running_bot.act_as() as vera:
        with running_bot.vendor.hold():
            working = say(vera, "alice", DIRECT)
        answer = said_by_bot(vera)
    running_bot.workspace.faults.set_lasting_fault("assistant.threads.setStatus", None)

    assert "Looking up 1 account" in working["text"]
    assert "1 of 1 found" in answer["text"]
    assert answer["ts"] == working["ts"]


@pytest.mark.parametrize("fault", [SlackFault.RATE_LIMITED, SlackFault.BROKEN])
def test_answers_although_slack_refuses_the_first_post(running_bot: RunningBot, fault: SlackFault) -> None:
    running_bot.workspace.faults.fail("chat.postMessage", fault)
    with running_bot.act_as() as vera:
        assert "1 of 1 found" in say(vera, "alice", DIRECT)["text"]


def test_writes_to_the_person_when_the_thread_takes_nothing(running_bot: RunningBot) -> None:
    running_bot.workspace.faults.fail("chat.postMessage", SlackFault.BROKEN, times=2)
    with running_bot.act_as() as vera:
        answer = say(vera, "@im-bot alice", ONCALL)

    assert answer["channel"] == DIRECT
    assert "1 of 1 found" in answer["text"]


def test_answers_in_the_thread_when_slack_takes_no_more_changes(running_bot: RunningBot) -> None:
    running_bot.workspace.faults.fail("chat.update", SlackFault.RATE_LIMITED, 20)
    with running_bot.act_as() as vera, running_bot.act_as(EDITOR) as ed:
        with running_bot.vendor.hold():
            line = say(vera, "@im-bot alice", ONCALL)
        answer, seen = said_by_bot(vera), [said_by_bot(ed), said_by_bot(ed)][-1]
    running_bot.workspace.faults._faults["chat.update"].clear()

    assert line["text"].startswith("Looking up")
    assert "1 of 1 found" in answer["text"]
    assert (answer["channel"], answer["thread_ts"]) == (ONCALL, line["thread_ts"])
    assert seen["ts"] == answer["ts"] != line["ts"]
