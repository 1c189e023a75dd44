import json
import os
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.bulk.id_column import Column, ColumnGuess
from bot.core.changes.saved import add_saved
from bot.core.commands import SPECS, LookupCommand, ShowHistory
from bot.core.fields import FRIEND_FIELDS, NICK, PROFILE_FIELDS, Domain, custom_field, named
from bot.core.file_lookups import FileLookupState
from bot.core.lookups.fetch import never_asked
from bot.core.lookups.job import Progress
from bot.core.lookups.kinds import PROFILES
from bot.core.lookups.mutual import MUTUAL
from bot.core.model import (
    AccountResult,
    Actor,
    AlteredEntry,
    App,
    Change,
    Entry,
    EntryKind,
    Grantees,
    Head,
    LookupStatus,
    Outcome,
    RecordQuery,
    Role,
    Surface,
)
from bot.core.results import (
    Drift,
    Form,
    Help,
    History,
    Home,
    Lookup,
    Overwritten,
    Preview,
    Recent,
    RecordPage,
    Result,
    RoleReport,
    Settled,
    Start,
    Unchanged,
    Withheld,
)
from bot.errors import (
    ExpiredError,
    FileError,
    IMError,
    InvalidRequestError,
    LimitError,
    NoAccountError,
    NotAskedError,
    NotSharedError,
    OutcomeUnknownError,
    PermissionDeniedError,
    RecordUnknownError,
    SlackUnavailableError,
    UnavailableError,
    UsageError,
)
from bot.im.codes import error_for
from bot.playground.blockkit.checker import check_message, check_view
from bot.slack.messages.audit import MIN_GROUP, group_entries, render_checkpoint, render_entries
from bot.slack.messages.blocks import NEWER, Message
from bot.slack.messages.change import entry_label
from bot.slack.messages.errors import render_crash, render_error
from bot.slack.messages.home import AuditChannel, accessory, render_home
from bot.slack.messages.lookups.file_lookup import (
    ask_about_file,
    asked_directly,
    csv_comment,
    reading,
    show_file_lookup,
    started,
    too_many_files,
)
from bot.slack.messages.lookups.paging import PageControls, pages, shown, single_account
from bot.slack.messages.notices import (
    busy,
    changing,
    finished,
    progressing,
    restarting,
    sending,
    waiting,
    withdrawn,
    working,
)
from bot.slack.messages.render import render, render_sent
from tests.support.file_samples import (
    ALL,
    ATTRIBUTE_LOOKUP,
    FRIEND_LOOKUP,
    GUESS,
    HALF,
    HOSTILE_GUESS,
    HOSTILE_NAME,
    LOOKUP,
    NICK_LOOKUP,
    NO_OWNER,
    ONE_A_LINE,
    PROFILE_LOOKUP,
    TOMORROW,
)
from tests.support.sample_results import (
    ALICE,
    BOB,
    CANCELLED_LOOKUP,
    CHANGE,
    CLEARING,
    DENIED_ENTRY,
    ED,
    FORM,
    FRIEND,
    HELP,
    HISTORY,
    LATER,
    LOOKED_UP,
    NOON,
    NOTHING_SENT,
    PREVIEW,
    PROD,
    UNCHANGED,
    UNDO,
    VIEWER,
    VIP,
    WITH_PRESETS,
    attributes,
    chain,
    crowd,
    enter,
    found,
    friends,
    missed,
    profiles,
    settled,
)

GOLDEN = Path(__file__).parent / "golden"
# Set GOLDEN=write to rewrite the files, then read the difference.
REWRITE = os.environ.get("GOLDEN") == "write"

NOBODY = RoleReport(None, "Only viewers can look up accounts", Grantees(people=frozenset({"U1"})), Grantees())
DENIED = PermissionDeniedError(
    "Only editors can change profiles",
    advice="Nothing was sent to Tencent Chat",
    people=["U01ED"],
    groups=["S07EDITORS"],
    lacks_role=True,
)
REFUSED = InvalidRequestError("the nickname holds a forbidden word", code=40605)
FORBID = next(field for field in PROFILE_FIELDS if field.word == "forbid")
PARTLY_REFUSED = InvalidRequestError(
    add_saved(str(REFUSED), (FORBID,)), code=40605, advice="Choose another nickname"
)
UNANSWERED = OutcomeUnknownError("Tencent Chat did not answer in time")
EVERY_MISS = [missed(f"missing_{number}", status) for number, status in enumerate(list(LookupStatus)[1:])]
HALFWAY = Progress(
    950,
    {LookupStatus.FOUND: 451, LookupStatus.NOT_IMPORTED: 32, LookupStatus.FAILED: 17},
    2.5,
    2.5 / 500 * 450,
)
CITY = {"city": "Berlin", "plan": "pro"}


def show(
    result: Result, page: PageControls | None = None, *, shared: bool = False, note: str = ""
) -> Message:
    return render(result, command="/im", actor_id="U01ALICE", page=page, shared=shared, note=note)


def tell(*entries: Entry | AlteredEntry, masked: Mapping[str, Collection[str]] | None = None) -> Message:
    return render_entries(entries, {"prod": PROD}, masked or {})


def refusals(first: int, last: int, user_id: str = "U01ALICE", **more: Any) -> list[Entry]:
    event = replace(DENIED_ENTRY.event, actor=Actor(user_id, "T01HOME"))
    return [
        chain(number, replace(event, **{"accounts": (f"user_{number:03}",), **more}))
        for number in range(first, last + 1)
    ]


def suggested(meant: str) -> UsageError:
    error = UsageError("Unknown command `profle`", advice="Did you mean `profile`?")
    error.suggestion = meant
    return error


KIND_IDS: dict[EntryKind | None, str] = {None: "all"}
KIND_IDS |= {kind: kind.value for kind in EntryKind}
SHARED = chain(1040, replace(LOOKED_UP.event, outcome=Outcome.SHARED, channel="C07SUPPORT", actor=ED))


def record(query: RecordQuery, *entries: Entry | AlteredEntry) -> RecordPage:
    return RecordPage(query, {"prod": PROD}, entries, None, with_values=True)


def fail(error: Any) -> Message:
    return render_error(error, command="/im", reference="k3v9")


