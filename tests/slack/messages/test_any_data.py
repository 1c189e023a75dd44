import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.commands import SPECS, LookupCommand
from bot.core.fields import FRIEND_FIELDS, PROFILE_FIELDS, Domain, Field, custom_field, offered
from bot.core.lookups.job import Progress
from bot.core.lookups.kinds import ATTRIBUTES, FRIENDS, PROFILES
from bot.core.model import (
    AccountResult,
    Actor,
    App,
    Grantees,
    LookupStatus,
    Outcome,
    Role,
    Surface,
    Value,
    Values,
)
from bot.core.results import (
    Form,
    Help,
    History,
    Home,
    Lookup,
    Preview,
    Recent,
    RoleReport,
    Settled,
    Start,
    Unchanged,
)
from bot.core.text.visible_text import make_visible
from bot.errors import IMError, OutcomeUnknownError
from bot.playground.blockkit.checker import check_message, check_view
from bot.slack.messages.audit import MIN_GROUP, render_entries
from bot.slack.messages.blocks import Message
from bot.slack.messages.change import entry_label
from bot.slack.messages.home import AuditChannel, accessory, render_home
from bot.slack.messages.lookups.paging import PageControls, pages
from bot.slack.messages.notices import progressing
from bot.slack.messages.render import render
from tests.support.sample_results import CHANGE, enter

NASTY = (
    "<!here>",
    "@channel",
    "*_`~",
    "\u202e",
    "\u200b",
    "\n",
    " ",
    "&",
    "\ud800",
    "\N{FAMILY}\u200d",
    "\U000e0041",
)
any_text = st.text(st.characters(exclude_categories=[])) | st.sampled_from(NASTY)
long_text = st.builds(lambda text, times: (text * times)[:5000], any_text, st.sampled_from([1, 20, 166, 500]))
any_value: st.SearchStrategy[Value] = long_text | st.integers() | st.lists(any_text, max_size=4).map(tuple)
customs = st.lists(any_text, max_size=20).map(
    lambda labels: tuple(custom_field(f"c{chr(97 + n)}", label) for n, label in enumerate(labels))
)


def short(text: str, size: int) -> str:
    return text.encode("utf-8", "replace")[:size].decode("utf-8", "ignore")


@st.composite
def profile_values(draw: st.DrawFn, fields: tuple[Field, ...]) -> Values:
    value = draw(any_value)
    chosen = draw(st.sets(st.sampled_from([field.tag for field in fields])))
    return dict.fromkeys(chosen, value) | {fields[0].tag: draw(any_value)}


@st.composite
def problems(draw: st.DrawFn) -> IMError | None:
    if draw(st.booleans()):
        return None
    code = draw(st.none() | st.integers(0, 99999))
    return IMError(draw(long_text), code=code, advice=draw(long_text))


@st.composite
def lookups(draw: st.DrawFn) -> Lookup:
    custom = draw(customs)
    domain = draw(st.sampled_from(Domain))
    fields = offered(domain, custom)
    count = draw(st.integers(1, 6) | st.integers(1, 130))
    prefix = short(draw(any_text), 28)
    ids = tuple(f"{prefix}{number:04}" for number in range(count))
    values = draw(st.lists(profile_values(fields), min_size=1, max_size=3))
    why = draw(st.lists(problems(), min_size=1, max_size=3))
    findings = draw(st.lists(st.sampled_from(LookupStatus), min_size=1, max_size=9))
    rows = []
    for number, account in enumerate(ids):
        status = findings[number % len(findings)]
        if status is LookupStatus.FOUND:
            rows.append(AccountResult(account, status, values[number % len(values)]))
        else:
            rows.append(AccountResult(account, status, problem=why[number % len(why)]))
    app = App(draw(st.sampled_from(["prod", "test"])), "Singapore", custom)
    named = draw(st.booleans())
    owner = short(draw(any_text), 32) or "o"
    commands: tuple[LookupCommand, ...] = (
        LookupCommand(PROFILES, app, ids, fields, named=named),
        LookupCommand(FRIENDS, app, ids, fields, named=named, owner=owner),
        LookupCommand(ATTRIBUTES, app, ids),
    )
    command = draw(st.sampled_from(commands))
    return Lookup(command, tuple(rows))


def show(lookup: Lookup, number: int) -> Message:
    ids = [16 * letter for letter in "pnersah"]
    return render(lookup, command="/im", actor_id="U01", page=PageControls(number, 20, *ids))


def shown_ids(message: Message) -> Iterator[str]:
    is_card = message.blocks[0]["type"] == "header"
    if is_card:
        yield message.blocks[1]["text"]["text"].partition("  ·  1 of 1 found")[0]
    for block in message.blocks[1:]:
        if block["type"] == "table" and not is_card:
            yield from ids_of_table([[cell["text"] for cell in row] for row in block["rows"]])
        elif block["type"] == "rich_text":
            for element in block["elements"][0]["elements"]:
                if element.get("style") == {"code": True}:
                    yield element["text"]


