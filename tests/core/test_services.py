from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from freezegun import freeze_time

from bot.core.changes.service import Changes
from bot.core.commands import SPECS, LookupCommand, SearchRecord, ShowHistory
from bot.core.model import (
    Actor,
    AlteredEntry,
    App,
    AuditEvent,
    Entry,
    EntryKind,
    Grantees,
    LookupStatus,
    Membership,
    Outcome,
    RecordQuery,
    Role,
    Surface,
)
from bot.core.parsing.command_line import Apps
from bot.core.policy import Rules
from bot.core.results import (
    Form,
    Help,
    History,
    Lookup,
    Preview,
    RecordPage,
    Result,
    RoleReport,
    Start,
    Unchanged,
)
from bot.core.services import HISTORY_PAGE, SEARCH_PAGE, Services
from bot.core.time_limits import COMMAND_SECONDS
from bot.errors import AuditError, PermissionDeniedError, UsageError
from tests.support.command_execution import execute
from tests.support.entries import unaltered
from tests.support.fakes import FakeIM, FakePeople, FakeRecord

VERA, EDDA, GUS = (Actor(user_id, "T01HOME") for user_id in ("U01VERA", "U02EDDA", "U03GUS"))
EDITORS = Grantees(people=frozenset({EDDA.user_id}))
APPS = Apps({"prod": App("prod", "Singapore"), "test": App("test", "Jakarta")}, "prod")
SLACK = FakePeople(standings={GUS.user_id: Membership.GUEST})
DOWN = FakePeople(reachable=False)
NICK = "Tag_Profile_IM_Nick"


Make = Callable[..., Services]


@pytest.fixture
def ims() -> dict[str, FakeIM]:
    return {
        name: FakeIM({"alice": {NICK: f"Alice in {name}"}}, {"alice": True, "nobody": False})
        for name in APPS.by_name
    }


@pytest.fixture
def record() -> FakeRecord:
    return FakeRecord()


@pytest.fixture
def make(ims: dict[str, FakeIM], record: FakeRecord) -> Iterator[Make]:
    with ThreadPoolExecutor(1) as pool:

        def make(slack: FakePeople = SLACK, *, everyone: bool = True) -> Services:
            rules = Rules(Grantees(everyone=everyone), EDITORS)
            changes = Changes(APPS, ims, rules, slack, record, audited=True)
            return Services(APPS, ims, rules, slack, pool, record, changes)

        yield make


def run(services: Services, actor: Actor, text: str) -> Result:
    return execute(services, actor, services.read(actor, text))


@pytest.mark.parametrize(
    ("text", "app"), [("profile alice nobody", "prod"), ("profile alice nobody --app test", "test")]
)
def test_answers_a_lookup_from_the_app_that_was_asked(make: Make, text: str, app: str) -> None:
    services = make()
    result = run(services, VERA, text)

    assert isinstance(result, Lookup)
    assert result.command == services.read(VERA, text)
    assert result.rows[0].values == {NICK: f"Alice in {app}"}
    assert result.count() == {LookupStatus.FOUND: 1, LookupStatus.NOT_IMPORTED: 1}


@pytest.mark.parametrize("text", ["profile alice", "friends alice nobody", "attrs alice"])
@pytest.mark.parametrize("actor", [VERA, GUS])
def test_sends_nothing_for_an_actor_without_the_role(
    make: Make, ims: dict[str, FakeIM], actor: Actor, text: str
) -> None:
    services = make(everyone=False)
    command = services.read(EDDA, text)
    assert isinstance(command, LookupCommand)

    with pytest.raises(PermissionDeniedError):
        services.begin(actor, command)

    assert [im.calls for im in ims.values()] == [[], []]


@pytest.mark.parametrize("text", ["friends alice nobody", "attrs alice nobody"])
def test_runs_every_kind_of_lookup(make: Make, text: str) -> None:
    result = run(make(), VERA, text)

    assert isinstance(result, Lookup)
    assert result.rows[-1].status is LookupStatus.NOT_IMPORTED


def test_asks_nothing_more_when_the_time_of_a_command_is_over(make: Make) -> None:
    services = make()

    with freeze_time(auto_tick_seconds=COMMAND_SECONDS):
        result = run(services, VERA, "profile alice nobody")

    assert isinstance(result, Lookup)
    assert result.count() == {LookupStatus.NOT_ASKED: 2}


