from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

import pytest
from freezegun import freeze_time

from bot.core.changes.service import Changes
from bot.core.commands import EditProfile
from bot.core.model import CONFIRM_WITHIN, Outcome, Surface, Values
from bot.core.policy import NOTHING_SENT
from bot.core.results import Form, Preview, Unchanged
from bot.errors import (
    AlteredError,
    AuditError,
    ExpiredError,
    IMError,
    InvalidRequestError,
    NotFoundError,
    OutcomeUnknownError,
    PermissionDeniedError,
    RecordUnknownError,
    UnavailableError,
    UsageError,
)
from tests.support.changing import (
    ALICE,
    ALLOW,
    APPS,
    EDDA,
    ERIK,
    GENDER,
    LEVEL,
    NICK,
    PROD,
    VERA,
    World,
    asked,
)

Fates: TypeAlias = Mapping[str, Sequence[IMError | None]]
"""What calls to the vendor fail with, by command and in order."""

SILENT = OutcomeUnknownError("the change was sent, but nobody answered", code=60008)
BROKEN = AuditError("the record cannot be written")


@pytest.fixture
def world() -> World:
    return World()


def test_shows_the_difference_and_writes_nothing(world: World) -> None:
    preview = world.changes.propose(EDDA, asked('nick=Alicia level=7 gender=female --reason "ticket 4711"'))

    assert isinstance(preview, Preview)
    change = preview.change
    assert change.before == {NICK: "Alice"}
    assert change.after == {NICK: "Alicia", GENDER: "Gender_Type_Female"}
    assert preview.kept == {LEVEL: 7}
    assert change.reason == "ticket 4711"
    assert world.record.find(change.id) == change
    assert (world.writes, world.steps) == (0, [Outcome.PROPOSED])


def test_gives_a_change_an_id_that_can_be_typed(world: World) -> None:
    ids = {world.preview().id for _ in range(20)}

    assert len(ids) == 20
    assert all(len(each) == 15 and each.startswith("op_") and each[3:].isalnum() for each in ids)
    assert all(each == each.lower() for each in ids)


@pytest.mark.parametrize("text", ["nick=Alice", "level=007 nick=Alice", "birthday= signature= gender="])
def test_proposes_nothing_when_everything_is_so_already(world: World, text: str) -> None:
    result = world.changes.propose(EDDA, asked(text))

    assert isinstance(result, Unchanged)
    assert set(result.values) == {known.tag for known in asked(text).values}
    assert world.steps == []


def test_asks_nothing_when_nothing_was_filled_in(world: World) -> None:
    result = world.changes.propose(EDDA, replace(asked("nick=x"), values={}), Surface.FORM)

    assert result == Unchanged(PROD, "alice", {})
    assert world.im.calls == []


def test_proposes_nothing_for_an_account_that_is_not_imported(world: World) -> None:
    with pytest.raises(NotFoundError, match="“nobody” is not imported into this app"):
        world.changes.propose(EDDA, asked("nick=x", "nobody"))

    assert world.steps == []


def test_says_the_number_by_which_the_vendor_knows_no_account(world: World) -> None:
    world.im.said = {"nobody": NotFoundError("the account does not exist", code=40003)}

    with pytest.raises(NotFoundError, match="“nobody” is not imported") as caught:
        world.changes.propose(EDDA, asked("nick=x", "nobody"))

    assert caught.value.code == 40003
    assert caught.value.advice.endswith("No change was sent to Tencent Chat")


def test_names_the_field_that_the_app_may_not_have(world: World) -> None:
    unknown = NotFoundError("the app has no such field", code=40009)
    world.im.failing = {"portrait_get": [unknown, unknown]}

    with pytest.raises(NotFoundError, match=r"the app has no such field: Tier$") as caught:
        world.changes.propose(EDDA, asked("nick=x Tag_Profile_Custom_Tier=3"))

    assert caught.value.code == 40009


@pytest.mark.parametrize("command", ["portrait_get", "account_check"])
def test_proposes_nothing_when_the_profile_cannot_be_read(world: World, command: str) -> None:
    world.im.failing = {command: [UnavailableError("the vendor sleeps")]}

    with pytest.raises(IMError) as caught:
        world.changes.propose(EDDA, asked("nick=x", "alice" if command == "portrait_get" else "nobody"))

    assert world.steps == []
    assert caught.value.advice.endswith("No change was sent to Tencent Chat")


