"""Buttons of an answer while accounts come, go and fail: no id is lost or repeated."""

import csv
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import StringIO
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.changes.service import Changes
from bot.core.commands import LookupCommand
from bot.core.fields import Domain, defaults
from bot.core.lookups.kinds import ATTRIBUTES, FRIENDS, PROFILES
from bot.core.model import Actor, App, Deadline, Grantees, Surface, Values
from bot.core.parsing.command_line import Apps
from bot.core.policy import Rules
from bot.core.services import Services
from bot.errors import AuditError, IMError, RecordUnknownError, UnavailableError
from bot.slack.claims import Claims
from bot.slack.delivery.reply import Audience, Reply
from bot.slack.delivery.request import SlackRequest
from bot.slack.delivery.response_url import ResponseUrl
from bot.slack.interactions import LookupPage
from bot.slack.listeners.buttons import press
from bot.slack.lookup_answers import LookupAnswers
from bot.slack.messages.blocks import NEWER, Message
from bot.slack.runner import CommandRunner
from tests.support.fakes import FakeIM, FakePeople, FakeRecord
from tests.support.interactions import make_interactions

VERA = Actor("U01VERA", "T01HOME")
PROD = App("prod", "Singapore")
APPS = Apps({"prod": PROD}, "prod")
EVERYBODY = Grantees(everyone=True)
NO_NOTICE = 3600.0
"""Seconds before a notice of progress that no example reaches, however busy the machine is."""


@dataclass
class ChangingIM(FakeIM):
    """A vendor whose accounts differ from press to press, and some of whose calls fail as a whole."""

    down: Sequence[bool] = ()

    def _call(self, command: str, accounts: Sequence[str], deadline: Deadline) -> None:
        super()._call(command, accounts, deadline)
        if self.down and self.down[len(self.calls) % len(self.down)]:
            raise UnavailableError("Tencent Chat had an internal error", code=40006)


@dataclass(slots=True)
class RecordingReply(Reply):
    """A reply that records its messages."""

    said: list[Message] = field(default_factory=list)

    def answer(self, message: Message, _: Audience = Audience.USUAL) -> bool:
        self.said.append(message)
        return True

    def refuse(self, message: Message) -> None:
        self.said.append(message)


@dataclass
class FakeFiles:
    """Records the content of a file."""

    content: bytes = b""

    def send(self, _: str, __: str, content: bytes, ___: str) -> None:
        self.content = content


class UnsharedPeople(FakePeople):
    """People of one workspace, in channels that are not shared with other organizations."""

    def resolve(self, actor: Actor) -> Actor:
        return actor

    @contextmanager
    def within(self, _: float) -> Iterator[None]:
        yield

    def describe_channel(self, _: str) -> tuple[str, bool]:
        return "open", False

    def is_shared_outside(self, channel_id: str) -> bool:
        return not channel_id


class RunnerFixture:
    """A command runner without Slack: a viewer's commands and presses."""

    def __init__(self, im: FakeIM, pool: ThreadPoolExecutor, avoided: Collection[str] = NEWER) -> None:
        self.im, self.record, self.files, self.answers = im, FakeRecord(), FakeFiles(), make_interactions()
        people: Any = UnsharedPeople({}, {})
        files: Any = self.files
        nothing: Any = None
        rules, ims = Rules(EVERYBODY, Grantees()), {"prod": im}
        changes = Changes(APPS, ims, rules, people, self.record, audited=False)
        services = Services(APPS, ims, rules, people, pool, self.record, changes)
        lookups = LookupAnswers("/im", services, self.answers, people, files, set(avoided))
        self.runner = CommandRunner(
            "/im",
            services,
            self.answers,
            people,
            Claims(self.record),
            nothing,
            lookups,
            nothing,
            lambda *_: None,
            lambda: "",
        )

    def ask(self, command: LookupCommand) -> Message:
        ask = self._ask(Surface.COMMAND)
        self.runner.lookups.show(ask, command)
        return said(ask)

    def press(self, message: Message, action_id: str, label: str = "") -> Message:
        ask = self._ask(Surface.BUTTON)
        press(self.runner, ask, action_id, buttons(message)[action_id, label])
        return said(ask)

    def _ask(self, surface: Surface) -> SlackRequest:
        nothing: Any = None
        return SlackRequest(
            VERA,
            surface,
            RecordingReply(ResponseUrl(nothing, "https://hooks.invalid", VERA.user_id), NO_NOTICE),
            "C01OPEN",
        )


def said(ask: SlackRequest) -> Message:
    assert isinstance(ask.reply, RecordingReply)
    (message,) = ask.reply.said
    return message


def buttons(message: Message) -> dict[tuple[str, str], str]:
    """Map buttons to their values, by action id and, for paging buttons, their direction."""
    found = {}
    for block in message.blocks:
        for element in block.get("elements", ()):
            if element["type"] == "button":
                direction = element["text"]["text"].split()[0] if element["action_id"] == "page" else ""
                found[element["action_id"], direction] = element["value"]
    return found


