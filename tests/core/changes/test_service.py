from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

import pytest
from freezegun import freeze_time

from bot.core.changes.expiry import CONFIRM_WITHIN
from bot.core.changes.service import Changes
from bot.core.commands import EditProfile
from bot.core.model import AuditEvent, Outcome, Surface, Values
from bot.core.policy import NOTHING_SENT
from bot.core.results import Form, Origin, Overwritten, Preview, Unchanged
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
from tests.support.changes_fixture import (
    ALICE,
    ALLOW,
    APPS,
    BY_WORD,
    EDDA,
    ERIK,
    GENDER,
    LEVEL,
    NICK,
    PROD,
    VERA,
    ChangesFixture,
    asked,
)
from tests.support.fakes import FakeIM

Fates: TypeAlias = Mapping[str, Sequence[IMError | None]]
"""The errors of calls to the vendor, by command and in order."""

SILENT = OutcomeUnknownError("the change was sent, but nobody answered", code=60008)
BROKEN = AuditError("the record cannot be written")


@pytest.fixture
def fixture() -> ChangesFixture:
    return ChangesFixture()


def test_shows_the_difference_and_writes_nothing(fixture: ChangesFixture) -> None:
    preview = fixture.changes.propose(EDDA, asked('nick=Alicia level=7 gender=female --reason "ticket 4711"'))

    assert isinstance(preview, Preview)
    change = preview.change
    assert change.before == {NICK: "Alice"}
    assert change.after == {NICK: "Alicia", GENDER: "Gender_Type_Female"}
    assert change.kept == {LEVEL: 7}
    assert change.reason == "ticket 4711"
    assert fixture.record.find(change.id) == change
    assert (fixture.writes, fixture.steps) == (0, [Outcome.PROPOSED])


def test_gives_a_change_an_id_that_can_be_typed(fixture: ChangesFixture) -> None:
    ids = {fixture.preview().id for _ in range(20)}

    assert len(ids) == 20
    assert all(len(each) == 15 and each.startswith("op_") and each[3:].isalnum() for each in ids)
    assert all(each == each.lower() for each in ids)


@pytest.mark.parametrize("text", ["nick=Alice", "level=007 nick=Alice", "birthday= signature= gender="])
def test_proposes_nothing_when_everything_is_so_already(fixture: ChangesFixture, text: str) -> None:
    result = fixture.changes.propose(EDDA, asked(text))

    assert isinstance(result, Unchanged)
    assert set(result.values) == {known.tag for known in asked(text).values}
    assert fixture.steps == []


def test_asks_nothing_when_nothing_was_filled_in(fixture: ChangesFixture) -> None:
    result = fixture.changes.propose(EDDA, replace(asked("nick=x"), values={}), Surface.FORM)

    assert result == Unchanged(PROD, "alice", {})
    assert fixture.im.calls == []


def test_proposes_nothing_for_an_account_that_is_not_imported(fixture: ChangesFixture) -> None:
    with pytest.raises(NotFoundError, match="no such account “nobody”"):
        fixture.changes.propose(EDDA, asked("nick=x", "nobody"))

    assert fixture.steps == []


def test_says_the_number_by_which_the_vendor_knows_no_account(fixture: ChangesFixture) -> None:
    fixture.im.said = {"nobody": NotFoundError("the account does not exist", code=40003)}

    with pytest.raises(NotFoundError, match="no such account “nobody”") as caught:
        fixture.changes.propose(EDDA, asked("nick=x", "nobody"))

    assert caught.value.code == 40003
    assert caught.value.advice.endswith("No change was sent to Tencent Chat")


def test_names_the_field_that_the_app_may_not_have(fixture: ChangesFixture) -> None:
    unknown = NotFoundError("the app has no such field", code=40009)
    fixture.im.failing = {"portrait_get": [unknown, unknown]}

    with pytest.raises(NotFoundError, match=r"the app has no such field: Tier$") as caught:
        fixture.changes.propose(EDDA, asked("nick=x Tag_Profile_Custom_Tier=3"))

    assert caught.value.code == 40009


@pytest.mark.parametrize("command", ["portrait_get", "account_check"])
def test_proposes_nothing_when_the_profile_cannot_be_read(fixture: ChangesFixture, command: str) -> None:
    fixture.im.failing = {command: [UnavailableError("the vendor sleeps")]}

    with pytest.raises(IMError) as caught:
        fixture.changes.propose(EDDA, asked("nick=x", "alice" if command == "portrait_get" else "nobody"))

    assert fixture.steps == []
    assert caught.value.advice.endswith("No change was sent to Tencent Chat")


@pytest.mark.parametrize("reason", ["x" * 501, "\x00", "\ud800"])
def test_refuses_a_reason_that_cannot_be_kept(fixture: ChangesFixture, reason: str) -> None:
    with pytest.raises(UsageError, match=r"^the reason [hc]"):
        fixture.changes.propose(EDDA, replace(asked("nick=x"), reason=reason), Surface.FORM)


def test_shows_nothing_that_could_not_be_recorded(fixture: ChangesFixture) -> None:
    fixture.record.failing = {"propose": [BROKEN]}

    with pytest.raises(AuditError) as caught:
        fixture.changes.propose(EDDA, asked("nick=x"))

    assert "Nothing was sent" in caught.value.advice