def test_refuses_text_that_makes_no_sense(make: Make) -> None:
    with pytest.raises(UsageError):
        make().read(VERA, "profile")


MISREAD = (
    # text, whom the entry names, app
    ("set alice level=x", ("alice",), "prod"),
    ("set alice bob --app test", ("alice",), "test"),
    ("set alice level=x --app nowhere", (), ""),
    ('set alice nick="', (), ""),
    ("undo", (), ""),
)


@pytest.mark.parametrize("misread", MISREAD, ids=lambda misread: misread[0])
@pytest.mark.parametrize("actor", [VERA, GUS])
def test_refuses_and_records_who_may_not_before_it_criticises_what_they_typed(
    make: Make, record: FakeRecord, actor: Actor, misread: tuple[str, tuple[str, ...], str]
) -> None:
    text, accounts, app = misread
    with pytest.raises(PermissionDeniedError) as caught:
        make().read(actor, text, Surface.MESSAGE)

    (entry,) = record.entries
    word, problem = text.partition(" ")[0], str(caught.value)
    denied = AuditEvent(actor, Surface.MESSAGE, app, word, accounts, Outcome.DENIED, problem=problem)
    assert entry.event == denied
    with pytest.raises(UsageError):
        make().read(EDDA, text)
    assert record.entries == [entry]


@pytest.mark.parametrize("text", ["prfile alice", "whoami --app prod", "help nothing"])
def test_names_a_mistake_without_a_role_in_what_needs_none(make: Make, record: FakeRecord, text: str) -> None:
    with pytest.raises(UsageError):
        make().read(GUS, text)

    assert not record.entries


REPORTS = (
    # actor, Slack, role, why
    (VERA, SLACK, Role.VIEWER, "every full member of this workspace may look up"),
    (EDDA, SLACK, Role.EDITOR, "you are listed by name"),
    (GUS, SLACK, None, "only full members of this workspace may use this bot"),
    (VERA, DOWN, None, "Slack could not confirm who you are"),
    (
        EDDA,
        DOWN,
        Role.VIEWER,
        "you are listed by name; Slack could not confirm that you are a full member",
    ),
)


@pytest.mark.parametrize(("actor", "slack", "role", "reason"), REPORTS)
def test_reports_every_persons_role_and_its_reason(
    make: Make, actor: Actor, slack: FakePeople, role: Role | None, reason: str
) -> None:
    services = make(slack)

    report = run(services, actor, "whoami")

    assert isinstance(report, RoleReport)
    assert report.role is role
    assert reason in report.reason
    assert (report.viewers, report.editors) == (services.rules.viewers, EDITORS)


VIEWERS = [word for word in SPECS if word not in {"set", "undo"}]
HELPS = (
    # actor, text, the commands listed, the one explained
    (VERA, "?", VIEWERS, None),
    (EDDA, "help", list(SPECS), None),
    (EDDA, "help set", list(SPECS), "set"),
    (VERA, "help set", VIEWERS, None),
    (GUS, "help", ["whoami", "help"], None),
    (VERA, "help attrs", VIEWERS, "attrs"),
    (GUS, "help whoami", ["whoami", "help"], "whoami"),
    (GUS, "help attrs", ["whoami", "help"], None),
)


@pytest.mark.parametrize(("actor", "text", "listed", "topic"), HELPS)
def test_helps_with_what_the_actor_may_run_and_no_more(
    make: Make, actor: Actor, text: str, listed: list[str], topic: str | None
) -> None:
    result = run(make(), actor, text)

    assert isinstance(result, Help)
    assert [spec.word for spec in result.specs] == listed
    assert result.topic == (SPECS[topic] if topic else None)
    asked = text.partition(" ")[2]
    withheld = asked if asked and not topic else None
    assert (result.withheld and result.withheld.spec.word) == withheld
    assert len(result.apps) == len(APPS.by_name)


