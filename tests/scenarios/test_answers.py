"""Answers as people read them: an account, an outage, a refusal, and the small print."""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from bot.playground.people import EDITOR, EDITORS_GROUP_ID, VIEWER
from bot.playground.state.messages import list_elements
from bot.sandbox.behavior import Behavior, Fault
from tests.support.running_bot import RunningBot, SlackUser


@pytest.fixture
def vera(running_bot: RunningBot) -> Iterator[SlackUser]:
    with running_bot.act_as(VIEWER) as vera:
        yield vera
    running_bot.sandbox.behavior = Behavior()


def labels(message: dict[str, Any]) -> list[str]:
    return [element["text"]["text"] for _, element in list_elements(message["blocks"])]


def first_column(message: dict[str, Any]) -> list[str]:
    (table,) = (block for block in message["blocks"] if block["type"] == "table")
    return [row[0]["text"] for row in table["rows"]]


def test_begins_an_account_with_its_nickname_and_what_restricts_it(vera: SlackUser) -> None:
    card = vera.ask("/im profile bob_k")

    header, line, table, *_ = card["blocks"]
    assert header["text"]["text"] == "free_coins_4u"
    assert line["text"]["text"] == "bob_k  ·  1 of 1 found  ·  profile  ·  demo local"
    assert [cell["text"] for cell in table["rows"][1]] == ["Friend requests", "⚠ Blocked by admin"]
    assert "Not set: Gender" in str(card["blocks"])


def test_shows_the_avatar_of_an_account_beside_it(vera: SlackUser) -> None:
    pictures = [
        block["accessory"] for block in vera.ask("/im profile alice")["blocks"] if "accessory" in block
    ]

    assert [picture["alt_text"] for picture in pictures] == ["Avatar of alice"]


def test_marks_in_which_fields_accounts_are_the_same(vera: SlackUser) -> None:
    compared = vera.ask("/im profile alice carol --fields nick,allow,level")

    assert first_column(compared) == ["Field", "Nickname", "= Add-friend rule", "Level"]


def test_prints_small_only_what_one_can_act_on(vera: SlackUser) -> None:
    for text in ("/im profile alice", "/im profile alice bob_k", "/im friends alice bob_k", "/im whoami"):
        answer = str(vera.ask(text)["blocks"])
        assert not re.search(r"\d ms\b|only you|Only you", answer)


def test_advises_no_other_app_where_there_is_one(vera: SlackUser) -> None:
    answer = vera.ask("/im profile nobody")

    assert "nobody  no such account (40003). Check the id." in answer["text"]
    assert "--app" not in answer["text"]


def test_begins_an_outage_with_its_cause_and_offers_to_retry_alone(
    running_bot: RunningBot, vera: SlackUser
) -> None:
    running_bot.sandbox.behavior = replace(running_bot.sandbox.behavior, fault=Fault(kind="502"))
    failed = vera.result(vera.ask("/im profile alice bob_k"))

    assert failed["text"].startswith("Tencent Chat is down (HTTP 502)  ·  0 of 2 found")
    assert labels(failed) == ["Retry all 2"]

    running_bot.sandbox.behavior = Behavior()
    assert vera.press(failed, "Retry all 2")["text"].startswith("2 of 2 found")


def test_names_people_to_ask_and_no_setting_in_a_refusal(vera: SlackUser) -> None:
    refused = vera.ask("/im set bob_k nick=Mallory")

    (paragraph,) = refused["blocks"]
    asked = [
        part.get("user_id") or part.get("usergroup_id")
        for part in paragraph["elements"][0]["elements"]
        if part["type"] in ("user", "usergroup")
    ]
    assert asked == [EDITORS_GROUP_ID, EDITOR.id]
    assert "ROLES__" not in str(refused)