@pytest.mark.parametrize("reason", ["x" * 501, "\x00", "\ud800"])
def test_refuses_a_reason_that_cannot_be_kept(world: World, reason: str) -> None:
    with pytest.raises(UsageError, match=r"^the reason h"):
        world.changes.propose(EDDA, replace(asked("nick=x"), reason=reason), Surface.FORM)


def test_shows_nothing_that_could_not_be_recorded(world: World) -> None:
    world.record.failing = {"propose": [BROKEN]}

    with pytest.raises(AuditError) as caught:
        world.changes.propose(EDDA, asked("nick=x"))

    assert "Nothing was sent" in caught.value.advice


def test_refuses_every_change_until_the_audit_channel_is_settled() -> None:
    world = World(audited=False)

    with pytest.raises(PermissionDeniedError, match="no audit channel") as caught:
        world.changes.propose(EDDA, asked("nick=x"))

    assert "AUDIT_CHANNEL=none" in caught.value.advice
    (entry,) = world.record.entries
    assert (entry.event.outcome, entry.event.problem) == (Outcome.DENIED, str(caught.value))


def test_still_says_that_the_role_is_missing_where_changes_are_switched_off() -> None:
    with pytest.raises(PermissionDeniedError, match="not an editor"):
        World(audited=False).changes.propose(VERA, asked("nick=x"))


def test_opens_a_form_with_the_current_values_and_records_that(world: World) -> None:
    form = world.changes.edit(EDDA, EditProfile(PROD, "alice"))

    assert form == Form(PROD, "alice", ALICE)
    assert [(entry.event.command, entry.event.outcome) for entry in world.record.entries] == [
        ("set", Outcome.ANSWERED)
    ]


def test_opens_no_form_that_could_not_be_recorded(world: World) -> None:
    world.record.failing = {"add": [BROKEN]}

    with pytest.raises(AuditError):
        world.changes.edit(EDDA, EditProfile(PROD, "alice"))


def test_writes_once_what_was_shown_and_reads_it_back(world: World) -> None:
    change = world.preview("nick=Alicia gender=female --reason why")

    settled = world.confirm(change)

    assert settled.change == replace(change, outcome=Outcome.SUCCEEDED)
    assert settled.problem is None
    assert world.profile == {**ALICE, **change.after}
    assert world.steps == [Outcome.PROPOSED, Outcome.ATTEMPTED, Outcome.SUCCEEDED]
    assert world.writes == 1
    for entry in world.record.entries:
        event = entry.event
        assert (event.actor, event.command, event.accounts, event.reason) == (EDDA, "set", ("alice",), "why")
        assert (event.before, event.after, event.change_id) == (change.before, change.after, change.id)
    assert [entry.event.surface for entry in world.record.entries] == ["command", "button", "button"]


def test_asks_slack_anew_before_it_writes(world: World) -> None:
    change = world.preview()
    world.people.asked_fresh.clear()

    world.confirm(change)

    assert all(world.people.asked_fresh)


def test_stops_when_the_role_was_lost_since_the_preview(world: World) -> None:
    change = world.preview(actor=ERIK)
    world.people.groups = {"S01EDITORS": frozenset()}

    for step in (world.changes.confirm, world.changes.cancel):
        with pytest.raises(PermissionDeniedError):
            step(ERIK, change.id)

    assert world.steps == [Outcome.PROPOSED, Outcome.DENIED, Outcome.DENIED]
    assert {entry.event.change_id for entry in world.record.entries} == {change.id}
    assert world.writes == 0


def test_lets_nobody_settle_what_somebody_else_proposed(world: World) -> None:
    change = world.preview(actor=EDDA)

    for step in (world.changes.confirm, world.changes.cancel):
        with pytest.raises(ExpiredError, match="only the person who proposed"):
            step(ERIK, change.id)

    assert world.steps == [Outcome.PROPOSED, Outcome.DENIED, Outcome.DENIED]
    assert {entry.event.actor for entry in world.record.entries[1:]} == {ERIK}
    assert world.writes == 0


