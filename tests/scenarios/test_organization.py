"""A member of two workspaces of an Enterprise organization, whose presses name the other one."""

from collections.abc import Iterator
from typing import Any

import pytest

from bot.core.model import Outcome, Surface
from bot.playground.people import COLLEAGUE, GUEST, SISTER_TEAM_ID, STRANGER, TEAM_ID
from bot.settings import RoleSettings
from tests.scenarios.test_modals import choose
from tests.support.running_bot import RunningBot, SlackUser, read_denials, read_history, run_bot
from tests.support.slack import PARTNERS, wait_until

CROWD = " ".join(f"user_{number:03}" for number in range(1, 208))
NICK = "Tag_Profile_IM_Nick"


@pytest.fixture(scope="module", params=["socket", "http"])
def running_bot(request: pytest.FixtureRequest) -> Iterator[RunningBot]:
    roles = RoleSettings(viewers="*", editors=COLLEAGUE.id)
    with run_bot(request.param, in_organization=True, roles=roles) as running_bot:
        yield running_bot


@pytest.fixture
def cleo(running_bot: RunningBot) -> Iterator[SlackUser]:
    with running_bot.act_as(COLLEAGUE) as cleo:
        yield cleo


def open_form(cleo: SlackUser, account: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Open a form by a command; returns it, and a state with a new nickname."""
    assert cleo.page.send(f"/im set {account}") == {"ok": True}
    form = choose(cleo, cleo.view(account, "What to change"), NICK)
    element = next(block["element"] for block in form["blocks"] if block.get("block_id") == NICK)
    return form, {NICK: {element["action_id"]: {"type": "plain_text_input", "value": "From a form"}}}


def outcomes_of(running_bot: RunningBot, account: str) -> list[Outcome]:
    entries = [entry.event for entry in reversed(read_history(running_bot, account)) if entry.event.change_id]
    assert {event.actor.team_id for event in entries} <= {TEAM_ID}
    return [event.outcome for event in entries]


def test_turns_the_pages_of_an_answer(cleo: SlackUser) -> None:
    first = cleo.ask(f"/im profile {CROWD}")

    assert "Previous" in str(cleo.press(first, "Next 100")["blocks"])


def test_confirms_a_change(running_bot: RunningBot, cleo: SlackUser) -> None:
    preview = cleo.ask("/im set user_001 nick=Cleo")

    assert cleo.press(preview, "Confirm 1 change")["text"].startswith("Done.")
    assert outcomes_of(running_bot, "user_001") == [Outcome.PROPOSED, Outcome.ATTEMPTED, Outcome.SUCCEEDED]


def test_confirms_a_change_in_a_form(running_bot: RunningBot, cleo: SlackUser) -> None:
    form, state = open_form(cleo, "user_002")

    assert cleo.page.submit(form, state) == {"ok": True}
    assert cleo.page.submit(cleo.view("nothing is changed yet")) == {"ok": True}
    done = cleo.view("Done.")

    assert outcomes_of(running_bot, "user_002") == [Outcome.PROPOSED, Outcome.ATTEMPTED, Outcome.SUCCEEDED]
    cleo.close(done)


def test_cancels_the_change_of_a_form_that_is_closed(running_bot: RunningBot, cleo: SlackUser) -> None:
    form, state = open_form(cleo, "user_003")
    cleo.page.submit(form, state)

    cleo.page.close(cleo.view("nothing is changed yet"), clear=True)

    wait_until(lambda: outcomes_of(running_bot, "user_003") == [Outcome.PROPOSED, Outcome.CANCELLED])


def test_lists_what_was_asked_by_buttons_with_the_rest(running_bot: RunningBot, cleo: SlackUser) -> None:
    cleo.ask("/im profile user_004")
    cleo.press(cleo.ask("/im"), "user_004")

    asked = [entry.event for entry in read_history(running_bot, "user_004")[:2]]

    assert [event.surface for event in asked] == [Surface.BUTTON, Surface.COMMAND]
    assert {event.actor.team_id for event in asked} == {TEAM_ID}


def test_answers_a_mention(cleo: SlackUser) -> None:
    assert cleo.page.send("@im-bot profile alice") == {"ok": True}

    assert "1 of 1 found" in cleo.result(_answer_to_mention(cleo))["text"]


def _answer_to_mention(cleo: SlackUser) -> dict[str, Any]:
    message = cleo.answer()
    return cleo.answer() if message["text"].startswith("<@") else message


def test_refuses_guests_and_people_of_other_organizations(running_bot: RunningBot, cleo: SlackUser) -> None:
    answer = cleo.ask("/im profile alice --share", PARTNERS)
    assert "other organizations" in str(answer["blocks"])

    with running_bot.act_as(GUEST) as gus:
        assert "you are a guest" in gus.ask("/im profile alice")["text"]
    with running_bot.act_as(STRANGER) as stella:
        stella.page.send("@im-bot profile alice", PARTNERS)
        refused = stella.answer()
        while refused["text"].startswith("<@"):
            refused = stella.answer()

    assert "from another organization" in refused["text"]
    assert read_denials(running_bot, STRANGER)[-1]["team"] == STRANGER.team_id
    assert SISTER_TEAM_ID not in {denial["team"] for denial in read_denials(running_bot, GUEST)}
