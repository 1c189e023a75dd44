import weakref
from dataclasses import replace
from threading import Event

import pytest
from freezegun import freeze_time

from bot.core.commands import LookupCommand, ShowHistory
from bot.core.lookups.kinds import ATTRIBUTES
from bot.core.model import AccountResult, Actor, App, LookupStatus, SavedState, Value
from bot.core.results import Form, Lookup
from bot.core.time_limits import STATE_SECONDS
from bot.errors import AuditError, ExpiredError
from bot.slack.interaction_store import CAPACITY, Interactions
from bot.slack.interactions import (
    Cancelable,
    ElsewhereCancelable,
    HistoryPage,
    LookupPage,
    OpenForm,
    Page,
    RunningLookup,
    SavedLookup,
    Showing,
    WaitingRequest,
    page_id,
)
from tests.support.fakes import FakeRecord
from tests.support.interactions import FailedStore, make_interactions

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
    return make_interactions()


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
        clock.tick(STATE_SECONDS)
        assert answers.find(key, VERA, Page) == PAGE

        clock.tick(1)

        with pytest.raises(ExpiredError, match="has expired") as caught:
            answers.find(key, VERA, Page)
    assert caught.value.advice == "Run the command again for new buttons"


def test_knows_a_button_of_another_process() -> None:
    record = FakeRecord()
    key = make_interactions(record).keep(VERA, PAGE)

    assert make_interactions(record).find(key, VERA, LookupPage) == PAGE
    with pytest.raises(ExpiredError, match="has expired"):
        make_interactions().find(key, VERA, Page)


def test_turns_to_another_page_by_the_id_of_one(answers: Interactions) -> None:
    key = answers.keep(VERA, PAGE)

    assert answers.find(page_id(key, 7), VERA, LookupPage) == replace(PAGE, number=7)
    assert page_id(page_id(key, 7), 8) == page_id(key, 8)


def test_works_only_for_the_person_who_asked(answers: Interactions) -> None:
    key = answers.keep(VERA, PAGE)

    with pytest.raises(ExpiredError, match="only the person who ran the command") as caught:
        answers.find(key, replace(VERA, user_id="U02EVE"), Page)
    assert caught.value.advice == "Run the command yourself"
    assert answers.find(key, VERA, Page) == PAGE


def test_works_whichever_workspace_of_theirs_slack_names(answers: Interactions) -> None:
    key = answers.keep(VERA, PAGE)

    assert answers.find(key, replace(VERA, team_id="T02AWAY"), Page) == PAGE


def test_lets_the_oldest_go_when_there_is_no_more_room() -> None:
    answers = make_interactions(FailedStore())
    keys = [answers.keep(VERA, PAGE) for _ in range(CAPACITY + 1)]

    with pytest.raises(ExpiredError):
        answers.find(keys[0], VERA, Page)
    assert answers.find(keys[1], VERA, Page) == answers.find(keys[-1], VERA, Page) == PAGE


def test_counts_the_accounts_of_an_answer_once_however_many_buttons_lead_to_it() -> None:
    answers = make_interactions(FailedStore(), accounts=4)
    keys = [answers.keep(VERA, replace(PAGE, number=number)) for number in range(5)]
    other = answers.keep(VERA, SavedLookup(LookupCommand(ATTRIBUTES, PROD, ("carol", "dave"))))

    assert [answers.find(key, VERA, LookupPage).number for key in keys] == list(range(5))
    assert answers.find(other, VERA, SavedLookup).command.accounts == ("carol", "dave")


def test_lets_the_answer_used_longest_ago_go_when_there_are_too_many_accounts() -> None:
    answers = make_interactions(FailedStore(), accounts=4)
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
    answers = make_interactions(FailedStore(), accounts=2)
    for _ in range(3):
        key = answers.keep(VERA, about("a", "b"))
        assert answers.find(key, VERA, LookupPage).number == 1
        answers.forget(key)
    assert answers.find(answers.keep(VERA, about("c", "d")), VERA, LookupPage).number == 1


def test_drops_what_is_older_than_a_day() -> None:
    answers = make_interactions()
    with freeze_time("2026-11-21 06:00:00") as clock:
        shown = ReferentValues()
        gone = weakref.ref(shown)
        answers.keep(VERA, OpenForm(Form(PROD, "alice", shown), ""))
        del shown
        clock.tick(STATE_SECONDS + 1)
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


class LateRecord(FakeRecord):
    """A record that shows a state when it is looked for the third time."""

    looks = 0

    def find_state(self, id_: str) -> SavedState | None:
        self.looks += 1
        return super().find_state(id_) if self.looks > 2 else None


def test_waits_for_state_that_a_quick_press_overtook() -> None:
    record = LateRecord()
    key = make_interactions(record).keep(VERA, PAGE)

    assert make_interactions(record).find(key, VERA, LookupPage) == PAGE


def test_waits_for_no_id_that_it_never_made() -> None:
    record = LateRecord()
    with pytest.raises(ExpiredError):
        make_interactions(record).find("made up", VERA, LookupPage)

    assert record.looks == 1


def test_cancels_a_lookup_that_another_process_runs() -> None:
    record, cancelled = FakeRecord(), Event()
    here, there = make_interactions(record), make_interactions(record)
    running = RunningLookup(lambda: PAGE.answer, Showing(0, 20, public=False), lambda _: cancelled.set())
    key = there.keep(VERA, running)

    assert here.find(key, VERA, Cancelable) == ElsewhereCancelable()
    assert here.cancel_elsewhere(key, VERA)
    assert cancelled.is_set()
    with pytest.raises(ExpiredError):
        here.find(key, VERA, Cancelable)


def test_cancels_a_request_that_waits_in_another_process() -> None:
    record, answered = FakeRecord(), Event()
    here, there = make_interactions(record), make_interactions(record)
    key = there.keep(VERA, WaitingRequest(lambda: True, lambda: None, answered.set))

    assert here.cancel_elsewhere(key, VERA)
    assert answered.is_set()


def test_notices_that_the_process_to_cancel_in_has_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.slack.interaction_store.CANCEL_SECONDS", 0.5)
    record = FakeRecord()
    record.save(SavedState("key", VERA.user_id, '{"type":"cancelable"}'))

    assert not make_interactions(record).cancel_elsewhere("key", VERA)


def test_goes_on_looking_for_cancels_after_one_failed() -> None:
    record, cancelled = FakeRecord(), Event()
    here, there = make_interactions(record), make_interactions(record)

    def fail() -> Lookup:
        raise RuntimeError

    failing = there.keep(VERA, RunningLookup(fail, Showing(0, 20, public=False)))
    running = there.keep(
        VERA, RunningLookup(lambda: PAGE.answer, Showing(0, 20, public=False), lambda _: cancelled.set())
    )
    record.save(SavedState(f"cancel {failing}", VERA.user_id, "{}"))

    assert here.cancel_elsewhere(running, VERA)
    assert cancelled.is_set()


def test_knows_this_process_s_state_while_the_store_cannot_be_read() -> None:
    error = AuditError("the record cannot be read")
    interactions = make_interactions(FakeRecord(failing={"find_state": [error] * 3}))
    key = interactions.keep(VERA, PAGE)

    assert interactions.find(key, VERA, LookupPage) == PAGE
    assert interactions.find_latest(key, VERA, LookupPage) == PAGE
    with pytest.raises(AuditError):
        interactions.find("unknown", VERA, LookupPage)
