"""The buttons about one account: its form, and its history."""

from typing import Any

import pytest

from bot.core.model import Outcome, Surface
from bot.playground.people import VIEWER
from bot.playground.state.messages import list_elements
from tests.support.running_bot import RunningBot, SlackUser, read_history

pytestmark = pytest.mark.parametrize("running_bot", ["socket", "pair"], indirect=True, scope="module")
"""Any process takes any press."""


def labels(message: dict[str, Any]) -> list[str]:
    return [element["text"]["text"] for _, element in list_elements(message["blocks"])]


def view_with(slack_user: SlackUser, words: str) -> dict[str, Any]:
    """Wait for a view with these words."""
    while True:
        view: dict[str, Any] = slack_user.page.next().get("view") or {}
        if words in str(view):
            return view


def test_leads_an_editor_from_a_card_to_the_form_of_its_account(ed: SlackUser) -> None:
    card = ed.ask("/im profile user_001")

    ed.click(card, "Change…")

    form = view_with(ed, "What to change")
    assert "user_001" in str(form["blocks"][0])


def test_leads_a_viewer_from_a_card_to_its_history(running_bot: RunningBot) -> None:
    with running_bot.act_as(VIEWER) as vera:
        card = vera.ask("/im attrs user_002")
        shown = vera.press(card, "History")

    assert "Change…" not in labels(card)
    assert shown["text"].startswith("History of user_002")
    assert shown["ts"] != card["ts"]
    assert shown["ephemeral"]


def test_offers_neither_for_several_accounts_nor_for_none(ed: SlackUser) -> None:
    for text in ("/im profile alice bob_k", "/im profile nobody", "/im friends alice bob_k"):
        assert not {"Change…", "History"} & set(labels(ed.ask(text)))


def test_leads_from_what_was_done_to_the_history_of_the_account(ed: SlackUser) -> None:
    done = ed.press(ed.ask("/im set user_003 nick=Done"), "Confirm 1 change")
    ed.audit()

    assert labels(done) == ["Undo…", "History"]
    shown = ed.press(done, "History")
    assert shown["text"].startswith("History of user_003")
    assert "Done" in shown["text"]


def test_refuses_the_form_to_a_viewer_and_records_it(running_bot: RunningBot) -> None:
    with running_bot.act_as(VIEWER) as vera:
        card = vera.ask("/im profile user_004")
        kept = next(kept for kept in running_bot.workspace.messages if kept.ts == card["ts"])
        for blocks in (kept.content.blocks, card["blocks"]):
            history = next(each for _, each in list_elements(blocks) if each["action_id"] == "show_history")
            history["action_id"] = "edit_account"
        vera.click(card, "History")
        assert view_with(vera, "Only editors can change profiles")

    denied, *_ = read_history(running_bot, "user_004")
    assert (denied.event.outcome, denied.event.surface) == (Outcome.DENIED, Surface.BUTTON)
    assert denied.event.command == "set"


def test_refuses_a_button_of_another_persons_card(running_bot: RunningBot, ed: SlackUser) -> None:
    with running_bot.act_as(VIEWER) as vera:
        card = vera.ask("/im profile user_005")
    next(kept for kept in running_bot.workspace.messages if kept.ts == card["ts"]).only_for = None

    assert "only the person who ran the command" in ed.press(card, "History")["text"]
