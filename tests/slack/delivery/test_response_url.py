import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from typing import Any

import pytest

from bot.logs import set_up_logs
from bot.slack.api.client import USUAL_LIMITS, Limits, SlackClient
from bot.slack.delivery.reply import Audience, Reply
from bot.slack.delivery.response_url import Responder
from bot.slack.messages.blocks import Message
from tests.support.scripted_server import DRIPS, ScriptedServer, ServerResponse, answer, hang, reset
from tests.support.slack import wait_until

ACTOR = "U01ME"
TOKEN = "xoxb-that-must-not-leak"
TICKET = "/commands/T01/42/ticket-that-must-not-leak"
MESSAGE = Message("Anna is 7.", ({"type": "section", "text": {"type": "mrkdwn", "text": "Anna"}},))
LINE = Message("Working …", ())
PRIVATE = {"response_type": "ephemeral", "replace_original": False}

OK = answer(b"ok")
SENT = answer({"ok": True, "ts": "1"})
BLOCKS = answer(b"invalid_blocks", status=400)
LIMITED = answer(b"", status=429, headers="Retry-After: 0\r\n")
BROKEN = answer(b"", status=500)
EXPIRED = answer({"ok": False, "error": "expired_url"}, status=404)
MOVED = answer(b"", status=302, headers="Location: http://127.0.0.1:9/\r\n")


@dataclass
class ResponseUrlFixture:
    responder: Responder
    hooks: ScriptedServer
    api: ScriptedServer

    @property
    def url(self) -> str:
        return self.hooks.url + TICKET

    @property
    def posted(self) -> list[dict[str, Any]]:
        return [request.json for request in self.hooks.requests]

    def reply(self, *, replaces: bool = False, working_after: float = 1.0) -> Reply:
        reply = Reply(self.responder.reach(self.url, ACTOR), working_after)
        if replaces:
            reply.replace_pressed()
        return reply


@contextmanager
def slack(
    *hooks: ServerResponse, api: ServerResponse = SENT, limits: Limits = USUAL_LIMITS
) -> Iterator[ResponseUrlFixture]:
    with ScriptedServer(*hooks) as hooks_end, ScriptedServer(api) as api_end:
        client = SlackClient(TOKEN, f"{api_end.url}/api/")
        with closing(Responder(client, 2, limits)) as responder:
            yield ResponseUrlFixture(responder, hooks_end, api_end)


WITH, WITHOUT = "blocks", "text alone"


@pytest.mark.parametrize(
    ("script", "posted", "directly"),
    [
        ([OK], [WITH], False),
        ([answer(b"")], [WITH], False),
        ([answer(b"ok\n")], [WITH], False),
        ([answer({"ok": True})], [WITH], False),
        ([answer({"ok": False, "error": "no_such_thing"})], [WITH], True),
        ([BLOCKS, OK], [WITH, WITHOUT], False),
        ([answer({"ok": False, "error": "invalid_blocks"}), OK], [WITH, WITHOUT], False),
        ([answer({"ok": False, "error": "invalid_blocks_format"}, status=400), OK], [WITH, WITHOUT], False),
        ([answer(b"invalid_attachments", status=400), OK], [WITH, WITHOUT], False),
        ([BLOCKS, BLOCKS], [WITH, WITHOUT], True),
        ([LIMITED, OK], [WITH, WITH], False),
        ([LIMITED, LIMITED], [WITH, WITH], True),
        ([BROKEN, OK], [WITH, WITH], False),
        ([BROKEN, BROKEN], [WITH, WITH], True),
        ([reset(), OK], [WITH, WITH], False),
        ([EXPIRED], [WITH], True),
        ([answer(b"used_url", status=404)], [WITH], True),
        ([answer(b"", status=403)], [WITH], True),
        ([answer(b"[]", status=404)], [WITH], True),
        ([answer(b"<html>", status=404)], [WITH], True),
        ([MOVED], [WITH], True),
        ([answer(b"", status=304)], [WITH], True),
        ([answer({"ok": True}, status=400)], [WITH], True),
    ],
)
def test_finds_a_way_for_an_answer(
    script: Sequence[ServerResponse],
    posted: list[str],
    directly: bool,  # noqa: FBT001 - a column
) -> None:
    with slack(*script) as fixture:
        fixture.responder.reach(fixture.url, ACTOR).send(MESSAGE)

    assert [WITH if "blocks" in body else WITHOUT for body in fixture.posted] == posted
    assert {body["text"] for body in fixture.posted} == {MESSAGE.text}
    assert len(fixture.api.requests) == directly