def test_knows_no_change_that_it_did_not_keep(world: World) -> None:
    with pytest.raises(ExpiredError, match="no such change"):
        world.changes.confirm(EDDA, "op_madeupmadeup")
    with pytest.raises(ExpiredError, match="no change “op_madeupmadeup”"):
        world.changes.undo(EDDA, "op_madeupmadeup")


def test_does_not_believe_a_change_that_was_altered(world: World) -> None:
    change = world.preview()
    _, digest, at = world.record.changes[change.id]
    world.record.changes[change.id] = (replace(change, after={NICK: "Mallory"}), digest, at)

    with pytest.raises(AuditError) as caught:
        world.changes.confirm(EDDA, change.id)

    assert "Nothing was sent" in caught.value.advice
    assert world.writes == 0


def test_confirms_until_the_preview_expires_and_no_later(world: World) -> None:
    with freeze_time() as clock:
        in_time, too_late = world.preview(), world.preview("level=8")
        clock.tick(CONFIRM_WITHIN - timedelta(seconds=1))
        world.confirm(in_time)
        clock.tick(1)

        with pytest.raises(ExpiredError, match="older than 10 minutes"):
            world.changes.confirm(EDDA, too_late.id)

    assert world.writes == 1
    assert world.record.entries[-1].event.outcome is Outcome.CANCELLED
    assert world.record.entries[-1].event.problem == "expired"
    with pytest.raises(ExpiredError, match="not open any more"):
        world.changes.confirm(EDDA, too_late.id)


def test_says_that_a_preview_expired_even_when_that_cannot_be_recorded(world: World) -> None:
    with freeze_time() as clock:
        change = world.preview()
        clock.tick(CONFIRM_WITHIN)
        world.record.failing = {"move": [BROKEN]}

        with pytest.raises(ExpiredError):
            world.changes.confirm(EDDA, change.id)


def test_shows_a_change_anew_when_the_profile_moved_since(world: World) -> None:
    old = world.preview("nick=Alicia level=8 --reason why")
    world.someone_else_writes({LEVEL: 8, NICK: "Ally"})

    preview = world.changes.confirm(EDDA, old.id)

    assert isinstance(preview, Preview)
    assert preview.moved
    assert preview.change.before == {NICK: "Ally"}
    assert preview.change.after == {NICK: "Alicia"}
    assert (preview.change.reason, preview.kept) == ("why", {LEVEL: 8})
    assert world.steps == [Outcome.PROPOSED, Outcome.CANCELLED, Outcome.PROPOSED]
    assert world.writes == 0
    assert world.confirm(preview.change).change.outcome is Outcome.SUCCEEDED


def test_a_profile_that_moved_to_what_was_wanted_needs_no_change(world: World) -> None:
    change = world.preview()
    world.someone_else_writes({NICK: "Alicia"})

    assert isinstance(world.changes.confirm(EDDA, change.id), Unchanged)
    assert (world.writes, world.steps[-1]) == (0, Outcome.CANCELLED)


def test_does_not_mind_what_moved_beside_the_fields_of_a_change(world: World) -> None:
    change = world.preview()
    world.someone_else_writes({LEVEL: 8})

    world.confirm(change)

    assert world.profile == {NICK: "Alicia", LEVEL: 8}


def test_sends_nothing_when_the_intent_cannot_be_recorded(world: World) -> None:
    change = world.preview()
    world.record.failing = {"move": [BROKEN]}

    with pytest.raises(AuditError) as caught:
        world.changes.confirm(EDDA, change.id)

    assert "Nothing was sent" in caught.value.advice
    assert world.writes == 0
    world.confirm(change)


def test_sends_nothing_when_it_is_not_known_whether_the_intent_was_recorded(world: World) -> None:
    change = world.preview()
    world.record.failing = {"move": [RecordUnknownError("the record did not answer in time")]}

    with pytest.raises(RecordUnknownError) as caught:
        world.changes.confirm(EDDA, change.id)

    assert "Nothing was sent" in caught.value.advice
    assert world.writes == 0


