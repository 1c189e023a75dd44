"""Group direct messages from end to end: members see what is shared there, as in a channel."""

from collections.abc import Iterator
from typing import Any

import pytest

from bot.playground.people import BOT, EDITOR, STRANGER, VIEWER, Channel
from tests.support.running_bot import RunningBot, SlackUser, run_bot


@pytest.fixture(scope="module", params=["socket", "http"])
def running_bot(request: pytest.FixtureRequest) -> Iterator[RunningBot]:
    with run_bot(request.param) as running_bot:
        yield running_bot


@pytest.fixture(scope="module")
def group(running_bot: RunningBot) -> Channel:
    return running_bot.workspace.open_group_message(VIEWER, EDITOR, BOT)


@pytest.fixture(scope="module")
def without_bot(running_bot: RunningBot) -> Channel:
    return running_bot.workspace.open_group_message(VIEWER, EDITOR)


@pytest.fixture(scope="module")
def outside(running_bot: RunningBot) -> Channel:
    return running_bot.workspace.open_group_message(VIEWER, STRANGER, BOT)


@pytest.fixture
def vera(
    group: Channel, without_bot: Channel, outside: Channel, running_bot: RunningBot
) -> Iterator[SlackUser]:
    with running_bot.act_as(VIEWER) as vera:
        yield vera


def next_of_bot(slack_user: SlackUser) -> dict[str, Any]:
    message = slack_user.result()
    while message["from"]["id"] != BOT.id:
        message = slack_user.result()
    return message


def test_answers_a_command_for_its_actor_alone(vera: SlackUser, group: Channel) -> None:
    answer = vera.ask("/im profile alice", group.id)

    assert (answer["channel"], answer["ephemeral"]) == (group.id, True)


def test_shares_an_answer_with_the_members(vera: SlackUser, group: Channel, running_bot: RunningBot) -> None:
    answer = vera.ask("/im profile alice", group.id)
    with running_bot.act_as(EDITOR) as ed:
        vera.press(answer, "Share")
        shared = next_of_bot(ed)

    assert "1 of 1 found" in shared["text"]
    assert (shared["channel"], shared["ephemeral"]) == (group.id, False)


def test_shares_with_the_option(vera: SlackUser, group: Channel) -> None:
    answer = vera.ask("/im profile alice --share", group.id)

    assert (answer["channel"], answer["ephemeral"]) == (group.id, False)


def test_answers_a_mention_in_its_thread(vera: SlackUser, group: Channel) -> None:
    vera.page.send("@im-bot alice", group.id)
    answer = next_of_bot(vera)

    assert "1 of 1 found" in answer["text"]
    assert (answer["channel"], answer["ephemeral"], bool(answer["thread_ts"])) == (group.id, False, True)


def test_says_why_nothing_is_shared_where_the_bot_is_no_member(vera: SlackUser, without_bot: Channel) -> None:
    answer = vera.ask("/im profile alice --share", without_bot.id)

    assert "1 of 1 found" in answer["text"]
    assert answer["ephemeral"]
    assert "a group direct message must be started with it" in str(answer["blocks"])


def test_shares_nothing_with_people_of_other_organizations(vera: SlackUser, outside: Channel) -> None:
    answer = vera.ask("/im profile alice --share", outside.id)
    vera.page.send("@im-bot alice", outside.id)
    refused = next_of_bot(vera)

    assert "people from other organizations can read this channel" in str(answer["blocks"])
    assert "people from other organizations can read this channel" in refused["text"]
    assert answer["ephemeral"]
    assert refused["ephemeral"]