MESSAGES: dict[str, Callable[[], Message]] = {
    "profile_one": lambda: show(profiles(found("alice", ALICE))),
    "profile_one_for_an_editor": lambda: show(
        profiles(found("alice", ALICE)),
        PageControls(0, 20, None, None, "export", None, "share", "one", "one"),
    ),
    "profile_one_drifted": lambda: show(
        replace(profiles(found("alice", ALICE)), drift=(Drift(NICK, ED, LOOKED_UP.at),)),
        PageControls(drift_id="drift"),
    ),
    "profile_one_nothing_set": lambda: show(profiles(found("alice"))),
    "profile_one_not_imported": lambda: show(profiles(missed("carol", LookupStatus.NOT_IMPORTED))),
    "profile_one_by_field": lambda: show(profiles(found("alice", ALICE), only=("level", "nick"))),
    "profile_side_by_side": lambda: show(
        profiles(found("alice", ALICE), found("bob_k", BOB), missed("carol", LookupStatus.NOT_IMPORTED)),
        PageControls(export_id="export", share_id="share"),
    ),
    "profile_rows": lambda: show(profiles(*crowd(5), missed("u_29", LookupStatus.FAILED))),
    "profile_rows_by_field": lambda: show(profiles(*crowd(5), only=("gender", "birthday"))),
    "profile_first_page": lambda: show(
        profiles(*crowd(41), missed("u_17", LookupStatus.NOT_IMPORTED), missed("u_29", LookupStatus.FAILED)),
        PageControls(0, 20, None, "next", "export", "retry", "share"),
    ),
    "profile_middle_page": lambda: show(profiles(*crowd(41)), PageControls(1, 20, "previous", "next")),
    "profile_shared_page": lambda: show(profiles(*crowd(21)), shared=True),
    "profile_last_page": lambda: show(profiles(*crowd(41)), PageControls(2, 20, "previous", None)),
    "profile_all_failed": lambda: show(profiles(*(missed(f"u_{n}", LookupStatus.FAILED) for n in range(6)))),
    "profile_unrecorded": lambda: show(
        profiles(found("alice", ALICE)), note="This lookup could not be recorded."
    ),
    "friends_one": lambda: show(friends(found("bob", FRIEND))),
    "friends_every_way_to_miss": lambda: show(friends(found("bob", FRIEND), *EVERY_MISS)),
    "attributes_one": lambda: show(attributes(found("bob", CITY))),
    "attributes_one_none": lambda: show(attributes(found("bob"))),
    "attributes_shared": lambda: show(
        attributes(found("bob", CITY), found("carol", {"sex": "f"})), shared=True
    ),
    "attributes_rows": lambda: show(attributes(*crowd(6, CITY), found("bob"))),
    "whoami_viewer": lambda: show(VIEWER),
    "whoami_editor": lambda: show(replace(VIEWER, role=Role.EDITOR, reason="you are listed by name")),
    "whoami_nobody": lambda: show(NOBODY),
    "help": lambda: show(HELP),
    "help_full": lambda: show(replace(HELP, full=True)),
    "help_without_role": lambda: show(Help((SPECS["whoami"], SPECS["help"]), None, (PROD,))),
    "help_withheld": lambda: show(
        replace(HELP, specs=(SPECS["profile"],), withheld=Withheld(SPECS["set"], VIEWER.editors))
    ),
    "help_profile": lambda: show(replace(HELP, topic=SPECS["profile"])),
    "help_set": lambda: show(replace(HELP, topic=SPECS["set"])),
    "help_set_presets": lambda: show(replace(HELP, topic=SPECS["set"], apps=(WITH_PRESETS,))),
    "preview": lambda: show(PREVIEW),
    "preview_clearing": lambda: show(Preview(PROD, CLEARING)),
    "preview_doubtful": lambda: show(
        Preview(
            replace(PROD, admin="bob_k"),
            replace(CHANGE, after={"Tag_Profile_IM_BirthDay": 20260420}, before={}),
        )
    ),
    "preview_moved": lambda: show(replace(PREVIEW, change=CHANGE, later=LATER)),
    "preview_waiting": lambda: show(replace(PREVIEW, problem=NOTHING_SENT)),
    "overwritten": lambda: show(Overwritten(PROD, CHANGE, LATER)),
    "overwritten_one": lambda: show(Overwritten(PROD, CHANGE, LATER[:1])),
    "preview_undo": lambda: show(Preview(PROD, UNDO)),
    "unchanged": lambda: show(UNCHANGED),
    "form": lambda: show(FORM),
    "settled_linked": lambda: render(
        settled(Outcome.SUCCEEDED),
        command="/im",
        actor_id="U1",
        link="https://x.slack.com/archives/C1/p17?a=1&b=2",
    ),
    "settled_succeeded": lambda: show(settled(Outcome.SUCCEEDED)),
    "settled_undone": lambda: show(settled(Outcome.SUCCEEDED, change=UNDO)),
    "settled_failed": lambda: show(settled(Outcome.FAILED, REFUSED)),
    "settled_failed_partly": lambda: show(
        replace(settled(Outcome.FAILED, PARTLY_REFUSED), saved=(FORBID,)),
    ),
    "settled_failed_unread": lambda: show(replace(settled(Outcome.FAILED, REFUSED), saved=None)),
    "settled_succeeded_refused": lambda: show(settled(Outcome.SUCCEEDED, PARTLY_REFUSED)),
    "settled_unknown": lambda: show(settled(Outcome.UNKNOWN, UNANSWERED)),
    "settled_cancelled": lambda: show(settled(Outcome.CANCELLED)),
    "history": lambda: show(HISTORY, PageControls(0, 20, None, "older")),
    "history_without_values": lambda: show(replace(HISTORY, with_values=False)),
    "history_older": lambda: show(HISTORY, PageControls(previous_id="newer")),
    "history_of_changes": lambda: show(
        replace(HISTORY, entries=HISTORY.entries[1:2], kind=EntryKind.CHANGES),
        PageControls(kind_ids=KIND_IDS, links={1042: "https://home.slack.com/archives/C1/p17"}),
    ),
    "record_entry": lambda: show(
        record(RecordQuery(entry=1042), enter()),
        PageControls(history_id="bob_k", may_change=True),
    ),
    "record_change": lambda: show(
        record(RecordQuery(change=CHANGE.id), enter(), enter(1041, outcome=Outcome.ATTEMPTED)),
        PageControls(history_id="bob_k"),
    ),
    "record_person": lambda: show(
        record(RecordQuery(person=ED), enter(), SHARED), PageControls(kind_ids=KIND_IDS)
    ),
    "record_search": lambda: show(
        record(
            RecordQuery(reason="4711"),
            enter(1050),
            enter(1049, change=UNDO),
            enter(1048, change=CLEARING),
            enter(1047, outcome=Outcome.FAILED, problem="the nickname holds a forbidden word"),
            AlteredEntry(1046),
            DENIED_ENTRY,
            SHARED,
        ),
        PageControls(kind_ids=KIND_IDS, links={1050: "https://home.slack.com/archives/C1/p17"}),
    ),
    "record_search_without_values": lambda: show(
        replace(record(RecordQuery(account="bob_k", app="prod"), enter()), with_values=False)
    ),
    "record_nothing": lambda: show(record(RecordQuery(entry=4711))),
    "history_empty": lambda: show(replace(HISTORY, entries=(), older=None)),
    "entry_succeeded": lambda: tell(enter()),
    "entry_undone": lambda: tell(enter(change=UNDO)),
    "entry_unknown_settled": lambda: tell(enter(outcome=Outcome.UNKNOWN, surface=Surface.BOT)),
    "entry_masked": lambda: tell(enter(change=CLEARING), masked={"prod": {VIP.tag}}),
    "entry_lookup_cancelled": lambda: tell(CANCELLED_LOOKUP),
    "entry_denied": lambda: tell(DENIED_ENTRY),
    "entries_refused": lambda: tell(*refusals(1, 12), enter(13)),
    "entry_altered": lambda: tell(AlteredEntry(41)),
    "entries_altered": lambda: tell(enter(40), AlteredEntry(41), AlteredEntry(42)),
    "checkpoint": lambda: render_checkpoint(Head(1042, LOOKED_UP.hash), NOON),
    "history_of_a_field": lambda: show(
        replace(HISTORY, entries=(enter(),), fields=(NICK,)), PageControls(history_id="bob_k")
    ),
    "history_altered": lambda: show(replace(HISTORY, entries=(enter(), AlteredEntry(41)))),
    "entries": lambda: tell(LOOKED_UP, enter(1041, outcome=Outcome.ATTEMPTED), enter(), DENIED_ENTRY),
    "changing": changing,
    "file_question": lambda: ask_about_file("players.csv", GUESS, PROFILE_LOOKUP, "a-key", ready=True),
    "file_question_plain": lambda: ask_about_file(
        "ids.txt", ONE_A_LINE, ATTRIBUTE_LOOKUP, "a-key", ready=True
    ),
    "file_question_friends": lambda: ask_about_file("ids.csv", GUESS, FRIEND_LOOKUP, "a-key", ready=True),
    "file_question_owner": lambda: ask_about_file("ids.csv", GUESS, NO_OWNER, "a-key", ready=False),
    "file_question_hostile": lambda: ask_about_file(
        HOSTILE_NAME, HOSTILE_GUESS, NICK_LOOKUP, "a-key", ready=True
    ),
    "file_reading": reading,
    "file_asked_directly": lambda: asked_directly(["players.csv", HOSTILE_NAME]),
    "file_too_many": lambda: too_many_files(3),
    "file_started": lambda: started(LOOKUP),
    "file_waiting": lambda: show_file_lookup(LOOKUP),
    "file_paused": lambda: show_file_lookup(
        replace(LOOKUP, counts=HALF, problem="Tencent Chat does not answer", retry_at=TOMORROW)
    ),
    "file_running": lambda: show_file_lookup(
        replace(LOOKUP, state=FileLookupState.RUNNING, counts=HALF), 754.0
    ),
    "file_running_friends": lambda: show_file_lookup(
        replace(LOOKUP, state=FileLookupState.RUNNING, command=FRIEND_LOOKUP), 7500.0
    ),
    "file_sending": lambda: show_file_lookup(replace(LOOKUP, state=FileLookupState.SENDING, counts=ALL)),
    "file_done": lambda: show_file_lookup(
        replace(LOOKUP, state=FileLookupState.DONE, counts=ALL), sent="profile-prod-20260714-120000.csv"
    ),
    "file_cancelled": lambda: show_file_lookup(
        replace(LOOKUP, state=FileLookupState.CANCELLED, counts=HALF, expires_at=TOMORROW)
    ),
    "file_cancelled_at_once": lambda: show_file_lookup(replace(LOOKUP, state=FileLookupState.CANCELLED)),
    "file_part_sent": lambda: show_file_lookup(
        replace(LOOKUP, state=FileLookupState.CANCELLED, counts=HALF), sent="profile-prod.csv"
    ),
    "file_failed": lambda: show_file_lookup(
        replace(
            LOOKUP, state=FileLookupState.FAILED, counts=HALF, problem="Tencent Chat refuses the app's key"
        )
    ),
    "file_unrecorded": lambda: show_file_lookup(
        replace(LOOKUP, state=FileLookupState.DONE, counts=ALL, is_recorded=False), sent="profile-prod.csv"
    ),
    "file_not_sent": lambda: show_file_lookup(
        replace(LOOKUP, state=FileLookupState.FAILED, counts=ALL, problem="the CSV could not be sent")
    ),
    "file_hostile": lambda: show_file_lookup(
        replace(
            LOOKUP,
            state=FileLookupState.FAILED,
            file_name=HOSTILE_NAME,
            problem=HOSTILE_NAME,
            command=NICK_LOOKUP,
        )
    ),
    "error_file": lambda: render_error(
        FileError("report.xlsx is neither CSV nor plain text", advice="Save it as CSV"), command="/im"
    ),
    "sending": sending,
    "sent": lambda: render_sent(
        profiles(*crowd(41), missed("u_17", LookupStatus.NOT_IMPORTED), missed("u_29", LookupStatus.FAILED)),
        "profile-prod-20260419-120307.csv",
        actor_id="U01ALICE",
    ),
    "sent_unshared": lambda: render_sent(
        friends(found("bob", FRIEND)),
        "friends-prod-20260419-120307.csv",
        actor_id="U01ALICE",
        shared=True,
        note="Not shared: a reason.",
    ),
    "working": lambda: working(profiles(*crowd(43)).command),
    "progress_nothing_yet": lambda: progressing(
        profiles(*crowd(43)).command, Progress(43, {}, 2.5, None), "cancel"
    ),
    "progress": lambda: progressing(profiles(*crowd(950)).command, HALFWAY, "cancel"),
    "finished": finished,
    "working_with_cancel": lambda: working(profiles(*crowd(43)).command, "key"),
    "busy": busy,
    "waiting": lambda: waiting("waiting"),
    "withdrawn": withdrawn,
    "restarting": restarting,
    "crash": lambda: render_crash("k3v9", "/im"),
    "error_usage": lambda: render_error(
        UsageError("Unknown command `profle`", usage=SPECS["profile"].line, advice="Did you mean `profile`?"),
        command="/im",
    ),
    "error_suggestion": lambda: render_error(suggested("profile alice"), command="/im", run_id="an-id"),
    "error_no_account": lambda: fail(NoAccountError("Which account?", usage="profile alice")),
    "error_mistakes": lambda: fail(
        UsageError(
            "two",
            usage=SPECS["set"].line,
            parts=(
                UsageError("there is no field “nik” here", advice="Did you mean nick (Nickname)?"),
                UsageError("level takes a whole number from 0 to 4294967295"),
            ),
        )
    ),
    "error_denied": lambda: render_error(DENIED, command="/im"),
    "error_expired": lambda: fail(
        ExpiredError("this button has expired", advice="Run the command again for new buttons")
    ),
    "error_limit": lambda: fail(
        LimitError(
            "one person may look up 50,000 ids in an hour, and with these 1,000 you would have more",
            advice="Try again in 17 min, at 15:04 UTC, or ask for fewer ids",
        )
    ),
    "error_slack": lambda: fail(SlackUnavailableError("Slack did not say who you are")),
    "error_not_shared": lambda: fail(NotSharedError("people from other organizations can read this channel")),
    "error_operator": lambda: fail(error_for(70009)),
    "error_unreachable": lambda: fail(
        UnavailableError("Tencent Chat took too long to answer", advice="Try again in a minute")
    ),
}


