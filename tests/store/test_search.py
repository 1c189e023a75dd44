"""Searches of the record, in pages of bounded work."""

import time
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core.model import Actor, EntryKind, Found, Outcome, RecordQuery
from bot.store import search
from bot.store.record import Store
from tests.support.entries import a_change, denied, looked_up, step

EVE = Actor("U9", "T1")
ALICE = RecordQuery(account="alice", app="demo")


def numbers(found: Found) -> list[int]:
    return [entry.sequence for entry in found.entries]


@pytest.fixture
def filled(store: Store) -> Store:
    """A record of a lookup, a change, a refusal, and a lookup of another person."""
    change = a_change(accounts=("alice",))
    store.add(looked_up("alice", "bob"))
    store.propose(change, step(change, Outcome.PROPOSED))
    store.add(denied("set"))
    store.add(replace(looked_up("carol"), actor=EVE))
    return store


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (ALICE, [3, 2, 1]),
        (replace(ALICE, kind=EntryKind.CHANGES), [2]),
        (replace(ALICE, kind=EntryKind.LOOKUPS), [1]),
        (replace(ALICE, kind=EntryKind.REFUSALS), [3]),
        (replace(ALICE, app="prod"), []),
        (RecordQuery(person=EVE), [4]),
        (RecordQuery(change="op_1"), [2]),
        (RecordQuery(entry=3), [3]),
        (RecordQuery(entry=4711), []),
        (RecordQuery(), [4, 3, 2, 1]),
        (RecordQuery(kind=EntryKind.LOOKUPS), [4, 1]),
    ],
)
def test_finds_the_entries_of_a_query_the_newest_first(
    filled: Store, query: RecordQuery, expected: list[int]
) -> None:
    found = filled.search(query, None, 10)

    assert numbers(found) == expected
    assert found.searched_to is None


def test_takes_no_reason_for_a_refusal(store: Store) -> None:
    store.add(replace(looked_up(), reason='"outcome":"denied"'))

    assert numbers(store.search(RecordQuery(kind=EntryKind.LOOKUPS), None, 9)) == [1]


def test_finds_the_changes_that_wrote_a_field(store: Store) -> None:
    nick, level = (
        replace(a_change(f"op_{tag}", accounts=("alice",)), before={}, after={tag: '"Tag_B":'})
        for tag in ("Tag_A", "Tag_B")
    )
    for change in (nick, level):
        for outcome in (Outcome.PROPOSED, Outcome.ATTEMPTED, Outcome.FAILED, Outcome.SUCCEEDED):
            store.add(step(change, outcome))
    store.add(looked_up("alice", '"Tag_A":'))

    assert numbers(store.search(replace(ALICE, fields=("Tag_A",)), None, 9)) == [4, 2]
    assert numbers(store.search(replace(ALICE, fields=("Tag_A", "Tag_B")), None, 9)) == [8, 6, 4, 2]
    assert numbers(store.search(replace(ALICE, fields=("Tag_",)), None, 9)) == []


def test_finds_a_refused_change_of_which_the_vendor_saved_a_field(store: Store) -> None:
    change = replace(a_change(accounts=("alice",)), before={}, after={"Tag_A": "x", "Tag_B": "y"})
    store.add(replace(step(change, Outcome.FAILED), problem="refused (40005)"))
    store.add(replace(step(change, Outcome.FAILED), problem="refused, but nick changed anyway (40005)"))
    store.add(replace(step(change, Outcome.CANCELLED), reason="changed anyway"))

    assert numbers(store.search(replace(ALICE, fields=("Tag_A",)), None, 9)) == [2]


def test_goes_on_where_the_page_before_ended(filled: Store) -> None:
    first = filled.search(ALICE, None, 2)

    assert (numbers(first), first.searched_to) == ([3, 2], 2)
    assert numbers(filled.search(ALICE, first.searched_to, 2)) == [1]


def test_finds_words_of_the_reason_and_of_nothing_else(store: Store) -> None:
    store.add(replace(looked_up("4711"), reason="Ticket 4712"))
    store.add(replace(looked_up(), reason='spam, "ticket" 4711'))
    store.add(replace(looked_up(), reason="STRASSE, Ticket 4711"))
    store.add(looked_up("ticket", "4711"))
    store.add(replace(looked_up(), command="history", reason="“ticket 4711”"))

    def find(reason: str) -> list[int]:
        return numbers(store.search(RecordQuery(reason=reason), None, 9))

    assert find("4711 TICKET") == [3, 2]
    assert find('"ticket"') == [2]
    assert find("straße") == [3]
    assert find("4711_") == []


def test_finds_the_entries_between_two_times(store: Store) -> None:
    times = []
    for number in range(7):
        times.append(store.add(looked_up(f"a{number}")).at)
        time.sleep(0.002)

    def find(since: int | None, until: int | None) -> list[int]:
        query = RecordQuery(
            since=None if since is None else times[since], until=None if until is None else times[until]
        )
        return numbers(store.search(query, None, 9))

    assert find(2, 5) == [5, 4, 3]
    assert find(None, 3) == [3, 2, 1]
    assert find(5, None) == [7, 6]
    assert numbers(store.search(RecordQuery(until=times[0]), None, 9)) == []
    assert numbers(store.search(RecordQuery(since=times[-1] + timedelta(days=1)), None, 9)) == []


def test_narrows_an_account_to_a_person(filled: Store) -> None:
    assert numbers(filled.search(replace(ALICE, person=EVE), None, 9)) == []
    assert numbers(filled.search(replace(ALICE, app="demo", account="carol", person=EVE), None, 9)) == [4]


def test_goes_on_for_a_while_and_then_says_how_far_it_came(
    filled: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "SCANNED", 1)
    query = replace(ALICE, kind=EntryKind.LOOKUPS)

    assert numbers(filled.search(query, None, 10)) == [1]
    monkeypatch.setattr(search, "SEARCH_SECONDS", -1)
    assert filled.search(query, None, 10) == Found((), 3)
