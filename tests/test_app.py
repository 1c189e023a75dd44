import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from typing import Any

import pytest

from bot.core.time_limits import STATE_SECONDS
from bot.playground.people import (
    EDITOR,
    GROUP_EDITOR,
    GUEST,
    SINGLE_GUEST,
    STRANGER,
    VIEWER,
)
from bot.sandbox.behavior import Behavior
from tests.support.running_bot import RunningBot, SlackUser
from tests.support.slack import PARTNERS

CROWD = [f"user_{number:03}" for number in range(1, 208)]
FIRST = "only full members of this workspace"


def final_answers(slack_user: SlackUser, count: int) -> list[str]:
    """Wait for the answers to `count` commands, past progress messages."""
    came = (slack_user.answer()["text"] for _ in range(3 * count))
    return list(islice((text for text in came if not text.startswith(("Looking up", "Waiting"))), count))


@pytest.fixture(autouse=True)
def no_faults(running_bot: RunningBot) -> Iterator[None]:
    yield
    running_bot.sandbox.behavior = Behavior()


def direct_message(person_id: str) -> str:
    return f"D{person_id[1:]}"


def cells(message: dict[str, Any]) -> list[str]:
    tables = [block for block in message["blocks"] if block["type"] in ("table", "data_table")]
    return [cell["text"] for table in tables for row in table["rows"] for cell in row]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("/im profile alice", "1 of 1 found"),
        ("/im profile alice bob_k nobody", "2 of 3 found  ·  1 not imported"),
        ("/im friends alice bob_k zed", "1 of 2 is in alice's friend list"),
        ("/im attrs alice bob_k", "2 of 2 found  ·  attributes"),
        ("/im whoami", "You are a viewer"),
        ("/im", "Look up accounts in"),
        ("/im help profile", "/im profile alice"),
        ("/im profle alice", "Did you mean profile?"),
        ("/im profile alice --field nick", "Did you mean --fields?"),
        ("/im profile", "Which account?"),
        ("/im profile “alice”, `bob_k`", "2 of 2 found"),
        ("/im profile alice —fields nick", "1 of 1 found"),
    ],
)
def test_answers_every_command(running_bot: RunningBot, text: str, said: str) -> None:
    with running_bot.act_as() as vera:
        message = vera.ask(text)

    assert said in message["text"]
    assert message["ephemeral"]


def test_turns_pages_without_losing_an_account(running_bot: RunningBot) -> None:
    with running_bot.act_as() as vera:
        first = vera.ask(f"/im profile {' '.join(CROWD)}")
        second = vera.press(first, "Next 100")
        third = vera.press(second, "Next 3")
        back = vera.press(third, "Previous 100")

    shown = [name for page in (first, second, third) for name in cells(page) if name in CROWD]
    missed = re.findall(
        r"user_\d+(?=(?:, user_\d+)*  (?:no such account|Tencent Chat couldn't))", first["text"]
    )
    assert sorted([*shown, *missed]) == CROWD
    assert second["ts"] == first["ts"]
    assert cells(back) == cells(second)


def show_to_everybody(running_bot: RunningBot, message: dict[str, Any]) -> None:
    next(kept for kept in running_bot.workspace.messages if kept.ts == message["ts"]).only_for = None


def test_refuses_another_person_who_turns_pages(running_bot: RunningBot) -> None:
    with running_bot.act_as() as vera, running_bot.act_as(EDITOR) as ed:
        theirs = vera.ask(f"/im profile {' '.join(CROWD)}")
        show_to_everybody(running_bot, theirs)
        refused = ed.press(theirs, "Next 100")

    assert "only the person who ran the command" in refused["text"]
    assert refused["ts"] != theirs["ts"]


