"""Commands with mistakes, and the button that runs what was meant."""

from collections.abc import Iterator

import pytest

from bot.playground.people import EDITOR, GUEST, VIEWER
from tests.support.running_bot import RunningBot, SlackUser
from tests.support.slack import SUPPORT

pytestmark = pytest.mark.parametrize("running_bot", ["socket", "pair"], indirect=True, scope="module")
"""Any process takes any press."""


@pytest.fixture
def vera(running_bot: RunningBot) -> Iterator[SlackUser]:
    with running_bot.act_as(VIEWER) as vera:
        yield vera


@pytest.mark.parametrize(
    ("typed", "said", "label", "answered"),
    [
        ("/im profil alice", "Unknown command profil. Did you mean profile?", "Run profile alice", "1 of 1"),
        ("/im alice", "Unknown command alice.", "Run profile alice", "1 of 1 found"),
        ("/im (bob_k)", "Unknown command (bob_k).", "Run profile bob_k", "1 of 1 found"),
        ("/im profile alice --feilds nick", "no option", "Run profile alice --fields nick", "1 of 1 found"),
        ("/im profile alice --app dmo", "no app", "Run profile alice --app demo", "1 of 1 found"),
    ],
)
def test_runs_what_was_meant_in_place_of_the_mistake(
    vera: SlackUser, typed: str, said: str, label: str, answered: str
) -> None:
    mistake = vera.ask(typed)
    answer = vera.press(mistake, label)

    assert said in mistake["text"]
    assert label.replace("Run ", "/im ") in mistake["text"]
    assert answered in answer["text"]
    assert answer["ts"] == mistake["ts"]


def test_keeps_what_was_meant_out_of_the_button(vera: SlackUser) -> None:
    mistake = vera.ask("/im profil alice")

    (button,) = (
        element for block in mistake["blocks"] for element in block.get("elements", ()) if "value" in element
    )
    assert "alice" not in button["value"]


def test_previews_the_change_that_was_meant(running_bot: RunningBot) -> None:
    with running_bot.act_as(EDITOR) as ed:
        mistake = ed.ask("/im set user_012 nik=Twelve")
        preview = ed.press(mistake, "Run set user_012 nick=Twelve")

    assert "Twelve" in preview["text"]
    assert "Confirm 1 change" in str(preview["blocks"])


def test_checks_the_role_of_what_was_meant(running_bot: RunningBot) -> None:
    with running_bot.act_as(GUEST) as gus:
        assert gus.press(gus.ask("/im alice"), "Run profile alice")["text"].startswith("Refused")


@pytest.mark.parametrize("asked", ["--help", "-h"])
def test_helps_with_a_command_followed_by_a_call_for_help(vera: SlackUser, asked: str) -> None:
    assert "Look up profiles." in vera.ask(f"/im profile alice {asked}")["text"]


def test_asks_which_account_with_an_example(vera: SlackUser) -> None:
    assert vera.ask("/im profile", SUPPORT)["text"] == "Which account?\nTry /im profile alice"


@pytest.mark.parametrize(
    ("typed", "label", "answered"),
    [
        ("/im profile (bob_k)", "Look up bob_k instead", "1 of 1 found"),
        ("/im profile [carol]", "Look up carol instead", "of 1"),
        ("/im profile alice.", "Look up alice instead", "1 of 1 found"),
        ("/im profile alice;bob_k (bob_k)", "Look up 2 ids instead", "2 of 2 found"),
        ("/im friends alice (bob_k)", "Look up bob_k instead", "is in alice's friend list"),
    ],
)
def test_offers_unknown_ids_without_their_punctuation(
    vera: SlackUser, typed: str, label: str, answered: str
) -> None:
    assert answered in vera.press(vera.ask(typed), label)["text"]


def test_offers_no_other_id_for_one_that_is_known(vera: SlackUser) -> None:
    assert "instead" not in str(vera.ask("/im profile alice nobody")["blocks"])
