"""State as JSON: what a button or form stands for is the same in every process."""

from dataclasses import fields, replace
from datetime import UTC, datetime

import pytest

from bot.core.commands import SearchRecord, ShowHistory, make_lookup
from bot.core.fields import NICK, PROFILE_FIELDS, custom_field
from bot.core.lookups.kinds import ATTRIBUTES, FRIENDS, PROFILES
from bot.core.lookups.mutual import MUTUAL, YES
from bot.core.model import AccountResult, Actor, App, EntryKind, LookupStatus, RecordQuery
from bot.core.results import Form, Lookup, Preview
from bot.encryption import Cipher
from bot.errors import IMError, NotAFriendError, RateLimitedError, UnavailableError
from bot.slack.interaction_codec import InteractionCodec
from bot.slack.interactions import (
    ElsewhereCancelable,
    FinishedLookup,
    HistoryPage,
    Interaction,
    LookupPage,
    OpenForm,
    OpenLookup,
    OpenReview,
    RunningLookup,
    SavedAccount,
    SavedFile,
    SavedLookup,
    SavedText,
    Showing,
    ShownPreview,
)
from tests.support.entries import a_change

CANARY = "canary-9f3"
PROD = App("prod", "Singapore", custom=(custom_field("Tag_Profile_Custom_Vip", "VIP"),))
CODEC = InteractionCodec({"prod": PROD}, Cipher("xoxb-one"))
SLOW = UnavailableError("Tencent Chat did not answer", code=10004, advice="Try again")
ANSWER = Lookup(
    make_lookup(FRIENDS, PROD, ("alice", "bob", "carol", "dave"), owner="eve", both=True),
    (
        AccountResult("alice", LookupStatus.FOUND),
        AccountResult("bob", LookupStatus.NOT_A_FRIEND, {MUTUAL: YES}, NotAFriendError("no", code=1)),
        AccountResult("carol", LookupStatus.FAILED, problem=SLOW),
        AccountResult("dave", LookupStatus.FAILED, problem=SLOW),
    ),
    cancelled=True,
)
QUERY = RecordQuery(
    "bob",
    "prod",
    Actor("U01VERA", "T01HOME"),
    "op_1",
    7,
    EntryKind.CHANGES,
    "ticket 4711",
    datetime(2026, 11, 1, tzinfo=UTC),
    datetime(2026, 12, 1, tzinfo=UTC),
    (NICK.tag,),
)
STATES: tuple[Interaction, ...] = (
    LookupPage(ANSWER, 3, 20, ("carol",)),
    LookupPage(replace(ANSWER, command=make_lookup(ATTRIBUTES, PROD, ("x",)), rows=()), 0, 100),
    HistoryPage(ShowHistory(PROD, "bob", 7, (None, 99), EntryKind.CHANGES, fields=(NICK, *PROD.custom))),
    HistoryPage(SearchRecord(QUERY, 7, (None, 99))),
    SavedLookup(make_lookup(PROFILES, PROD, ("alice",), PROFILE_FIELDS[:2], csv=True, share=True)),
    SavedText(f"set bob nick={CANARY}"),
    SavedAccount(PROD, "bob"),
    OpenLookup("C1", f"https://hooks.invalid/{CANARY}", "17.1"),
    OpenReview("op_1"),
    SavedFile("F1", f"{CANARY}.csv", make_lookup(FRIENDS, PROD, (), owner="alice"), CANARY),
    SavedFile("F1", f"{CANARY}.csv", make_lookup(PROFILES, PROD, ())),
    FinishedLookup(),
)


def saved(what: Interaction, codec: InteractionCodec = CODEC) -> str:
    content = codec.encode(what)
    assert content is not None
    return content


def comparable(what: Interaction | None) -> object:
    """Return state with errors by their words, which compare by identity otherwise."""
    if not isinstance(what, LookupPage):
        return what
    rows = [
        (row.account, row.status, dict(row.values), row.problem and (type(row.problem), *_words(row.problem)))
        for row in what.answer.rows
    ]
    return what.answer.command, rows, what.answer.cancelled, what.number, what.size, what.failed


def _words(problem: IMError) -> tuple[str, int | None, str]:
    return str(problem), problem.code, problem.advice


@pytest.mark.parametrize("what", STATES, ids=lambda what: type(what).__name__)
def test_means_the_same_in_another_process(what: Interaction) -> None:
    other = InteractionCodec({"prod": PROD}, Cipher("xoxb-one"))

    assert comparable(other.decode(saved(what))) == comparable(what)


def test_keeps_one_error_for_all_accounts_that_share_it() -> None:
    page = CODEC.decode(saved(LookupPage(ANSWER, 0, 20)))

    assert isinstance(page, LookupPage)
    assert page.answer.rows[2].problem is page.answer.rows[3].problem


def test_saves_no_value_of_a_form_in_clear() -> None:
    form = OpenForm(Form(PROD, "bob", {NICK.tag: CANARY}), f"https://hooks.invalid/{CANARY}")
    content = saved(form)

    assert CANARY not in content
    assert CODEC.decode(content) == form


@pytest.mark.parametrize(
    "what", [STATES[5], STATES[7], STATES[9]], ids=["typed text", "response URL", "file"]
)
def test_saves_no_secret_in_clear(what: Interaction) -> None:
    assert CANARY not in saved(what)


def test_cannot_read_text_under_another_secret() -> None:
    other = InteractionCodec({"prod": PROD}, Cipher("xoxb-two"))

    assert other.decode(saved(SavedText(CANARY))) is None
    assert other.decode(saved(OpenLookup("C1", CANARY, "17.1"))) == OpenLookup("C1", "", "17.1")


def test_leaves_out_a_field_that_is_no_longer_configured() -> None:
    other = InteractionCodec({"prod": replace(PROD, custom=())}, Cipher("xoxb-one"))
    command = make_lookup(PROFILES, PROD, ("alice",), (NICK, *PROD.custom))

    assert other.decode(saved(SavedLookup(command))) == SavedLookup(
        replace(command, app=replace(PROD, custom=()), fields=(NICK,))
    )


@pytest.mark.parametrize(
    "content", ["", "{}", "[]", '{"type":"text"}', '{"type":"account","app":"gone","account":"x"}']
)
def test_makes_nothing_of_what_is_no_state_of_this_bot(content: str) -> None:
    assert CODEC.decode(content) is None


def test_saves_nothing_of_what_only_this_process_can_use() -> None:
    preview = Preview(PROD, a_change())

    assert CODEC.encode(ShownPreview(preview)) is None


def test_knows_a_running_lookup_as_another_process_has_it() -> None:
    running = RunningLookup(lambda: None, Showing(0, 20, public=False))

    assert CODEC.decode(saved(running)) == ElsewhereCancelable()


@pytest.mark.parametrize("kind", [ShowHistory, RecordQuery])
def test_covers_every_part_of_a_command(kind: type[ShowHistory] | type[RecordQuery]) -> None:
    """A new part must be saved, too: here no part of the samples has its default."""
    sample = STATES[2].command if kind is ShowHistory else QUERY  # type: ignore[union-attr]  # a history page

    assert not [each.name for each in fields(kind) if getattr(sample, each.name) == each.default]


def test_saves_errors_of_every_kind() -> None:
    row = AccountResult("alice", LookupStatus.FAILED, problem=RateLimitedError("too many calls", code=60012))
    page = CODEC.decode(saved(LookupPage(replace(ANSWER, rows=(row,)), 0, 20)))

    assert isinstance(page, LookupPage)
    assert isinstance(page.answer.rows[0].problem, RateLimitedError)