def test_refuses_every_change_until_the_audit_channel_is_settled() -> None:
    fixture = ChangesFixture(audited=False)

    with pytest.raises(PermissionDeniedError, match="no audit channel") as caught:
        fixture.changes.propose(EDDA, asked("nick=x"))

    assert caught.value.detail == "AUDIT_CHANNEL is empty"
    (entry,) = fixture.record.entries
    assert (entry.event.outcome, entry.event.problem) == (Outcome.DENIED, str(caught.value))


def test_still_says_that_the_role_is_missing_where_changes_are_switched_off() -> None:
    with pytest.raises(PermissionDeniedError, match="Only editors"):
        ChangesFixture(audited=False).changes.propose(VERA, asked("nick=x"))


def test_opens_a_form_with_the_current_values_and_records_that(fixture: ChangesFixture) -> None:
    form = fixture.changes.edit(EDDA, EditProfile(PROD, "alice"))

    assert form == Form(PROD, "alice", ALICE)
    assert [(entry.event.command, entry.event.outcome) for entry in fixture.record.entries] == [
        ("set", Outcome.ANSWERED)
    ]


def test_opens_no_form_that_could_not_be_recorded(fixture: ChangesFixture) -> None:
    fixture.record.failing = {"add": [BROKEN]}

    with pytest.raises(AuditError):
        fixture.changes.edit(EDDA, EditProfile(PROD, "alice"))


def test_writes_once_what_was_shown_and_reads_it_back(fixture: ChangesFixture) -> None:
    change = fixture.preview("nick=Alicia gender=female --reason why")

    settled = fixture.confirm(change)

    assert settled.change == replace(change, outcome=Outcome.SUCCEEDED)
    assert settled.problem is None
    assert fixture.profile == {**ALICE, **change.after}
    assert fixture.steps == [Outcome.PROPOSED, Outcome.ATTEMPTED, Outcome.SUCCEEDED]
    assert fixture.writes == 1
    for entry in fixture.record.entries:
        event = entry.event
        assert (event.actor, event.command, event.accounts, event.reason) == (EDDA, "set", ("alice",), "why")
        assert (event.before, event.after, event.change_id) == (change.before, change.after, change.id)
    assert [entry.event.surface for entry in fixture.record.entries] == ["command", "button", "button"]


def test_asks_slack_anew_before_it_writes(fixture: ChangesFixture) -> None:
    change = fixture.preview()
    fixture.people.cache_bypassed.clear()

    fixture.confirm(change)

    assert all(fixture.people.cache_bypassed)


def test_stops_when_the_role_was_lost_since_the_preview(fixture: ChangesFixture) -> None:
    change = fixture.preview(actor=ERIK)
    fixture.people.groups = {"S01EDITORS": frozenset()}

    for step in (fixture.changes.confirm, fixture.changes.cancel):
        with pytest.raises(PermissionDeniedError):
            step(ERIK, change.id)

    assert fixture.steps == [Outcome.PROPOSED, Outcome.DENIED, Outcome.DENIED]
    assert {entry.event.change_id for entry in fixture.record.entries} == {change.id}
    assert fixture.writes == 0


def test_refuses_to_confirm_or_cancel_anothers_proposal(fixture: ChangesFixture) -> None:
    change = fixture.preview(actor=EDDA)

    for step in (fixture.changes.confirm, fixture.changes.cancel):
        with pytest.raises(ExpiredError, match="only the person who proposed"):
            step(ERIK, change.id)

    assert fixture.steps == [Outcome.PROPOSED, Outcome.DENIED, Outcome.DENIED]
    assert {entry.event.actor for entry in fixture.record.entries[1:]} == {ERIK}
    assert fixture.writes == 0


def test_knows_no_change_that_it_did_not_keep(fixture: ChangesFixture) -> None:
    with pytest.raises(ExpiredError, match="no such change"):
        fixture.changes.confirm(EDDA, "op_madeupmadeup")
    with pytest.raises(ExpiredError, match="no change “op_madeupmadeup”"):
        fixture.changes.undo(EDDA, "op_madeupmadeup")


def test_does_not_believe_a_change_that_was_altered(fixture: ChangesFixture) -> None:
    change = fixture.preview()
    _, digest, at = fixture.record.changes[change.id]
    fixture.record.changes[change.id] = (replace(change, after={NICK: "Mallory"}), digest, at)

    with pytest.raises(AuditError) as caught:
        fixture.changes.confirm(EDDA, change.id)

    assert "Nothing was sent" in caught.value.advice
    assert fixture.writes == 0


def test_confirms_until_the_preview_expires_and_no_later(fixture: ChangesFixture) -> None:
    with freeze_time() as clock:
        in_time, too_late = fixture.preview(), fixture.preview("level=8")
        clock.tick(CONFIRM_WITHIN - timedelta(seconds=1))
        fixture.confirm(in_time)
        clock.tick(1)

        with pytest.raises(ExpiredError, match="older than 10 minutes"):
            fixture.changes.confirm(EDDA, too_late.id)

    assert fixture.writes == 1
    assert fixture.record.entries[-1].event.outcome is Outcome.CANCELLED
    assert fixture.record.entries[-1].event.problem == "expired"
    with pytest.raises(ExpiredError, match=r"^this change has expired$"):
        fixture.changes.confirm(EDDA, too_late.id)