def payload(message: Message) -> dict[str, Any]:
    return {"text": message.text, "blocks": list(message.blocks)}


def texts(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        if isinstance(node.get("text"), str):
            yield node
        node = list(node.values())
    if isinstance(node, list):
        for inner in node:
            yield from texts(inner)


def said(message: Message) -> str:
    return "\n".join(text["text"] for text in texts(list(message.blocks)))


def kinds(message: Message) -> list[str]:
    return [block["type"] for block in message.blocks]


@pytest.mark.parametrize("name", list(MESSAGES))
def test_says_what_the_golden_file_says(name: str) -> None:
    message = payload(MESSAGES[name]())

    check_golden(name, message)
    assert check_message(message) == []


ASK_ALICE = LookupCommand(PROFILES, PROD, ("alice",), PROFILE_FIELDS)
EDITOR = replace(VIEWER, role=Role.EDITOR, reason="you are listed by name")
APPS = (PROD, App("staging", "Jakarta"))
STARTS = {
    "start_viewer": Start(VIEWER, APPS[:1], ()),
    "start_editor": Start(EDITOR, APPS, (ASK_ALICE, replace(ASK_ALICE, accounts=("<!here> *bob*",)))),
    "start_without_record": Start(VIEWER, APPS[:1], problem="the database is away"),
    "start_without_role": Start(NOBODY, APPS, ()),
}
RECENT = (
    Recent(enter(1044, replace(CHANGE, id="op_b")), None, can_be_undone=True),
    Recent(LOOKED_UP, ASK_ALICE),
    Recent(DENIED_ENTRY, None, ShowHistory(PROD, "bob_k")),
    Recent(enter(1041, UNDO), None),
    Recent(enter(1040, replace(CHANGE, id="op_a"), Outcome.PROPOSED), None),
    Recent(CANCELLED_LOOKUP, None),
)
HOMES = {
    "home_viewer": Home(VIEWER, APPS[:1]),
    "home_editor": Home(EDITOR, APPS, RECENT, (CHANGE,)),
    "home_without_role": Home(NOBODY, APPS),
    "home_without_record": Home(EDITOR, APPS, problem="the database is away"),
}


def check_golden(name: str, shown: dict[str, Any]) -> None:
    file = GOLDEN / f"{name}.json"
    if REWRITE and not (file.exists() and json.loads(file.read_text()) == shown):
        file.write_text(json.dumps(shown, ensure_ascii=False, indent=1) + "\n")
    assert shown == json.loads(file.read_text())


@pytest.mark.parametrize("name", list(STARTS))
def test_starts_as_the_golden_file_does(name: str) -> None:
    again = [f"id_{number}" for number, _ in enumerate(STARTS[name].recent)]
    message = payload(render(STARTS[name], command="/im", actor_id="U1", repeat_ids=again))

    check_golden(name, message)
    assert check_message(message) == []


@pytest.mark.parametrize("name", list(HOMES))
def test_shows_the_home_of_the_golden_file(name: str) -> None:
    made = {
        each.entry.sequence: accessory(
            each, "id_1" if each.again else "", "id_2" if each.about else "", is_editor=True
        )
        for each in HOMES[name].recent
    }
    beside = {sequence: button for sequence, button in made.items() if button}
    view = render_home(HOMES[name], beside, AuditChannel("C1", "up to date"), command="/im")

    check_golden(name, json.loads(json.dumps(view)))
    assert check_view(view) == []


def test_shows_at_home_the_files_being_looked_up() -> None:
    running = replace(LOOKUP, state=FileLookupState.RUNNING, counts=HALF)
    channel = AuditChannel("C1", "up to date")
    view = render_home(Home(EDITOR, APPS), {}, channel, command="/im", file_lookups=(running, LOOKUP))
    without_role = render_home(Home(NOBODY, APPS), {}, channel, command="/im", file_lookups=(running,))

    check_golden("home_file_lookups", json.loads(json.dumps(view)))
    assert check_view(view) == []
    assert "players.csv" not in str(without_role)


@pytest.mark.parametrize("outcome", Outcome)
def test_shows_at_home_an_activity_of_any_outcome(outcome: Outcome) -> None:
    lookup = replace(LOOKED_UP, event=replace(LOOKED_UP.event, outcome=outcome))

    channel = AuditChannel("C1", "up to date")
    view = render_home(Home(EDITOR, APPS, (Recent(lookup, None),)), {}, channel, command="/im")

    assert check_view(view) == []
    assert "bob_k" in str(view)


@pytest.mark.parametrize("count", [1, 2, 4, 5, 25])
@pytest.mark.parametrize("status", list(LookupStatus))
def test_counts_and_places_in_the_first_line(count: int, status: LookupStatus) -> None:
    hits = count if status is LookupStatus.FOUND else 0
    misses = "" if hits else f"  ·  {count} {'not in it' if status is LookupStatus.NOT_A_FRIEND else status}"
    rows = [found(f"id{n}") if hits else missed(f"id{n}", status) for n in range(count)]

    first, second, *_ = show(profiles(*rows)).text.split("\n")

    causes = {
        LookupStatus.FAILED: "Tencent Chat had an internal error  ·  ",
        LookupStatus.NOT_ASKED: "There was no time left to ask Tencent Chat  ·  ",
    }
    cause = causes.get(status, "")
    counted = f"{cause}{hits} of {count} found{misses}  ·  profile  ·  prod Singapore"
    assert (second == f"id0  ·  {counted}") if hits == count == 1 else (first == counted)


def test_begins_with_the_cause_where_nothing_is_known() -> None:
    late = AccountResult("a", LookupStatus.FAILED, problem=UnavailableError("Tencent Chat took too long"))
    lost = AccountResult("b", LookupStatus.FAILED, problem=UnavailableError("the connection broke"))

    assert show(profiles(late)).text.startswith("Tencent Chat took too long  ·  0 of 1 found  ·  1 failed")
    assert show(profiles(late, lost)).text.startswith("No account could be read  ·  0 of 2 found")
    assert show(profiles(late, found("c"))).text.startswith("1 of 2 found  ·  1 failed")
    assert show(profiles(missed("d", LookupStatus.NOT_IMPORTED), late)).text.startswith("0 of 2 found")


def test_begins_with_the_failure_rather_than_with_what_was_not_asked_after_it() -> None:
    late = AccountResult("a", LookupStatus.FAILED, problem=UnavailableError("Tencent Chat took too long"))
    rest = AccountResult("b", LookupStatus.NOT_ASKED, problem=NotAskedError("there was no time left"))

    assert show(profiles(late, rest)).text.startswith("Tencent Chat took too long  ·  0 of 2 found")


def test_takes_no_refusal_for_an_outage() -> None:
    refused = InvalidRequestError("the owner bob is not imported into this app")
    row = AccountResult("a", LookupStatus.FAILED, problem=refused)

    assert show(friends(row, owner="bob")).text.startswith("0 of 1 are in bob's friend list")


def test_takes_no_id_that_is_too_long_for_an_outage() -> None:
    long = AccountResult("x" * 33, LookupStatus.NOT_ASKED, problem=NotAskedError("over 32 bytes"))

    assert show(profiles(long)).text.startswith("0 of 1 found")


def test_says_which_direction_a_friends_lookup_reads() -> None:
    message = show(friends(found("bob", FRIEND), missed("carol", LookupStatus.NOT_A_FRIEND), owner="alice z"))

    assert message.text.startswith("1 of 2 is in alice z's friend list  ·  1 not in it")
    assert "one direction only" in said(message)


def test_shows_both_directions_of_friends() -> None:
    rows = (
        found("bob", {**FRIEND, MUTUAL: "yes"}),
        found("dan", {**FRIEND, MUTUAL: "no"}),
        replace(missed("carol", LookupStatus.NOT_A_FRIEND), values={MUTUAL: "yes"}),
        replace(missed("erin", LookupStatus.NOT_A_FRIEND), values={MUTUAL: "no"}),
    )
    lookup = friends(*rows)
    lookup = replace(lookup, command=replace(lookup.command, both=True))

    message = show(lookup)

    assert message.text.startswith("2 of 4 are in alice's friend list  ·  1 mutual  ·  2 not in it")
    assert "Lists alice · Yes · No" in message.text
    assert "carol  not in alice's friend list, but lists alice (30001)." in message.text
    assert "erin  not in alice's friend list, and does not list alice either (30001)." in message.text
    assert "one direction only" not in said(message)
    assert MUTUAL not in {field.tag for field in shown(lookup, 0).command.fields}


def test_keeps_the_shape_when_fewer_are_found() -> None:
    one_of_four = profiles(found("alice", ALICE), *(missed(f"u{n}", LookupStatus.FAILED) for n in range(3)))
    one_of_six = profiles(found("alice", ALICE), *(missed(f"u{n}", LookupStatus.FAILED) for n in range(5)))

    assert kinds(show(one_of_four)) == ["rich_text", "table", "rich_text"]
    assert kinds(show(one_of_six)) == ["rich_text", "table", "rich_text", "context"]
    assert show(one_of_four).blocks[1]["rows"][0][0]["text"] == "Field"
    assert show(one_of_six).blocks[1]["rows"][0][0]["text"] == "Account"


def test_begins_one_profile_with_its_nickname() -> None:
    message = show(profiles(found("alice", ALICE)))

    assert message.blocks[0]["text"]["text"] == "Alice Zhang"
    assert "Nickname" not in said(message)


def test_begins_one_profile_without_a_nickname_with_its_id() -> None:
    assert show(profiles(found("alice", {}))).blocks[0]["text"]["text"] == "alice"


def test_lists_the_fields_of_one_profile_that_are_not_set() -> None:
    message = show(profiles(found("alice", {"Tag_Profile_IM_Level": 3})))

    assert [row[0]["text"] for row in message.blocks[2]["rows"]] == ["Field", "Level"]
    assert "Not set: Nickname, Gender, Birthday" in said(message)


def test_shows_first_what_restricts_an_account() -> None:
    blocked = {**ALICE, "Tag_Profile_IM_AdminForbidType": "AdminForbid_Type_SendOut"}

    first = show(profiles(found("alice", blocked))).blocks[2]["rows"][1]

    assert [cell["text"] for cell in first] == ["Friend requests", "⚠ Blocked by admin"]


def test_shows_a_change_that_was_searched_for_in_one_line() -> None:
    found = record(RecordQuery(kind=EntryKind.CHANGES), *(enter(number) for number in range(50, 0, -1)))

    _, lines, *_ = show(found).blocks

    assert [each["text"] for each in texts(lines)].count("\n") == 49


def test_shows_a_page_of_altered_entries_in_one_message() -> None:
    found = record(
        RecordQuery(kind=EntryKind.CHANGES), *(AlteredEntry(number) for number in range(50, 0, -1))
    )

    assert len(show(found, PageControls(previous_id="a", next_id="b", kind_ids=KIND_IDS)).blocks) < 10


def test_shows_of_a_field_that_was_searched_for_its_values_alone() -> None:
    found = record(RecordQuery(fields=(NICK.tag,)), enter())

    assert "free_coins_4u → Bob K" in said(show(found))
    assert "Friend requests" not in said(show(found))


def test_names_the_fields_whose_values_are_too_long_for_a_line() -> None:
    long = replace(CHANGE, after={NICK.tag: "x" * 200}, before={NICK.tag: "y"})
    found = record(RecordQuery(person=ED), enter(change=long))

    assert "  Nickname · “spam" in said(show(found))


def test_quotes_the_reason_of_a_change_that_was_refused() -> None:
    refused = chain(7, replace(DENIED_ENTRY.event, reason="ticket 4711"))
    found = replace(record(RecordQuery(kind=EntryKind.REFUSALS), refused), with_values=False)

    assert "“ticket 4711”" in said(show(found))
    assert "“ticket 4711”" in said(tell(refused))


def test_shows_only_editors_why_accounts_were_looked_up() -> None:
    exported = chain(7, replace(LOOKED_UP.event, outcome=Outcome.EXPORTED, reason="5,000 ids, file abab"))
    found = record(RecordQuery(account="alice", app="prod"), exported)

    assert "5,000 ids" not in said(show(found))
    assert " 5,000 ids, file abab " in said(show(found, PageControls(may_change=True)))


def test_shows_only_editors_the_words_of_a_search() -> None:
    searched = chain(1041, replace(LOOKED_UP.event, command="history", reason="harassment"))
    history = replace(HISTORY, entries=(searched,))

    assert "harassment" in show(history, PageControls(may_change=True)).text
    assert "harassment" not in show(replace(history, with_values=False), PageControls()).text


def test_shows_of_a_cancelled_lookup_what_was_read_and_counts_the_rest() -> None:
    unread = [missed(f"u{n}", LookupStatus.NOT_ASKED) for n in range(200)]
    lookup = replace(profiles(found("alice", ALICE), *unread), cancelled=True)

    message = show(lookup, PageControls(0, 20, None, "next", "export", "retry", "share"))

    assert message.text.startswith("Cancelled. 1 of 201 read  ·  profile  ·  prod Singapore\nAccount")
    assert "u17" not in said(message)
    actions = next(block for block in message.blocks if block["type"] == "actions")
    assert [element["text"]["text"] for element in actions["elements"]] == [
        "Resume with 200 left",
        "CSV of all 201",
        "Share",
    ]


FOUR_FIELDS = named(["location", "level", "role", "language"], Domain.PROFILE, ())


@pytest.mark.parametrize(
    ("differing", "labels", "key"),
    [
        (0, ["Location", "Level", "Role", "Language"], "every field is the same"),
        (1, ["≠ Location", "Level", "Role", "Language"], "≠ marks what differs"),
        (2, ["≠ Location", "≠ Level", "Role", "Language"], "≠ marks what differs"),
        (3, ["Location", "Level", "Role", "= Language"], "= marks what is the same, the rest differs"),
        (4, ["Location", "Level", "Role", "Language"], "every field differs"),
    ],
)
def test_marks_the_fewer_of_the_rows_that_differ_and_of_those_that_do_not(
    differing: int, labels: list[str], key: str
) -> None:
    alike = {field.tag: 1 for field in FOUR_FIELDS}
    other = {**alike, **{field.tag: 2 for field in FOUR_FIELDS[:differing]}}
    words = [field.word for field in FOUR_FIELDS]

    _, table, note, *_ = show(profiles(found("alice", alike), found("bob", other), only=words)).blocks

    assert [row[0]["text"] for row in table["rows"][1:]] == labels
    assert note["elements"][0]["text"] == key


def test_shows_a_picture_where_it_is_wanted() -> None:
    lookup = profiles(found("alice", ALICE))

    for avoid in (frozenset[str](), NEWER):
        message = render(lookup, command="/im", actor_id="U01ALICE", avoid=avoid)
        picture = message.blocks[1].get("accessory", {}).get("image_url")
        assert picture == (None if avoid else "https://img.example/a/77.png")


def test_shows_many_accounts_as_a_table_to_sort_and_page() -> None:
    message = render(
        profiles(*crowd(60)), command="/im", actor_id="U1", avoid=(), page=PageControls(size=100)
    )

    table = next(block for block in message.blocks if block["type"] == "data_table")
    assert len(table["rows"]) == 61
    assert table["page_size"] == 20
    level = [cell["text"] for cell in table["rows"][0]].index("Level")
    assert table["rows"][1][level] == {"type": "raw_number", "value": 7, "text": "7"}
    assert check_message(payload(message)) == []


def test_names_the_other_apps_in_which_an_account_may_be() -> None:
    several = App("prod", "Singapore", others=("eu", "test"))

    message = show(profiles(missed("carol", LookupStatus.NOT_IMPORTED), app=several))

    assert "Check the id, or try --app eu or --app test." in message.text


def test_groups_what_was_not_found_by_its_reason() -> None:
    rows = [
        missed("a", LookupStatus.FAILED),
        missed("b", LookupStatus.NOT_IMPORTED),
        missed("c", LookupStatus.FAILED),
    ]

    assert show(profiles(*rows)).text.split("\n")[1:] == [
        "b  no such account (40003). Check the id.",
        "a, c  Tencent Chat couldn't read this account (40006). Try again in a minute.",
    ]


def test_renders_a_miss_without_a_reason() -> None:
    rows = [AccountResult("a", LookupStatus.NOT_IMPORTED), AccountResult("b", LookupStatus.FAILED)]

    assert show(profiles(*rows)).text.split("\n")[1:] == [
        "a  no such account. Check the id.",
        "b  failed: no reason was given.",
    ]


@pytest.mark.parametrize(
    ("hits", "misses", "count"), [(0, 0, 1), (1, 0, 1), (20, 50, 1), (21, 0, 2), (5, 51, 2), (41, 120, 3)]
)
def test_counts_pages(hits: int, misses: int, count: int) -> None:
    rows = (*crowd(hits), *(missed(f"u{n}", LookupStatus.FAILED) for n in range(misses)))

    assert pages(profiles(*rows)) == count


@pytest.mark.parametrize(
    ("number", "buttons"),
    [
        (0, [("Next 20", "next")]),
        (1, [("Previous 20", "previous"), ("Next 1", "next")]),
        (2, [("Previous 20", "previous"), ("Next 20", "next")]),
        (3, [("Previous 1", "previous")]),
        (9, [("Previous 1", "previous")]),
    ],
)
def test_turns_pages_with_buttons_that_count(number: int, buttons: list[tuple[str, str]]) -> None:
    rows = (*crowd(41), *(missed(f"u{n}", LookupStatus.FAILED) for n in range(170)))

    message = show(profiles(*rows), PageControls(number, 20, "previous", "next"))

    shown = [
        element for block in message.blocks if block["type"] == "actions" for element in block["elements"]
    ]
    assert {element["action_id"] for element in shown} == {"page"}
    assert [(element["text"]["text"], element["value"]) for element in shown] == buttons


ALL_IDS = PageControls(0, 20, "previous", "next", "export", "retry", "share")
LONE_IDS = replace(ALL_IDS, edit_id="alice", history_id="alice")


@pytest.mark.parametrize(
    ("lookup", "labels"),
    [
        (profiles(found("a")), ["CSV", "Share"]),
        (profiles(*crowd(4)), ["CSV", "Share"]),
        (profiles(*crowd(43)), ["Next 20", "CSV of all 43", "Share"]),
        (profiles(*crowd(4), missed("u", LookupStatus.FAILED)), ["CSV of all 5", "Retry 1 failed", "Share"]),
        (
            profiles(*(missed(f"u{n}", LookupStatus.NOT_ASKED) for n in range(1000))),
            ["Retry all 1,000", "Next 50"],
        ),
        (profiles(missed("u", LookupStatus.FAILED)), ["Retry"]),
        (
            profiles(missed("u", LookupStatus.FAILED), missed("x" * 33, LookupStatus.NOT_ASKED)),
            ["Retry 1 unanswered"],
        ),
        (profiles(missed("u", LookupStatus.NOT_IMPORTED)), ["CSV", "Share"]),
    ],
)
def test_offers_what_can_be_done_next_and_to_how_many(lookup: Lookup, labels: list[str]) -> None:
    turns = ALL_IDS if lookup.unanswered() else replace(ALL_IDS, retry_id=None)

    *_, row = [block for block in show(lookup, turns).blocks if block["type"] == "actions"]

    assert [element["text"]["text"] for element in row["elements"]] == labels


def test_offers_to_change_and_retrace_the_account_of_a_card() -> None:
    *_, row = [block for block in show(profiles(found("a")), LONE_IDS).blocks if block["type"] == "actions"]

    assert [element["text"]["text"] for element in row["elements"]][:2] == ["Change…", "History"]


@pytest.mark.parametrize(
    ("lookup", "account"),
    [
        (profiles(found("a")), "a"),
        (attributes(found("a")), "a"),
        (profiles(missed("a", LookupStatus.NOT_IMPORTED)), None),
        (profiles(found("a"), missed("b", LookupStatus.FAILED)), None),
        (friends(found("a")), None),
    ],
)
def test_knows_the_account_that_an_answer_is_about_alone(lookup: Lookup, account: str | None) -> None:
    assert single_account(lookup) == account


def test_asks_for_exactly_what_a_page_shows() -> None:
    lookup = profiles(*crowd(41), missed("u_17", LookupStatus.NOT_IMPORTED))

    last = shown(lookup, 2)

    assert shown(lookup, 0).command.accounts == (*lookup.command.accounts[:20], "u_17")
    assert last.command.accounts == ("user_041",)
    assert last.command.kind is PROFILES
    assert last.command.fields == tuple(field for field in PROFILE_FIELDS if field.brief) + PROD.custom
    assert shown(attributes(*crowd(21)), 1).command.accounts == ("user_021",)


def test_offers_no_buttons_on_an_only_page() -> None:
    assert "actions" not in kinds(show(profiles(*crowd(20)), PageControls(0, 20, "previous", "next")))


def test_says_which_page_this_is() -> None:
    rows = (*crowd(41), *(missed(f"u{n}", LookupStatus.FAILED) for n in range(60)))

    assert "page 2 of 3 · 21\N{EN DASH}40 of 41 found · 51\N{EN DASH}60 of 60 not found" in said(
        show(profiles(*rows), PageControls(1, 20, "previous", "next"))
    )


def test_says_how_to_see_fields_that_a_row_has_no_room_for() -> None:
    wide = App("prod", "Singapore", tuple(custom_field(f"c{chr(97 + n)}") for n in range(20)))
    words = tuple(field.word for field in (*PROFILE_FIELDS, *wide.custom))

    assert "8 more fields: use --fields, or ask for at most 4 ids" in said(show(profiles(*crowd(5))))
    assert "13 more fields: ask for at most 4 ids" in said(show(profiles(*crowd(5), only=words, app=wide)))
    assert "1 more attribute: ask for at most 4 ids" in said(
        show(attributes(*crowd(5, {f"a{n}": "x" for n in range(20)})))
    )
    assert "no room for 2 more attributes" in said(
        show(attributes(found("a", {f"a{n}": "x" for n in range(101)})))
    )


def test_shows_every_field_there_is_of_one_account() -> None:
    message = show(friends(found("bob", {**ALICE, **FRIEND}), fields=(*FRIEND_FIELDS, *PROFILE_FIELDS)))

    assert check_message(payload(message)) == []
    assert [
        field.label for field in (*FRIEND_FIELDS, *PROFILE_FIELDS) if field.label not in said(message)
    ] == []


def test_says_so_when_it_cuts() -> None:
    long = custom_field("Long")
    short, cut = ({long.tag: "x" * length} for length in (900, 2000))
    app = App("prod", "Singapore", (long,))

    assert "long values are cut" not in said(show(profiles(found("a", short), app=app)))
    assert "long values are cut" in said(show(profiles(found("a", cut), app=app)))


def test_names_at_most_twenty_holders() -> None:
    many = Grantees(people=frozenset(f"U{n:03}" for n in range(30)))

    message = show(RoleReport(Role.VIEWER, "it is so", many, Grantees()))

    assert " and 10 more" in said(message)
    assert check_message(payload(message)) == []


def test_says_that_nothing_was_sent_and_who_can_help() -> None:
    message = render_error(DENIED, command="/im")

    assert message.text == (
        "Only editors can change profiles. Ask S07EDITORS, U01ED. Nothing was sent to Tencent Chat."
    )
    assert [each["type"] for each in elements(message) if each["type"] != "text"] == ["usergroup", "user"]


def test_says_where_nobody_holds_a_role() -> None:
    error = PermissionDeniedError("Only editors can change profiles", lacks_role=True)

    assert "Nobody holds this role yet: ask the bot's operator." in render_error(error, command="/im").text


def test_names_the_user_group_that_grants_a_role() -> None:
    report = replace(VIEWER, reason="you are in the user group S07EDITORS")

    groups = [each for each in elements(show(report)) if each.get("usergroup_id") == "S07EDITORS"]
    assert groups


def test_shows_the_usage_line_with_the_name_in_use() -> None:
    error = UsageError("Which account?", usage=SPECS["attrs"].line)

    assert "/chat attrs <id>… [--app NAME] [--csv] [--share]" in said(render_error(error, command="/chat"))


def test_survives_the_longest_error() -> None:
    error = UsageError("x" * 20_000, usage="y" * 900, advice="<!channel> " * 3000)

    message = render_error(error, command="/im")

    assert check_message(payload(message)) == []
    assert "<!channel>" not in message.text


OWN_TIME = re.compile(r"<!date\^17766\d{5}\^[a-z_{} ]+\|(\d\d:\d\d|\d+ Apr 2026 \d\d:\d\d) UTC>")
HOSTILE = [
    "<!channel>",
    "@channel @here @everyone",
    "&lt;!here&gt;",
    "<@U012ABCDEF> <#C012ABCDEF> <!subteam^S012ABCDEF>",
    "<https://evil.example|click me>",
    "<!date^1392734382^{date}|x>",
    "*b* _i_ ~s~ `c` ```p```",
    "\u202egnp.exe",
    "\u200b\u200d\ufeff",
    "\n\n*Gender*\nRobot",
    "x" * 500,
    "\x00\x1b[31m",
    "   ",
]


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("others", [0, 2, 6])
def test_keeps_hostile_text_text(text: str, others: int) -> None:
    tags = [field.tag for field in (*PROFILE_FIELDS, *PROD.custom)]
    rows = [
        found(text[:32], dict.fromkeys(tags, text)),
        *crowd(others),
        missed(text[:31] + "!", LookupStatus.FAILED),
    ]

    for message in (
        show(profiles(*rows)),
        show(friends(*rows, owner=text)),
        show(profiles(found("a"), app=App("prod", "Singapore", (custom_field("Vip", text),)))),
        show(attributes(found("a", {text: text}), *rows)),
        *changes_of(text),
        render_error(UsageError(text, usage=text, advice=text), command="/im"),
    ):
        markup = [part["text"] for part in texts(list(message.blocks)) if part.get("type") == "mrkdwn"]
        assert check_message(payload(message)) == []
        # The bot's own times are the only markup.
        assert not any(text in part or "<" in OWN_TIME.sub("", part) for part in markup)
        assert not any(mark in message.text for mark in ("<", "@here", "@channel", "@everyone"))
        assert {element["type"] for element in elements(message)} <= {"text", "user", "date"}


def changes_of(text: str) -> Iterator[Message]:
    """Render every message about a change with this text in all free fields."""
    custom = custom_field("Vip", text)
    app = App("prod", "Singapore", (custom,))
    values = dict.fromkeys([field.tag for field in (*PROFILE_FIELDS, custom)], text)
    change = replace(UNDO, account=text, before=values, after=values, reason=text, undoes=text)
    problem = IMError(text, code=40601, advice=text)
    entry = enter(1, change, Outcome.FAILED, problem=text, accounts=(text,) * 7)
    named = Preview(app, replace(change, undoes="", kept=values), later=LATER)
    results: tuple[Result, ...] = (
        Preview(app, replace(change, kept=values)),
        named,
        Unchanged(app, text, values),
        Form(app, text, values),
        *(
            Settled(app, replace(change, outcome=outcome), entry, problem)
            for outcome in (Outcome.SUCCEEDED, Outcome.FAILED, Outcome.UNKNOWN, Outcome.CANCELLED)
        ),
        History(app, text, (entry, entry), None, with_values=True),
        *(
            RecordPage(query, {"prod": app}, (entry,), None, with_values=True)
            for query in (
                RecordQuery(change=text),
                RecordQuery(entry=1),
                RecordQuery(person=Actor(text, "T")),
            )
        ),
    )
    yield from map(show, results)
    flood = refusals(1, 9, text, app=text, command=text, problem=text, accounts=(text,))
    for entries in ([entry], [entry] * 5, flood):
        yield render_entries(entries, {"prod": app}, {})


def elements(message: Message) -> Iterator[dict[str, Any]]:
    for block in message.blocks:
        if block["type"] == "rich_text":
            for section in block["elements"]:
                yield from section["elements"]


def test_shows_a_blank_that_would_hide() -> None:
    assert "bob␣  no such account" in show(profiles(missed("bob ", LookupStatus.NOT_IMPORTED))).text


@pytest.mark.parametrize("lookup", [profiles(*crowd(1000)), attributes(*crowd(60, {"a" * 40: "&" * 300}))])
def test_keeps_the_fallback_short(lookup: Lookup) -> None:
    assert len(show(lookup).text.encode()) <= 3800


@pytest.mark.parametrize(
    ("change", "question"),
    [
        (CHANGE, "Change free_coins_4u  bob_k in prod Singapore?"),
        (CLEARING, "Change bob_k in prod Singapore?"),
        (UNDO, "Undo change op_k3v9q2m7xw4d of Bob K  bob_k in prod Singapore?"),
    ],
)
def test_asks_about_the_account_by_all_its_names(change: Change, question: str) -> None:
    assert show(Preview(PROD, change)).text.startswith(question)


def test_confirms_and_cancels_in_one_row() -> None:
    rows = [block["elements"] for block in show(PREVIEW).blocks if block["type"] == "actions"]

    assert [
        [(each["text"]["text"], each["action_id"], each["value"], each.get("style")) for each in row]
        for row in rows
    ] == [
        [
            ("Confirm 2 changes", "confirm_change", CHANGE.id, "primary"),
            ("Cancel", "cancel_change", CHANGE.id, None),
        ]
    ]


def test_offers_to_undo_what_was_saved_of_a_refused_change() -> None:
    entry = enter(outcome=Outcome.FAILED, problem=f"{PARTLY_REFUSED} (40605)")

    for message in (
        show(replace(settled(Outcome.FAILED, PARTLY_REFUSED), saved=(FORBID,))),
        tell(entry),
        show(
            RecordPage(RecordQuery(change=CHANGE.id), {"prod": PROD}, (entry,), None, with_values=True),
            PageControls(history_id="bob_k", may_change=True),
        ),
    ):
        assert "undo_change" in str(message.blocks)


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.UNKNOWN, Outcome.CANCELLED])
def test_offers_nothing_to_press_when_nothing_can_be_undone(outcome: Outcome) -> None:
    assert "actions" not in kinds(show(settled(outcome)))


