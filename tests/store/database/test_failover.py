"""A record whose server is read-only for a while, as where a failover leads to a standby at first."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress

import psycopg
import pytest
from sqlalchemy import event, text

from bot.errors import AuditError
from bot.store.database.engine import open_connection
from bot.store.record import Store
from tests.support.entries import looked_up
from tests.support.migrated import migrated_database
from tests.support.pooler import run_pooler
from tests.support.postgresql import SERVER
from tests.support.slack import wait_until

READERS = 5


@pytest.fixture
def database(server: str) -> Iterator[str]:
    """The name of a database of the test's own with the current schema."""
    with migrated_database(server, "failover") as name:
        yield name


@contextmanager
def read_only(server: str, database: str) -> Iterator[None]:
    """Lead to a read-only server for the context; connections that are opened meanwhile stay there."""
    setting = f"ALTER DATABASE {database} SET default_transaction_read_only ="
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(f"{setting} on".encode())
        admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [database])
        yield
        admin.execute(f"{setting} off".encode())


def read_at_once(store: Store) -> list[str]:
    """Use some connections at once; return whether each is read-only."""
    with ExitStack() as stack:
        held = [stack.enter_context(open_connection(store._engine)) for _ in range(READERS)]
        return [str(each.scalar(text("SHOW transaction_read_only"))) for each in held]


def check_refused(store: Store) -> None:
    with pytest.raises(AuditError, match="the record is read-only"):
        store.add(looked_up())


def writes(store: Store) -> bool:
    with suppress(AuditError):
        store.add(looked_up())
        return True
    return False


def test_uses_no_connection_any_more_that_was_opened_while_the_server_was_read_only(
    server: str, database: str, open_store: Callable[..., Store]
) -> None:
    store = open_store(f"{SERVER}/{database}")
    store.add(looked_up())
    with read_only(server, database):
        check_refused(store)
        assert read_at_once(store) == ["on"] * READERS

    wait_until(lambda: writes(store))

    assert read_at_once(store) == ["off"] * READERS


def test_writes_after_a_failover_behind_a_pooler(
    server: str, database: str, open_store: Callable[..., Store]
) -> None:
    with run_pooler(f"{SERVER}/{database}") as address:
        store = open_store(address)
        store.add(looked_up())
        with read_only(server, database):
            check_refused(store)

        wait_until(lambda: writes(store))


def test_opens_no_connection_for_each_read_while_the_server_is_read_only(
    server: str, database: str, open_store: Callable[..., Store]
) -> None:
    store = open_store(f"{SERVER}/{database}")
    opened = []
    event.listen(store._engine, "connect", lambda *_: opened.append(1))
    with read_only(server, database):
        read_at_once(store)
        check_refused(store)
        before = len(opened)
        for _ in range(10 * READERS):
            store.find_state("x")

    assert len(opened) - before <= READERS
