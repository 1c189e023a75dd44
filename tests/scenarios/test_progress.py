import re
from dataclasses import replace
from typing import Any

import pytest

from bot.playground.people import EDITOR, VIEWER
from bot.sandbox.data import Account
from bot.slack.workers import THREADS
from tests.support.running_bot import RunningBot, SlackUser, run_bot

DIRECT = f"D{VIEWER.id[1:]}"


@pytest.fixture(scope="module")
def running_bot(bot_with_either_slack: RunningBot) -> RunningBot:
    return bot_with_either_slack


def has_cancel(message: dict[str, Any]) -> bool:
    return any(
        element.get("action_id") == "cancel_lookup"
        for block in message["blocks"]
        for element in block.get("elements", ())
    )


def wait_for_cancel(slack_user: SlackUser, message: dict[str, Any]) -> dict[str, Any]:
    while not has_cancel(message):
        message = slack_user.answer()
    return message


def restore_buttons(running_bot: RunningBot, message: dict[str, Any]) -> None:
    """Give a message its old blocks, as if Slack had not replaced it."""
    kept = next(kept for kept in running_bot.workspace.messages if kept.ts == message["ts"])
    kept.content = replace(kept.content, blocks=message["blocks"])


def test_shows_one_line_of_a_slow_command_and_its_answer_as_a_new_message(running_bot: RunningBot) -> None:
    with running_bot.act_as() as vera:
        with running_bot.vendor.hold():
            working = vera.begin("/im profile alice bob_k")
        answer = vera.answer()
        after = vera.press(working, "Cancel")

    assert has_cancel(working)
    assert "Looking up 2 accounts" in working["text"]
    assert "The answer follows as a new message." in working["text"]
    assert "2 of 2 found" in answer["text"]
    assert answer["ts"] != working["ts"]
    assert after["text"] == "This lookup has finished. The answer is a message of its own."
    assert after["ts"] == working["ts"]
    assert not has_cancel(after)
    assert max(url.uses for url in running_bot.workspace.response_urls.values()) <= 2


def test_moves_the_progress_of_a_direct_message_with_a_button_that_goes_when_it_has_ended(
    running_bot: RunningBot,
) -> None:
    with running_bot.act_as() as vera:
        with running_bot.vendor.hold():
            assert vera.page.send("alice bob_k", DIRECT) == {"ok": True}
            vera.answer()  # the message sent
            progress = vera.answer()
        answer = vera.answer()
        restore_buttons(running_bot, progress)
        refused = vera.press(progress, "Cancel")

    assert has_cancel(progress)
    assert "0 of 2" in progress["text"]
    assert "2 of 2 found" in answer["text"]
    assert answer["ts"] == progress["ts"]
    assert not has_cancel(answer)
    assert "this button has expired" in refused["text"]


def test_counts_what_is_found_while_the_rest_is_asked_about(running_bot: RunningBot) -> None:
    (app,) = running_bot.sandbox.apps.values()
    here = [f"here_{number}" for number in range(100)]
    app.accounts.update({account: Account({"Tag_Profile_IM_Nick": account}) for account in here})
    # The two accounts not found take a second call, which checks them.
    with running_bot.act_as() as vera, running_bot.vendor.hold("account_check"):
        assert vera.page.send(f"{' '.join(here)} nobody_1 nobody_2", DIRECT) == {"ok": True}
        vera.answer()  # the message sent
        progress = vera.answer()
        while "100 found" not in progress["text"]:
            progress = vera.answer()
        answer = vera.press(progress, "Cancel")

    assert re.search(r"100 of 102 · 100 found · about \d s left", progress["text"])
    assert "Cancelled. 100 of 102 read" in answer["text"]


def test_answers_a_cancelled_lookup_at_once_and_says_nothing_more_of_it() -> None:
    with run_bot("socket") as running_bot, running_bot.act_as() as vera:
        with running_bot.vendor.hold():
            progress = wait_for_cancel(vera, vera.begin("/im profile alice bob_k"))
            answer = vera.press(progress, "Cancel")
        history = vera.ask("/im history alice")
        running_bot.bot.workers.close()  # ends after all messages are sent
        last = running_bot.workspace.find(answer["channel"], answer["ts"])

    assert "Cancelled. 0 of 2 read" in answer["text"]
    assert answer["ts"] == progress["ts"]
    assert "with 1 more cancelled" in history["text"]
    assert "cancelled after 0 of 2 accounts were answered" in history["text"]
    assert last
    assert last.content.text == answer["text"]


def test_refuses_cancel_by_another_person(running_bot: RunningBot) -> None:
    with (
        running_bot.act_as() as vera,
        running_bot.act_as(EDITOR) as ed,
        running_bot.vendor.hold(),
    ):
        progress = wait_for_cancel(vera, vera.begin("/im profile alice"))
        next(kept for kept in running_bot.workspace.messages if kept.ts == progress["ts"]).only_for = None
        refused = ed.press(progress, "Cancel")
        answer = vera.press(progress, "Cancel")
        while "Cancelled." not in answer["text"]:
            answer = vera.answer()

    assert "only the person who ran the command" in refused["text"]


def test_cancels_although_every_worker_is_busy_with_lookups(running_bot: RunningBot) -> None:
    each = THREADS // 2 + 2
    with running_bot.act_as() as vera, running_bot.act_as(EDITOR) as ed:
        with running_bot.vendor.hold():
            for _ in range(each):
                assert vera.page.send("/im profile alice") == {"ok": True}
                assert ed.page.send("/im profile alice") == {"ok": True}
            progress = vera.answer()
            while not (has_cancel(progress) and "Looking up" in progress["text"]):
                progress = vera.answer()
            # If Cancel waited for a worker, the lookup would end first.
            answer = vera.press(progress, "Cancel")
        ended = 0
        while ended < each:
            ended += any(end in answer["text"] for end in ("of 1 found", "Cancelled."))
            assert "has expired" not in answer["text"]
            answer = vera.answer() if ended < each else answer


def test_shares_a_slow_answer_and_sends_its_csv_as_messages_of_their_own(running_bot: RunningBot) -> None:
    with running_bot.act_as() as vera:
        with running_bot.vendor.hold():
            working = vera.begin("/im profile alice --share --csv")
        shared, file, sent = (vera.answer() for _ in range(3))

    assert working["ephemeral"]
    assert not shared["ephemeral"]
    assert "1 of 1 found" in shared["text"]
    assert len(file["files"]) == 1
    assert sent["ephemeral"]
    assert "the CSV is only for you" in sent["text"]
    assert len({message["ts"] for message in (working, shared, file, sent)}) == 4


def test_sends_no_csv_of_a_cancelled_lookup(running_bot: RunningBot) -> None:
    with running_bot.act_as() as vera:
        with running_bot.vendor.hold():
            progress = wait_for_cancel(vera, vera.begin("/im profile alice bob_k --csv"))
            answer = vera.press(progress, "Cancel")
        after = vera.ask("/im whoami")

    assert "Cancelled. 0 of 2 read" in answer["text"]
    assert "You are a viewer" in after["text"]


def test_resumes_a_cancelled_lookup(running_bot: RunningBot) -> None:
    with running_bot.act_as() as vera:
        with running_bot.vendor.hold():
            cancelled = vera.press(wait_for_cancel(vera, vera.begin("/im profile alice bob_k")), "Cancel")
        answer = vera.result(vera.press(cancelled, "Resume with 2 left"))

    assert "2 of 2 found" in answer["text"]