def test_shows_no_table_of_nothing() -> None:
    assert kinds(show(Form(PROD, "carol", {}))) == ["rich_text", "rich_text"]


def test_renders_a_failure_without_a_reason() -> None:
    assert show(settled(Outcome.FAILED)).text.startswith("Failed: no reason was given.")


def test_calls_nothing_failed_of_which_it_is_not_known_whether_it_was_recorded() -> None:
    said = render_error(RecordUnknownError("the record did not answer in time"), command="/im").text

    assert said == "Outcome unknown: the record did not answer in time."


def test_survives_the_longest_change() -> None:
    custom = tuple(custom_field(f"c{chr(97 + n)}", "l" * 100) for n in range(20))
    app = App("prod", "Singapore", custom)
    values = {field.tag: "x" * 500 for field in (*PROFILE_FIELDS, *custom)}
    change = replace(CHANGE, before=values, after=values, reason="r" * 500)
    entries = [enter(number, change) for number in range(20)]

    for message in (
        show(Preview(app, replace(change, kept=values))),
        show(
            History(app, "bob_k", tuple(entries), None, with_values=True), PageControls(0, 20, None, "older")
        ),
        render_entries(entries[:1], {"prod": app}, {}),
        render_entries(entries[:5], {"prod": app}, {}),
    ):
        assert check_message(payload(message)) == []
        assert len(message.text.encode()) <= 3800
    assert "long values are cut" in said(show(Preview(app, change)))