def test_says_why_a_change_can_no_longer_be_confirmed(fixture: ChangesFixture) -> None:
    cancelled, moved = fixture.preview(), fixture.preview("level=8")
    fixture.changes.cancel(EDDA, cancelled.id)
    fixture.someone_else_writes({LEVEL: 9})
    fixture.changes.confirm(EDDA, moved.id)

    with pytest.raises(ExpiredError, match=r"^this change was cancelled$") as caught:
        fixture.changes.confirm(EDDA, cancelled.id)
    assert caught.value.advice == "Run the command again for a new preview"
    with pytest.raises(
        ExpiredError, match=r"^this change was replaced, because the profile changed meanwhile$"
    ):
        fixture.changes.confirm(EDDA, moved.id)
    fixture.record.failing = {"search": [AuditError("the disk is gone")] * 9}
    with pytest.raises(ExpiredError, match=r"^this change was cancelled$"):
        fixture.changes.confirm(EDDA, moved.id)


def test_says_that_a_preview_expired_even_when_that_cannot_be_recorded(fixture: ChangesFixture) -> None:
    with freeze_time() as clock:
        change = fixture.preview()
        clock.tick(CONFIRM_WITHIN)
        fixture.record.failing = {"move": [BROKEN]}

        with pytest.raises(ExpiredError):
            fixture.changes.confirm(EDDA, change.id)


def test_shows_a_change_anew_when_the_profile_moved_since(fixture: ChangesFixture) -> None:
    old = fixture.preview("nick=Alicia level=8 --reason why")
    fixture.someone_else_writes({LEVEL: 8, NICK: "Ally"})

    preview = fixture.changes.confirm(EDDA, old.id)

    assert isinstance(preview, Preview)
    assert [(each.field.word, each.before, each.now) for each in preview.later] == [
        ("nick", "Alice", "Ally"),
        ("level", 7, 8),
    ]
    assert all(each.is_outside and each.origin is None for each in preview.later)
    assert preview.change.before == {NICK: "Ally"}
    assert preview.change.after == {NICK: "Alicia"}
    assert (preview.change.reason, preview.change.kept) == ("why", {LEVEL: 8})
    assert fixture.steps == [Outcome.PROPOSED, Outcome.CANCELLED, Outcome.PROPOSED]
    assert fixture.writes == 0
    assert fixture.confirm(preview.change).change.outcome is Outcome.SUCCEEDED


def test_shows_a_change_anew_when_what_needed_no_change_moved_since(fixture: ChangesFixture) -> None:
    old = fixture.preview("nick=Alicia level=7")
    fixture.confirm(fixture.preview("level=9", ERIK))

    preview = fixture.changes.confirm(EDDA, old.id)

    assert isinstance(preview, Preview)
    assert [
        (each.field.tag, each.before, each.now, each.origin and each.origin.actor) for each in preview.later
    ] == [(LEVEL, 7, 9, ERIK)]
    assert preview.change.after == {NICK: "Alicia", LEVEL: 7}
    assert fixture.profile == {NICK: "Alice", LEVEL: 9}
    fixture.confirm(preview.change)
    assert fixture.profile == {NICK: "Alicia", LEVEL: 7}


def test_remembers_what_needs_no_change_in_a_preview_made_anew(fixture: ChangesFixture) -> None:
    old = fixture.preview("nick=Alicia level=7")
    fixture.someone_else_writes({NICK: "Ally"})
    preview = fixture.changes.confirm(EDDA, old.id)
    assert isinstance(preview, Preview)
    assert preview.change.kept == {LEVEL: 7}
    fixture.someone_else_writes({LEVEL: 8})

    again = fixture.changes.review(EDDA, preview.change.id)

    assert isinstance(again, Preview)
    assert again.change.after == {NICK: "Alicia", LEVEL: 7}


def test_sends_nothing_of_what_needs_no_change(fixture: ChangesFixture) -> None:
    settled = fixture.confirm(fixture.preview("nick=Alicia level=7"))

    assert [entry.event.after for entry in fixture.record.entries] == [{NICK: "Alicia"}] * 3
    assert settled.change.kept == {LEVEL: 7}


def test_shows_what_needs_no_change_in_another_process(fixture: ChangesFixture) -> None:
    change = fixture.preview("nick=Alicia level=7")

    assert fixture.changes.recall(EDDA, change.id).change.kept == {LEVEL: 7}


def test_names_who_changed_which_field_after_the_preview(fixture: ChangesFixture) -> None:
    with freeze_time() as clock:
        old = fixture.preview("nick=Alicia level=8")
        other = fixture.preview("level=9", ERIK)
        fixture.confirm(other)
        clock.tick(timedelta(seconds=70))

        preview = fixture.changes.confirm(EDDA, old.id)

    assert isinstance(preview, Preview)
    (later,) = preview.later
    assert (later.field.word, later.before, later.now) == ("level", 7, 9)
    assert later.origin == Origin(ERIK, timedelta(seconds=70))


def test_names_nobody_whose_value_was_overwritten_elsewhere(fixture: ChangesFixture) -> None:
    old = fixture.preview("level=8")
    fixture.confirm(fixture.preview("level=9", ERIK))
    fixture.someone_else_writes({LEVEL: 10})

    preview = fixture.changes.confirm(EDDA, old.id)

    assert isinstance(preview, Preview)
    assert [(each.before, each.now, each.origin) for each in preview.later] == [(7, 10, None)]


