from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import cycle
from typing import TypeAlias

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.commands import LookupCommand
from bot.core.fields import Domain, named
from bot.core.lookups import kinds
from bot.core.lookups.fetch import attribute_names, look_up
from bot.core.model import AccountResult, App, Deadline, LookupStatus, Values
from bot.core.results import Lookup
from bot.errors import (
    IMError,
    InvalidRequestError,
    NotAFriendError,
    NotAskedError,
    NotFoundError,
    UnavailableError,
)
from bot.im.client import IMClient
from bot.sandbox.behavior import Behavior, Fault
from bot.sandbox.data import ADMIN, Account, HostedApp
from bot.sandbox.server import Sandbox
from tests.support.fakes import FakeIM
from tests.support.sandbox import APP_ID, KEY, Caller, serving

PROD = App("prod", "Singapore")
NICK, REMARK = "Tag_Profile_IM_Nick", "Tag_SNS_IM_Remark"


def profile(*accounts: str) -> LookupCommand:
    return LookupCommand(kinds.PROFILES, PROD, accounts, named(["nick"], Domain.PROFILE, ()))


def friends(owner: str, *accounts: str) -> LookupCommand:
    return LookupCommand(
        kinds.FRIENDS, PROD, accounts, named(["nick", "remark"], Domain.FRIEND, ()), owner=owner
    )


def attrs(*accounts: str) -> LookupCommand:
    return LookupCommand(kinds.ATTRIBUTES, PROD, accounts)


# The data of the sandbox, and the answers of the equal fake.
HELD = {
    "alice": Account({NICK: "Alice"}, {"bob": {REMARK: "Bobby"}, "empty": {}}, {"city": "Shenzhen"}),
    "bob": Account({NICK: "Bob"}),
    "empty": Account(),
    "ill": Account(fails=40007),
    **{f"u{number}": Account({NICK: f"U {number}"}) for number in range(220)},
}
IMPORTED = {account: account in HELD for account in (*HELD, "nobody", "ghost")}
ILL = InvalidRequestError("no permission", code=40007)
MISSING = NotFoundError("no such account", code=40003)
PROFILES: Mapping[str, Values | IMError] = {
    **{account: held.profile for account, held in HELD.items()},
    "ill": ILL,
    "nobody": MISSING,
    "ghost": MISSING,
}
STRANGER = NotAFriendError("not a friend", code=30001)
FRIENDS: Mapping[str, Values | IMError] = {
    **dict.fromkeys(IMPORTED, STRANGER),
    "bob": {NICK: "Bob", REMARK: "Bobby"},
    "empty": {},
}
ATTRIBUTES: Mapping[str, Values] = {account: HELD.get(account, Account()).attributes for account in IMPORTED}
BAD_CALL = InvalidRequestError("bad request", code=40001)
BAD_CHECK = InvalidRequestError("bad check", code=70402)


@dataclass
class Case:
    """A case for the fake and for the real client with a sandbox, and the result expected of both.

    A row is an account's status and the code of its problem, or None without one.
    """

    command: LookupCommand
    fake: FakeIM
    rows: Mapping[str, tuple[LookupStatus, int | None]]
    behavior: Behavior = field(default_factory=Behavior)
    calls: Mapping[str, int] = field(default_factory=dict)
    seconds: float = 5


FOUND, NOT_FRIEND = (LookupStatus.FOUND, None), (LookupStatus.NOT_A_FRIEND, 30001)
GONE, UNSAID = (LookupStatus.NOT_IMPORTED, 40003), (LookupStatus.NOT_IMPORTED, None)


def failed(code: int) -> tuple[LookupStatus, int]:
    return LookupStatus.FAILED, code


def struck(command: str, code: int, *calls: int) -> Fault:
    return Fault(kind="code", command=command, code=code, calls=calls)


MANY = tuple(f"u{number}" for number in range(220))