def test_names_the_entry_of_a_change_by_enough_of_its_hash() -> None:
    shown = settled(Outcome.SUCCEEDED)

    assert f"entry #12 · {shown.entry.hash[:32]}" in said(show(shown))


def test_renders_entries_by_number_and_head_with_and_without_blocks() -> None:
    entries = [enter(1), enter(2, outcome=Outcome.FAILED), LOOKED_UP]
    message = tell(*entries)

    for entry in entries:
        entry_label = f"#{entry.sequence} · {entry.hash[:32]}"
        assert entry_label in message.text
        assert entry_label in said(message)


def test_shows_a_change_of_one_field_in_one_line_with_its_undo_beside_it() -> None:
    change = replace(CHANGE, after={"Tag_Profile_IM_Nick": "Bob K"})

    section, small_print = render_entries([enter(1, change)], {"prod": PROD}, {}, lambda _: "Ed").blocks

    assert section["text"]["text"] == (
        "✅ Changed  bob_k  by Ed · Nickname: free_coins_4u → Bob K · “spam nickname, ticket 4711”"
    )
    assert (section["accessory"]["action_id"], section["accessory"]["value"]) == ("undo_change", CHANGE.id)
    assert small_print["elements"][0]["text"].endswith(" · op_k3v9q2m7xw4d · Ed (U02ED)")