def ids_in(message: Message) -> list[str]:
    """List the ids below the first line of an answer."""
    ids: list[str] = []
    if message.blocks[0]["type"] == "header":
        return [message.blocks[1]["text"]["text"].split()[0]]
    for block in message.blocks[1:]:
        if block["type"] in ("table", "data_table"):
            rows = [[cell["text"] for cell in row] for row in block["rows"]]
            ids += [row[0] for row in rows[1:]] if rows[0][0] == "Account" else rows[0][1:]
        elif block["type"] == "rich_text":
            parts = block["elements"][0]["elements"]
            ids += [part["text"] for part in parts if part.get("style") == {"code": True}]
    return ids


def turn_pages(
    fixture: RunnerFixture, message: Message, direction: str, between: Iterable[None]
) -> list[Message]:
    """Turn pages in one direction to the last; `between` runs up to each press."""
    pages = [message]
    for _ in between:
        if ("page", direction) not in buttons(pages[-1]):
            break
        pages.append(fixture.press(pages[-1], "page", direction))
    return pages


def reasons(message: Message) -> Iterator[tuple[str, str]]:
    """Yield each account below the table with the first word of its reason."""
    for line in message.text.split("\n")[1:]:
        ids, _, why = line.partition("  ")
        yield from ((account, why.partition(":")[0]) for account in ids.split(", "))


def headline(message: Message) -> str:
    return message.text.split("\n")[0]


NICK = "Tag_Profile_IM_Nick"
known: st.SearchStrategy[Values | IMError | None] = st.sampled_from(
    [{NICK: "x"}, {NICK: "x"}, {NICK: "y", "Tag_Profile_IM_Level": 2}, {}, IMError("no", code=40007), None]
)


@st.composite
def vendor_states(draw: st.DrawFn) -> list[tuple[list[Values | IMError | None], list[bool], int]]:
    """Draw the vendor's state at each press: its accounts, its failing calls, those imported."""
    one = st.tuples(
        st.lists(known, min_size=1, max_size=7), st.lists(st.booleans(), max_size=3), st.integers(1, 9)
    )
    return draw(st.lists(one, min_size=2, max_size=12))


@settings(max_examples=30, deadline=None)
@given(
    count=st.integers(1, 8) | st.integers(1, 330),
    kind=st.sampled_from(["profile", "friends", "attrs"]),
    states=vendor_states(),
)
def test_loses_and_repeats_no_id_when_accounts_change_between_presses(
    count: int, kind: str, states: list[tuple[list[Values | IMError | None], list[bool], int]]
) -> None:
    asked = tuple(f"u{number:03}" for number in range(count))
    commands: Mapping[str, LookupCommand] = {
        "profile": LookupCommand(PROFILES, PROD, asked, defaults(Domain.PROFILE, ())),
        "friends": LookupCommand(FRIENDS, PROD, asked, defaults(Domain.FRIEND, ()), owner="owner"),
        "attrs": LookupCommand(ATTRIBUTES, PROD, asked),
    }
    im, moment = ChangingIM(), 0

    def change() -> None:
        nonlocal moment
        known, im.down, missing = states[moment % len(states)]
        moment += 1
        found = {account: known[(n + moment) % len(known)] for n, account in enumerate(asked)}
        im.said = {account: values for account, values in found.items() if values is not None}
        imported = {account: bool((n + moment) % (missing + 1)) for n, account in enumerate(asked)}
        im.imported = {"owner": True, **imported}
        im.calls.clear()

    def changes() -> Iterable[None]:
        while True:
            change()
            yield

    with ThreadPoolExecutor(1) as pool:
        fixture = RunnerFixture(im, pool)
        change()
        first = fixture.ask(commands[kind])
        forth = turn_pages(fixture, first, "Next", changes())
        back = turn_pages(fixture, forth[-1], "Previous", changes())

        assert sorted(account for page in forth for account in ids_in(page)) == list(asked)
        assert [set(ids_in(page)) for page in back[::-1]] == [set(ids_in(page)) for page in forth]
        assert {headline(page) for page in (*forth, *back)} == {headline(first)}

        # Where no account was answered, there is nothing to export or share.
        is_unanswered = headline(first).startswith("Tencent Chat had an internal error")
        assert {("export_csv", ""), ("share", "")}.isdisjoint(buttons(back[0])) is is_unanswered
        if not is_unanswered:
            change()
            fixture.press(back[0], "export_csv")
            rows = list(csv.DictReader(StringIO(fixture.files.content.decode("utf-8-sig"))))
            assert [row["account"] for row in rows] == list(asked)
            assert all(row["message"] or row["status"] == "found" for row in rows)

            change()
            shared = fixture.press(back[0], "share")
            assert sorted(ids_in(shared)) == sorted(ids_in(back[0]))

        if ("retry_failed", "") in buttons(back[0]):
            change()
            again = fixture.press(back[0], "retry_failed")
            forth = turn_pages(fixture, again, "Next", changes())
            retried = sorted(account for page in forth for account in ids_in(page))
            page = fixture.answers.find(buttons(back[0])["retry_failed", ""], VERA, LookupPage)
            assert retried == sorted({*page.answer.unanswered(), *page.failed})
            assert set(retried) >= {account for account, why in reasons(back[0]) if why == "failed"}