def ids_of_table(rows: list[list[str]]) -> list[str]:
    return [row[0] for row in rows[1:]] if rows[0][0] == "Account" else rows[0][1:]


def size(node: Any) -> int:
    if isinstance(node, dict):
        return sum(
            len(value) if key == "text" and isinstance(value, str) else size(value)
            for key, value in node.items()
        )
    return sum(map(size, node)) if isinstance(node, list | tuple) else 0


@settings(max_examples=50, deadline=None)
@given(lookups())
def test_accounts_for_every_id_once_within_every_limit(lookup: Lookup) -> None:
    messages = [show(lookup, number) for number in range(pages(lookup))]

    for message in messages:
        assert check_message({"text": message.text, "blocks": list(message.blocks)}) == []
        assert size(message.blocks) <= 9500
        assert 0 < len(message.text.encode()) <= 3800
    shown = [account for message in messages for account in shown_ids(message)]
    assert sorted(shown) == sorted(make_visible(account) for account in lookup.command.accounts)


@settings(max_examples=25, deadline=None)
@given(st.data(), customs, st.integers(1, 5), st.sampled_from(Outcome))
def test_renders_any_change_within_every_limit(
    data: st.DataObject, custom: tuple[Field, ...], count: int, outcome: Outcome
) -> None:
    account, problem = data.draw(any_text.filter(len)), data.draw(any_text)
    reason = data.draw(long_text)
    app = App("prod", "Singapore", custom)
    before, after = (data.draw(profile_values(offered(Domain.PROFILE, custom))) for _ in range(2))
    change = replace(
        CHANGE,
        account=account,
        before=before,
        after=after,
        reason=reason,
        undoes=data.draw(st.sampled_from(["", CHANGE.id])),
        outcome=outcome,
    )
    entries = [
        enter(number, change, outcome, problem=problem, surface=Surface.BOT) for number in range(count)
    ]
    failure = OutcomeUnknownError(problem, code=40006, advice=reason)

    for message in (
        render(Preview(app, replace(change, kept=before)), command="/im", actor_id="U01"),
        render(Unchanged(app, account, after), command="/im", actor_id="U01"),
        render(Settled(app, change, entries[0], failure), command="/im", actor_id="U01"),
        render(Form(app, account, before), command="/im", actor_id="U01"),
        render(Help((), SPECS["set"], (app,)), command="/im", actor_id="U01"),
        render(History(app, account, (*entries,) * 4, None, with_values=True), command="/im", actor_id="U01"),
        render_entries(entries, {"prod": app}, {}),
    ):
        assert check_message({"text": message.text, "blocks": list(message.blocks)}) == []
        assert size(message.blocks) <= 9500
        assert 0 < len(message.text.encode()) <= 3800


@settings(max_examples=25, deadline=None)
@given(any_text, st.lists(st.tuples(any_text, any_text, long_text, long_text), min_size=1, max_size=4))
def test_renders_any_flood_of_refusals_within_every_limit(
    user_id: str, asked: list[tuple[str, str, str, str]]
) -> None:
    actor = Actor(user_id, "T01HOME")
    entries = [
        enter(
            number,
            outcome=Outcome.DENIED,
            actor=actor,
            app=app,
            command=command,
            accounts=(account,),
            problem=problem,
        )
        for number, (app, command, account, problem) in enumerate(asked * MIN_GROUP)
    ]

    message = render_entries(entries, {}, {})

    assert check_message({"text": message.text, "blocks": list(message.blocks)}) == []
    assert size(message.blocks) <= 9500
    assert 0 < len(message.text.encode()) <= 3800
    assert f"{entry_label(entries[0])} to {entry_label(entries[-1])}" in message.text


@settings(max_examples=25, deadline=None)
@given(lookups(), st.floats(0, 60), st.none() | st.floats(0, 60), st.integers(0, 130))
def test_renders_any_progress_within_every_limit(
    lookup: Lookup, seconds: float, left: float | None, done: int
) -> None:
    progress = Progress(len(lookup.rows), Lookup(lookup.command, lookup.rows[:done]).count(), seconds, left)
    message = progressing(lookup.command, progress, "c" * 16)

    assert check_message({"text": message.text, "blocks": list(message.blocks)}) == []
    assert len(message.blocks[1]["elements"][0]["elements"][0]["text"]) == 20