def test_names_who_changed_what_an_undo_would_overwrite(fixture: ChangesFixture) -> None:
    done = fixture.done("level=8")
    fixture.confirm(fixture.preview("level=9", ERIK))

    refused = fixture.changes.undo(EDDA, done.id)

    assert isinstance(refused, Overwritten)
    (later,) = refused.later
    assert (later.before, later.now, later.origin and later.origin.actor) == (8, 9, ERIK)


def test_looks_for_who_changed_a_field_through_many_lookups(fixture: ChangesFixture) -> None:
    old = fixture.preview("level=8")
    fixture.confirm(fixture.preview("level=9", ERIK))
    for _ in range(250):
        fixture.record.add(AuditEvent(EDDA, Surface.COMMAND, "prod", "profile", ("alice",), Outcome.ANSWERED))

    preview = fixture.changes.confirm(EDDA, old.id)

    assert isinstance(preview, Preview)
    assert [each.origin and each.origin.actor for each in preview.later] == [ERIK]


def test_a_profile_that_moved_to_what_was_wanted_needs_no_change(fixture: ChangesFixture) -> None:
    change = fixture.preview()
    fixture.someone_else_writes({NICK: "Alicia"})

    assert isinstance(fixture.changes.confirm(EDDA, change.id), Unchanged)
    assert (fixture.writes, fixture.steps[-1]) == (0, Outcome.CANCELLED)


def test_does_not_mind_what_moved_beside_the_fields_of_a_change(fixture: ChangesFixture) -> None:
    change = fixture.preview()
    fixture.someone_else_writes({LEVEL: 8})

    fixture.confirm(change)

    assert fixture.profile == {NICK: "Alicia", LEVEL: 8}


def test_sends_nothing_when_the_intent_cannot_be_recorded(fixture: ChangesFixture) -> None:
    change = fixture.preview()
    fixture.record.failing = {"move": [BROKEN]}

    with pytest.raises(AuditError) as caught:
        fixture.changes.confirm(EDDA, change.id)

    assert "Nothing was sent" in caught.value.advice
    assert fixture.writes == 0
    fixture.confirm(change)


def test_sends_nothing_when_it_is_not_known_whether_the_intent_was_recorded(fixture: ChangesFixture) -> None:
    change = fixture.preview()
    fixture.record.failing = {"move": [RecordUnknownError("the record did not answer in time")]}

    with pytest.raises(RecordUnknownError) as caught:
        fixture.changes.confirm(EDDA, change.id)

    assert "Nothing was sent" in caught.value.advice
    assert fixture.writes == 0


def test_says_what_became_of_a_change_though_not_whether_that_was_recorded_and_settles_it(
    fixture: ChangesFixture,
) -> None:
    change = fixture.preview()
    fixture.record.failing = {"move": [None, RecordUnknownError("the record did not answer in time")]}

    with pytest.raises(RecordUnknownError) as caught:
        fixture.changes.confirm(EDDA, change.id)
    (settled,) = fixture.changes.settle_open(timedelta(0))

    assert str(caught.value).startswith("the change was sent and applied, and it is not yet known")
    assert "The bot will check the profile and record the outcome" in caught.value.advice
    assert fixture.writes == 1
    assert settled.change.outcome is Outcome.SUCCEEDED


def test_cancels_before_it_is_confirmed_and_not_after(fixture: ChangesFixture) -> None:
    change = fixture.preview()

    settled = fixture.changes.cancel(EDDA, change.id)

    assert (settled.change.outcome, settled.entry) == (Outcome.CANCELLED, fixture.record.entries[-1])
    for step in (fixture.changes.cancel, fixture.changes.confirm):
        with pytest.raises(ExpiredError, match=r"^this change was cancelled$"):
            step(EDDA, change.id)
    assert fixture.writes == 0


def test_says_what_became_of_a_change_that_is_confirmed_again(fixture: ChangesFixture) -> None:
    change = fixture.done()

    for step in (fixture.changes.cancel, fixture.changes.confirm):
        with pytest.raises(ExpiredError, match=r"^this change was already applied$"):
            step(EDDA, change.id)

    assert fixture.writes == 1


# The outcomes of a write

REFUSED = InvalidRequestError("a value contains words that Tencent Chat does not allow", code=40005)
WORDS_OF_REFUSAL = "a value contains words that Tencent Chat does not allow (40005)"


def test_a_refusal_of_the_vendor_is_a_failure_with_its_code(fixture: ChangesFixture) -> None:
    fixture.im.failing = {"portrait_set": [REFUSED]}

    settled = fixture.confirm(fixture.preview())

    assert (settled.change.outcome, settled.problem) == (Outcome.FAILED, REFUSED)
    assert settled.entry.event.problem == WORDS_OF_REFUSAL
    assert (fixture.profile, fixture.writes) == (ALICE, 1)


def save_before_refusing(fixture: ChangesFixture, *tags: str) -> None:
    """Let the vendor save some fields of a write, and then refuse it."""

    class SavingInPart(type(fixture.im)):  # type: ignore[misc]  # the fake's own class
        def set_profile(self, account: str, values: Values, deadline: object) -> None:
            super().set_profile(account, {tag: values[tag] for tag in tags}, deadline)
            raise REFUSED

    fixture.im = SavingInPart(fixture.im.said, fixture.im.imported)


