"""Presses that take their time leave the message they were made in, and are answered once beside it."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from bot.playground.people import AUDIT_CHANNEL_ID
from bot.playground.state.messages import list_elements
from bot.sandbox.behavior import Behavior, Fault
from tests.support.whole import Asker, Whole, whole_bot

SLOW = Behavior(latency_ms=2800)
"""Longer than the second message of a lookup takes to come, shorter than a time-out."""
FOLLOWS = "The answer follows as a new message."


@pytest.fixture(scope="module")
def whole() -> Iterator[Whole]:
    with whole_bot("http") as whole:
        yield whole


@pytest.fixture(autouse=True)
def fair_weather(whole: Whole) -> Iterator[None]:
    yield
    whole.sandbox.behavior = Behavior()


def last(asker: Asker, words: str) -> dict[str, Any]:
    """Wait for the message that says these words."""
    message = asker.answer()
    while words not in message["text"]:
        message = asker.answer()
    return message


def said_since(whole: Whole, known: int) -> list[str]:
    """List what was said since so many messages, files and the audit channel aside."""
    return [
        message.content.text
        for message in whole.workspace.messages[known:]
        if not message.files and message.channel != AUDIT_CHANNEL_ID
    ]


def failed(whole: Whole, ed: Asker) -> dict[str, Any]:
    whole.sandbox.behavior = Behavior(fault=Fault(kind="code", code=40001))
    assert ed.page.send("/im profile alice bob_k") == {"ok": True}
    return last(ed, "2 failed")


def answered(_: Whole, ed: Asker) -> dict[str, Any]:
    return ed.ask("/im profile alice bob_k")


def start(_: Whole, ed: Asker) -> dict[str, Any]:
    ed.ask("/im profile alice")
    return ed.ask("/im")


def changed(whole: Whole, ed: Asker) -> dict[str, Any]:
    nick = f"Slow{len(whole.workspace.messages)}"  # another each time
    done = ed.press(ed.ask(f"/im set user_003 nick={nick}"), "Confirm 1 change")
    ed.audit()
    return done


@pytest.mark.parametrize(
    ("source", "action_id", "told"),
    [
        (answered, "export_csv", "The CSV is in your direct messages"),
        (failed, "retry_failed", "2 of 2 found"),
        (answered, "share", "2 of 2 found"),
        (start, "look_up_again_0", "1 of 1 found"),
        (changed, "undo_change", "user_003"),
    ],
)
def test_leaves_the_pressed_message_and_answers_once_beside_it(
    whole: Whole, ed: Asker, source: Any, action_id: str, told: str
) -> None:
    pressed = source(whole, ed)
    label = next(
        each["text"]["text"] for _, each in list_elements(pressed["blocks"]) if each["action_id"] == action_id
    )
    kept = whole.workspace.find(pressed["channel"], pressed["ts"])
    assert kept
    before, known = replace(kept.content), len(whole.workspace.messages)

    whole.sandbox.behavior = SLOW
    ed.click(pressed, label)
    answer = last(ed, told)

    assert kept.content == before
    assert answer["ts"] != pressed["ts"]
    assert said_since(whole, known) == [FOLLOWS, answer["text"]]


def test_says_beside_the_pressed_message_what_went_wrong(whole: Whole, ed: Asker) -> None:
    pressed = changed(whole, ed)
    kept = whole.workspace.find(pressed["channel"], pressed["ts"])
    assert kept
    before, known = replace(kept.content), len(whole.workspace.messages)

    whole.sandbox.behavior = Behavior(latency_ms=2800, fault=Fault(kind="code", code=40001))
    ed.click(pressed, "Undo…")
    refused = last(ed, "40001")

    assert kept.content == before
    assert said_since(whole, known) == [FOLLOWS, refused["text"]]
