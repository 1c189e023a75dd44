"""Slow presses leave their message as it is, and are answered once with a new one."""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from bot.playground.people import AUDIT_CHANNEL_ID
from bot.playground.state.messages import list_elements
from bot.sandbox.behavior import Behavior, Fault
from tests.support.running_bot import RunningBot, SlackUser, run_bot
from tests.support.slack import wait_until

FOLLOWS = re.compile(r"The answer follows( as a new message)?\.")


@pytest.fixture(scope="module")
def running_bot() -> Iterator[RunningBot]:
    with run_bot("http") as running_bot:
        yield running_bot


@pytest.fixture(autouse=True)
def no_faults(running_bot: RunningBot) -> Iterator[None]:
    yield
    running_bot.sandbox.behavior = Behavior()


def last(slack_user: SlackUser, words: str) -> dict[str, Any]:
    """Wait for the message with these words."""
    message = slack_user.answer()
    while words not in message["text"]:
        message = slack_user.answer()
    return message


def said_since(running_bot: RunningBot, known: int) -> list[str]:
    """List the texts after the first `known` messages, without files and the audit channel."""
    return [
        message.content.text
        for message in running_bot.workspace.messages[known:]
        if not message.files and message.channel != AUDIT_CHANNEL_ID
    ]


def failed(running_bot: RunningBot, ed: SlackUser) -> dict[str, Any]:
    running_bot.sandbox.behavior = Behavior(fault=Fault(kind="code", code=40001))
    assert ed.page.send("/im profile alice bob_k") == {"ok": True}
    return last(ed, "2 failed")


def answered(_: RunningBot, ed: SlackUser) -> dict[str, Any]:
    return ed.ask("/im profile alice bob_k")


def start(_: RunningBot, ed: SlackUser) -> dict[str, Any]:
    ed.ask("/im profile alice")
    return ed.ask("/im")


def changed(running_bot: RunningBot, ed: SlackUser) -> dict[str, Any]:
    nick = f"Slow{len(running_bot.workspace.messages)}"  # unique
    ed.press(ed.ask(f"/im set user_003 nick={nick}"), "Confirm 1 change")
    ed.audit()
    return ed.linked()


@pytest.mark.parametrize(
    ("source", "action_id", "expected"),
    [
        (answered, "export_csv", "The CSV is in your direct messages"),
        (failed, "retry_failed", "2 of 2 found"),
        (answered, "share", "2 of 2 found"),
        (start, "look_up_again_0", "1 of 1 found"),
        (changed, "undo_change", "user_003"),
    ],
)
def test_leaves_the_pressed_message_and_answers_once_beside_it(
    running_bot: RunningBot, ed: SlackUser, source: Any, action_id: str, expected: str
) -> None:
    pressed = source(running_bot, ed)
    label = next(
        each["text"]["text"] for _, each in list_elements(pressed["blocks"]) if each["action_id"] == action_id
    )
    kept = running_bot.workspace.find(pressed["channel"], pressed["ts"])
    assert kept
    before, known = replace(kept.content), len(running_bot.workspace.messages)

    running_bot.sandbox.behavior = Behavior()
    with running_bot.vendor.hold():
        ed.click(pressed, label)
        wait_until(lambda: bool(said_since(running_bot, known)))
    answer = last(ed, expected)

    assert kept.content == before
    assert answer["ts"] != pressed["ts"]
    (line, *texts) = said_since(running_bot, known)
    assert FOLLOWS.search(line)
    assert texts == [answer["text"]]


def test_says_beside_the_pressed_message_what_went_wrong(running_bot: RunningBot, ed: SlackUser) -> None:
    pressed = changed(running_bot, ed)
    kept = running_bot.workspace.find(pressed["channel"], pressed["ts"])
    assert kept
    before, known = replace(kept.content), len(running_bot.workspace.messages)

    running_bot.sandbox.behavior = Behavior(fault=Fault(kind="code", code=40001))
    with running_bot.vendor.hold():
        ed.click(pressed, "Undo…")
        wait_until(lambda: bool(said_since(running_bot, known)))
    refused = last(ed, "40001")

    assert kept.content == before
    (line, *texts) = said_since(running_bot, known)
    assert FOLLOWS.search(line)
    assert texts == [refused["text"]]
