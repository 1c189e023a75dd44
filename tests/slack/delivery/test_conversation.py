import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from typing import Any

import pytest

from bot.slack.api.client import SlackClient
from bot.slack.delivery.conversation import Conversation
from bot.slack.delivery.reply import Audience, Reply
from bot.slack.delivery.response_url import Responder
from bot.slack.messages.blocks import Message
from tests.support.scripted_server import ScriptedServer, ServerResponse, answer, reset
from tests.support.slack import wait_until

ACTOR, DIRECT, ROOM, MENTION = "U01ME", "D01ME", "C01ROOM", "1.1"
MESSAGE = Message("Anna is 7.", ({"type": "section", "text": {"type": "mrkdwn", "text": "Anna"}},))
LINE = Message("Working …", ())

SENT = answer({"ok": True, "ts": "2.2"})
LIMITED = answer({"ok": False, "error": "ratelimited"}, status=429, headers="Retry-After: 0\r\n")
BROKEN = answer({"ok": False, "error": "internal_error"}, status=500)
POST, UPDATE, WHISPER = "chat.postMessage", "chat.update", "chat.postEphemeral"


def says(code: str) -> ServerResponse:
    return answer({"ok": False, "error": code})


@dataclass
class ConversationFixture:
    responder: Responder
    api: ScriptedServer

    @property
    def calls(self) -> list[str]:
        return [request.path.removeprefix("/api/") for request in self.api.requests]

    @property
    def posted(self) -> list[dict[str, Any]]:
        return [request.json for request in self.api.requests]

    def open_conversation(self, channel: str = ROOM) -> Conversation:
        return self.responder.open_conversation(channel, ACTOR, MENTION, public=channel == ROOM)

    def reply(self, channel: str = ROOM, working_after: float = 1.0) -> Reply:
        return Reply(self.open_conversation(channel), working_after)


@contextmanager
def slack(*script: ServerResponse) -> Iterator[ConversationFixture]:
    with ScriptedServer(*script) as api:
        client = SlackClient("xoxb-made-up", f"{api.url}/api/")
        with closing(Responder(client, 2)) as responder:
            yield ConversationFixture(responder, api)


@pytest.fixture
def naps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    naps: list[float] = []
    monkeypatch.setattr(time, "sleep", naps.append)
    return naps


def test_posts_into_the_thread_what_slack_shows_as_it_is() -> None:
    with slack(SENT) as fixture:
        fixture.reply().answer(MESSAGE)

    assert fixture.calls == [POST]
    assert fixture.posted == [
        {
            "channel": ROOM,
            "thread_ts": MENTION,
            "text": MESSAGE.text,
            "blocks": list(MESSAGE.blocks),
            "parse": "none",
            "mrkdwn": False,
            "unfurl_links": False,
            "unfurl_media": False,
        }
    ]


@pytest.mark.parametrize(
    ("script", "channels"),
    [
        ([SENT], [ROOM]),
        ([says("invalid_blocks"), SENT], [ROOM, ROOM]),
        ([says("msg_blocks_too_long"), SENT], [ROOM, ROOM]),
        ([says("invalid_attachments"), SENT], [ROOM, ROOM]),
        ([LIMITED, SENT], [ROOM, ROOM]),
        ([LIMITED, LIMITED, SENT], [ROOM, ROOM, ACTOR]),
        ([BROKEN, SENT], [ROOM, ROOM]),
        ([BROKEN, BROKEN, SENT], [ROOM, ROOM, ACTOR]),
        ([reset(), SENT], [ROOM, ROOM]),
        ([says("not_in_channel"), SENT], [ROOM, ACTOR]),
        ([says("is_archived"), says("account_inactive")], [ROOM, ACTOR]),
        ([answer(b"<html>", status=404), SENT], [ROOM, ROOM]),
    ],
)
def test_finds_a_way_for_an_answer(
    script: Sequence[ServerResponse], channels: list[str], naps: list[float]
) -> None:
    with slack(*script) as fixture:
        fixture.reply().answer(MESSAGE)

    assert [body["channel"] for body in fixture.posted] == channels
    assert {body["text"] for body in fixture.posted} == {MESSAGE.text}


def test_sends_plain_text_when_slack_refuses_the_blocks() -> None:
    with slack(says("invalid_blocks"), SENT) as fixture:
        fixture.reply().answer(MESSAGE)

    assert [body.get("blocks") for body in fixture.posted] == [list(MESSAGE.blocks), None]


