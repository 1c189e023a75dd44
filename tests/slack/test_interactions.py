import weakref
from dataclasses import replace

import pytest
from freezegun import freeze_time

from bot.core.commands import LookupCommand, ShowHistory
from bot.core.lookups.kinds import ATTRIBUTES
from bot.core.model import AccountResult, Actor, App, LookupStatus, Value
from bot.core.results import Form, Lookup
from bot.errors import ExpiredError
from bot.slack.interactions import (
    CAPACITY,
    LIFETIME,
    HistoryPage,
    Interactions,
    LookupPage,
    OpenForm,
    Page,
    SavedLookup,
)

VERA = Actor("U01VERA", "T01HOME")
PROD = App("prod", "Singapore")


class ReferentValues(dict[str, Value]):
    """Values that can be referenced weakly."""


def about(*accounts: str) -> LookupPage:
    rows = tuple(AccountResult(account, LookupStatus.FOUND) for account in accounts)
    return LookupPage(Lookup(LookupCommand(ATTRIBUTES, PROD, accounts), rows), 1, 20)


PAGE = about("alice", "bob")


@pytest.fixture
def answers() -> Interactions:
    return Interactions()


def test_finds_what_a_button_stands_for_as_often_as_it_is_pressed(answers: Interactions) -> None:
    first, second = answers.keep(VERA, PAGE), answers.keep(VERA, replace(PAGE, number=2))

    assert answers.find(first, VERA, Page) == answers.find(first, VERA, Page) == PAGE
    assert answers.find(second, VERA, LookupPage).number == 2


def test_gives_ids_that_say_nothing_and_fit_into_a_button(answers: Interactions) -> None:
    keys = {answers.keep(VERA, PAGE) for _ in range(100)}

    assert len(keys) == 100
    assert {len(key) for key in keys} == {16}


def test_forgets_after_a_day(answers: Interactions) -> None:
    with freeze_time("2026-11-21 06:00:00") as clock:
        key = answers.keep(VERA, PAGE)
        clock.tick(LIFETIME)
        assert answers.find(key, VERA, Page) == PAGE

        clock.tick(1)

        with pytest.raises(ExpiredError, match="has expired") as caught:
            answers.find(key, VERA, Page)
    assert caught.value.advice == "Run the command again for new buttons"


def test_knows_no_button_from_before_a_restart(answers: Interactions) -> None:
    key = answers.keep(VERA, PAGE)

    with pytest.raises(ExpiredError, match="has expired"):
        Interactions().find(key, VERA, Page)


def test_works_only_for_the_person_who_asked(answers: Interactions) -> None:
    key = answers.keep(VERA, PAGE)

    with pytest.raises(ExpiredError, match="only the person who ran the command") as caught:
        answers.find(key, replace(VERA, user_id="U02EVE"), Page)
    assert caught.value.advice == "Run the command yourself"
    assert answers.find(key, VERA, Page) == PAGE


def test_works_whichever_workspace_of_theirs_slack_names(answers: Interactions) -> None:
    key = answers.keep(VERA, PAGE)

    assert answers.find(key, replace(VERA, team_id="T02AWAY"), Page) == PAGE


def test_lets_the_oldest_go_when_there_is_no_more_room(answers: Interactions) -> None:
    keys = [answers.keep(VERA, PAGE) for _ in range(CAPACITY + 1)]

    with pytest.raises(ExpiredError):
        answers.find(keys[0], VERA, Page)
    assert answers.find(keys[1], VERA, Page) == answers.find(keys[-1], VERA, Page) == PAGE


def test_counts_the_accounts_of_an_answer_once_however_many_buttons_lead_to_it() -> None:
    answers = Interactions(accounts=4)
    keys = [answers.keep(VERA, replace(PAGE, number=number)) for number in range(5)]
    other = answers.keep(VERA, SavedLookup(LookupCommand(ATTRIBUTES, PROD, ("carol", "dave"))))

    assert [answers.find(key, VERA, LookupPage).number for key in keys] == list(range(5))
    assert answers.find(other, VERA, SavedLookup).command.accounts == ("carol", "dave")


def test_lets_the_answer_used_longest_ago_go_when_there_are_too_many_accounts() -> None:
    answers = Interactions(accounts=4)
    form = answers.keep(VERA, OpenForm(Form(PROD, "alice", {}), ""))
    used, unused = about("a", "b"), about("c", "d")
    first, second = answers.keep(VERA, used), answers.keep(VERA, unused)
    again = answers.keep(VERA, replace(used, number=0))
    third = answers.keep(VERA, about("e", "f"))

    with pytest.raises(ExpiredError, match="has expired"):
        answers.find(second, VERA, Page)
    assert [answers.find(key, VERA, LookupPage).number for key in (first, again, third)] == [1, 0, 1]
    assert answers.find(form, VERA, OpenForm).form.account == "alice"


def test_has_room_again_for_the_accounts_of_what_was_forgotten() -> None:
    answers = Interactions(accounts=2)
    for _ in range(3):
        key = answers.keep(VERA, about("a", "b"))
        assert answers.find(key, VERA, LookupPage).number == 1
        answers.forget(key)
    assert answers.find(answers.keep(VERA, about("c", "d")), VERA, LookupPage).number == 1


def test_drops_what_is_older_than_a_day() -> None:
    answers = Interactions()
    with freeze_time("2026-11-21 06:00:00") as clock:
        shown = ReferentValues()
        gone = weakref.ref(shown)
        answers.keep(VERA, OpenForm(Form(PROD, "alice", shown), ""))
        del shown
        clock.tick(LIFETIME + 1)
        answers.keep(VERA, PAGE)

        assert gone() is None


def test_takes_no_page_for_anything_else(answers: Interactions) -> None:
    key = answers.keep(VERA, PAGE)

    with pytest.raises(ExpiredError, match="has expired"):
        answers.find(key, VERA, OpenForm)
    with pytest.raises(ExpiredError, match="has expired"):
        answers.find(key, VERA, SavedLookup)
    with pytest.raises(ExpiredError, match="has expired"):
        answers.find(answers.keep(VERA, HistoryPage(ShowHistory(PROD, "alice"))), VERA, LookupPage)


def test_shows_no_response_url_of_a_form() -> None:
    assert "hooks" not in repr(OpenForm(Form(PROD, "alice", {}), "https://hooks.slack.com/x"))