def test_fits_the_most_there_can_be() -> None:
    worst = "\u061c" * 14
    custom = tuple(custom_field(f"c{chr(97 + n)}", "\u061c" * 200) for n in range(20))
    fields = (*FRIEND_FIELDS, *PROFILE_FIELDS, *custom)
    values = {field.tag: "\u061c" * 250 for field in fields}
    hits = [AccountResult(f"{worst}{n:04}", LookupStatus.FOUND, values) for n in range(20)]
    misses = [
        AccountResult(
            f"{worst}{n:04}",
            LookupStatus.FAILED,
            problem=IMError(f"{n}" * 500, code=10**9 + n, advice="\u061c" * 500),
        )
        for n in range(20, 70)
    ]
    command = LookupCommand(
        FRIENDS,
        App("prod", "Singapore"),
        tuple(row.account for row in hits + misses),
        fields,
        owner=worst,
        named=True,
    )
    lookup = Lookup(command, (*hits, *misses))

    message = show(lookup, 0)

    assert pages(lookup) == 1
    assert check_message({"text": message.text, "blocks": list(message.blocks)}) == []
    assert size(message.blocks) <= 9500
    assert len(list(shown_ids(message))) == 70


def test_fits_four_accounts_with_all_fields_full() -> None:
    custom = tuple(custom_field(f"c{chr(97 + n)}") for n in range(20))
    fields = offered(Domain.PROFILE, custom)
    values = {field.tag: "x" * 500 for field in fields}
    rows = tuple(AccountResult(f"a{n}", LookupStatus.FOUND, values) for n in range(4))

    message = show(
        Lookup(LookupCommand(PROFILES, App("prod", "Seoul"), ("a0", "a1", "a2", "a3"), fields), rows), 0
    )

    assert size(message.blocks) <= 9500
    assert size(message.blocks) > 6000
    assert check_message({"text": message.text, "blocks": list(message.blocks)}) == []


def test_fits_the_fields_of_many_apps_into_one_table() -> None:
    apps = tuple(
        App(f"app{n}", "Seoul", tuple(custom_field(f"c{chr(97 + n)}{chr(97 + m)}") for m in range(20)))
        for n in range(6)
    )

    message = render(Help((), SPECS["set"], apps), command="/im", actor_id="U01")

    assert check_message({"text": message.text, "blocks": list(message.blocks)}) == []
    assert "and 42 more custom fields, which take text" in str(message.blocks)


@settings(max_examples=30, deadline=None)
@given(st.data(), customs, st.sampled_from(Outcome), st.integers(0, 30))
def test_shows_any_start_and_home_within_every_limit(
    data: st.DataObject, custom: tuple[Field, ...], outcome: Outcome, count: int
) -> None:
    account, problem = data.draw(any_text.filter(len)), data.draw(long_text)
    app = App("prod", "Singapore", custom)
    after = dict.fromkeys((field.tag for field in offered(Domain.PROFILE, custom)), "x")
    change = replace(CHANGE, account=account, after=after)
    asked = LookupCommand(PROFILES, app, (account,), ())
    entries = [
        enter(number, change, outcome, accounts=(account,) * 7, problem=problem) for number in range(8)
    ]
    report = RoleReport(data.draw(st.sampled_from(Role)), problem, Grantees(), Grantees(everyone=True))
    home = Home(
        report, (app,) * 3, tuple(Recent(entry, asked) for entry in entries), (change,) * count, problem
    )
    beside = {
        each.entry.sequence: button
        for each in home.recent
        if (button := accessory(each, "a" * 16, "h" * 16, is_editor=True))
    }

    view = render_home(home, beside, AuditChannel("C1", problem or "up to date"), command="/im")
    start = render(
        Start(report, (app,), (asked,) * 3, problem), command="/im", actor_id="U01", repeat_ids=["a" * 16] * 3
    )

    assert check_view(view) == []
    assert check_message({"text": start.text, "blocks": list(start.blocks)}) == []
    assert size(start.blocks) <= 9500


@pytest.mark.parametrize("text", [text for text in NASTY if not text.isspace()])
def test_home_keeps_hostile_text_text(text: str) -> None:
    event = replace(enter(1).event, accounts=(text,), app=text, command=text, change_id=text)
    home = Home(
        RoleReport(Role.EDITOR, text, Grantees(), Grantees()),
        (App("prod", "Singapore"),),
        (Recent(replace(enter(1), event=event), None),),
        (replace(CHANGE, account=text, app=text),),
        text,
    )

    view = render_home(home, {}, AuditChannel("C1", text), command="/im")

    markup = [part["text"] for part in parts(view) if part.get("type") == "mrkdwn"]
    outside = [re.sub("`[^`\n]*`", "", part) for part in markup]
    assert check_view(view) == []
    assert {part["type"] for part in parts(view) if text in part["text"]} <= {"text", "plain_text", "mrkdwn"}
    assert not any(text in part or "<" in part.replace("<!date^", "") for part in outside)


def parts(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        if isinstance(node.get("text"), str):
            yield node
        node = tuple(node.values())
    if isinstance(node, list | tuple):
        for inner in node:
            yield from parts(inner)