def test_sends_simpler_blocks_when_slack_refuses_newer_ones() -> None:
    newer = replace(MESSAGE, blocks=({"type": "data_table"},), simpler=lambda: MESSAGE)
    with slack(says("invalid_blocks"), says("invalid_blocks"), SENT) as fixture:
        fixture.reply().answer(newer)

    assert [body.get("blocks") for body in fixture.posted] == [
        list(newer.blocks),
        list(MESSAGE.blocks),
        None,
    ]


@pytest.mark.parametrize(
    ("refusal", "blocks"),
    [(says("internal_error"), False), (says("invalid_attachments"), False), (BROKEN, True)],
    ids=["internal_error", "invalid_attachments", "outage"],
)
def test_sends_plain_text_when_slack_refuses_a_table(
    refusal: ServerResponse, naps: list[float], *, blocks: bool
) -> None:
    table = Message("Anna is 7.", ({"type": "table", "rows": [[{"type": "raw_text", "text": "Anna"}]]},))
    with slack(refusal, SENT) as fixture:
        fixture.reply().answer(table)

    assert ["blocks" in body for body in fixture.posted] == [True, blocks]


@pytest.mark.parametrize("retry_after", ["0", "1", "9" * 300, "soon"], ids=lambda value: value[:5])
def test_waits_as_long_as_slack_asks_but_never_long(retry_after: str, naps: list[float]) -> None:
    limited = answer(
        {"ok": False, "error": "internal_error"}, status=429, headers=f"Retry-After: {retry_after}\r\n"
    )
    with slack(limited, SENT) as fixture:
        fixture.reply().answer(MESSAGE)

    assert len(fixture.posted) == 2
    assert [0 <= nap <= 3 for nap in naps] == [True]


def test_puts_the_answer_in_the_place_of_the_working_line() -> None:
    with slack(SENT) as fixture:
        reply = fixture.reply(working_after=0)
        with reply.working(lambda: LINE):
            wait_until(lambda: bool(fixture.posted))
        reply.answer(MESSAGE)

    assert fixture.calls == [POST, UPDATE]
    assert (fixture.posted[1]["ts"], fixture.posted[1]["text"]) == ("2.2", MESSAGE.text)


@pytest.mark.parametrize("code", ["message_not_found", "cant_update_message", "edit_window_closed"])
def test_posts_anew_when_the_working_line_is_gone(code: str) -> None:
    with slack(SENT, says(code), SENT) as fixture:
        reply = fixture.reply(working_after=0)
        with reply.working(lambda: LINE):
            wait_until(lambda: bool(fixture.posted))
        reply.answer(MESSAGE)

    assert fixture.calls == [POST, UPDATE, POST]


@pytest.mark.parametrize(
    ("script", "calls"),
    [
        ([LIMITED, LIMITED, SENT], [UPDATE, UPDATE, POST]),
        ([BROKEN, BROKEN, SENT], [UPDATE, UPDATE, POST]),
        ([says("channel_not_found"), SENT], [UPDATE, POST]),
    ],
)
def test_answers_in_the_same_thread_when_the_working_line_takes_no_change(
    script: Sequence[ServerResponse], calls: list[str]
) -> None:
    with slack(SENT, *script) as fixture:
        reply = fixture.reply(working_after=0)
        with reply.working(lambda: LINE):
            wait_until(lambda: bool(fixture.posted))
        reply.answer(MESSAGE)

    assert fixture.calls == [POST, *calls]
    assert {body["channel"] for body in fixture.posted} == {ROOM}
    assert (fixture.posted[-1]["thread_ts"], fixture.posted[-1]["text"]) == (MENTION, MESSAGE.text)


def test_writes_directly_when_the_thread_takes_neither_change_nor_message() -> None:
    with slack(SENT, says("is_archived"), says("is_archived"), SENT) as fixture:
        reply = fixture.reply(working_after=0)
        with reply.working(lambda: LINE):
            wait_until(lambda: bool(fixture.posted))
        reply.answer(MESSAGE)

    assert fixture.calls == [POST, UPDATE, POST, POST]
    assert fixture.posted[-1]["channel"] == ACTOR


