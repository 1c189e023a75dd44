"""Permissions: people of every kind against every command and button."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from bot.core.commands import EditProfile, ShowHistory, UndoChange
from bot.core.model import Actor, Change, Outcome
from bot.core.parsing.command_line import Apps
from bot.core.results import History
from bot.core.services import Services
from bot.errors import AuditError, BotError, ExpiredError, PermissionDeniedError, UsageError
from tests.support.changes_fixture import (
    APPS,
    DEE,
    EDDA,
    ERIK,
    GUS,
    PROD,
    ROB,
    RULES,
    STAN,
    VERA,
    ChangesFixture,
    asked,
)
from tests.support.command_execution import execute

ROLES: Mapping[str, Actor] = {
    "editor": EDDA,
    "editor by group": ERIK,
    "viewer": VERA,
    "guest": GUS,
    "stranger": STAN,
    "bot": ROB,
    "deactivated": DEE,
}
EDITORS = {"editor", "editor by group"}


def services(fixture: ChangesFixture) -> Services:
    with ThreadPoolExecutor(1) as pool:
        return Services(
            APPS, {"prod": fixture.im}, RULES, fixture.people, pool, fixture.record, fixture.changes
        )


Step = Callable[[ChangesFixture, Actor, Change], object]
STEPS: Mapping[str, Step] = {
    "set": lambda fixture, actor, _: execute(services(fixture), actor, asked("level=9")),
    "set, form": lambda fixture, actor, _: execute(services(fixture), actor, EditProfile(PROD, "alice")),
    "confirm": lambda fixture, actor, change: fixture.changes.confirm(actor, change.id),
    "cancel": lambda fixture, actor, change: fixture.changes.cancel(actor, change.id),
    "undo": lambda fixture, actor, change: execute(services(fixture), actor, UndoChange(change.id)),
    "history of change": lambda fixture, actor, change: execute(
        services(fixture), actor, services(fixture).find_history(change.id)
    ),
    "history": lambda fixture, actor, _: execute(services(fixture), actor, ShowHistory(PROD, "alice")),
}


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("role", ROLES)
def test_lets_an_actor_do_what_the_role_allows_and_records_every_refusal(role: str, step: str) -> None:
    fixture, actor = ChangesFixture(), ROLES[role]
    change = fixture.done() if step == "undo" else fixture.preview()
    writes, entries, calls = fixture.writes, len(fixture.record.entries), len(fixture.im.calls)
    expected: type[BotError] | None = None
    if role not in EDITORS and (step.partition(" ")[0], role) != ("history", "viewer"):
        expected = PermissionDeniedError
    elif step in {"confirm", "cancel"} and actor != change.actor:
        expected = ExpiredError

    if expected is None:
        STEPS[step](fixture, actor, change)
        assert Outcome.DENIED not in fixture.steps
        return
    with pytest.raises(expected) as caught:
        STEPS[step](fixture, actor, change)

    assert (fixture.writes, len(fixture.im.calls)) == (writes, calls)
    assert fixture.record.changes[change.id][0] == change
    (entry,) = fixture.record.entries[entries:]
    event = entry.event
    assert (event.actor, event.outcome, event.accounts) == (actor, Outcome.DENIED, ("alice",))
    assert event.command == (
        "set" if step in {"confirm", "cancel"} else step.removesuffix(", form").removesuffix(" of change")
    )
    assert event.problem == str(caught.value)
    assert not event.before
    assert not event.after
    assert "Nothing was sent" in caught.value.advice


@pytest.mark.parametrize("step", STEPS)
def test_a_refusal_stands_when_it_cannot_be_recorded(step: str) -> None:
    fixture = ChangesFixture()
    change = fixture.done() if step == "undo" else fixture.preview()
    fixture.record.failing = {"add": [AuditError("the disk is full")]}

    with pytest.raises(PermissionDeniedError):
        STEPS[step](fixture, GUS if step.startswith("history") else VERA, change)


@pytest.mark.parametrize("step", ["set", "confirm", "cancel", "undo"])
def test_refuses_every_change_while_slack_cannot_be_asked(step: str) -> None:
    fixture = ChangesFixture()
    change = fixture.done() if step == "undo" else fixture.preview()
    writes = fixture.writes
    fixture.people.reachable = False

    with pytest.raises(PermissionDeniedError, match="Slack could not confirm"):
        STEPS[step](fixture, EDDA, change)

    assert fixture.writes == writes


@pytest.mark.parametrize(("role", "with_values"), [("viewer", False), ("editor", True)])
def test_shows_the_values_in_a_history_to_editors_alone(role: str, *, with_values: bool) -> None:
    fixture = ChangesFixture()
    fixture.done()

    history = STEPS["history"](fixture, ROLES[role], fixture.preview("level=9"))

    assert isinstance(history, History)
    assert history.with_values is with_values


def test_finds_no_history_of_a_change_that_never_was() -> None:
    with pytest.raises(ExpiredError, match="no such change"):
        services(ChangesFixture()).find_history("op_nothing")


def test_finds_no_history_in_an_app_that_is_no_more() -> None:
    fixture = ChangesFixture()
    change = fixture.preview()
    gone = replace(services(fixture), apps=Apps({}, None))

    with pytest.raises(UsageError, match="there is no app “prod”"):
        gone.find_history(change.id)


@pytest.mark.parametrize("role", ROLES)
def test_offers_changes_to_editors_alone(role: str) -> None:
    assert services(ChangesFixture()).may_change(ROLES[role]) == (role in EDITORS)
    assert not services(ChangesFixture(audited=False)).may_change(ROLES[role])