def accept_again(fixture: ChangesFixture) -> None:
    fixture.im = FakeIM(fixture.im.said, fixture.im.imported)


def test_a_refused_write_that_took_effect_succeeded(fixture: ChangesFixture) -> None:
    change = fixture.preview("nick=Alicia level=8")
    fixture.im.losing = {"portrait_set": [REFUSED]}

    settled = fixture.confirm(change)

    assert settled.change.outcome is Outcome.SUCCEEDED
    assert isinstance(settled.problem, InvalidRequestError)
    assert str(settled.problem).endswith(", but nick, level changed anyway")
    assert settled.problem.code == 40005
    assert settled.entry.event.problem.endswith(", but nick, level changed anyway (40005)")
    assert isinstance(fixture.changes.undo(EDDA, change.id), Preview)


def test_says_which_fields_the_vendor_saved_of_what_it_refused(fixture: ChangesFixture) -> None:
    change = fixture.preview("nick=Alicia level=8")
    save_before_refusing(fixture, NICK)

    settled = fixture.confirm(change)

    assert settled.change.outcome is Outcome.FAILED
    assert settled.saved == (BY_WORD["nick"],)
    assert str(settled.problem).endswith(", but nick changed anyway")
    assert fixture.steps[-1] is Outcome.FAILED


def test_names_whose_refused_change_saved_a_field(fixture: ChangesFixture) -> None:
    old = fixture.preview("nick=Third level=9", ERIK)
    change = fixture.preview("nick=Alicia level=8")
    save_before_refusing(fixture, NICK)
    fixture.confirm(change)
    fixture.someone_else_writes({LEVEL: 8})

    preview = fixture.changes.confirm(ERIK, old.id)

    assert isinstance(preview, Preview)
    assert [
        (each.field.tag, each.before, each.now, each.origin and each.origin.actor, each.is_outside)
        for each in preview.later
    ] == [(NICK, "Alice", "Alicia", EDDA, False), (LEVEL, 7, 8, None, True)]


def test_names_no_refused_change_whose_field_was_overwritten_elsewhere(fixture: ChangesFixture) -> None:
    old = fixture.preview("nick=Third", ERIK)
    fixture.done("nick=Again")
    change = fixture.preview("nick=Alicia level=8")
    save_before_refusing(fixture, NICK)
    fixture.confirm(change)
    fixture.someone_else_writes({NICK: "Again"})

    preview = fixture.changes.confirm(ERIK, old.id)

    assert isinstance(preview, Preview)
    assert [each.origin for each in preview.later] == [None]


def test_undoes_what_the_vendor_saved_of_a_refused_change(fixture: ChangesFixture) -> None:
    change = fixture.preview("nick=Alicia level=8")
    save_before_refusing(fixture, NICK)
    fixture.confirm(change)
    accept_again(fixture)
    fixture.someone_else_writes({LEVEL: 9})

    undo = fixture.changes.undo(ERIK, change.id)

    assert isinstance(undo, Preview)
    assert (undo.change.after, undo.change.undoes) == ({NICK: "Alice"}, change.id)
    fixture.confirm(undo.change)
    assert fixture.profile == {NICK: "Alice", LEVEL: 9}
    with pytest.raises(ExpiredError, match="already undone"):
        fixture.changes.undo(ERIK, change.id)


def test_overwrites_nothing_in_undoing_a_refused_change(fixture: ChangesFixture) -> None:
    change = fixture.preview("nick=Alicia level=8")
    save_before_refusing(fixture, NICK)
    fixture.confirm(change)
    fixture.someone_else_writes({NICK: "Somebody"})

    assert isinstance(fixture.changes.undo(ERIK, change.id), Overwritten)


def test_says_that_a_refused_change_was_applied_in_part_though_that_could_not_be_recorded(
    fixture: ChangesFixture,
) -> None:
    change = fixture.preview("nick=Alicia level=8")
    save_before_refusing(fixture, NICK)
    fixture.record.failing = {"move": [None, BROKEN]}

    with pytest.raises(AuditError, match="attempted and applied in part"):
        fixture.changes.confirm(EDDA, change.id)
    (settled,) = fixture.changes.settle_open(timedelta(0))

    assert settled.change.outcome is Outcome.UNKNOWN
    assert str(settled.problem).endswith("except that nick changed as wanted")


def test_a_refusal_stands_when_the_profile_cannot_be_read_after_it(fixture: ChangesFixture) -> None:
    fixture.im.failing = {
        "portrait_set": [REFUSED],
        "portrait_get": [None, None, UnavailableError("asleep")],
    }

    settled = fixture.confirm(fixture.preview())

    assert (settled.change.outcome, settled.problem) == (Outcome.FAILED, REFUSED)
    assert settled.saved is None


def test_a_write_that_never_left_is_a_failure(fixture: ChangesFixture) -> None:
    fixture.im.failing = {"portrait_set": [UnavailableError("there is no connection to Tencent Chat")]}

    settled = fixture.confirm(fixture.preview())

    assert settled.change.outcome is Outcome.FAILED
    assert settled.entry.event.problem == "there is no connection to Tencent Chat"