LOOKUPS = (
    # text, command, accounts, outcome
    ("profile alice nobody", "profile", ("alice", "nobody"), Outcome.ANSWERED),
    ("friends nobody alice", "friends", ("nobody", "alice"), Outcome.ANSWERED),
    ("friends alice alice", "friends", ("alice",), Outcome.ANSWERED),
    ("attrs nobody", "attrs", ("nobody",), Outcome.ANSWERED),
    ("profile ghost", "profile", ("ghost",), Outcome.FAILED),
    (f"profile {'x' * 4000} alice", "profile", ("alice",), Outcome.ANSWERED),
)


@pytest.mark.parametrize("lookup", LOOKUPS, ids=lambda lookup: lookup[0])
def test_records_who_looked_at_whom_and_no_value(
    make: Make, record: FakeRecord, lookup: tuple[str, str, tuple[str, ...], Outcome]
) -> None:
    text, word, accounts, outcome = lookup
    services = make()

    result = execute(services, VERA, services.read(VERA, text), Surface.FORM)

    assert isinstance(result, Lookup)
    assert result.recorded
    problem = str(result.rows[0].problem) if outcome is Outcome.FAILED else ""
    (entry,) = record.entries
    assert entry.event == AuditEvent(VERA, Surface.FORM, "prod", word, accounts, outcome, problem=problem)


def test_records_a_refused_lookup(make: Make, record: FakeRecord) -> None:
    with pytest.raises(PermissionDeniedError) as caught:
        run(make(), GUS, "attrs alice")

    (entry,) = record.entries
    assert (entry.event.outcome, entry.event.problem) == (Outcome.DENIED, str(caught.value))


def test_answers_a_lookup_that_cannot_be_recorded_and_says_so(make: Make, record: FakeRecord) -> None:
    record.failing = {"add": [AuditError("the disk is full")]}

    result = run(make(), VERA, "profile alice")

    assert isinstance(result, Lookup)
    assert result.count() == {LookupStatus.FOUND: 1}
    assert not result.recorded


def test_one_altered_entry_stops_neither_a_history_nor_a_start(make: Make, record: FakeRecord) -> None:
    services = make()
    for account in ("alice", "nobody", "alice"):
        run(services, VERA, f"profile {account}")
    record.altered = {1}

    history = run(services, VERA, "history alice")

    assert isinstance(history, History)
    assert [entry.sequence for entry in history.entries] == [3, 1]
    assert history.entries[1] == AlteredEntry(1)
    assert len(services.start(VERA).recent) == 2


def test_turns_the_pages_of_a_history(make: Make, record: FakeRecord) -> None:
    services = make()
    for _ in range(2 * HISTORY_PAGE):
        run(services, VERA, "profile alice")
    run(services, VERA, "profile nobody")
    run(services, VERA, "profile alice --app test")

    first = run(services, VERA, "history alice")
    assert isinstance(first, History)
    assert first.older
    second = execute(services, VERA, first.older)
    assert isinstance(second, History)

    assert [entry.sequence for entry in (*first.entries, *second.entries) if isinstance(entry, Entry)] == [
        *range(40, 0, -1)
    ]
    assert (first.newer, second.older) == (None, None)
    assert second.newer == ShowHistory(first.app, "alice")
    assert not first.with_values


def test_shows_each_change_once_with_what_became_of_it(make: Make, record: FakeRecord) -> None:
    services = make()
    for number in range(HISTORY_PAGE + 2):
        preview = run(services, EDDA, f"set alice nick=Alicia{number}")
        assert isinstance(preview, Preview)
        services.changes.confirm(EDDA, preview.change.id)
    id_ = record.entries[-1].event.change_id
    record.add(AuditEvent(GUS, Surface.BUTTON, "prod", "set", ("alice",), Outcome.DENIED, change_id=id_))

    first = run(services, EDDA, "history alice")
    assert isinstance(first, History)
    assert first.older
    second = execute(services, EDDA, first.older)
    assert isinstance(second, History)

    shown = [entry.event.outcome for entry in unaltered((*first.entries, *second.entries))]
    assert shown == [Outcome.DENIED, *[Outcome.SUCCEEDED] * (HISTORY_PAGE + 2)]


def test_says_that_the_history_cannot_be_read(make: Make, record: FakeRecord) -> None:
    record.failing = {"list_history": [AuditError("the disk is gone")]}

    with pytest.raises(AuditError):
        run(make(), VERA, "history alice")