def test_posts_directly_when_the_response_url_does_not_answer() -> None:
    with slack(OK) as fixture:
        fixture.responder.reach("http://127.0.0.1:9/", ACTOR).send(MESSAGE)

    assert len(fixture.api.requests) == 1


@pytest.mark.parametrize("url", ["", "nowhere", "http://", "ftp://127.0.0.1/", "http://[::1"])
def test_goes_on_directly_when_there_is_no_response_url(url: str) -> None:
    with slack(OK) as fixture:
        fixture.responder.reach(url, ACTOR).send(MESSAGE)

    assert len(fixture.api.requests) == 1


def test_posts_what_slack_shows_as_it_is() -> None:
    with slack(OK) as fixture:
        fixture.responder.reach(fixture.url, ACTOR).send(MESSAGE)

    assert fixture.posted == [
        {
            "text": MESSAGE.text,
            "blocks": list(MESSAGE.blocks),
            **PRIVATE,
            "unfurl_links": False,
            "unfurl_media": False,
        }
    ]


def test_sends_the_last_way_to_the_actor_alone() -> None:
    with slack(EXPIRED) as fixture:
        assert fixture.responder.reach(fixture.url, ACTOR).send(MESSAGE)

    sent = fixture.api.requests[0]
    assert sent.path == "/api/chat.postMessage"
    assert (sent.json["channel"], sent.json["text"]) == (ACTOR, MESSAGE.text)


def test_says_that_nobody_got_what_was_for_everyone() -> None:
    with slack(EXPIRED) as fixture:
        assert not fixture.responder.reach(fixture.url, ACTOR).send(MESSAGE, Audience.CHANNEL)

    assert fixture.api.requests == []


@pytest.mark.parametrize(
    "retry_after", ["0", "1", "", "soon", "-5", "1.5", "²", "9" * 400], ids=lambda value: value[:5] or "empty"
)
def test_waits_as_long_as_slack_asks_but_never_long(retry_after: str, naps: list[float]) -> None:
    limited = answer(b"", status=429, headers=f"Retry-After: {retry_after}\r\n")

    with slack(limited, OK) as fixture:
        fixture.responder.reach(fixture.url, ACTOR).send(MESSAGE)

    assert len(fixture.posted) == 2
    assert [0 <= nap <= 3 for nap in naps] == [True]


@pytest.fixture
def naps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    naps: list[float] = []
    monkeypatch.setattr(time, "sleep", naps.append)
    return naps