def test_says_what_became_of_a_change_though_not_whether_that_was_recorded_and_settles_it(
    world: World,
) -> None:
    change = world.preview()
    world.record.failing = {"move": [None, RecordUnknownError("the record did not answer in time")]}

    with pytest.raises(RecordUnknownError) as caught:
        world.changes.confirm(EDDA, change.id)
    (settled,) = world.changes.settle_open(timedelta(0))

    assert str(caught.value).startswith(
        "the change was sent and applied, and whether that was recorded is not"
    )
    assert "The bot will read the profile and record the outcome" in caught.value.advice
    assert world.writes == 1
    assert settled.change.outcome is Outcome.SUCCEEDED


def test_cancels_before_it_is_confirmed_and_not_after(world: World) -> None:
    change = world.preview()

    settled = world.changes.cancel(EDDA, change.id)

    assert (settled.change.outcome, settled.entry) == (Outcome.CANCELLED, world.record.entries[-1])
    for step in (world.changes.cancel, world.changes.confirm):
        with pytest.raises(ExpiredError, match="it was cancelled"):
            step(EDDA, change.id)
    assert world.writes == 0


def test_says_what_became_of_a_change_that_is_confirmed_again(world: World) -> None:
    change = world.done()

    for step in (world.changes.cancel, world.changes.confirm):
        with pytest.raises(ExpiredError, match="it was already applied"):
            step(EDDA, change.id)

    assert world.writes == 1


# What becomes of a write

REFUSED = InvalidRequestError("a value holds words that the vendor does not allow", code=40005)
WORDS_OF_REFUSAL = "a value holds words that the vendor does not allow (40005)"


def test_a_refusal_of_the_vendor_is_a_failure_with_its_code(world: World) -> None:
    world.im.failing = {"portrait_set": [REFUSED]}

    settled = world.confirm(world.preview())

    assert (settled.change.outcome, settled.problem) == (Outcome.FAILED, REFUSED)
    assert settled.entry.event.problem == WORDS_OF_REFUSAL
    assert (world.profile, world.writes) == (ALICE, 1)


def test_says_which_fields_the_vendor_kept_of_what_it_refused(world: World) -> None:
    change = world.preview("nick=Alicia level=8")
    world.im.losing = {"portrait_set": [REFUSED]}

    settled = world.confirm(change)

    assert settled.change.outcome is Outcome.FAILED
    assert isinstance(settled.problem, InvalidRequestError)
    assert str(settled.problem).endswith(", and yet nick, level changed")
    assert settled.problem.code == 40005


def test_a_refusal_stands_when_the_profile_cannot_be_read_after_it(world: World) -> None:
    world.im.failing = {
        "portrait_set": [REFUSED],
        "portrait_get": [None, None, UnavailableError("asleep")],
    }

    assert world.confirm(world.preview()).problem is REFUSED


def test_a_write_that_never_left_is_a_failure(world: World) -> None:
    world.im.failing = {"portrait_set": [UnavailableError("there is no connection to the vendor")]}

    settled = world.confirm(world.preview())

    assert settled.change.outcome is Outcome.FAILED
    assert settled.entry.event.problem == "there is no connection to the vendor"


def test_a_silent_write_that_is_to_be_seen_succeeded(world: World) -> None:
    world.im.losing = {"portrait_set": [SILENT]}

    settled = world.confirm(world.preview())

    assert (settled.change.outcome, settled.problem) == (Outcome.SUCCEEDED, None)


def test_a_silent_write_that_is_never_to_be_seen_failed(world: World) -> None:
    world.im.failing = {"portrait_set": [SILENT]}

    settled = world.confirm(world.preview())

    assert settled.change.outcome is Outcome.FAILED
    assert "the profile reads as before" in settled.entry.event.problem
    assert world.im.calls.count(("portrait_get", ("alice",))) == 2 + 3


def test_a_silent_write_that_cannot_be_read_back_is_unknown(world: World) -> None:
    asleep = UnavailableError("the vendor sleeps")
    world.im.losing = {"portrait_set": [SILENT]}
    world.im.failing = {"portrait_get": [None, None, asleep, asleep, asleep]}

    settled = world.confirm(world.preview())

    assert (settled.change.outcome, settled.problem) == (Outcome.UNKNOWN, SILENT)


