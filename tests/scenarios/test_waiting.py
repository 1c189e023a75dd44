"""Requests that wait for a worker: their progress message, their cancellation, their answer."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from bot.playground.people import EDITOR, VIEWER
from bot.slack.modals.profile import ACCOUNT
from bot.slack.workers import THREADS
from tests.scenarios.test_lookup_modals import filled
from tests.support.running_bot import RunningBot, SlackUser, run_bot
from tests.support.slack import ONCALL, wait_until

WAITS = "Waiting in the queue."
WITHDRAWN = "Cancelled before it started. Nothing was sent. Run the command again when you need it."
DIRECT = f"D{EDITOR.id[1:]}"


@pytest.fixture(scope="module")
def running_bot(bot_with_either_slack: RunningBot) -> RunningBot:
    return bot_with_either_slack


@pytest.fixture
def ed(running_bot: RunningBot) -> Iterator[SlackUser]:
    with running_bot.act_as(EDITOR) as ed:
        yield ed


@contextmanager
def all_workers_busy(running_bot: RunningBot) -> Iterator[threading.Event]:
    """Keep every worker busy until the event is set."""
    released = threading.Event()
    wait_until(lambda: idle(running_bot))
    for _ in range(THREADS):
        job = running_bot.bot.workers.submit(released.wait)
        assert job
        assert not job.queued
    try:
        yield released
    finally:
        released.set()
        wait_until(lambda: idle(running_bot))


def idle(running_bot: RunningBot) -> bool:
    return not running_bot.bot.workers._running.total()


def wait_and_run(
    running_bot: RunningBot, slack_user: SlackUser, text: str
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Type a command that waits until a worker is free; return the notice and the answer."""
    with all_workers_busy(running_bot) as released:
        waits = slack_user.ask(text)
        released.set()
        return waits, slack_user.answer()


def count_messages(running_bot: RunningBot) -> int:
    return sum(message.channel == ONCALL for message in running_bot.workspace.messages)


def count_calls(running_bot: RunningBot) -> int:
    return len(running_bot.sandbox.call_log().get("portrait_get", ()))


def press_in(slack_user: SlackUser, view: dict[str, Any], label: str) -> None:
    """Press a button in a view."""
    place, button = next(
        (block["block_id"], element)
        for block in view["blocks"]
        for element in block.get("elements", ())
        if element["type"] == "button" and element["text"]["text"] == label
    )
    pressed = {"action_id": button["action_id"], "value": button["value"], "state": {}}
    assert slack_user.page.press_in(view, place, **pressed) == {"ok": True}


def test_says_in_the_ack_that_a_command_waits_and_answers_it_afterwards(
    running_bot: RunningBot, ed: SlackUser
) -> None:
    waits, answer = wait_and_run(running_bot, ed, "/im profile alice")

    assert waits["text"].startswith(WAITS)
    assert waits["ephemeral"]
    assert "1 of 1 found" in answer["text"]


def test_takes_back_a_command_that_waits(running_bot: RunningBot, ed: SlackUser) -> None:
    with all_workers_busy(running_bot) as released:
        waits = ed.ask("/im profile carol")
        answer = ed.press(waits, "Cancel")
        released.set()
    after = ed.ask("/im profile alice")

    assert answer["text"] == WITHDRAWN
    assert answer["ts"] == waits["ts"]
    assert "1 of 1 found" in after["text"]
    assert not running_bot.bot.audit.store.list_history("demo", "carol", None, 10)


def test_says_that_what_has_begun_cannot_be_taken_back_any_more(
    running_bot: RunningBot, ed: SlackUser
) -> None:
    waits, _ = wait_and_run(running_bot, ed, "/im history alice")
    refused = ed.press(waits, "Cancel")

    assert "this has already started" in refused["text"]


def test_cancels_a_lookup_with_the_button_of_its_waiting_notice(
    running_bot: RunningBot, ed: SlackUser
) -> None:
    known, calls = count_messages(running_bot), count_calls(running_bot)
    with all_workers_busy(running_bot) as released, running_bot.vendor.hold():
        waits = ed.ask("/im profile alice bob_k")
        released.set()
        wait_until(lambda: count_calls(running_bot) > calls)
        answer = ed.press(waits, "Cancel")

    assert "Cancelled. 0 of 2 read" in answer["text"]
    assert answer["ts"] == waits["ts"]
    assert count_messages(running_bot) == known + 1


def test_says_in_the_waiting_notice_of_a_finished_lookup_that_it_has_finished(
    running_bot: RunningBot, ed: SlackUser
) -> None:
    waits, _ = wait_and_run(running_bot, ed, "/im profile alice")
    after = ed.press(waits, "Cancel")

    assert after["text"].startswith("This lookup has finished.")
    assert after["ts"] == waits["ts"]


