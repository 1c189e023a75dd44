import csv
from dataclasses import replace
from datetime import UTC, datetime
from io import StringIO

import pytest
from hypothesis import given, settings

from bot.core.fields import custom_field
from bot.core.lookups.csv_rows import COLUMNS
from bot.core.lookups.fetch import never_asked
from bot.core.model import App, LookupStatus
from bot.core.results import Lookup
from bot.core.text.visible_text import make_visible
from bot.slack.messages.lookups.csv import comment, file_name, to_csv
from tests.slack.messages.test_any_data import lookups
from tests.support.sample_results import (
    ALICE,
    BOB,
    FRIEND,
    attributes,
    crowd,
    found,
    friends,
    missed,
    profiles,
)

NOON = datetime(2026, 4, 19, 12, 3, 7, tzinfo=UTC)


def read(lookup: Lookup) -> list[list[str]]:
    return list(csv.reader(StringIO(to_csv(lookup, NOON).decode("utf-8-sig"), newline=""), strict=True))


def records(lookup: Lookup) -> list[dict[str, str]]:
    header, *rows = read(lookup)
    return [dict(zip(header, row, strict=True)) for row in rows]


def test_writes_every_field_in_words_and_nothing_where_nothing_is_set() -> None:
    alice, bob = records(profiles(found("alice", ALICE), found("bob_k", BOB)))

    assert alice == {
        "account": "alice",
        "status": "found",
        "code": "",
        "message": "",
        "app": "prod",
        "read_at": "2026-04-19T12:03:07Z",
        "Nickname": "Alice Zhang",
        "Gender": "Female",
        "Birthday": "19 Apr 1990",
        "Location": "Pudong",
        "Add-friend rule": "Needs confirmation",
        "Friend requests": "Allowed",
        "Level": "7",
        "Role": "2",
        "Language": "1",
        "Signature": "on the road again",
        "Avatar": "https://img.example/a/77.png",
        "VIP tier": "gold",
    }
    assert [bob[label] for label in ("Gender", "Birthday")] == ["not set"] * 2
    assert [bob[label] for label in ("Signature", "VIP tier")] == [""] * 2


def test_writes_the_fields_that_rows_have_no_room_for() -> None:
    assert records(profiles(*crowd(5)))[4]["Avatar"] == "https://img.example/a/77.png"


def test_says_of_an_id_that_is_too_long_why_it_was_not_asked_about() -> None:
    (row,) = never_asked(profiles(found("x" * 33)).command)

    alice, long = records(profiles(found("alice", ALICE), row))
    assert (alice["status"], long["account"], long["status"]) == ("found", "x" * 33, "not asked")
    assert long["message"] == "over 32 bytes"


def test_says_what_became_of_every_account_in_the_order_asked() -> None:
    misses = [missed(f"m{number}", status) for number, status in enumerate(list(LookupStatus)[1:])]
    rows = records(friends(*misses, found("bob", FRIEND)))

    assert [(row["account"], row["status"], row["code"], row["message"]) for row in rows] == [
        ("m0", "not a friend", "30001", "not in alice's friend list"),
        ("m1", "not imported", "40003", "no such account"),
        ("m2", "failed", "40006", "Tencent Chat couldn't read this account"),
        ("m3", "not asked", "", "there was no time left to ask Tencent Chat"),
        ("bob", "found", "", ""),
    ]
    assert rows[-1]["Groups"] == "Family, Work"


def test_has_a_column_for_each_attribute_that_occurs() -> None:
    header, *rows = read(attributes(found("a", {"city": "Berlin"}), found("b", {"plan": "pro", "x": "="})))

    assert header == [*COLUMNS, "city", "plan", "x"]
    assert [row[6:] for row in rows] == [["Berlin", "", ""], ["", "pro", "'="]]


@pytest.mark.parametrize("text", ["=HYPERLINK(1)", "+1", "-1", "@x"])
def test_holds_no_formula_in_any_place(text: str) -> None:
    app = App("prod", "Singapore", (custom_field("Vip", text),))
    hostile = found(text, {**ALICE, "Tag_Profile_IM_Nick": text})

    header, row = read(profiles(hostile, app=app))

    assert header[-1] == row[0] == row[6] == f"'{text}"


def test_starts_with_the_mark_that_excel_needs_and_ends_lines_as_the_standard_says() -> None:
    content = to_csv(profiles(found("漢字"), found("b")), NOON)

    assert content.startswith(b'\xef\xbb\xbf"account",')
    assert content.count(b"\r\n") == content.count(b"\n") == 3


@pytest.mark.parametrize(
    ("lookup", "name"),
    [
        (profiles(found("secret")), "profile-prod-20260419-120307.csv"),
        (friends(found("secret"), owner="owner"), "friends-prod-20260419-120307.csv"),
        (attributes(found("secret")), "attrs-prod-20260419-120307.csv"),
    ],
)
def test_names_neither_accounts_nor_owners_outside_of_the_file(lookup: Lookup, name: str) -> None:
    assert file_name(lookup.command, NOON) == name
    assert "secret" not in comment(lookup)
    assert "owner" not in comment(lookup)


def test_says_above_the_file_what_it_is() -> None:
    assert comment(profiles(*crowd(1))) == "The CSV you asked for: profile of 1 account in prod."
    named = replace(profiles(*crowd(1000)).command, app=App("<!here>", "Seoul"))
    assert comment(replace(profiles(*crowd(1000)), command=named)) == (
        "The CSV you asked for: profile of 1,000 accounts in &lt;!here&gt;."
    )


@settings(max_examples=100, deadline=None)
@given(lookups())
def test_reads_back_any_csv_with_each_account_once(lookup: Lookup) -> None:
    header, *rows = read(lookup)

    assert {len(row) for row in rows} == {len(header)}
    accounts = map(make_visible, lookup.command.accounts)
    assert all(row[0] in (each, f"'{each}") for row, each in zip(rows, accounts, strict=True))
    assert [row[1] for row in rows] == [row.status for row in lookup.rows]
    cells = [cell for row in (header, *rows) for cell in row]
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in cells)