def test_reads_back_again_when_the_profile_is_late_or_the_vendor_stumbles(world: World) -> None:
    world.im.failing = {"portrait_get": [None, None, UnavailableError("hiccup")]}

    assert world.confirm(world.preview()).change.outcome is Outcome.SUCCEEDED


def test_a_write_that_cannot_be_read_back_is_unknown(world: World) -> None:
    asleep = UnavailableError("the vendor sleeps")
    world.im.failing = {"portrait_get": [None, None, asleep, asleep, asleep]}

    settled = world.confirm(world.preview())

    assert settled.change.outcome is Outcome.UNKNOWN
    assert str(settled.problem) == (
        "the vendor took the change, but it could not be read back: the vendor sleeps"
    )


def test_a_write_that_does_not_read_as_written_is_unknown(world: World) -> None:
    class Trimming(type(world.im)):  # type: ignore[misc]  # the fake's own class
        def set_profile(self, account: str, values: Values, deadline: object) -> None:
            super().set_profile(account, {tag: str(value).strip() for tag, value in values.items()}, deadline)

    world.im = Trimming(world.im.said, world.im.imported)

    settled = world.confirm(world.preview('nick=" Alicia "'))

    assert settled.change.outcome is Outcome.UNKNOWN
    assert "does not read as written" in str(settled.problem)


STATES: tuple[tuple[Fates, Fates, str], ...] = (
    # what the write comes to, what the actor is told of it
    ({}, {}, "the change was sent and applied, but that could not be recorded"),
    ({"portrait_set": [REFUSED]}, {}, "the change was tried and not applied (a value holds words"),
    (
        {"portrait_get": [None, None, *[SILENT] * 3]},
        {"portrait_set": [SILENT]},
        "the change was sent, and whether it happened is not known (the change was sent",
    ),
)


@pytest.mark.parametrize(("failing", "losing", "words"), STATES)
def test_tells_what_became_of_a_write_that_could_not_be_recorded(
    world: World, failing: Fates, losing: Fates, words: str
) -> None:
    change = world.preview()
    world.record.failing = {"move": [None, BROKEN]}
    world.im.failing, world.im.losing = failing, losing
    world.im.calls.clear()
    world.im.calls.append(("portrait_get", ("alice",)))

    with pytest.raises(AuditError) as caught:
        world.changes.confirm(EDDA, change.id)

    assert str(caught.value).startswith(words)
    assert "record the outcome" in caught.value.advice
    assert world.record.changes[change.id][0].outcome is Outcome.ATTEMPTED
    assert world.writes == 1


# Undoing


def test_undoes_by_a_change_of_its_own_that_anybody_with_the_role_may_propose(world: World) -> None:
    done = world.done("nick=Alicia signature=hello")

    preview = world.changes.undo(ERIK, done.id)

    assert isinstance(preview, Preview)
    assert (preview.change.actor, preview.change.undoes) == (ERIK, done.id)
    assert preview.change.before == done.after
    assert preview.change.after == {NICK: "Alice", "Tag_Profile_IM_SelfSignature": ""}
    assert world.writes == 1
    assert world.confirm(preview.change).entry.event.command == "undo"
    assert world.profile == ALICE


def test_an_undo_can_be_undone(world: World) -> None:
    undo = world.changes.undo(EDDA, world.done().id)
    assert isinstance(undo, Preview)
    world.confirm(undo.change)

    again = world.changes.undo(EDDA, undo.change.id)

    assert isinstance(again, Preview)
    assert again.change.after == {NICK: "Alicia"}


def test_does_not_undo_over_what_was_changed_later(world: World) -> None:
    done = world.done("nick=Alicia level=8")
    world.someone_else_writes({LEVEL: 9})

    with pytest.raises(ExpiredError, match=r"changed later: level$"):
        world.changes.undo(EDDA, done.id)

    assert world.steps[-1] is Outcome.SUCCEEDED


