import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, text

from bot.core.model import Actor, AlteredEntry, Change, Outcome
from bot.core.ports import Record
from bot.errors import AlteredError, AuditError
from bot.store import chain
from bot.store.record import Store
from tests.support.entries import ALICE, a_change, denied, looked_up, step, unaltered
from tests.support.fakes import FakeRecord
from tests.support.tampering import tampering

OPEN_STORE = Callable[[str], Store]


def proposed(store: Record, change_id: str = "op_1") -> Change:
    change = a_change(change_id)
    store.propose(change, step(change, Outcome.PROPOSED))
    return change


def moved(store: Record, change: Change, outcome: Outcome) -> Change:
    assert store.move(change, outcome, step(change, outcome))
    return replace(change, outcome=outcome)


def numbers(store: Store, account: str, before: int | None = None, limit: int = 100) -> Sequence[int]:
    return [entry.sequence for entry in store.list_history("demo", account, before, limit)]


def test_counts_entries_from_one_and_chains_each_to_the_one_before(store: Store) -> None:
    first, second, third = (store.add(looked_up(account)) for account in ("a", "b", "c"))

    assert [first.sequence, second.sequence, third.sequence] == [1, 2, 3]
    assert [first.previous, second.previous, third.previous] == [chain.START, first.hash, second.hash]


def test_what_it_returned_is_there_for_another_process(
    url: str, store: Store, open_store: OPEN_STORE
) -> None:
    entry = store.add(looked_up("alice", "bob"))

    assert open_store(url).list_history("demo", "bob", None, 10) == [entry]


def test_goes_on_with_the_chain_after_a_restart(url: str, open_store: OPEN_STORE) -> None:
    before = open_store(url)
    first = before.add(looked_up())
    before.close()

    assert open_store(url).add(looked_up()).previous == first.hash


def test_finds_a_change_as_it_was_proposed(store: Store) -> None:
    change = proposed(store)

    assert store.find("op_1") == change
    assert store.find("op_1\0\ud800") is None


def test_keeps_a_change_whose_text_no_database_can_hold(store: Store) -> None:
    change = replace(a_change(), after={"Tag_Profile_IM_Nick": "\0\ud800"}, reason="\udfff\0")

    entry = store.propose(change, step(change, Outcome.PROPOSED))

    assert store.find(change.id) == change
    assert entry.event.after == {"Tag_Profile_IM_Nick": "\ufffd\ufffd"}
    assert store.list_history("demo", "bob", None, 1) == [entry]


def test_refuses_a_second_change_of_the_same_id(store: Store) -> None:
    change = proposed(store)

    with pytest.raises(AuditError, match="already a change with this id"):
        store.propose(change, step(change, Outcome.PROPOSED))

    assert numbers(store, "bob") == [1]
    assert store.add(looked_up()).sequence == 2


def test_records_each_step_of_a_change(store: Store) -> None:
    change = moved(store, moved(store, proposed(store), Outcome.ATTEMPTED), Outcome.SUCCEEDED)

    assert store.find("op_1") == change
    steps = [entry.event.outcome for entry in unaltered(store.list_history("demo", "bob", None, 10))]
    assert steps == [Outcome.SUCCEEDED, Outcome.ATTEMPTED, Outcome.PROPOSED]


def test_moves_a_change_only_from_where_it_was_read(store: Store) -> None:
    change = proposed(store)
    moved(store, change, Outcome.ATTEMPTED)

    assert store.move(change, Outcome.CANCELLED, step(change, Outcome.CANCELLED)) is None
    assert numbers(store, "bob") == [2, 1]


def test_one_of_many_who_move_a_change_at_once_gets_the_entry(url: str, open_store: OPEN_STORE) -> None:
    stores = [open_store(url) for _ in range(2)]
    changes = [proposed(stores[0], f"op_{number}") for number in range(10)]
    asked = [(store, change) for change in changes for store in stores * 3]

    def attempt(asking: tuple[Store, Change]) -> tuple[str, bool]:
        store, change = asking
        entry = store.move(change, Outcome.ATTEMPTED, step(change, Outcome.ATTEMPTED))
        return change.id, entry is not None

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(attempt, asked))

    assert sorted(change for change, won in answers if won) == sorted(change.id for change in changes)


