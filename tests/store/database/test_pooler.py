"""A record behind PgBouncer, which gives each transaction another connection to the server."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from datetime import timedelta

import psycopg
import pytest
from sqlalchemy import event, text

from bot.core.commands import make_lookup
from bot.core.file_lookups import FileLookup, FileLookupState
from bot.core.lookups.kinds import PROFILES
from bot.core.model import Actor, App, LookupStatus, SavedState
from bot.encryption import Cipher
from bot.errors import AuditError
from bot.store.database.engine import open_connection, open_engine
from bot.store.database.timeouts import USUAL_TIMEOUTS, StoreTimeouts
from bot.store.files.file_lookups import StoredFileLookups
from bot.store.record import Store
from bot.store.verify import RecordStatus, verify_url
from tests.support.migrated import migrated_database
from tests.support.pooler import CONNECTIONS, run_pooler
from tests.support.postgresql import SERVER

ROUNDS = 30
"""More than the uses after which a statement would be prepared."""
QUICK = StoreTimeouts(entry=1.2, use=1.0, lock=0.7)
USE, LOCK, NONE = (timedelta(seconds=each) for each in (USUAL_TIMEOUTS.use, USUAL_TIMEOUTS.lock, 0))
_WAITS = text(
    "SELECT current_setting('statement_timeout')::interval, "
    "current_setting('lock_timeout')::interval, "
    "current_setting('idle_in_transaction_session_timeout')::interval"
)


@pytest.fixture(scope="module")
def pooled(server: str) -> Iterator[str]:
    with migrated_database(server, "pooled") as name, run_pooler(f"{SERVER}/{name}") as address:
        yield address


def test_keeps_a_record_of_several_processes_behind_a_pooler(pooled: str) -> None:
    def use(store: Store, person: int) -> None:
        for number in range(ROUNDS):
            state = SavedState(f"{person} {number}", "U1", "{}")
            store.save_now(state)
            assert store.find_state(state.id) == state
            assert store.claim(state.id, 4)
            assert store.list_history("demo", "alice", None, 10) == []
            store.check()

    with ExitStack() as stack, ThreadPoolExecutor(12) as people:
        stores = [stack.enter_context(closing(Store(pooled))) for _ in range(3)]
        list(people.map(use, stores * 4, range(12)))

    assert verify_url(pooled).status is RecordStatus.SOUND


def test_leases_file_lookups_of_several_processes_behind_a_pooler(pooled: str) -> None:
    ids = [f"user-{number}" for number in range(ROUNDS)]
    app = App("prod", "Singapore")

    def use(lookups: StoredFileLookups, person: int) -> str:
        actor, command = Actor(f"U{person}", "T1"), make_lookup(PROFILES, app, ())
        lookup = FileLookup(str(person), actor, command, "ids.txt", "ab", ROUNDS, FileLookupState.WAITING)
        assert lookups.add(lookup, [ids], 1)
        while not (leased := lookups.lease_next(str(person), 30)):
            pass
        for done in range(1, ROUNDS + 1):
            assert lookups.append(leased.id, str(person), b"row\n", {LookupStatus.FOUND: done})
        assert list(lookups.list_ids(leased.id, 0)) == ids
        assert len(list(lookups.list_rows(leased.id))) == ROUNDS
        assert lookups.release(leased.id, str(person), FileLookupState.DONE)
        return leased.id

    with ExitStack() as stack, ThreadPoolExecutor(6) as people:
        stores = [stack.enter_context(closing(Store(pooled))) for _ in range(3)]
        kept = [store.open_file_lookups({"prod": app}, Cipher("xoxb-1")) for store in stores]
        leased = list(people.map(use, kept * 2, range(6)))

    assert sorted(leased) == [str(person) for person in range(6)]


def test_bounds_each_transaction_and_leaves_no_trace_for_the_next(pooled: str) -> None:
    bounded, unbounded = open_engine(pooled, timeouts=USUAL_TIMEOUTS), open_engine(pooled)
    try:
        for _ in range(ROUNDS):
            with open_connection(bounded) as connection:
                assert connection.execute(_WAITS).one() == (USE, LOCK, USE)
            with open_connection(unbounded) as connection:
                assert connection.execute(_WAITS).one() == (NONE, LOCK, NONE)
    finally:
        bounded.dispose()
        unbounded.dispose()


def test_says_that_the_pooler_gives_it_no_connection_in_time(pooled: str) -> None:
    with closing(Store(pooled, QUICK)) as store, ExitStack() as stack:
        store.find_state("x")
        others = [stack.enter_context(psycopg.connect(pooled)) for _ in range(CONNECTIONS)]
        free = [*others]

        def take_all(*_: object) -> None:
            # After the connection was found alive, and before its transaction.
            while free:
                free.pop().execute("SELECT 1")

        event.listen(store._engine, "checkout", take_all)

        with pytest.raises(AuditError, match="does not answer in time"):
            store.find_state("x")
        for other in others:
            other.rollback()
        assert store.find_state("x") is None