CASES = {
    "found": Case(
        profile("bob", "alice"),
        FakeIM(PROFILES, IMPORTED),
        {"bob": FOUND, "alice": FOUND},
        calls={"portrait_get": 1},
    ),
    "every way to fail, each on its own": Case(
        profile("nobody", "alice", "ill", "empty"),
        FakeIM(PROFILES, IMPORTED),
        {"nobody": GONE, "alice": FOUND, "ill": failed(40007), "empty": FOUND},
        calls={"portrait_get": 1, "account_check": 1},
    ),
    "one unknown account fails the whole call": Case(
        profile("nobody", "alice", "ill", "ghost"),
        FakeIM(PROFILES, IMPORTED, strict=40003),
        {"nobody": UNSAID, "alice": FOUND, "ill": failed(40007), "ghost": UNSAID},
        Behavior(missing_user="whole call"),
        calls={"portrait_get": 2, "account_check": 1},
    ),
    "nobody is known, and the whole call fails": Case(
        profile("nobody", "ghost"),
        FakeIM(PROFILES, IMPORTED, strict=40003),
        {"nobody": UNSAID, "ghost": UNSAID},
        Behavior(all_failed="FAIL"),
        calls={"portrait_get": 1, "account_check": 1},
    ),
    "the second try fails": Case(
        profile("nobody", "alice"),
        FakeIM(PROFILES, IMPORTED, strict=40003, failing={"portrait_get": [None, BAD_CALL]}),
        {"nobody": UNSAID, "alice": failed(40001)},
        Behavior(missing_user="whole call", fault=struck("portrait_get", 40001, 2)),
        calls={"portrait_get": 2, "account_check": 1},
    ),
    "an unknown field fails the whole call, and everybody is known": Case(
        profile("alice", "bob"),
        FakeIM(PROFILES, IMPORTED, failing={"portrait_get": [NotFoundError("no field", code=40009)]}),
        {"alice": failed(40009), "bob": failed(40009)},
        Behavior(fault=struck("portrait_get", 40009)),
        calls={"portrait_get": 1, "account_check": 1},
    ),
    "the check fails, too": Case(
        profile("nobody", "alice", "empty"),
        FakeIM(PROFILES, IMPORTED, failing={"account_check": [BAD_CHECK]}),
        {"nobody": failed(40003), "alice": FOUND, "empty": failed(70402)},
        Behavior(fault=struck("account_check", 70402)),
        calls={"portrait_get": 1, "account_check": 1},
    ),
    "the whole call fails, and the check, too": Case(
        profile("nobody", "alice"),
        FakeIM(PROFILES, IMPORTED, strict=40003, failing={"account_check": [BAD_CHECK]}),
        {"nobody": failed(70402), "alice": failed(70402)},
        Behavior(missing_user="whole call", fault=struck("account_check", 70402)),
        calls={"portrait_get": 1, "account_check": 1},
    ),
    "the whole call fails for another reason": Case(
        profile("alice", "nobody"),
        FakeIM(PROFILES, IMPORTED, failing={"portrait_get": [BAD_CALL]}),
        {"alice": failed(40001), "nobody": failed(40001)},
        Behavior(fault=struck("portrait_get", 40001)),
        calls={"portrait_get": 1},
    ),
    "one chunk of three fails": Case(
        profile(*MANY),
        FakeIM(PROFILES, IMPORTED, failing={"portrait_get": [None, BAD_CALL]}),
        {account: failed(40001) if 100 <= place < 200 else FOUND for place, account in enumerate(MANY)},
        Behavior(fault=struck("portrait_get", 40001, 2)),
        calls={"portrait_get": 3},
    ),
    "chunks with open ids are checked, each once": Case(
        profile("nobody", *MANY, "empty", "ghost"),
        FakeIM(PROFILES, IMPORTED),
        {"nobody": GONE, **dict.fromkeys((*MANY, "empty"), FOUND), "ghost": GONE},
        calls={"portrait_get": 3, "account_check": 2},
    ),
    "no time is left": Case(
        profile("alice", "nobody"),
        FakeIM(PROFILES, IMPORTED),
        {"alice": (LookupStatus.NOT_ASKED, None), "nobody": (LookupStatus.NOT_ASKED, None)},
        seconds=0,
    ),
    "friends": Case(
        friends("alice", "bob", "empty"),
        FakeIM(FRIENDS, IMPORTED),
        {"bob": FOUND, "empty": FOUND},
        Behavior(order="shuffled"),
        calls={"friend_get_list": 1, "account_check": 1},
    ),
    "not friends, and not imported": Case(
        friends("alice", "nobody", "u1", "bob"),
        FakeIM(FRIENDS, IMPORTED),
        {"nobody": (LookupStatus.NOT_IMPORTED, 30001), "u1": NOT_FRIEND, "bob": FOUND},
        calls={"friend_get_list": 1, "account_check": 1},
    ),
    "friends not imported by another code": Case(
        friends("alice", "nobody"),
        FakeIM({**FRIENDS, "nobody": NotFoundError("no such account", code=30003)}, IMPORTED),
        {"nobody": (LookupStatus.NOT_IMPORTED, 30003)},
        Behavior(friend_not_imported=30003),
        calls={"friend_get_list": 1, "account_check": 1},
    ),
    "not friends, and the check fails": Case(
        friends("alice", "u1", "empty"),
        FakeIM(FRIENDS, IMPORTED, failing={"account_check": [BAD_CHECK]}),
        {"u1": NOT_FRIEND, "empty": failed(70402)},
        Behavior(fault=struck("account_check", 70402)),
        calls={"friend_get_list": 1, "account_check": 1},
    ),
    "the owner of the list is among the asked": Case(
        friends("alice", "alice", "bob"),
        FakeIM(FRIENDS, IMPORTED),
        {"alice": NOT_FRIEND, "bob": FOUND},
        calls={"friend_get_list": 1, "account_check": 1},
    ),
    "the owner of the list is not imported": Case(
        friends("ghost", "bob", "nobody"),
        FakeIM(FRIENDS, IMPORTED, strict=30003),
        {"bob": (LookupStatus.FAILED, None), "nobody": (LookupStatus.FAILED, None)},
        calls={"friend_get_list": 1, "account_check": 1},
    ),
    "many strangers": Case(
        friends("alice", *MANY),
        FakeIM(FRIENDS, IMPORTED),
        dict.fromkeys(MANY, NOT_FRIEND),
        calls={"friend_get_list": 3, "account_check": 3},
    ),
    "attributes": Case(
        attrs("alice", "bob", "nobody"),
        FakeIM(ATTRIBUTES, IMPORTED),
        {"alice": FOUND, "bob": FOUND, "nobody": UNSAID},
        calls={"im_get_attr": 1, "account_check": 1},
    ),
    "attributes leave out an unknown account": Case(
        attrs("alice", "nobody"),
        FakeIM({"alice": ATTRIBUTES["alice"]}, IMPORTED),
        {"alice": FOUND, "nobody": UNSAID},
        Behavior(attr_unknown="omitted"),
        calls={"im_get_attr": 1, "account_check": 1},
    ),
    "attributes fail as a whole for an unknown account": Case(
        attrs("nobody", "alice"),
        FakeIM(ATTRIBUTES, IMPORTED, strict=90048),
        {"nobody": UNSAID, "alice": FOUND},
        Behavior(attr_unknown="whole call"),
        calls={"im_get_attr": 2, "account_check": 1},
    ),
    "attributes are switched off": Case(
        attrs("alice"),
        FakeIM(ATTRIBUTES, IMPORTED, failing={"im_get_attr": [IMError("off", code=90045)]}),
        {"alice": failed(90045)},
        Behavior(attr_enabled=False),
        calls={"im_get_attr": 1},
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def served() -> Iterator[Caller]:
    app = HostedApp(APP_ID, KEY, accounts=HELD, attribute_names={"0": "city"})
    with serving(Sandbox(app)) as served:
        yield served


@pytest.fixture(scope="module")
def pool() -> Iterator[Executor]:
    # A pool of one makes the chunks' calls in their order.
    with ThreadPoolExecutor(1) as pool:
        yield pool


@dataclass
class Answer:
    """The rows of a lookup, and the number of calls by command."""

    rows: tuple[AccountResult, ...]
    calls: Counter[str]


def ask_fake(case: Case, _: Caller, pool: Executor) -> Answer:
    fake = replace(case.fake, calls=[])
    rows = look_up(case.command, fake, Deadline.after(case.seconds), pool)
    return Answer(rows, Counter(command for command, _ in fake.calls))


def ask_sandbox(case: Case, served: Caller, pool: Executor) -> Answer:
    served.sandbox.behavior = case.behavior
    before = arrived(served)
    with closing(IMClient(base_url=served.url, app_id=APP_ID, key=KEY, admin=ADMIN, workers=1)) as im:
        rows = look_up(case.command, im, Deadline.after(case.seconds), pool)
    return Answer(rows, arrived(served) - before)


def arrived(served: Caller) -> Counter[str]:
    return Counter({command: len(times) for command, times in served.sandbox.call_log().items()})


def kind(row: AccountResult) -> tuple[LookupStatus, int | None]:
    return row.status, row.problem.code if row.problem else None


SlackRequest: TypeAlias = Callable[[Case, Caller, Executor], Answer]


@pytest.mark.parametrize("ask", [ask_fake, ask_sandbox])
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_accounts_for_every_id(case: Case, ask: SlackRequest, served: Caller, pool: Executor) -> None:
    answer = ask(case, served, pool)

    assert [(row.account, kind(row)) for row in answer.rows] == list(case.rows.items())
    assert answer.calls == case.calls


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_the_fake_does_not_lie(case: Case, served: Caller, pool: Executor) -> None:
    faked, real = ask_fake(case, served, pool).rows, ask_sandbox(case, served, pool).rows

    assert [dict(row.values) for row in faked] == [dict(row.values) for row in real]
    assert [type(row.problem) for row in faked] == [type(row.problem) for row in real]


CHUNKS: list[tuple[LookupCommand, list[int]]] = [
    (profile(*MANY[:1]), [1]),
    (profile(*MANY[:100]), [100]),
    (profile(*MANY[:101]), [100, 1]),
    (attrs(*MANY[:201]), [100, 100, 1]),
    (friends("alice", *MANY[:99]), [99]),
    (friends("alice", *MANY[:100]), [99, 1]),
    (friends("alice", *MANY[:199]), [99, 99, 1]),
]


@pytest.mark.parametrize(("command", "sizes"), CHUNKS)
def test_asks_in_chunks_that_leave_room_for_the_owner_of_a_friend_list(
    command: LookupCommand, sizes: list[int], pool: Executor
) -> None:
    fake = FakeIM({}, IMPORTED)

    look_up(command, fake, Deadline.after(5), pool)

    owners = int(command.kind is kinds.FRIENDS)
    checks = [accounts for called, accounts in fake.calls if called == "account_check"]
    assert [len(accounts) for called, accounts in fake.calls if called != "account_check"] == sizes
    assert [len(accounts) for accounts in checks] == [size + owners for size in sizes]


def test_says_whose_friend_list_cannot_be_read(pool: Executor) -> None:
    (row,) = look_up(friends("ghost", "bob"), FakeIM({}, IMPORTED), Deadline.after(5), pool)

    assert str(row.problem) == "no such account ghost, the owner"


def test_says_that_an_account_was_left_out_when_it_is_imported(pool: Executor) -> None:
    (row,) = look_up(profile("bob"), FakeIM({}, IMPORTED), Deadline.after(5), pool)

    assert row.status is LookupStatus.FAILED
    assert str(row.problem) == "Tencent Chat's answer left it out"


def test_does_not_take_silence_of_the_check_for_an_answer(pool: Executor) -> None:
    (row,) = look_up(profile("empty"), FakeIM({"empty": {}}, {}), Deadline.after(5), pool)

    assert row.status is LookupStatus.FAILED
    assert str(row.problem) == "Tencent Chat did not say whether it is imported"


def test_marks_accounts_without_time_for_a_second_call_as_not_asked(pool: Executor) -> None:
    late = NotAskedError("there was no time left")
    fake = FakeIM(PROFILES, IMPORTED, strict=40003, failing={"portrait_get": [None, late]})

    rows = look_up(profile("alice", "nobody"), fake, Deadline.after(5), pool)

    assert [row.status for row in rows] == [LookupStatus.NOT_ASKED, LookupStatus.NOT_IMPORTED]


def test_lets_an_unexpected_error_through(pool: Executor) -> None:
    fake = FakeIM({}, IMPORTED, failing={"im_get_attr": [None, ZeroDivisionError()]})

    with pytest.raises(ZeroDivisionError):
        look_up(attrs(*MANY), fake, Deadline.after(5), pool)


def test_lists_the_attributes_that_occur() -> None:
    rows = [
        AccountResult("a", LookupStatus.FOUND, {"sex": "F", "city": "X"}),
        AccountResult("b", LookupStatus.FAILED),
    ]

    assert attribute_names(rows) == ("city", "sex")


DOWN = UnavailableError("down", code=40006)
PROBLEMS = st.sampled_from([MISSING, STRANGER, ILL, DOWN, NotAskedError("late"), IMError("odd", code=1)])
SAID: st.SearchStrategy[Values | IMError | None] = st.sampled_from([{NICK: "X"}, {}, None]) | PROBLEMS
CHECKED: st.SearchStrategy[bool | IMError | None] = st.sampled_from([True, True, False, None]) | PROBLEMS
COMMANDS: st.SearchStrategy[Callable[..., LookupCommand]] = st.sampled_from(
    [profile, attrs, lambda *accounts: friends("owner", *accounts)]
)
LOOKUPS = ("portrait_get", "friend_get_list", "im_get_attr")


@st.composite
def fakes(draw: st.DrawFn, accounts: Sequence[str]) -> FakeIM:
    # A few kinds of account in turn: as thorough as a draw for each of 350, and quick.
    kinds = draw(st.lists(st.tuples(SAID, CHECKED), min_size=1, max_size=7))
    dealt = dict(zip(accounts, cycle(kinds), strict=False))
    faults = st.lists(st.none() | PROBLEMS, max_size=4)
    return FakeIM(
        {account: said for account, (said, _) in dealt.items() if said is not None},
        {account: checked for account, (_, checked) in dealt.items() if checked is not None}
        | draw(st.sampled_from([{"owner": True}, {"owner": False}, {"owner": ILL}, {}])),
        strict=draw(st.sampled_from([0, 0, 40003])),
        failing={
            "account_check": draw(faults),
            **dict.fromkeys(LOOKUPS, draw(faults)),
        },
    )


LONG = ("x" * 33, "\u5f20" * 11, "y" * 4000)


@pytest.mark.parametrize("make", [profile, partial(friends, "owner"), attrs])
def test_never_sends_an_id_that_is_too_long_and_answers_in_its_place(
    make: Callable[..., LookupCommand], pool: Executor
) -> None:
    accounts = (LONG[0], *MANY[:150], LONG[1], *MANY[150:], LONG[2])
    fake = FakeIM({**PROFILES, **{account: {NICK: "U"} for account in MANY}}, {**IMPORTED, "owner": True})

    rows = look_up(make(*accounts), fake, Deadline.after(5), pool)

    assert tuple(row.account for row in rows) == accounts
    assert {sent for _, named in fake.calls for sent in named} == {*MANY}
    assert {
        row.account: str(row.problem) for row in rows if row.status is not LookupStatus.FOUND
    } == dict.fromkeys(LONG, "over 32 bytes")
    assert all(row.status is LookupStatus.NOT_ASKED for row in rows if row.account in LONG)
    assert Lookup(make(*accounts), rows).unanswered() == ()


@settings(max_examples=50, deadline=None)
@given(st.data(), COMMANDS, st.integers(1, 350))
def test_every_id_is_in_the_answer_once_in_every_case(
    data: st.DataObject, make: Callable[..., LookupCommand], size: int
) -> None:
    command = make(*(f"u{number}" for number in range(size)))
    fake = data.draw(fakes(command.accounts))

    with ThreadPoolExecutor(3) as pool:
        rows = look_up(command, fake, Deadline.after(5), pool)

    assert tuple(row.account for row in rows) == command.accounts
    for row in rows:
        if row.status is LookupStatus.FOUND:
            assert row.values == fake.said[row.account]
            assert row.problem is None
        elif row.status is LookupStatus.NOT_IMPORTED:
            assert fake.imported[row.account] is False
        else:
            assert row.problem
            assert (row.status is LookupStatus.NOT_ASKED) == isinstance(row.problem, NotAskedError)
    chunks = -(-size // (99 if command.kind is kinds.FRIENDS else 100))
    counts = Counter(called for called, _ in fake.calls)
    assert counts["account_check"] <= chunks
    assert sum(counts[called] for called in LOOKUPS) <= 2 * chunks