def everybody(count: int) -> ChangingIM:
    asked = [f"u{number:03}" for number in range(count)]
    return ChangingIM({account: {NICK: account} for account in asked}, dict.fromkeys(asked, True))


def profiles(count: int) -> LookupCommand:
    return LookupCommand(
        PROFILES, PROD, tuple(f"u{number:03}" for number in range(count)), defaults(Domain.PROFILE, ())
    )


def test_turns_a_page_of_a_thousand_ids_by_one_call_for_those_on_it() -> None:
    im = everybody(1000)
    with ThreadPoolExecutor(1) as pool:
        fixture = RunnerFixture(im, pool)
        first = fixture.ask(profiles(1000))
        im.calls.clear()
        second = fixture.press(first, "page", "Next")

    assert [(name, len(ids)) for name, ids in im.calls] == [("portrait_get", 20)]
    assert headline(second) == headline(first)
    newest = fixture.record.entries[-1].event
    assert (newest.surface, newest.accounts) == (Surface.BUTTON, im.calls[0][1])


def test_shows_on_its_page_why_an_account_is_not_found_any_more() -> None:
    im = everybody(25)
    with ThreadPoolExecutor(1) as pool:
        fixture = RunnerFixture(im, pool)
        first = fixture.ask(profiles(25))
        im.said = {**im.said, "u021": UnavailableError("Tencent Chat had an internal error", code=40006)}
        im.imported = {**im.imported, "u022": False}
        del (said := dict(im.said))["u022"]
        im.said = said
        second = fixture.press(first, "page", "Next")
        again = fixture.press(second, "retry_failed")

    assert headline(second).startswith("25 of 25 found")
    assert sorted(ids_in(second)) == ["u020", "u021", "u022", "u023", "u024"]
    assert "u021  Tencent Chat couldn't read this account (40006)." in second.text
    assert "u022  no such account." in second.text
    assert headline(again).startswith("Tencent Chat had an internal error  ·  0 of 1 found")


def test_does_not_ask_again_for_pages_of_accounts_that_failed() -> None:
    im = ChangingIM(down=[True])
    with ThreadPoolExecutor(1) as pool:
        fixture = RunnerFixture(im, pool)
        first = fixture.ask(profiles(70))
        im.calls.clear()
        second = fixture.press(first, "page", "Next")

    assert im.calls == []
    assert len(ids_in(second)) == 20


def test_does_not_ask_again_for_accounts_not_found() -> None:
    im = ChangingIM(imported=dict.fromkeys(profiles(70).accounts, False))
    with ThreadPoolExecutor(1) as pool:
        fixture = RunnerFixture(im, pool)
        first = fixture.ask(profiles(70))
        im.calls.clear()
        second = fixture.press(first, "page", "Next")
        fixture.press(second, "share")
        fixture.press(second, "export_csv")

    assert im.calls == []
    assert len(ids_in(second)) == 20
    shown = [entry.event.accounts for entry in fixture.record.entries[-3:]]
    assert shown == [tuple(ids_in(second)), tuple(ids_in(second)), profiles(70).accounts]


@pytest.mark.parametrize(
    ("trouble", "expected"),
    [
        (AuditError("the disk is full"), "This lookup could not be recorded"),
        (RecordUnknownError("no answer in time"), "this lookup may be missing from it"),
    ],
)
def test_answers_although_the_record_fails_and_says_so(trouble: AuditError, expected: str) -> None:
    with ThreadPoolExecutor(1) as pool:
        fixture = RunnerFixture(everybody(25), pool)
        fixture.record.failing = {"add": [trouble, trouble]}
        first = fixture.ask(profiles(25))
        second = fixture.press(first, "page", "Next")

    assert [expected in message.text for message in (first, second)] == [True, True]


def test_shows_the_attributes_that_occur_on_a_page() -> None:
    asked = [f"u{number:03}" for number in range(21)]
    im = FakeIM({account: {"late" if account == "u020" else "early": "x"} for account in asked})
    with ThreadPoolExecutor(1) as pool:
        fixture = RunnerFixture(im, pool)
        first = fixture.ask(LookupCommand(ATTRIBUTES, PROD, tuple(asked)))
        second = fixture.press(first, "page", "Next")

    tables = [block for message in (first, second) for block in message.blocks if block["type"] == "table"]
    assert [[cell["text"] for cell in table["rows"][0]] for table in tables] == [
        ["Account", "early"],
        ["Account", "late"],
    ]


def test_says_in_how_many_rows_a_csv_differs_from_its_answer() -> None:
    im = everybody(6)
    with ThreadPoolExecutor(1) as pool:
        fixture = RunnerFixture(im, pool)
        first = fixture.ask(profiles(6))
        im.down = [True]
        export = fixture.press(first, "export_csv")

    assert headline(export).startswith("6 of 6 found")
    assert "6 accounts found earlier returned no values this time: each row says why." in export.text
    assert fixture.files.content.count(b',"failed",') == 6