def test_says_that_a_button_is_too_old(running_bot: RunningBot, monkeypatch: pytest.MonkeyPatch) -> None:
    with running_bot.act_as() as vera:
        monkeypatch.setattr("bot.slack.interaction_store.STATE_SECONDS", -STATE_SECONDS)
        monkeypatch.setattr("bot.store.states.STATE_SECONDS", -STATE_SECONDS)
        first = vera.ask(f"/im profile {' '.join(CROWD)}")
        refused = vera.press(first, "Next 100")

    assert "this button has expired" in refused["text"]
    assert refused["ts"] != first["ts"]


def test_shares_with_the_channel_on_demand(running_bot: RunningBot) -> None:
    with running_bot.act_as() as vera, running_bot.act_as(EDITOR) as ed:
        vera.ask("/im profile alice --share")
        seen = ed.answer()

    assert not seen["ephemeral"]
    assert seen["command"] == "/im profile alice --share"
    assert "1 of 1 found" in seen["text"]


@pytest.mark.parametrize(
    ("channel", "reason"),
    [
        (PARTNERS, "Not shared: people from other organizations can read this channel."),
        (direct_message(VIEWER.id), "Not shared: this is a direct message."),
    ],
)
def test_keeps_an_answer_private_where_others_could_read_it(
    running_bot: RunningBot, channel: str, reason: str
) -> None:
    with running_bot.act_as() as vera:
        message = vera.ask("/im profile alice --share", channel)

    assert message["ephemeral"]
    assert "1 of 1 found" in message["text"]
    assert reason in message["text"]


@pytest.mark.parametrize("person", [GUEST, SINGLE_GUEST])
def test_refuses_guests_with_the_reason(running_bot: RunningBot, person: Any) -> None:
    channel = "C07SUPPRT7B"
    with running_bot.act_as(person) as guest:
        refusal = guest.ask("/im profile alice", channel)

    assert FIRST in refusal["text"]
    assert "guest" in refusal["text"]
    assert "Nothing was sent" in refusal["text"]


def test_refuses_a_press_from_another_workspace(running_bot: RunningBot) -> None:
    with running_bot.act_as() as vera, running_bot.act_as(STRANGER) as stella:
        theirs = vera.ask(f"/im profile {' '.join(CROWD)}", PARTNERS)
        show_to_everybody(running_bot, theirs)
        refusal = stella.press(theirs, "Next 100")

    assert "only the person who ran the command" in refusal["text"]


def test_recognizes_an_editor_by_user_group(running_bot: RunningBot) -> None:
    with running_bot.act_as(GROUP_EDITOR) as grace:
        message = grace.ask("/im whoami")

    assert "You are an editor: you are in the user group" in message["text"]


def test_says_that_it_works_before_it_answers(running_bot: RunningBot) -> None:
    running_bot.sandbox.behavior = replace(running_bot.sandbox.behavior, latency_ms=1300)
    with running_bot.act_as() as vera:
        working = vera.begin("/im profile alice")
        answer = vera.answer()

    assert "Looking up 1 account" in working["text"]
    assert "1 of 1 found" in answer["text"]
    assert answer["ts"] != working["ts"]
    assert max(url.uses for url in running_bot.workspace.response_urls.values()) <= 2


def test_answers_twelve_at_once_while_the_vendor_is_slow(running_bot: RunningBot) -> None:
    running_bot.sandbox.behavior = replace(running_bot.sandbox.behavior, latency_ms=800)
    with running_bot.act_as() as vera:
        for number in range(12):
            assert vera.page.send(f"/im profile user_{number + 1:03}") == {"ok": True}
        answers = final_answers(vera, 12)

    assert all("1 of 1 found" in answer for answer in answers)


def test_says_that_it_is_busy_rather_than_nothing(running_bot: RunningBot) -> None:
    running_bot.sandbox.behavior = replace(running_bot.sandbox.behavior, latency_ms=3000)
    with running_bot.act_as() as vera:
        for _ in range(100):
            vera.page.send("/im profile alice")
        running_bot.sandbox.behavior = replace(running_bot.sandbox.behavior, latency_ms=0)
        answers = final_answers(vera, 100)

    assert any("The bot is busy right now." in answer for answer in answers)
    assert all("found" in answer or "The bot is busy" in answer for answer in answers)