def test_folds_a_long_difference_into_one_paragraph() -> None:
    values = {field.tag: "x" for field in PROFILE_FIELDS}

    section, fields, _ = tell(enter(1, replace(CHANGE, before={}, after=values))).blocks

    assert f"· {len(PROFILE_FIELDS)} fields ·" in section["text"]["text"]
    assert fields["type"] == "rich_text"
    assert all(field.label in str(fields) for field in PROFILE_FIELDS)


def test_names_the_app_of_an_entry_where_there_are_several() -> None:
    one, two = (
        render_entries([enter(1)], dict.fromkeys(names, PROD), {}) for names in (["prod"], ["prod", "b"])
    )

    assert "bob_k in prod" not in one.text
    assert "bob_k in prod" in two.text


def test_marks_each_outcome_in_the_audit_channel_differently() -> None:
    entries = [*(enter(number, outcome=outcome) for number, outcome in enumerate(Outcome)), enter(9, UNDO)]

    marks = [tell(entry).text.split()[0] for entry in entries]

    assert len(set(marks)) == len(entries)
    assert not any(mark.isascii() for mark in marks)


def test_renders_many_refusals_of_one_person_as_one() -> None:
    entries = refusals(1, 900)

    message = tell(*entries)

    assert message.text.splitlines() == [
        (
            "⛔ Refused 900 times  set user_001, user_002, user_003, user_004, user_005 and 895 more"
            "  by U01ALICE"
        ),
        "The bot answered: Only editors can change profiles.",
        "Nothing was sent. The record has one entry for each refusal.",
        f"{entry_label(entries[0])} to {entry_label(entries[-1])}",
    ]
    assert f"{entry_label(entries[0])} to {entry_label(entries[-1])} · 900 refusals" in said(message)


