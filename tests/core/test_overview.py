from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from freezegun import freeze_time

from bot.core.changes.expiry import CONFIRM_WITHIN
from bot.core.lookups.kinds import ATTRIBUTES, FRIENDS, PROFILES, LookupKind
from bot.core.model import Actor, App, AuditEvent, Grantees, Outcome, Role, Surface
from bot.core.overview import RECENT_ACCOUNTS, RECENT_ENTRIES, make_home, make_start
from bot.core.parsing.command_line import Apps
from bot.core.results import Preview, RoleReport
from bot.errors import AuditError
from tests.support.changes_fixture import EDDA, ERIK, ChangesFixture
from tests.support.fakes import FakeRecord

TEST, PROD = App("test", "Jakarta"), App("prod", "Singapore")
APPS = Apps({"test": TEST, "prod": PROD}, "prod")
EDITOR = RoleReport(Role.EDITOR, "you are listed by name", Grantees(everyone=True), Grantees())
NOBODY = replace(EDITOR, role=None, reason="you are a guest")
DOWN = AuditError("the database is away")


def looked_up(word: str, *accounts: str, app: str = "prod", actor: Actor = EDDA) -> AuditEvent:
    return AuditEvent(actor, Surface.COMMAND, app, word, accounts, Outcome.ANSWERED)


def record_of(*done: AuditEvent) -> FakeRecord:
    record = FakeRecord()
    for event in done:
        record.add(event)
    return record


def test_offers_the_accounts_asked_about_lately_the_latest_first_and_each_once() -> None:
    record = record_of(
        looked_up("profile", "oldest"),
        looked_up("attrs", "alice"),
        looked_up("profile", "bob_k", "alice"),
        looked_up("profile", "carol", actor=ERIK),
        looked_up("friends", "alice", "dave", app="test"),
    )

    offered = make_start(EDDA, EDITOR, APPS, record).recent

    assert [(lookup.app.name, *lookup.accounts) for lookup in offered] == [
        ("test", "dave"),
        ("prod", "bob_k"),
        ("prod", "alice"),
    ]
    assert len(offered) == RECENT_ACCOUNTS


def test_names_the_app_asked_by_default_first() -> None:
    assert make_start(EDDA, EDITOR, APPS, record_of()).apps == (PROD, TEST)


@pytest.mark.parametrize(
    ("event", "again"),
    [
        (looked_up("profile", "alice", "bob"), (PROFILES, ("alice", "bob"))),
        (looked_up("friends", "alice", "bob"), (FRIENDS, ("bob",))),
        (looked_up("attrs", "alice"), (ATTRIBUTES, ("alice",))),
        (looked_up("profile", "alice", app="closed"), None),
        (looked_up("history", "alice"), None),
        (looked_up("friends", "alice"), None),
        (looked_up("profile"), None),
    ],
)
def test_knows_how_to_ask_again(event: AuditEvent, again: tuple[LookupKind, tuple[str, ...]] | None) -> None:
    (recent,) = make_home(EDDA, EDITOR, APPS, record_of(event)).recent

    assert again == (recent.again and (recent.again.kind, recent.again.accounts))


def test_shows_a_change_once_as_it_ended() -> None:
    fixture = ChangesFixture()
    fixture.done()

    home = make_home(EDDA, EDITOR, APPS, fixture.record)

    assert [recent.entry.event.outcome for recent in home.recent] == [Outcome.SUCCEEDED]
    assert home.waiting == ()


def test_offers_to_undo_a_change_until_it_is_undone() -> None:
    fixture = ChangesFixture()
    done = fixture.done()
    (before,) = make_home(EDDA, EDITOR, APPS, fixture.record).recent
    undo = fixture.changes.undo(EDDA, done.id)
    assert isinstance(undo, Preview)
    fixture.confirm(undo.change)

    recent = make_home(EDDA, EDITOR, APPS, fixture.record).recent

    assert before.can_be_undone
    assert [(each.entry.event.command, each.can_be_undone) for each in recent] == [
        ("undo", True),
        ("set", False),
    ]


def test_lists_a_file_of_ids_once() -> None:
    part = AuditEvent(EDDA, Surface.FILE, "prod", "profile", ("alice", "bob_k"), Outcome.ANSWERED)
    end = replace(part, accounts=(), outcome=Outcome.EXPORTED)

    recent = make_home(EDDA, EDITOR, APPS, record_of(looked_up("profile", "carol"), part, part, end)).recent

    assert [each.entry.event.outcome for each in recent] == [Outcome.EXPORTED, Outcome.ANSWERED]


def test_lists_no_opened_form() -> None:
    assert make_home(EDDA, EDITOR, APPS, record_of(looked_up("set", "alice"))).recent == ()


def test_shows_a_few_of_many_and_what_was_repeated_once() -> None:
    record = record_of(*(looked_up("profile", f"user_{number % 20}") for number in range(50)))

    recent = make_home(EDDA, EDITOR, APPS, record).recent

    assert [each.entry.sequence for each in recent] == [*range(50, 50 - RECENT_ENTRIES, -1)]


def test_shows_what_waits_for_the_one_who_proposed_it_until_it_expires() -> None:
    fixture = ChangesFixture()
    change = fixture.preview()
    record = fixture.record

    assert make_home(EDDA, EDITOR, APPS, record).waiting == (change,)
    assert make_home(ERIK, EDITOR, APPS, record).waiting == ()
    with freeze_time(datetime.now(UTC) + CONFIRM_WITHIN + timedelta(seconds=1)):
        assert make_home(EDDA, EDITOR, APPS, record).waiting == ()


def test_reads_nothing_for_those_without_a_role() -> None:
    record = FakeRecord()

    assert make_start(EDDA, NOBODY, APPS, record).recent == ()
    assert make_home(EDDA, NOBODY, APPS, record).recent == ()
    assert record.calls == []


def test_does_without_a_record_that_cannot_be_read() -> None:
    record = FakeRecord(failing={"list_done": [DOWN, DOWN]})

    start = make_start(EDDA, EDITOR, APPS, record)

    assert (start.recent, start.problem) == ((), str(DOWN))
    assert make_home(EDDA, EDITOR, APPS, record).problem == str(DOWN)


def test_shows_what_was_done_though_waiting_changes_cannot_be_read() -> None:
    record = FakeRecord(failing={"list_proposed": [DOWN]})
    record.add(looked_up("profile", "alice"))

    home = make_home(EDDA, EDITOR, APPS, record)

    assert [recent.entry.event.accounts for recent in home.recent] == [("alice",)]
    assert home.problem == str(DOWN)


def test_shows_no_change_to_a_person_who_cannot_confirm_it() -> None:
    fixture = ChangesFixture()
    fixture.preview()

    assert make_home(EDDA, replace(EDITOR, role=Role.VIEWER), APPS, fixture.record).waiting == ()


@pytest.mark.parametrize(
    ("event", "account"),
    [
        (looked_up("profile", "alice"), "alice"),
        (looked_up("profile", "alice", "bob"), None),
        (looked_up("profile", "alice", app="closed"), None),
        (looked_up("profile"), None),
    ],
)
def test_leads_to_the_history_of_one_account(event: AuditEvent, account: str | None) -> None:
    (recent,) = make_home(EDDA, EDITOR, APPS, record_of(event)).recent

    assert (recent.about and recent.about.account) == account
