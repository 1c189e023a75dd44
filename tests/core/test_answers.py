from dataclasses import replace

import pytest
from freezegun import freeze_time

from bot.core.answers import LIFETIME, ROOM, Again, Answers, OpenForm, Page
from bot.core.commands import ShowAttributes
from bot.core.model import Actor, App
from bot.core.results import Form
from bot.errors import ExpiredError

VERA = Actor("U01VERA", "T01HOME")
PROD = App("prod", "Singapore")
PAGE = Page(ShowAttributes(PROD, ("alice", "bob")), 1)


@pytest.fixture
def answers() -> Answers:
    return Answers()


def test_finds_what_a_button_stands_for_as_often_as_it_is_pressed(answers: Answers) -> None:
    first, second = answers.keep(VERA, PAGE), answers.keep(VERA, replace(PAGE, number=2))

    assert answers.find(first, VERA, Page) == answers.find(first, VERA, Page) == PAGE
    assert answers.find(second, VERA, Page).number == 2


def test_gives_ids_that_say_nothing_and_fit_into_a_button(answers: Answers) -> None:
    keys = {answers.keep(VERA, PAGE) for _ in range(100)}

    assert len(keys) == 100
    assert {len(key) for key in keys} == {16}


def test_forgets_after_a_day(answers: Answers) -> None:
    with freeze_time("2026-11-21 06:00:00") as clock:
        key = answers.keep(VERA, PAGE)
        clock.tick(LIFETIME)
        assert answers.find(key, VERA, Page) == PAGE

        clock.tick(1)

        with pytest.raises(ExpiredError, match="too old") as caught:
            answers.find(key, VERA, Page)
    assert caught.value.advice == "Run the command again for fresh buttons"


def test_knows_no_button_from_before_a_restart(answers: Answers) -> None:
    key = answers.keep(VERA, PAGE)

    with pytest.raises(ExpiredError, match="too old"):
        Answers().find(key, VERA, Page)


@pytest.mark.parametrize("other", [replace(VERA, user_id="U02EVE"), replace(VERA, team_id="T02AWAY")])
def test_works_for_nobody_but_who_asked(answers: Answers, other: Actor) -> None:
    key = answers.keep(VERA, PAGE)

    with pytest.raises(ExpiredError, match="only the person who asked") as caught:
        answers.find(key, other, Page)
    assert caught.value.advice == "Run the command yourself"
    assert answers.find(key, VERA, Page) == PAGE


def test_lets_the_oldest_go_when_there_is_no_more_room(answers: Answers) -> None:
    keys = [answers.keep(VERA, PAGE) for _ in range(ROOM + 1)]

    with pytest.raises(ExpiredError):
        answers.find(keys[0], VERA, Page)
    assert answers.find(keys[1], VERA, Page) == answers.find(keys[-1], VERA, Page) == PAGE


def test_takes_no_page_for_anything_else(answers: Answers) -> None:
    key = answers.keep(VERA, PAGE)

    with pytest.raises(ExpiredError, match="too old"):
        answers.find(key, VERA, OpenForm)
    with pytest.raises(ExpiredError, match="too old"):
        answers.find(key, VERA, Again)


def test_shows_no_response_url_of_a_form() -> None:
    assert "hooks" not in repr(OpenForm(Form(PROD, "alice", {}), "https://hooks.slack.com/x"))