def test_leaves_no_blocks_of_the_working_line_below_a_plain_answer() -> None:
    with slack(SENT, says("invalid_blocks"), SENT) as fixture:
        reply = fixture.reply(working_after=0)
        with reply.working(lambda: MESSAGE):
            wait_until(lambda: bool(fixture.posted))
        reply.answer(MESSAGE)

    assert fixture.posted[-1]["blocks"] == []


@pytest.mark.parametrize(("channel", "call"), [(ROOM, WHISPER), (DIRECT, POST)])
def test_says_what_went_wrong_to_the_person_alone(channel: str, call: str) -> None:
    with slack(SENT) as fixture:
        fixture.reply(channel).refuse(MESSAGE)

    assert fixture.calls == [call]
    assert fixture.posted[0].get("user") == (ACTOR if call == WHISPER else None)


def test_says_what_went_wrong_where_it_said_that_it_works() -> None:
    with slack(SENT) as fixture:
        reply = fixture.reply(working_after=0)
        with reply.working(lambda: LINE):
            wait_until(lambda: bool(fixture.posted))
        reply.refuse(MESSAGE)

    assert fixture.calls == [POST, UPDATE]


def test_brings_the_working_line_up_to_date_only_when_there_is_news(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.slack.delivery.conversation.UPDATED_AFTER", (0.0, 0.0, 0.0))
    lines = iter([LINE, LINE, MESSAGE])
    with slack(SENT) as fixture:
        reply = fixture.reply(working_after=0)
        with reply.working(lambda: next(lines, MESSAGE)):
            wait_until(lambda: len(fixture.posted) == 2)

    assert [body["text"] for body in fixture.posted] == [LINE.text, MESSAGE.text]


def test_answers_though_slack_refuses_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.slack.delivery.conversation.UPDATED_AFTER", (0.0, 0.0, 0.0))
    lines = iter([LINE])
    with slack(SENT, says("ratelimited"), SENT) as fixture:
        reply = fixture.reply(working_after=0)
        with reply.working(lambda: next(lines, MESSAGE)):
            wait_until(lambda: len(fixture.posted) == 2)
        reply.answer(MESSAGE)

    assert fixture.calls == [POST, UPDATE, UPDATE]


def test_shows_no_progress_after_it_was_stopped() -> None:
    with slack(SENT) as fixture:
        reply = fixture.reply(working_after=0)
        reply.stop_progress()
        with reply.working(lambda: LINE):
            time.sleep(0.05)

    assert fixture.calls == []


def test_writes_to_the_person_where_there_is_no_response_url() -> None:
    with slack(answer({"ok": True, "channel": DIRECT, "ts": "2.2"})) as fixture:
        reply = Reply(fixture.responder.reach("", ACTOR), working_after=0)
        with reply.working(lambda: LINE):
            wait_until(lambda: bool(fixture.posted))
        reply.answer(MESSAGE)

    assert not reply.public
    assert fixture.calls == [POST, UPDATE]
    assert [body["channel"] for body in fixture.posted] == [ACTOR, DIRECT]


def test_keeps_trying_the_last_way_while_slack_asks_to_wait(naps: list[float]) -> None:
    with slack(*[LIMITED] * 6, SENT) as fixture:
        fixture.reply(DIRECT).answer(MESSAGE)

    assert fixture.calls == [POST] * 7
    assert len(naps) == 5


def test_amends_an_answer_in_its_place() -> None:
    with slack(SENT, SENT) as fixture:
        reply = fixture.reply()
        reply.answer(LINE)
        reply.amend(MESSAGE)

    assert fixture.calls == [POST, UPDATE]
    assert (fixture.posted[1]["ts"], fixture.posted[1]["text"]) == ("2.2", MESSAGE.text)


@pytest.mark.parametrize("code", ["message_not_found", "internal_error"])
def test_posts_no_other_message_for_an_answer_that_is_gone(code: str) -> None:
    with slack(SENT, says(code)) as fixture:
        reply = fixture.reply()
        reply.answer(LINE)
        reply.amend(MESSAGE)

    assert fixture.calls == [POST, UPDATE]


@pytest.mark.parametrize("channel", [ROOM, DIRECT])
def test_amends_no_answer_that_only_the_actor_saw(channel: str) -> None:
    with slack(SENT) as fixture:
        reply = fixture.reply(channel)
        reply.answer(LINE, Audience.ACTOR)
        reply.amend(MESSAGE)

    assert len(fixture.calls) == 1