def test_undoes_only_what_was_applied(world: World) -> None:
    proposed, cancelled, failed = (world.preview() for _ in range(3))
    world.changes.cancel(EDDA, cancelled.id)
    world.im.failing = {"portrait_set": [REFUSED]}
    world.confirm(failed)

    for change, words in (
        (proposed, "not confirmed yet"),
        (cancelled, "it was cancelled"),
        (failed, "and failed"),
    ):
        with pytest.raises(ExpiredError, match=words):
            world.changes.undo(EDDA, change.id)


def test_a_choice_that_cannot_be_cleared_needs_no_undoing(world: World) -> None:
    done = world.done("allow='needs confirmation'")

    assert done.before == {}
    assert isinstance(world.changes.undo(EDDA, done.id), Unchanged)
    assert world.profile[ALLOW] == "AllowType_Type_NeedConfirm"


def test_refuses_a_change_of_an_app_that_is_gone(world: World) -> None:
    done, proposed = world.done(), world.preview("level=8")
    other = Changes(
        replace(APPS, by_name={}),
        {},
        world.changes.rules,
        world.people,
        world.record,
        audited=True,
    )

    with pytest.raises(UsageError, match="no app “prod”"):
        other.undo(EDDA, done.id)
    for step in (other.confirm, other.cancel):
        with pytest.raises(UsageError, match="no app “prod”"):
            step(EDDA, proposed.id)


def test_records_when_it_was_proposed_in_utc(world: World) -> None:
    with freeze_time("2026-08-09 10:11:12"):
        assert world.preview().proposed_at == datetime(2026, 8, 9, 10, 11, 12, tzinfo=UTC)


def test_refuses_and_records_a_press_when_a_change_is_found_altered_as_it_is_to_be_sent() -> None:
    world = World()
    change = world.preview()
    world.record.failing = {"move": [AlteredError("somebody altered the database")]}

    with pytest.raises(AlteredError, match="somebody altered") as caught:
        world.confirm(change)

    assert NOTHING_SENT in caught.value.advice
    assert world.writes == 0
    event = world.record.entries[-1].event
    assert (event.outcome, event.change_id) == (Outcome.DENIED, change.id)
    assert (event.problem, event.after) == ("somebody altered the database", {})


def test_does_not_look_for_an_undo_in_altered_entries() -> None:
    world = World()
    done = world.done()
    undo = world.changes.undo(EDDA, done.id)
    assert isinstance(undo, Preview)
    world.confirm(undo.change)
    world.record.altered = {entry.sequence for entry in world.record.entries}

    with pytest.raises(ExpiredError, match="overwrite"):
        world.changes.undo(EDDA, done.id)


def test_names_the_change_that_undid_it_already() -> None:
    world = World()
    done = world.done()
    undo = world.changes.undo(EDDA, done.id)
    assert isinstance(undo, Preview)
    world.confirm(undo.change)

    with pytest.raises(ExpiredError, match=f"undone already, by change {undo.change.id}"):
        world.changes.undo(ERIK, done.id)


def test_shows_a_change_again_that_waits_to_be_confirmed() -> None:
    world = World()
    change = world.preview()

    assert world.changes.review(EDDA, change.id).change == change
    with pytest.raises(ExpiredError, match="only the person who proposed"):
        world.changes.review(ERIK, change.id)
    world.confirm(change)
    with pytest.raises(ExpiredError, match="already applied"):
        world.changes.review(EDDA, change.id)


def test_tells_of_a_change_that_was_altered() -> None:
    world = World()
    change = world.preview()
    world.record.failing = {"find": [AlteredError("somebody altered the database")]}

    with pytest.raises(AlteredError, match="somebody altered"):
        world.changes.confirm(EDDA, change.id)

    denied = world.record.entries[-1].event
    assert (denied.outcome, denied.change_id) == (Outcome.DENIED, change.id)
    assert world.writes == 0


def test_an_undo_never_overwrites_what_came_after_its_preview() -> None:
    world = World()
    undo = world.changes.undo(EDDA, world.done().id)
    assert isinstance(undo, Preview)
    world.someone_else_writes({NICK: "Somebody"})

    with pytest.raises(ExpiredError, match="overwrite what was changed later: nick"):
        world.changes.confirm(EDDA, undo.change.id)

    assert world.profile[NICK] == "Somebody"
    assert world.steps[-1] is Outcome.CANCELLED