def test_a_silent_write_that_is_to_be_seen_succeeded(fixture: ChangesFixture) -> None:
    fixture.im.losing = {"portrait_set": [SILENT]}

    settled = fixture.confirm(fixture.preview())

    assert (settled.change.outcome, settled.problem) == (Outcome.SUCCEEDED, None)


def test_a_silent_write_that_is_never_to_be_seen_failed(fixture: ChangesFixture) -> None:
    fixture.im.failing = {"portrait_set": [SILENT]}

    settled = fixture.confirm(fixture.preview())

    assert settled.change.outcome is Outcome.FAILED
    assert "the profile is unchanged" in settled.entry.event.problem
    assert fixture.im.calls.count(("portrait_get", ("alice",))) == 2 + 3


def test_a_silent_write_that_cannot_be_read_back_is_unknown(fixture: ChangesFixture) -> None:
    asleep = UnavailableError("the vendor sleeps")
    fixture.im.losing = {"portrait_set": [SILENT]}
    fixture.im.failing = {"portrait_get": [None, None, asleep, asleep, asleep]}

    settled = fixture.confirm(fixture.preview())

    assert (settled.change.outcome, settled.problem) == (Outcome.UNKNOWN, SILENT)


def test_reads_back_again_when_the_profile_is_late_or_the_vendor_stumbles(fixture: ChangesFixture) -> None:
    fixture.im.failing = {"portrait_get": [None, None, UnavailableError("hiccup")]}

    assert fixture.confirm(fixture.preview()).change.outcome is Outcome.SUCCEEDED


def test_a_write_that_cannot_be_read_back_is_unknown(fixture: ChangesFixture) -> None:
    asleep = UnavailableError("the vendor sleeps")
    fixture.im.failing = {"portrait_get": [None, None, asleep, asleep, asleep]}

    settled = fixture.confirm(fixture.preview())

    assert settled.change.outcome is Outcome.UNKNOWN
    assert str(settled.problem) == (
        "Tencent Chat accepted the change, but it could not be read back: the vendor sleeps"
    )


def test_a_write_that_does_not_read_as_written_is_unknown(fixture: ChangesFixture) -> None:
    class Trimming(type(fixture.im)):  # type: ignore[misc]  # the fake's own class
        def set_profile(self, account: str, values: Values, deadline: object) -> None:
            super().set_profile(account, {tag: str(value).strip() for tag, value in values.items()}, deadline)

    fixture.im = Trimming(fixture.im.said, fixture.im.imported)

    settled = fixture.confirm(fixture.preview('nick=" Alicia "'))

    assert settled.change.outcome is Outcome.UNKNOWN
    assert "the profile does not show it" in str(settled.problem)


STATES: tuple[tuple[Fates, Fates, str], ...] = (
    # the result of the write, the problem shown to the actor
    ({}, {}, "the change was sent and applied, but that could not be recorded"),
    ({"portrait_set": [REFUSED]}, {}, "the change was attempted but not applied (a value contains words"),
    (
        {"portrait_get": [None, None, *[SILENT] * 3]},
        {"portrait_set": [SILENT]},
        "the change was sent, and its outcome is unknown (the change was sent",
    ),
)


@pytest.mark.parametrize(("failing", "losing", "words"), STATES)
def test_says_the_outcome_of_a_write_that_could_not_be_recorded(
    fixture: ChangesFixture, failing: Fates, losing: Fates, words: str
) -> None:
    change = fixture.preview()
    fixture.record.failing = {"move": [None, BROKEN]}
    fixture.im.failing, fixture.im.losing = failing, losing
    fixture.im.calls.clear()
    fixture.im.calls.append(("portrait_get", ("alice",)))

    with pytest.raises(AuditError) as caught:
        fixture.changes.confirm(EDDA, change.id)

    assert str(caught.value).startswith(words)
    assert "record the outcome" in caught.value.advice
    assert fixture.record.changes[change.id][0].outcome is Outcome.ATTEMPTED
    assert fixture.writes == 1


# Undoing


def test_undoes_by_a_new_change_that_any_editor_may_propose(
    fixture: ChangesFixture,
) -> None:
    done = fixture.done("nick=Alicia signature=hello")

    preview = fixture.changes.undo(ERIK, done.id)

    assert isinstance(preview, Preview)
    assert (preview.change.actor, preview.change.undoes) == (ERIK, done.id)
    assert preview.change.before == done.after
    assert preview.change.after == {NICK: "Alice", "Tag_Profile_IM_SelfSignature": ""}
    assert fixture.writes == 1
    assert fixture.confirm(preview.change).entry.event.command == "undo"
    assert fixture.profile == ALICE


def test_an_undo_can_be_undone(fixture: ChangesFixture) -> None:
    undo = fixture.changes.undo(EDDA, fixture.done().id)
    assert isinstance(undo, Preview)
    fixture.confirm(undo.change)

    again = fixture.changes.undo(EDDA, undo.change.id)

    assert isinstance(again, Preview)
    assert again.change.after == {NICK: "Alicia"}


