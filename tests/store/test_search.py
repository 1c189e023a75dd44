"""Searches of the record, in pages of bounded work."""

from dataclasses import replace

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


def test_goes_on_where_the_page_before_ended(filled: Store) -> None:
    first = filled.search(ALICE, None, 2)

    assert (numbers(first), first.searched_to) == ([3, 2], 2)
    assert numbers(filled.search(ALICE, first.searched_to, 2)) == [1]


def test_looks_at_a_bounded_number_of_entries(filled: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "SCANNED", 2)
    query = replace(ALICE, kind=EntryKind.LOOKUPS)

    first = filled.search(query, None, 10)

    assert (numbers(first), first.searched_to) == ([], 2)
    assert numbers(filled.search(query, first.searched_to, 10)) == [1]