def test_refuses_another_person_who_takes_it_back(running_bot: RunningBot, ed: SlackUser) -> None:
    with all_workers_busy(running_bot) as released, running_bot.act_as(VIEWER) as vera:
        waits = ed.ask("/im profile alice")
        next(kept for kept in running_bot.workspace.messages if kept.ts == waits["ts"]).only_for = None
        refused = vera.press(waits, "Cancel")
        released.set()
        answer = ed.answer()

    assert "only the person who ran the command" in refused["text"]
    assert "1 of 1 found" in answer["text"]


def test_says_beside_the_message_that_a_press_waits(running_bot: RunningBot, ed: SlackUser) -> None:
    page = ed.ask("/im profile alice bob_k")
    with all_workers_busy(running_bot) as released:
        ed.click(page, "Share")
        waits = ed.answer()
        released.set()
        shared = ed.answer()

    assert waits["text"].startswith(WAITS)
    assert waits["ts"] != page["ts"]
    assert waits["ephemeral"]
    assert "2 of 2 found" in shared["text"]


def test_takes_back_a_press_that_waits(running_bot: RunningBot, ed: SlackUser) -> None:
    page = ed.ask("/im profile alice bob_k")
    with all_workers_busy(running_bot):
        ed.click(page, "Share")
        waits = ed.answer()
        answer = ed.press(waits, "Cancel")

    assert answer["text"] == WITHDRAWN
    assert answer["ts"] == waits["ts"]


def test_puts_the_answer_to_a_message_where_it_said_that_it_waits(
    running_bot: RunningBot, ed: SlackUser
) -> None:
    with all_workers_busy(running_bot) as released:
        assert ed.page.send("alice", DIRECT) == {"ok": True}
        ed.answer()  # the message sent
        waits = ed.answer()
        released.set()
        answer = ed.answer()

    assert waits["text"].startswith(WAITS)
    assert answer["ts"] == waits["ts"]
    assert "1 of 1 found" in answer["text"]


def test_says_only_to_the_person_that_a_mention_waits(running_bot: RunningBot, ed: SlackUser) -> None:
    with all_workers_busy(running_bot) as released:
        assert ed.page.send("@im-bot alice", ONCALL) == {"ok": True}
        ed.answer()  # the message sent
        waits = ed.answer()
        released.set()
        answer = ed.answer()

    assert waits["text"].startswith(WAITS)
    assert waits["ephemeral"]
    assert "1 of 1 found" in answer["text"]
    assert not answer["ephemeral"]


@pytest.mark.parametrize(("typed", "channel"), [("whoami", DIRECT), ("@im-bot whoami", ONCALL)])
def test_answers_quickly_to_a_message_although_all_are_stuck(
    running_bot: RunningBot, ed: SlackUser, typed: str, channel: str
) -> None:
    with all_workers_busy(running_bot):
        assert ed.page.send(typed, channel) == {"ok": True}
        ed.answer()  # the message sent
        answer = ed.answer()

    assert answer["text"].startswith("You are an editor")


def test_says_in_a_modal_that_it_waits_and_takes_it_back_there(
    running_bot: RunningBot, ed: SlackUser
) -> None:
    assert ed.page.use_shortcut("set_profile") == {"ok": True}
    view = ed.view("One account id")
    with all_workers_busy(running_bot):
        assert ed.page.submit(view, filled(view, **{ACCOUNT: "alice"})) == {"ok": True}
        waits = ed.view(WAITS)
        press_in(ed, waits, "Cancel")
        answer = ed.view("Cancelled before it started.", "Nothing was sent.")

    assert answer["id"] == waits["id"]


def test_fills_the_modal_that_said_that_it_waits(running_bot: RunningBot, ed: SlackUser) -> None:
    assert ed.page.use_shortcut("set_profile") == {"ok": True}
    view = ed.view("One account id")
    with all_workers_busy(running_bot) as released:
        assert ed.page.submit(view, filled(view, **{ACCOUNT: "alice"})) == {"ok": True}
        waits = ed.view(WAITS)
        released.set()
        form = ed.view("Nickname")

    assert form["id"] == waits["id"]


def test_does_not_hold_up_one_command_for_thirty_of_another_person(
    running_bot: RunningBot, ed: SlackUser
) -> None:
    with running_bot.act_as(VIEWER) as vera:
        released = threading.Event()
        try:
            for _ in range(30):
                assert running_bot.bot.workers.submit(released.wait, "somebody")
            assert "1 of 1 found" in vera.ask("/im profile alice")["text"]
        finally:
            released.set()
            wait_until(lambda: idle(running_bot))


def test_answers_waiting_commands_that_the_bot_restarts() -> None:
    with (
        run_bot("http") as running_bot,
        running_bot.act_as(EDITOR) as ed,
        all_workers_busy(running_bot) as released,
    ):
        waits = ed.ask("/im profile alice", ONCALL)
        threading.Timer(0.2, released.set).start()
        running_bot.bot.workers.close()
        answer = ed.answer()

    assert waits["text"].startswith(WAITS)
    assert answer["text"] == "The bot is restarting. Nothing was sent. Try again in a minute."