def test_does_not_undo_over_what_was_changed_later(fixture: ChangesFixture) -> None:
    done = fixture.done("nick=Alicia level=8")
    fixture.someone_else_writes({LEVEL: 9})

    refused = fixture.changes.undo(EDDA, done.id)

    assert isinstance(refused, Overwritten)
    assert [(each.field.word, each.before, each.now) for each in refused.later] == [("level", 8, 9)]
    *_, settled, shown = fixture.record.entries
    assert settled.event.outcome is Outcome.SUCCEEDED
    assert (shown.event.outcome, shown.event.command, shown.event.accounts) == (
        Outcome.ANSWERED,
        "undo",
        ("alice",),
    )
    assert (shown.event.reason, shown.event.change_id) == (f"undo of {done.id}", "")


def test_shows_no_current_values_that_it_cannot_record(fixture: ChangesFixture) -> None:
    done = fixture.done("level=8")
    fixture.someone_else_writes({LEVEL: 9})
    fixture.record.failing = {"add": [AuditError("the disk is full")]}

    with pytest.raises(AuditError):
        fixture.changes.undo(EDDA, done.id)


def test_undoes_only_what_was_applied(fixture: ChangesFixture) -> None:
    proposed, cancelled, failed = (fixture.preview() for _ in range(3))
    fixture.changes.cancel(EDDA, cancelled.id)
    fixture.im.failing = {"portrait_set": [REFUSED]}
    fixture.confirm(failed)

    for change, words in (
        (proposed, "not confirmed yet"),
        (cancelled, "it was cancelled"),
        (failed, "it failed"),
    ):
        with pytest.raises(ExpiredError, match=words):
            fixture.changes.undo(EDDA, change.id)


def test_a_choice_that_cannot_be_cleared_needs_no_undoing(fixture: ChangesFixture) -> None:
    done = fixture.done("allow='needs confirmation'")

    assert done.before == {}
    assert isinstance(fixture.changes.undo(EDDA, done.id), Unchanged)
    assert fixture.profile[ALLOW] == "AllowType_Type_NeedConfirm"


def test_refuses_a_change_of_an_app_that_is_gone(fixture: ChangesFixture) -> None:
    done, proposed = fixture.done(), fixture.preview("level=8")
    other = Changes(
        replace(APPS, by_name={}),
        {},
        fixture.changes.rules,
        fixture.people,
        fixture.record,
        audited=True,
    )

    with pytest.raises(UsageError, match="no app “prod”"):
        other.undo(EDDA, done.id)
    for step in (other.confirm, other.cancel):
        with pytest.raises(UsageError, match="no app “prod”"):
            step(EDDA, proposed.id)


def test_records_when_it_was_proposed_in_utc(fixture: ChangesFixture) -> None:
    with freeze_time("2026-08-09 10:11:12"):
        assert fixture.preview().proposed_at == datetime(2026, 8, 9, 10, 11, 12, tzinfo=UTC)


def test_refuses_and_records_a_press_when_a_change_is_found_altered_as_it_is_to_be_sent() -> None:
    fixture = ChangesFixture()
    change = fixture.preview()
    fixture.record.failing = {"move": [AlteredError("somebody altered the database")]}

    with pytest.raises(AlteredError, match="somebody altered") as caught:
        fixture.confirm(change)

    assert NOTHING_SENT in caught.value.advice
    assert fixture.writes == 0
    event = fixture.record.entries[-1].event
    assert (event.outcome, event.change_id) == (Outcome.DENIED, change.id)
    assert (event.problem, event.after) == ("somebody altered the database", {})


def test_does_not_look_for_an_undo_in_altered_entries() -> None:
    fixture = ChangesFixture()
    done = fixture.done()
    undo = fixture.changes.undo(EDDA, done.id)
    assert isinstance(undo, Preview)
    fixture.confirm(undo.change)
    fixture.record.altered = {entry.sequence for entry in fixture.record.entries}

    refused = fixture.changes.undo(EDDA, done.id)

    assert isinstance(refused, Overwritten)
    assert [(each.origin, each.is_outside) for each in refused.later] == [(None, False)]


def test_names_the_change_that_undid_it_already() -> None:
    fixture = ChangesFixture()
    done = fixture.done()
    undo = fixture.changes.undo(EDDA, done.id)
    assert isinstance(undo, Preview)
    fixture.confirm(undo.change)

    with pytest.raises(ExpiredError, match=f"already undone by change {undo.change.id}"):
        fixture.changes.undo(ERIK, done.id)


def test_shows_a_change_again_that_waits_to_be_confirmed() -> None:
    fixture = ChangesFixture()
    change = fixture.preview()

    assert fixture.changes.review(EDDA, change.id) == Preview(PROD, change, nick="Alice")
    with pytest.raises(ExpiredError, match="only the person who proposed"):
        fixture.changes.review(ERIK, change.id)
    fixture.confirm(change)
    with pytest.raises(ExpiredError, match="already applied"):
        fixture.changes.review(EDDA, change.id)


def test_reviews_a_change_with_the_values_of_now() -> None:
    fixture = ChangesFixture()
    change = fixture.preview("nick=Alicia")
    fixture.someone_else_writes({NICK: "Somebody"})

    again = fixture.changes.review(EDDA, change.id)

    assert isinstance(again, Preview)
    assert [each.field.word for each in again.later] == ["nick"]
    assert again.change.before == {NICK: "Somebody"}
    assert again.change.after == {NICK: "Alicia"}
    assert fixture.steps[-2:] == [Outcome.CANCELLED, Outcome.PROPOSED]