def test_will_not_believe_a_change_that_was_altered(store: Store) -> None:
    proposed(store)
    with store._engine.begin() as connection:
        connection.execute(text("UPDATE changes SET content = replace(content, 'Bob K', 'Mallory')"))

    with pytest.raises(AuditError, match="not as it was stored"):
        store.find("op_1")


@pytest.mark.parametrize("content", ["", "[]", "{}", "7"])
def test_refuses_a_stored_change_with_invalid_content(store: Store, content: str) -> None:
    proposed(store)
    with store._engine.begin() as connection:
        connection.execute(text("UPDATE changes SET content = :content"), {"content": content})

    with pytest.raises(AuditError, match="not as it was stored"):
        store.find("op_1")


def test_lists_what_is_open_and_stands_still_the_oldest_first(record: Record) -> None:
    attempted = moved(record, proposed(record, "op_3"), Outcome.ATTEMPTED)
    unknown = moved(record, moved(record, proposed(record, "op_2"), Outcome.ATTEMPTED), Outcome.UNKNOWN)
    moved(record, moved(record, proposed(record, "op_4"), Outcome.ATTEMPTED), Outcome.FAILED)
    proposed(record, "op_1")
    time.sleep(0.3)
    moved(record, proposed(record, "op_5"), Outcome.ATTEMPTED)

    assert record.list_open(timedelta(seconds=0.25)) == [attempted, unknown]
    assert record.list_open(timedelta(minutes=1)) == []


