"""The form that searches the record, from end to end."""

from collections.abc import Iterator
from typing import Any

import pytest

from bot.playground.people import EDITOR, VIEWER
from tests.support.running_bot import RunningBot, SlackUser
from tests.support.slack import ONCALL

pytestmark = pytest.mark.parametrize("running_bot", ["socket", "pair"], indirect=True, scope="module")
"""Any process takes any press."""


@pytest.fixture
def ed(running_bot: RunningBot) -> Iterator[SlackUser]:
    with running_bot.act_as(EDITOR) as ed:
        yield ed


def open_form(slack_user: SlackUser) -> dict[str, Any]:
    assert slack_user.page.send("/im history", ONCALL) == {"ok": True}
    return slack_user.view("Words in the reason")


def search(slack_user: SlackUser, view: dict[str, Any], **given: str) -> dict[str, Any]:
    keys = {
        "person": ("users_select", "selected_user"),
        "since": ("datepicker", "selected_date"),
        "field": ("static_select", "selected_option"),
    }
    state = {}
    for block_id, value in given.items():
        kind, key = keys.get(block_id, ("plain_text_input", "value"))
        options = next(block["element"] for block in view["blocks"] if block["block_id"] == block_id).get(
            "options", []
        )
        chosen = next((option for option in options if option["value"] == value), value)
        state[block_id] = {"value": {"type": kind, key: chosen}}
    answer = slack_user.page.submit(view, state)
    assert answer == {"ok": True}, answer
    return slack_user.result()


def test_finds_a_ticket_in_all_accounts(ed: SlackUser) -> None:
    for account, ticket in (("user_021", "5001"), ("user_022", "5002")):
        ed.press(ed.ask(f'/im set {account} nick=X{ticket} --reason "ticket {ticket}"'), "Confirm 1 change")

    found = search(ed, open_form(ed), reason="5001", since="2020-01-01")

    assert "user_021" in found["text"]
    assert "user_022" not in found["text"]


def test_finds_the_changes_of_a_field(ed: SlackUser) -> None:
    ed.press(ed.ask("/im set user_025 nick=Searched"), "Confirm 1 change")
    ed.press(ed.ask("/im set user_026 level=77"), "Confirm 1 change")

    found = search(ed, open_form(ed), field="Tag_Profile_IM_Level")

    assert found["text"].startswith("The record · Level")
    assert "user_026" in found["text"]
    assert "user_025" not in found["text"]


def test_finds_what_a_person_did(running_bot: RunningBot, ed: SlackUser) -> None:
    with running_bot.act_as(VIEWER) as vera:
        vera.ask("/im profile user_023")

    found = search(ed, open_form(ed), person=VIEWER.id)

    assert "user_023" in found["text"]
    assert found["text"].startswith(f"The record · by {VIEWER.id}")


def test_asks_viewers_for_an_account(running_bot: RunningBot) -> None:
    with running_bot.act_as(VIEWER) as vera:
        vera.ask("/im profile user_024")
        view = open_form(vera)
        asked = {block["block_id"] for block in view["blocks"]}
        found = search(vera, view, account="user_024")

    assert asked == {"account", "kind", "field", "reason", "since", "until"}
    assert "profile user_024" in found["text"]


def test_says_where_the_form_is_to_those_who_mention_the_bot(ed: SlackUser) -> None:
    ed.page.send("@im-bot history", ONCALL)

    said = ed.result()
    while said["from"]["id"] == EDITOR.id:
        said = ed.result()

    assert "Type /im history" in said["text"]