def test_renders_a_few_refusals_one_by_one() -> None:
    entries = refusals(1, MIN_GROUP - 1)

    assert [entry_label(entry) in said(tell(*entries)) for entry in entries] == [True] * (MIN_GROUP - 1)


def test_keeps_the_refusals_of_two_people_apart_and_a_change_in_its_place() -> None:
    alice, eve = refusals(1, 20), refusals(1, 20, "U09EVE")
    mixed = [pair[number % 2] for number, pair in enumerate(zip(alice, eve, strict=True))]

    groups = group_entries([*mixed[:9], enter(10), *mixed[10:]])

    assert [[entry.sequence for entry in group] for group in groups] == [
        [1, 3, 5, 7, 9],
        [2, 4, 6, 8],
        [10],
        [11, 13, 15, 17, 19],
        [12, 14, 16, 18, 20],
    ]


def test_says_each_answer_to_a_flood_once_and_only_a_few() -> None:
    entries = [
        entry for place in range(5) for entry in refusals(place * 4, place * 4 + 3, problem=f"no {place}")
    ]

    assert tell(*entries).text.splitlines()[1:5] == [
        "The bot answered: no 0.",
        "The bot answered: no 1.",
        "The bot answered: no 2.",
        "and 2 more answers",
    ]


def test_shows_nothing_of_what_an_altered_entry_says() -> None:
    message = tell(enter(40), AlteredEntry(41), enter(42))

    assert "Alarm: entry #41 has been altered." in message.text
    assert "im-bot audit verify" in message.text
    assert "#41 · altered" in message.text
    assert "#41 · altered" in said(message)