def test_lists_no_unknown_change_that_nothing_can_settle_any_more(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempted, unknown = (moved(store, proposed(store, name), Outcome.ATTEMPTED) for name in ("op_1", "op_2"))
    moved(store, unknown, Outcome.UNKNOWN)
    monkeypatch.setattr("bot.store.record.WATCHED", timedelta(0))

    assert store.list_open(timedelta(0)) == [attempted]


@pytest.fixture
def ahead(store: Store) -> datetime:
    """The newest entry's time, two hours from now: the clock has gone back."""
    store.add(looked_up())
    at = datetime.now(UTC) + timedelta(hours=2)
    with store._engine.begin() as connection:
        connection.execute(text("UPDATE head SET at = :at"), {"at": chain.write_time(at)})
    return at


def test_times_in_the_chain_never_go_back(
    url: str, store: Store, ahead: datetime, open_store: OPEN_STORE
) -> None:
    for each in (store, open_store(url), store):
        assert each.add(looked_up()).at == ahead
        assert each.now() == ahead


def test_believes_a_change_that_was_proposed_after_the_clock_went_back(store: Store, ahead: datetime) -> None:
    change = replace(a_change(), proposed_at=store.now())
    store.propose(change, step(change, Outcome.PROPOSED))

    assert store.find(change.id) == change
    assert store.list_proposed(timedelta(minutes=10)) == [change]


def test_times_are_those_of_now(store: Store) -> None:
    before = datetime.now(UTC)
    times = [store.now(), store.add(looked_up()).at, store.add(looked_up()).at, store.now()]

    assert times == sorted(times)
    assert abs(times[0] - before) < timedelta(seconds=30)
    assert {each.tzinfo for each in times} == {UTC}


@pytest.mark.parametrize(
    "statement", ["DELETE FROM head", "INSERT INTO head SELECT id + 1, sequence, hash, at FROM head"]
)
def test_says_that_the_head_was_altered_where_there_is_not_one(store: Store, statement: str) -> None:
    store.add(looked_up())
    with store._engine.begin() as connection:
        connection.execute(text(statement))

    for attempt in (store.now, store.check, lambda: store.add(looked_up())):
        with pytest.raises(AlteredError, match="head is not as it was written") as caught:
            attempt()
        assert "audit verify" in caught.value.advice


def test_finds_many_changes_in_the_time_of_one(store: Store) -> None:
    changes = [proposed(store, f"op_{number}") for number in range(12)]
    asked: list[str] = []

    @event.listens_for(store._engine, "before_cursor_execute")
    def note(*parts: Any) -> None:
        asked.append(parts[2])

    def count(find: Callable[[], object]) -> int:
        asked.clear()
        find()
        return len(asked)

    found = store.find_each([*(each.id for each in changes), "op_none"])
    assert sorted(each.id for each in found) == sorted(each.id for each in changes)
    assert count(lambda: store.find_each(["op_0"])) == count(
        lambda: store.find_each([each.id for each in changes])
    )
    assert count(lambda: store.list_proposed(timedelta(hours=1))) <= count(lambda: store.find("op_0")) + 1


def test_leaves_out_of_many_changes_one_that_was_altered(url: str, store: Store) -> None:
    sound, altered = proposed(store, "op_1"), proposed(store, "op_2")
    with tampering(url) as connection:
        connection.execute(text("UPDATE changes SET digest = 'x' WHERE id = :id"), {"id": altered.id})

    assert [each.id for each in store.find_each([sound.id, altered.id])] == [sound.id]


def test_does_not_take_nonsense_for_the_time_of_the_head(store: Store) -> None:
    store.add(looked_up())
    with store._engine.begin() as connection:
        connection.execute(text("UPDATE head SET at = 'yesterday'"))

    for attempt in (store.now, lambda: store.add(looked_up())):
        with pytest.raises(AlteredError):
            attempt()


def test_lists_an_accounts_history_page_by_page_the_newest_first(store: Store) -> None:
    for account in ("alice", "bob", "alice", "alice", "bob"):
        store.add(looked_up(account))

    assert numbers(store, "alice", limit=2) == [4, 3]
    assert numbers(store, "alice", before=3, limit=2) == [1]
    assert numbers(store, "nobody") == []


def test_lists_the_history_of_the_same_account_in_another_app_apart(store: Store) -> None:
    store.add(looked_up("alice", app="other"))

    assert numbers(store, "alice") == []


def test_an_entry_about_many_accounts_is_in_the_history_of_each(store: Store) -> None:
    accounts = ("a", "b", "a", "x" * 5000, "nul\0", "half\ud800")
    store.add(looked_up(*accounts))

    assert [numbers(store, account) for account in accounts] == [[1]] * len(accounts)


@pytest.mark.parametrize("table", ["entries", "entry_accounts"])
@pytest.mark.parametrize(
    "statement",
    ["UPDATE {} SET sequence = sequence + 1", "DELETE FROM {}", "DELETE FROM {} WHERE sequence = 1"],
)
def test_database_refuses_to_rewrite_the_record(store: Store, table: str, statement: str) -> None:
    store.add(looked_up())

    with pytest.raises(Exception, match="append-only"), store._engine.begin() as connection:
        connection.execute(text(statement.format(table)))


def test_database_refuses_to_replace_an_entry(file: object, open_store: OPEN_STORE) -> None:
    store = open_store(f"sqlite:///{file}")
    store.add(looked_up())

    with pytest.raises(Exception, match="append-only"), store._engine.begin() as connection:
        connection.execute(text("INSERT OR REPLACE INTO entries VALUES (1, '{}', '', '', '')"))


def test_writes_nothing_once_it_is_closed(store: Store) -> None:
    store.close()
    store.close()

    with pytest.raises(AuditError, match="closed"):
        store.add(looked_up())


def test_a_check_changes_nothing(store: Store) -> None:
    store.check()

    assert store.add(looked_up()).sequence == 1


@pytest.fixture(params=["fake", "sqlite", "postgresql"])
def record(request: pytest.FixtureRequest, file: Path, open_store: OPEN_STORE) -> Record:
    """The record, and its fake of other tests."""
    if request.param == "fake":
        return FakeRecord()
    server = request.param == "postgresql"
    return open_store(request.getfixturevalue("server_url") if server else f"sqlite:///{file}")


def test_lists_what_an_actor_did_the_latest_first(record: Record) -> None:
    other = Actor("U2", "T1")
    for account in ("a", "b", "c"):
        record.add(looked_up(account))
        record.add(replace(looked_up(account), actor=other))

    assert [entry.event.accounts for entry in unaltered(record.list_done(other, 2))] == [("c",), ("b",)]
    assert record.list_done(Actor("U1", "T2"), 10) == []
    assert record.list_done(Actor("U\0\ud800", "T1"), 10) == []


def test_lists_the_changes_that_wait_to_be_confirmed(record: Record) -> None:
    waiting, *_ = [proposed(record, f"op_{number}") for number in range(3)]
    moved(record, a_change("op_1"), Outcome.CANCELLED)
    moved(record, a_change("op_2"), Outcome.ATTEMPTED)

    assert record.list_proposed(timedelta(minutes=1)) == [waiting]
    time.sleep(0.05)
    assert record.list_proposed(timedelta(seconds=0.01)) == []


DEEP = "[" * 100_000


@pytest.mark.parametrize(
    "damage",
    [
        "content = replace(content, 'bob', 'eve')",
        "content = ''",
        "content = '{}'",
        f"content = '{DEEP}'",
        "hash = ''",
        "hash = upper(hash)",
        "(content, hash) = (SELECT content, hash FROM entries WHERE sequence = 1)",
    ],
    ids=["altered", "emptied", "no entry", "deep", "no hash", "another hash", "another entry"],
)
def test_one_altered_entry_hides_no_other(url: str, store: Store, damage: str) -> None:
    change = a_change()
    store.propose(change, step(change, Outcome.PROPOSED))
    for _ in range(3):
        store.add(replace(denied("set"), accounts=("bob",)))
    with tampering(url) as connection:
        connection.exec_driver_sql(f"UPDATE entries SET {damage} WHERE sequence = 2")

    assert [entry.sequence for entry in store.list_history("demo", "bob", None, 9)] == [4, 3, 2, 1]
    assert AlteredEntry(2) in store.list_history("demo", "bob", None, 9)
    assert AlteredEntry(2) in store.list_done(ALICE, 9)
    assert store.lease_next("me", 60, 9)[0] == AlteredEntry(2)
    assert store.count_waiting() == (3, store.lease_next("me", 60, 9)[1].at)  # type: ignore[union-attr]
    assert store.find(change.id) == change
    assert store.add(looked_up()).sequence == 5


def test_knows_how_many_wait_when_none_of_them_can_be_read(url: str, store: Store) -> None:
    store.add(denied("set"))
    with tampering(url) as connection:
        connection.exec_driver_sql("UPDATE entries SET content = ''")

    assert store.count_waiting() == (1, None)


def test_reads_past_bytes_that_are_no_text(file: Path, open_store: OPEN_STORE) -> None:
    store = open_store(f"sqlite:///{file}")
    entries = [store.add(looked_up()) for _ in range(2)]
    with tampering(f"sqlite:///{file}") as connection:
        connection.exec_driver_sql("UPDATE entries SET content = CAST(x'7bff' AS TEXT) WHERE sequence = 1")

    assert store.list_history("demo", "alice", None, 9) == [entries[1], AlteredEntry(1)]


def test_lists_steps_of_changes_alone_among_the_latest_entries_of_an_account(store: Store) -> None:
    change = proposed(store)
    moved(store, change, Outcome.CANCELLED)
    for _ in range(3):
        store.add(looked_up(change.account))

    def steps(among: int) -> Sequence[int]:
        return [entry.sequence for entry in store.list_steps(change.app, change.account, among)]

    assert steps(5) == [2, 1]
    assert steps(4) == [2]
    assert steps(3) == []