def test_runs_changes_like_any_command(make: Make) -> None:
    services = make()

    preview = run(services, EDDA, "set alice nick=Al")
    assert isinstance(preview, Preview)
    services.changes.confirm(EDDA, preview.change.id)

    assert isinstance(run(services, EDDA, f"undo {preview.change.id}"), Preview)
    assert isinstance(run(services, EDDA, "set alice"), Form)
    assert isinstance(run(services, EDDA, "set alice nick=Al"), Unchanged)


def test_shows_the_start_without_a_role(make: Make) -> None:
    services = make()
    run(services, VERA, "profile alice")

    started = [run(services, actor, "") for actor in (VERA, GUS)]

    assert all(isinstance(start, Start) for start in started)
    assert [len(start.recent) for start in started if isinstance(start, Start)] == [1, 0]


def test_records_who_read_a_history_and_shows_no_step_that_is_over(make: Make, record: FakeRecord) -> None:
    services = make()
    preview = run(services, EDDA, "set alice nick=Alicia")
    assert isinstance(preview, Preview)
    for _ in range(HISTORY_PAGE + 1):
        run(services, VERA, "profile alice")
    services.changes.confirm(EDDA, preview.change.id)

    first = run(services, VERA, "history alice")
    assert isinstance(first, History)
    assert first.older
    second = execute(services, VERA, first.older)
    assert isinstance(second, History)

    assert record.entries[-1].event.command == "history"
    assert Outcome.PROPOSED not in [
        entry.event.outcome for entry in unaltered((*first.entries, *second.entries))
    ]


def test_shows_only_one_kind_of_entry_of_an_account(make: Make) -> None:
    services = make()
    run(services, VERA, "profile alice")
    run(services, EDDA, "set alice nick=New")
    with pytest.raises(PermissionDeniedError):
        run(services, VERA, "set alice nick=Mine")

    def commands(kind: EntryKind) -> set[str]:
        history = services.show_history(VERA, ShowHistory(APPS.find("prod"), "alice", kind=kind))
        return {f"{entry.event.command} {entry.event.outcome}" for entry in unaltered(history.entries)}

    assert commands(EntryKind.CHANGES) == {"set proposed"}
    assert commands(EntryKind.REFUSALS) == {"set denied"}
    assert commands(EntryKind.LOOKUPS) == {"profile answered", "history answered"}


def test_shows_only_the_changes_of_a_field(make: Make, record: FakeRecord) -> None:
    services = make()
    for text in ("nick=New level=1", "level=2", "nick=Newer"):
        preview = run(services, EDDA, f"set alice {text}")
        assert isinstance(preview, Preview)
        services.changes.confirm(EDDA, preview.change.id)
    run(services, EDDA, "set alice nick=Newest")

    history = run(services, VERA, "history alice --fields nick")

    assert isinstance(history, History)
    written = [dict(entry.event.after).get(NICK) for entry in unaltered(history.entries)]
    assert written == ["Newer", "New"]
    assert record.entries[-1].event.reason == "nick"


@pytest.mark.parametrize("text", ["history alice", "history #1", "history U07EDMK5T8W"])
def test_records_in_which_channel_a_history_was_shared(make: Make, record: FakeRecord, text: str) -> None:
    services = make()
    run(services, EDDA, "profile alice U07EDMK5T8W")
    command = services.read(EDDA, text)

    if isinstance(command, ShowHistory):
        services.show_history(EDDA, command, shared_in="C1")
    elif isinstance(command, SearchRecord):
        services.search(EDDA, command, shared_in="C1")

    event = record.entries[-1].event
    assert (event.command, event.outcome, event.channel) == ("history", Outcome.SHARED, "C1")


def test_shows_every_step_of_a_change(make: Make, record: FakeRecord) -> None:
    services = make()
    preview = run(services, EDDA, "set alice nick=New")
    assert isinstance(preview, Preview)
    services.changes.cancel(EDDA, preview.change.id)

    found = run(services, EDDA, f"history {preview.change.id}")

    assert isinstance(found, RecordPage)
    steps = [entry.event.outcome for entry in unaltered(found.entries)]
    assert steps == [Outcome.CANCELLED, Outcome.PROPOSED]
    event = record.entries[-1].event
    assert (event.accounts, event.reason) == (("alice",), preview.change.id)