@pytest.mark.parametrize(
    ("hook", "api"),
    [
        (EXPIRED, SENT),
        (BROKEN, answer({"ok": False, "error": "channel_not_found"})),
        (reset(), reset()),
        (answer(f"no {TICKET}".encode(), status=404), answer(TOKEN.encode())),
        (BLOCKS, SENT),
        (MOVED, SENT),
    ],
)
def test_never_raises_and_logs_nothing_secret(
    hook: ServerResponse, api: ServerResponse, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    set_up_logs("DEBUG")

    with slack(hook, api=api) as fixture:
        fixture.responder.reach(fixture.url, ACTOR).send(MESSAGE)

    assert caplog.messages
    for secret in (TOKEN, "ticket", "Anna", fixture.hooks.url):
        assert secret not in caplog.text


def test_answers_once_when_it_is_quick() -> None:
    with slack(OK) as fixture:
        reply = fixture.reply()
        with reply.working(lambda: LINE):
            pass
        reply.answer(MESSAGE)

    assert [(body["text"], body["replace_original"]) for body in fixture.posted] == [(MESSAGE.text, False)]


@pytest.mark.parametrize("end", [Reply.answer, Reply.refuse])
def test_says_once_that_it_works_and_replaces_nothing(end: Callable[[Reply, Message], None]) -> None:
    lines = iter(Message(f"{number} of 100", ()) for number in range(100))
    with slack(OK) as fixture:
        reply = fixture.reply(working_after=0)
        for _ in range(2):
            with reply.working(lambda: next(lines)):
                wait_until(lambda: bool(fixture.posted))
                time.sleep(0.05)
        end(reply, MESSAGE)

    assert [body["text"] for body in fixture.posted] == ["0 of 100", MESSAGE.text]
    assert [body["replace_original"] for body in fixture.posted] == [False, False]


def test_says_not_that_it_works_where_the_ack_has_said_that_it_waits() -> None:
    with slack(OK) as fixture:
        reply = fixture.reply(working_after=0)
        reply.show_in_ack()
        with reply.working(lambda: LINE):
            time.sleep(0.05)
        reply.answer(MESSAGE)

    assert [body["text"] for body in fixture.posted] == [MESSAGE.text]


def test_never_says_that_it_works_after_it_has_answered() -> None:
    with slack(OK) as fixture:
        reply = fixture.reply(working_after=0)
        reply.answer(MESSAGE)
        with reply.working(lambda: LINE):
            time.sleep(0.05)

    assert [body["text"] for body in fixture.posted] == [MESSAGE.text]


def test_sends_simpler_blocks_when_slack_refuses_newer_ones() -> None:
    newer = replace(MESSAGE, blocks=({"type": "data_table"},), simpler=lambda: MESSAGE)
    with slack(BLOCKS, OK) as fixture:
        fixture.reply(replaces=True).answer(newer)

    assert [body["blocks"] for body in fixture.posted] == [list(newer.blocks), list(MESSAGE.blocks)]
    assert [body["replace_original"] for body in fixture.posted] == [True, True]


def test_replaces_the_message_whose_button_was_pressed() -> None:
    with slack(OK) as fixture:
        fixture.reply(replaces=True).answer(MESSAGE)

    assert [body["replace_original"] for body in fixture.posted] == [True]


def test_leaves_the_pressed_message_when_something_went_wrong() -> None:
    with slack(OK) as fixture:
        fixture.reply(replaces=True).refuse(MESSAGE)

    assert [body["replace_original"] for body in fixture.posted] == [False]


def test_replaces_the_pressed_message_that_makes_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.slack.delivery.response_url.UPDATED_AFTER", ())
    with slack(OK) as fixture:
        reply = fixture.reply(replaces=True, working_after=0)
        with reply.working(lambda: LINE):
            wait_until(lambda: bool(fixture.posted))
        reply.answer(MESSAGE)

    assert [body["replace_original"] for body in fixture.posted] == [True, True]


def test_shows_nothing_secret_of_itself() -> None:
    with slack(OK) as fixture:
        assert "ticket" not in repr(fixture.reply())


def test_gives_up_on_a_slack_that_never_ends_its_answer() -> None:
    def count_requests(behave: ServerResponse) -> tuple[int, int]:
        with slack(behave, limits=Limits(attempt=0.8)) as fixture:
            fixture.responder.reach(fixture.url, ACTOR).send(MESSAGE)
        return len(fixture.posted), len(fixture.api.requests)

    endless = {"nothing": hang(), **DRIPS}
    # At once, as each of them only waits.
    with ThreadPoolExecutor(len(endless)) as pool:
        counts = dict(zip(endless, pool.map(count_requests, endless.values()), strict=True))

    assert counts == dict.fromkeys(endless, (2, 1))


def test_tries_no_longer_than_it_may_in_all() -> None:
    with slack(hang(), limits=Limits(attempt=0.5, answer=0.6)) as fixture:
        fixture.responder.reach(fixture.url, ACTOR).send(MESSAGE)

    assert (len(fixture.posted), len(fixture.api.requests)) == (1, 1)


@pytest.mark.parametrize(
    "hostile",
    [
        b"[" * 60_000,
        b'{"error":' * 7_000,
        b"x" * 1_000_000,
        b'{"ok": false, "error": "\xff"}',
        b'{"ok": false, "error": [1]}',
    ],
    ids=["deep list", "deep object", "long", "no UTF-8", "no code"],
)
def test_survives_any_answer(hostile: bytes) -> None:
    with slack(answer(hostile, status=404)) as fixture:
        fixture.responder.reach(fixture.url, ACTOR).send(MESSAGE)

    assert len(fixture.api.requests) == 1


def test_keeps_news_within_what_a_response_url_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.slack.delivery.response_url.UPDATED_AFTER", (0.0, 0.0))
    lines = iter(Message(f"{number} of 100", ()) for number in range(100))
    with slack(OK) as fixture:
        reply = fixture.reply(replaces=True, working_after=0)
        with reply.working(lambda: next(lines)):
            wait_until(lambda: len(fixture.posted) == 3)
            time.sleep(0.05)
        reply.answer(MESSAGE)

    assert [body["text"] for body in fixture.posted] == ["0 of 100", "1 of 100", "2 of 100", MESSAGE.text]
    assert [body["replace_original"] for body in fixture.posted] == [True, True, True, True]


def test_sends_progress_only_to_the_response_url(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.slack.delivery.response_url.UPDATED_AFTER", (0.0,))
    lines = iter([LINE])
    with slack(OK, BROKEN, OK) as fixture:
        reply = fixture.reply(replaces=True, working_after=0)
        with reply.working(lambda: next(lines, MESSAGE)):
            wait_until(lambda: len(fixture.posted) == 2)
        reply.answer(MESSAGE)

    assert len(fixture.posted) == 3
    assert fixture.api.requests == []
