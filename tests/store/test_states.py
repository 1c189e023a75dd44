"""State and claims in a database that several processes share."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace

import pytest
from sqlalchemy import Connection, func, insert, select, update

from bot.core.model import SavedState
from bot.errors import AuditError
from bot.store.database.engine import open_engine
from bot.store.database.schema import claims, states
from bot.store.record import MAX_EXPIRED_BATCHES, Store
from bot.store.states import MAX_EXPIRED
from bot.store.verify import RecordStatus, verify_url
from tests.support.entries import denied

STATE = SavedState("key", "U01VERA", '{"type":"text"}')
SOON = 10.0


@contextmanager
def transaction(url: str) -> Iterator[Connection]:
    engine = open_engine(url)
    try:
        with engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()


def expire(url: str) -> None:
    """Let the time of everything pass."""
    with transaction(url) as connection:
        for table in (states, claims):
            connection.execute(update(table).values(expires=table.c.expires - 7 * 24 * 3600))


def count_rows(url: str) -> int:
    with transaction(url) as connection:
        return sum(
            connection.scalar(select(func.count()).select_from(table)) or 0 for table in (states, claims)
        )


def test_finds_in_another_process_what_was_saved_with_an_entry(
    store: Store, url: str, open_store: Callable[..., Store]
) -> None:
    store.add(denied("set"), STATE)

    assert open_store(url).find_state("key") == STATE
    assert store.find_state("other") is None
    assert verify_url(url).status is RecordStatus.SOUND


def test_replaces_a_state_by_the_latest_with_its_id(store: Store) -> None:
    store.save_now(STATE)
    store.save_now(replace(STATE, content="{}"))

    assert store.find_state("key") == replace(STATE, content="{}")


def test_writes_in_order_what_nobody_waits_for(store: Store) -> None:
    for number in range(20):
        store.save(replace(STATE, content=str(number)))
        store.drop(["key"])
    store.save(replace(STATE, id="last"))
    store.save_now(replace(STATE, id="end"))

    assert store.find_state("key") is None
    assert store.find_state("last")


def test_forgets_a_state_after_its_time(store: Store, url: str) -> None:
    store.save_now(STATE)
    expire(url)

    assert store.find_state("key") is None


def test_deletes_what_has_expired_in_parts(store: Store, url: str) -> None:
    for number in range(MAX_EXPIRED + 1):
        store.save(replace(STATE, id=str(number)))
    store.claim("request", SOON)
    expire(url)
    store.save_now(STATE)

    store.drop_expired()

    assert count_rows(url) == 1
    assert store.find_state("key") == STATE


def test_deletes_a_bounded_part_of_what_has_expired_at_a_time(store: Store, url: str) -> None:
    most = MAX_EXPIRED * MAX_EXPIRED_BATCHES
    with transaction(url) as connection:
        rows = [{"id": str(number), "expires": 0} for number in range(most + 1)]
        connection.execute(insert(claims), rows)

    store.drop_expired()
    assert count_rows(url) == 1
    store.drop_expired()
    assert count_rows(url) == 0


def test_lets_one_of_many_processes_claim_a_request(url: str, open_store: Callable[..., Store]) -> None:
    stores = [open_store(url) for _ in range(3)]
    with ThreadPoolExecutor(12) as pool:
        taken = list(pool.map(lambda number: stores[number % 3].claim("request", SOON), range(12)))

    assert sorted(taken) == [False] * 11 + [True]
    assert stores[0].claim("another", SOON)


def test_loses_no_entry_for_a_state_that_cannot_be_saved(store: Store, url: str) -> None:
    with transaction(url) as connection:
        states.drop(connection)

    entry = store.add(denied("set"), STATE)

    assert store.list_history(entry.event.app, entry.event.accounts[0], None, 10) == [entry]
    with pytest.raises(AuditError):
        store.find_state("key")