def test_prints_the_whole_head_of_a_checkpoint_to_paste() -> None:
    message = render_checkpoint(Head(1042, LOOKED_UP.hash), NOON)

    pasted = f'im-bot audit verify --head "#1042 · {LOOKED_UP.hash}"'
    assert pasted in message.text
    assert pasted in str(message.blocks)
    assert "19 Apr 2026 12:03 UTC" in said(message)


def test_masks_values_wherever_the_channel_shows_them() -> None:
    masked = {"prod": set(CHANGE.after)}

    for message in (tell(enter(1), masked=masked), tell(enter(1), enter(2), masked=masked)):
        shown = message.text + said(message)
        assert "free_coins_4u" not in shown
        assert "Bob K" not in shown
        assert "•••" in shown
    assert "Bob K" in tell(enter(1), masked={"test": set(CHANGE.after)}).text


def test_renders_an_app_and_a_field_that_are_gone() -> None:
    change = replace(CHANGE, app="old", before={}, after={"Tag_Profile_Custom_Gone": "x"})

    message = tell(enter(1, change))

    assert "bob_k in old" in message.text
    assert "Gone: ••• → •••" in message.text
    assert check_message(payload(message)) == []


@pytest.mark.parametrize("user_id", ["", "<!here>", "U1|x"])
def test_makes_no_mention_of_a_value_that_is_no_user_id(user_id: str) -> None:
    message = tell(enter(1, replace(CHANGE, actor=Actor(user_id, "T1"))))

    assert check_message(payload(message)) == []
    assert "user" not in {element["type"] for element in elements(message)}


def test_renders_a_refusal_without_an_account() -> None:
    message = tell(chain(1, replace(DENIED_ENTRY.event, app="", accounts=(), command="undo")))

    assert "Refused  undo  by U01ALICE" in message.text
    assert check_message(payload(message)) == []


def test_counts_the_accounts_that_were_asked_about_together() -> None:
    many = chain(1, replace(LOOKED_UP.event, accounts=tuple(f"u{number}" for number in range(8))))

    assert "Answered  profile u0, u1, u2, u3, u4 and 3 more  by" in tell(many).text
    assert "profile with 7 more answered" in show(replace(HISTORY, entries=(many,))).text


def test_shows_the_lookups_of_one_person_in_a_row_as_one_line() -> None:
    asked = [chain(number, LOOKED_UP.event) for number in range(9, 4, -1)]
    other = chain(4, replace(LOOKED_UP.event, actor=ED, command="attrs"))

    lines = show(replace(HISTORY, entries=(enter(), *asked, other, chain(3, DENIED_ENTRY.event)))).text.split(
        "\n"
    )

    assert [line for line in lines if line.startswith("🔎")] == [
        "🔎 profile ×5 answered  U01ALICE  ·  19 Apr 2026 12:08 UTC to 12:12 UTC  ·  #5 to #9",
        "🔎 attrs answered  U02ED  ·  19 Apr 2026 12:07 UTC  ·  #4",
    ]


def test_shows_a_lookup_of_many_ids_in_a_terminal_as_one_line() -> None:
    event = replace(
        LOOKED_UP.event,
        actor=Actor.in_terminal("<!channel>"),
        surface=Surface.TERMINAL,
        reason="200,000 ids, file 8f14e45fceea",
    )
    asked = [chain(number, replace(event, accounts=(f"a{number}", f"b{number}"))) for number in (4, 3, 2)]

    message = show(record(RecordQuery(kind=EntryKind.LOOKUPS), *asked))

    (line,) = (line for line in message.text.split("\n") if line.startswith("🔎"))
    assert "profile ×3 a4, b4, a3 with 3 more answered  terminal:" in line
    assert check_message(payload(message)) == []
    assert not {"user", "broadcast"} & {element["type"] for element in elements(message)}


def test_shows_a_lookup_by_its_number_with_its_hash() -> None:
    assert LOOKED_UP.hash[:32] in str(show(record(RecordQuery(entry=1038), LOOKED_UP)).blocks)


def test_names_the_accounts_of_lookups_in_a_row_where_the_heading_does_not() -> None:
    asked = [
        chain(number, replace(LOOKED_UP.event, accounts=(f"a{number}", f"b{number}"))) for number in (4, 3, 2)
    ]

    assert "profile ×3 a4, b4, a3 with 3 more answered" in show(record(RecordQuery(person=ED), *asked)).text


def test_keeps_a_history_short() -> None:
    values = {field.tag: "x" for field in PROFILE_FIELDS}
    entry = enter(1, replace(CHANGE, before={}, after=values))

    assert "and 4 more fields" in show(replace(HISTORY, entries=(entry,))).text


@pytest.mark.parametrize("result", [PREVIEW, settled(Outcome.SUCCEEDED)], ids=["preview", "settled"])
def test_shows_editors_the_trouble_of_the_audit_channel(result: Result) -> None:
    message = render(result, command="/im", actor_id="U1", note="Audit channel: 3 entries wait.")

    assert "Audit channel: 3 entries wait." in str(message.blocks)
    assert check_message({"text": message.text, "blocks": list(message.blocks)}) == []


def test_shows_the_beginning_of_what_is_too_long_for_an_id() -> None:
    # Each character is shown as eight.
    long = "\u202e" * 4900
    (row,) = never_asked(friends(found(long)).command)

    message = render(friends(row, found("bob", FRIEND)), command="/im", actor_id="U1")

    assert check_message(payload(message)) == []
    assert "1 not asked" in message.text
    assert "not asked: over 32 bytes. Check the id" in message.text
    assert len(str(message.blocks)) < 3000


def test_shows_no_markup_of_a_files_name() -> None:
    name = "*players* <https://a.example|click> `x`.csv"
    error = FileError(f"{name} is empty", advice=f"Do not send {name}")
    empty = replace(GUESS, likely=replace(GUESS.likely, examples=()))

    assert csv_comment(replace(LOOKUP, file_name=name)).count("`") == 2
    assert render_error(error, command="/im").text.count("`x`") == 2
    assert "such as" not in ask_about_file(name, empty, PROFILE_LOOKUP, "a-key", ready=True).text


def test_says_above_a_csv_what_it_is_of_without_a_mention() -> None:
    whole, part = (
        replace(LOOKUP, counts=counts, file_name="a<!here> @channel.csv") for counts in (ALL, HALF)
    )

    assert csv_comment(whole).startswith(
        "The CSV you asked for: profile of 12,345 accounts in prod, by the ids"
    )
    assert "5,000 of 12,345 accounts" in csv_comment(part)
    assert "<!" not in csv_comment(part)
    assert "@channel" not in csv_comment(part)


def test_shows_files_with_very_long_names_columns_and_problems() -> None:
    long = HOSTILE_NAME * 100
    column = Column(long, (long,) * 3)
    guess = ColumnGuess(column, (column,), (column,), 2, 1)
    lookup = replace(LOOKUP, file_name=long, problem=long)

    for message in (
        ask_about_file(long, guess, PROFILE_LOOKUP, "a-key", ready=True),
        asked_directly([long] * 3),
        *(show_file_lookup(replace(lookup, state=state), 1.0, "a.csv") for state in FileLookupState),
    ):
        assert check_message(payload(message)) == []
        assert "<!" not in message.text