def test_shows_an_entry_by_its_number_and_values_to_editors_alone(make: Make) -> None:
    services = make()
    run(services, EDDA, "set alice nick=New")

    of_editor, of_viewer = (run(services, actor, "history #1") for actor in (EDDA, VERA))

    assert isinstance(of_editor, RecordPage)
    assert isinstance(of_viewer, RecordPage)
    assert [entry.sequence for entry in of_editor.entries] == [1]
    assert (of_editor.with_values, of_viewer.with_values) == (True, False)
    assert (bool(of_editor.posts), bool(of_viewer.posts)) == (True, False)


def test_shows_what_a_person_did_to_editors_alone(make: Make, record: FakeRecord) -> None:
    services = make()
    person = Actor("U07VERA2K1Q", "T01HOME")
    run(services, person, "profile alice")
    run(services, EDDA, "profile alice")

    found = run(services, EDDA, f"history {person.user_id}")
    with pytest.raises(PermissionDeniedError):
        run(services, VERA, f"history {person.user_id}")

    assert isinstance(found, RecordPage)
    assert [entry.event.actor for entry in unaltered(found.entries)] == [person]
    assert record.entries[-2].event.reason == person.user_id
    assert record.entries[-1].event.outcome is Outcome.DENIED


def test_shows_what_was_done_in_a_terminal_to_editors_alone(make: Make, record: FakeRecord) -> None:
    services = make()
    ann = Actor.in_terminal("ann")
    record.add(AuditEvent(ann, Surface.TERMINAL, "prod", "profile", ("alice",), Outcome.ANSWERED))

    found = run(services, EDDA, "history terminal:ann")
    with pytest.raises(PermissionDeniedError):
        run(services, VERA, "history terminal:ann")

    assert isinstance(found, RecordPage)
    assert [entry.event.actor for entry in unaltered(found.entries)] == [ann]


def test_shows_the_history_of_an_account_that_looks_like_a_person(make: Make) -> None:
    services = make()
    run(services, VERA, "profile USER000123")

    history = run(services, VERA, "history USER000123")

    assert isinstance(history, History)
    assert history.account == "USER000123"


def test_records_a_search_once_and_not_its_pages(make: Make, record: FakeRecord) -> None:
    services = make()
    person = Actor("U07VERA2K1Q", "T01HOME")
    for number in range(2 * SEARCH_PAGE):
        run(services, person, f"profile user_{number}")
    first = run(services, EDDA, f"history {person.user_id}")
    assert isinstance(first, RecordPage)
    assert first.older

    second = services.search(EDDA, first.older)

    assert isinstance(second, RecordPage)
    shown = unaltered((*first.entries, *second.entries))
    assert [entry.sequence for entry in shown] == list(range(2 * SEARCH_PAGE, 0, -1))
    assert (second.older, second.newer) == (None, replace(first.older, before=None, newer=()))
    assert len(record.entries) == 2 * SEARCH_PAGE + 1


def test_searches_all_accounts_for_editors_alone(make: Make) -> None:
    services = make()
    run(services, VERA, "profile alice")
    everything = SearchRecord(RecordQuery(kind=EntryKind.LOOKUPS))

    found = services.search(EDDA, everything)

    assert isinstance(found, RecordPage)
    assert [entry.event.command for entry in unaltered(found.entries)] == ["profile"]
    with pytest.raises(PermissionDeniedError):
        services.search(VERA, everything)
    of_alice = SearchRecord(RecordQuery("alice", "prod", kind=EntryKind.LOOKUPS))
    assert isinstance(services.search(VERA, of_alice), RecordPage)
    with pytest.raises(PermissionDeniedError):
        services.search(VERA, SearchRecord(RecordQuery("alice", "prod", EDDA)))


def test_records_what_was_searched_for(make: Make, record: FakeRecord) -> None:
    day = datetime(2026, 11, 1, tzinfo=UTC)
    query = RecordQuery("alice", "prod", EDDA, kind=EntryKind.CHANGES, reason="4711", since=day, until=day)

    make().search(EDDA, SearchRecord(query))

    event = record.entries[-1].event
    assert (event.command, event.app, event.accounts) == ("history", "prod", ("alice",))
    assert event.reason == "U02EDDA · changes · “4711” · from 2026-11-01 · before 2026-11-01"