def test_refuses_a_change_that_was_altered() -> None:
    fixture = ChangesFixture()
    change = fixture.preview()
    fixture.record.failing = {"find": [AlteredError("somebody altered the database")]}

    with pytest.raises(AlteredError, match="somebody altered"):
        fixture.changes.confirm(EDDA, change.id)

    denied = fixture.record.entries[-1].event
    assert (denied.outcome, denied.change_id) == (Outcome.DENIED, change.id)
    assert fixture.writes == 0


def test_an_undo_never_overwrites_what_came_after_its_preview() -> None:
    fixture = ChangesFixture()
    undo = fixture.changes.undo(EDDA, fixture.done().id)
    assert isinstance(undo, Preview)
    fixture.someone_else_writes({NICK: "Somebody"})

    refused = fixture.changes.confirm(EDDA, undo.change.id)

    assert isinstance(refused, Overwritten)
    assert [each.now for each in refused.later] == ["Somebody"]
    assert fixture.profile[NICK] == "Somebody"
    assert fixture.steps[-1] is Outcome.CANCELLED


def test_does_not_undo_over_a_later_change_to_the_same_value() -> None:
    fixture = ChangesFixture()
    done = fixture.done("level=8")
    fixture.confirm(fixture.preview("level=9", ERIK))
    fixture.confirm(fixture.preview("level=8", ERIK))

    refused = fixture.changes.undo(EDDA, done.id)

    assert isinstance(refused, Overwritten)
    (later,) = refused.later
    assert (later.before, later.now, later.origin and later.origin.actor) == (9, 8, ERIK)
    assert fixture.profile[LEVEL] == 8


@pytest.mark.parametrize("fate", [SystemExit(), SILENT], ids=["attempted", "unknown"])
def test_does_not_undo_over_a_later_change_that_may_yet_be_written(fate: BaseException) -> None:
    fixture = ChangesFixture()
    done = fixture.done("level=8")
    later = fixture.preview("level=9", ERIK)
    asleep = [UnavailableError("asleep")] * 3
    reads = fixture.im.calls.count(("portrait_get", ("alice",))) + 1
    fixture.im.failing = {"portrait_set": [None, fate], "portrait_get": [*[None] * reads, *asleep]}
    with suppress(SystemExit):
        fixture.changes.confirm(ERIK, later.id)
    fixture.im.failing = {}

    refused = fixture.changes.undo(EDDA, done.id)

    assert isinstance(refused, Overwritten)
    assert [(each.now, each.origin and each.origin.actor) for each in refused.later] == [(9, ERIK)]


def test_undoes_over_a_later_change_that_failed() -> None:
    fixture = ChangesFixture()
    done = fixture.done("level=8")
    fixture.im.failing = {"portrait_set": [None, REFUSED]}
    fixture.confirm(fixture.preview("level=9", ERIK))

    assert isinstance(fixture.changes.undo(EDDA, done.id), Preview)


def test_an_undo_minds_no_change_that_its_own_overwrote() -> None:
    """The other was confirmed after the preview of the one to undo, and before it was sent."""
    fixture = ChangesFixture()
    change = fixture.preview("level=8")
    fixture.confirm(fixture.preview("level=9", ERIK))
    fixture.confirm(fixture.preview("level=7", ERIK))
    fixture.confirm(change)

    assert isinstance(fixture.changes.undo(EDDA, change.id), Preview)


def test_undoes_a_change_once_though_its_values_are_there_again() -> None:
    fixture = ChangesFixture()
    done = fixture.done("level=8")
    undo = fixture.changes.undo(EDDA, done.id)
    assert isinstance(undo, Preview)
    fixture.confirm(undo.change)
    fixture.confirm(fixture.preview("level=8", ERIK))

    with pytest.raises(ExpiredError, match=f"already undone by change {undo.change.id}"):
        fixture.changes.undo(EDDA, done.id)


def test_confirms_no_undo_over_a_change_to_the_same_value_since_its_preview() -> None:
    fixture = ChangesFixture()
    undo = fixture.changes.undo(EDDA, fixture.done("level=8").id)
    assert isinstance(undo, Preview)
    fixture.confirm(fixture.preview("level=9", ERIK))
    fixture.confirm(fixture.preview("level=8", ERIK))

    refused = fixture.changes.confirm(EDDA, undo.change.id)

    assert isinstance(refused, Overwritten)
    assert [each.origin and each.origin.actor for each in refused.later] == [ERIK]
    assert (fixture.profile[LEVEL], fixture.steps[-1]) == (8, Outcome.CANCELLED)
    with pytest.raises(ExpiredError, match="was replaced"):
        fixture.changes.confirm(EDDA, undo.change.id)


def test_confirms_one_of_two_undos_of_a_change() -> None:
    fixture = ChangesFixture()
    done = fixture.done("level=8")
    first, second = fixture.changes.undo(EDDA, done.id), fixture.changes.undo(ERIK, done.id)
    assert isinstance(first, Preview)
    assert isinstance(second, Preview)
    fixture.confirm(first.change)
    fixture.confirm(fixture.preview("level=8"))

    assert isinstance(fixture.changes.confirm(ERIK, second.change.id), Overwritten)
    assert fixture.profile[LEVEL] == 8
