import math
import resource
import shutil
import signal
import socket
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import event, make_url, text

from bot.core.model import Outcome
from bot.errors import AuditError, RecordUnknownError
from bot.store.batch import Batch
from bot.store.database.engine import open_engine
from bot.store.database.migrate import migrate
from bot.store.database.timeouts import StoreTimeouts
from bot.store.record import Store
from bot.store.verify import RecordStatus, verify_url
from tests.support.entries import a_change, looked_up, step
from tests.support.slack import wait_until
from tests.support.tcp_proxy import TcpProxy

OPEN_STORE = Callable[..., Store]
QUICK = StoreTimeouts(entry=1.2, use=1.0, lock=0.7)
LOCKED = StoreTimeouts(entry=20, use=15, lock=0.7)
"""A lock is what ends a wait, however busy the machine is."""
SECRET = "canary-4711"


@pytest.fixture
def filled_store(file: Path, open_store: OPEN_STORE) -> Store:
    store = open_store(f"sqlite:///{file}")
    store.add(looked_up())
    return store


def check_refused(store: Store) -> AuditError:
    """Check that each way to write is refused without secrets; returns the last error."""
    change = a_change(SECRET, after={"Tag_Profile_IM_Nick": SECRET})
    attempts: list[Callable[[], object]] = [
        lambda: store.propose(change, step(change, Outcome.PROPOSED)),
        lambda: store.move(change, Outcome.ATTEMPTED, step(change, Outcome.ATTEMPTED)),
        lambda: store.add(looked_up(SECRET)),
        store.check,
    ]
    for attempt in attempts:
        with pytest.raises(AuditError) as caught:
            attempt()
        assert SECRET not in f"{caught.value} {caught.value.advice} {caught.value.detail}"
        assert caught.value.advice
        assert caught.value.__cause__ is None
    return caught.value


def on_checkout(store: Store, statement: str) -> None:
    """Run a statement at each checkout of a connection."""
    event.listen(store._engine, "checkout", lambda connection, *_: connection.execute(statement))


def test_notices_that_the_file_was_deleted(filled_store: Store, file: Path) -> None:
    file.unlink()

    assert "gone" in str(check_refused(filled_store))
    assert not file.exists()
    with pytest.raises(AuditError, match="gone"):
        filled_store.find("op_1")


def test_notices_that_the_file_was_replaced(filled_store: Store, file: Path) -> None:
    shutil.copy(file, file.with_name("copy"))
    file.with_name("copy").replace(file)

    assert "replaced" in str(check_refused(filled_store))


def test_goes_on_when_the_file_is_back(filled_store: Store, file: Path) -> None:
    file.rename(file.with_name("elsewhere"))
    check_refused(filled_store)
    file.with_name("elsewhere").rename(file)

    assert filled_store.add(looked_up()).sequence == 2


def test_says_that_the_record_is_read_only(filled_store: Store) -> None:
    on_checkout(filled_store, "PRAGMA query_only = ON")

    assert str(check_refused(filled_store)) == "the record is read-only"


def test_says_that_the_disk_is_full_and_goes_on_when_there_is_room(filled_store: Store, file: Path) -> None:
    on_checkout(filled_store, "PRAGMA max_page_count = 1")
    with pytest.raises(AuditError, match="full"):
        filled_store.add(looked_up("x" * 100_000))
    on_checkout(filled_store, "PRAGMA max_page_count = 1000000")
    filled_store.add(looked_up())

    assert verify_url(f"sqlite:///{file}").status is RecordStatus.SOUND


def test_says_that_another_program_locks_the_record(file: Path, open_store: OPEN_STORE) -> None:
    store = open_store(f"sqlite:///{file}", LOCKED)
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")

        with pytest.raises(AuditError, match="locked"):
            store.add(looked_up())

    assert store.add(looked_up()).sequence == 1


def test_says_that_another_session_locks_the_record(server_url: str, open_store: OPEN_STORE) -> None:
    store = open_store(server_url, LOCKED)
    with psycopg.connect(server_url) as other:
        other.execute("SELECT * FROM head FOR UPDATE")

        with pytest.raises(AuditError, match="locked"):
            store.add(looked_up())

    assert store.add(looked_up()).sequence == 1


def test_says_that_a_server_takes_no_writes(server_url: str, open_store: OPEN_STORE) -> None:
    store = open_store(server_url)
    event.listen(store._engine, "begin", lambda each: each.exec_driver_sql("SET TRANSACTION READ ONLY"))

    assert str(check_refused(store)) == "the record is read-only"


def test_finds_its_way_back_when_the_server_ended_every_connection(
    server_url: str, open_store: OPEN_STORE
) -> None:
    store = open_store(server_url)
    store.add(looked_up())
    with psycopg.connect(server_url, autocommit=True) as other:
        other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )

    assert store.add(looked_up()).sequence == 2


@pytest.mark.parametrize("committed", [False, True])
def test_says_that_it_does_not_know_when_the_connection_is_lost_over_a_commit(
    server_url: str, *, committed: bool
) -> None:
    address, change = make_url(server_url), a_change(SECRET)
    with TcpProxy(address.host or "", address.port or 5432) as proxy:
        # Without encryption, so that the proxy can see where to cut.
        cut = address.set(host="127.0.0.1", port=proxy.port).update_query_dict({"sslmode": "disable"})
        with closing(Store(cut.render_as_string(hide_password=False))) as store:
            store.propose(change, step(change, Outcome.PROPOSED))
            proxy.cut_at(b"COMMIT\0", delivered=committed)

            with pytest.raises(AuditError, match="unknown whether this was recorded") as caught:
                store.move(change, Outcome.ATTEMPTED, step(change, Outcome.ATTEMPTED))

            found = store.find(change.id)
            assert found
            assert found.outcome is (Outcome.ATTEMPTED if committed else Outcome.PROPOSED)
            assert store.add(looked_up()).sequence == (3 if committed else 2)
    assert SECRET not in f"{caught.value} {caught.value.advice} {caught.value.detail}"
    assert verify_url(server_url).status is RecordStatus.SOUND


def test_says_why_the_connection_was_lost_beside_the_entries_of_a_batch(
    proxied: Store, proxy: TcpProxy
) -> None:
    proxy.cut_at(b"INSERT INTO claims", delivered=False)

    with pytest.raises(AuditError, match="cannot be reached"):
        proxied.claim("request", 4)

    assert proxied.claim("request", 4)


def test_says_that_the_server_cannot_be_reached() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"postgres://im:{SECRET}@127.0.0.1:{unused.getsockname()[1]}/im"

        with pytest.raises(AuditError, match="cannot be reached") as caught:
            Store(url)

    assert SECRET not in f"{caught.value} {caught.value.advice} {caught.value.detail}"


def test_says_that_the_server_knows_no_such_database(server: str) -> None:
    with pytest.raises(AuditError):
        Store(f"{server}_none")


def test_nothing_of_a_batch_happens_when_it_cannot_be_committed(url: str, store: Store) -> None:
    change = a_change()
    store.propose(change, step(change, Outcome.PROPOSED))

    def fail(_: object) -> None:
        raise OSError(28, SECRET)

    event.listen(store._engine, "commit", fail)
    check_refused(store)
    with pytest.raises(AuditError), ThreadPoolExecutor(8) as pool:
        list(
            pool.map(
                lambda _: store.move(change, Outcome.ATTEMPTED, step(change, Outcome.ATTEMPTED)), range(8)
            )
        )
    event.remove(store._engine, "commit", fail)

    assert store.find(change.id) == change
    assert store.count_waiting() == (0, None)
    assert [entry.sequence for entry in store.list_history("demo", "bob", None, 10)] == [1]
    assert store.add(looked_up()).sequence == 2
    assert verify_url(url).status is RecordStatus.SOUND


def test_one_refused_write_does_not_spoil_what_is_committed_with_it(url: str, store: Store) -> None:
    change = a_change()
    store.propose(change, step(change, Outcome.PROPOSED))
    held, go_on = threading.Event(), threading.Event()

    def hold(_: object) -> None:
        held.set()
        assert go_on.wait(30)

    with ThreadPoolExecutor(8) as pool:
        # While the first is written, the others queue, and are committed together.
        first = pool.submit(store._writer.submit, hold)
        assert held.wait(30)
        twice = [pool.submit(store.propose, change, step(change, Outcome.PROPOSED)) for _ in range(2)]
        added = [pool.submit(store.add, looked_up()) for _ in range(3)]
        go_on.set()

        first.result()
        assert [type(each.exception()) for each in twice] == [AuditError] * 2
        assert sorted(each.result().sequence for each in added) == [2, 3, 4]
    assert verify_url(url).status is RecordStatus.SOUND


def test_a_fault_of_the_bot_is_raised_to_the_caller_and_ends_nothing(store: Store) -> None:
    def mistake(_: object) -> None:
        raise ZeroDivisionError

    with pytest.raises(AuditError, match="could not be written"):
        store._writer.submit(mistake)

    assert store.add(looked_up()).sequence == 1


def test_writes_what_was_asked_for_before_it_was_closed(url: str, open_store: OPEN_STORE) -> None:
    store = open_store(url)
    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(store.add, looked_up()) for _ in range(50)]
        store.close()
        done = sum(each.exception() is None for each in asked)

    assert all(isinstance(each.exception(), AuditError | None) for each in asked)
    assert verify_url(url).count == done


def test_only_its_owner_can_read_the_file(filled_store: Store, file: Path) -> None:
    files = sorted(file.parent.glob("im-bot.db*"))

    assert [each.name for each in files] == ["im-bot.db", "im-bot.db-shm", "im-bot.db-wal"]
    assert {each.stat().st_mode & 0o777 for each in files} == {0o600}


def test_every_commit_is_on_disk_before_it_is_acknowledged(filled_store: Store) -> None:
    with filled_store._engine.connect() as connection:
        assert connection.scalar(text("PRAGMA journal_mode")) == "wal"
        assert connection.scalar(text("PRAGMA synchronous")) == 2


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("sqlite:////nowhere/at/all/im-bot.db", "there is no folder /nowhere/at/all"),
        ("sqlite://", "in memory"),
        ("sqlite:///:memory:", "in memory"),
        ("mysql://localhost/im", "not supported"),
        ("nonsense", "not valid"),
    ],
)
def test_says_what_is_wrong_with_an_address(url: str, words: str) -> None:
    with pytest.raises(AuditError, match=words):
        Store(url)


def test_says_that_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(AuditError, match="cannot be opened"):
        Store(f"sqlite:///{tmp_path}")


def test_says_that_a_file_is_no_database(file: Path) -> None:
    file.write_bytes(b"not a database" * 1000)

    with pytest.raises(AuditError, match="damaged"):
        migrate(f"sqlite:///{file}")


# A database that accepts connections and answers nothing, or too slowly


@pytest.fixture
def proxy(server_url: str) -> Iterator[TcpProxy]:
    address = make_url(server_url)
    with TcpProxy(address.host or "", address.port or 5432) as proxy:
        yield proxy


@pytest.fixture
def proxied(server_url: str, proxy: TcpProxy, open_store: OPEN_STORE) -> Store:
    """A store over a proxy that has written and read, so that its pool holds connections."""
    store = open_store(over(server_url, proxy), QUICK)
    change = a_change(SECRET)
    store.propose(change, step(change, Outcome.PROPOSED))
    assert store.find(change.id) == change
    return store


def over(url: str, proxy: TcpProxy) -> str:
    """Make the address of a server over a proxy, without encryption."""
    address = make_url(url).set(host="127.0.0.1", port=proxy.port).update_query_dict({"sslmode": "disable"})
    return address.render_as_string(hide_password=False)


def rewrite(url: str, *, sequence: int, entries: int) -> None:
    """Replace an entry, and append others, as the owner of the database can."""
    engine = open_engine(url)
    drop = {
        "sqlite": ["DROP TRIGGER entries_refuse_update", "DROP TRIGGER entries_refuse_replace"],
        "postgresql": ["ALTER TABLE entries DISABLE TRIGGER ALL"],
    }
    with engine.begin() as connection:
        for statement in drop[engine.dialect.name]:
            connection.execute(text(statement))
        connection.execute(text("UPDATE entries SET hash = 'other' WHERE sequence = :n"), {"n": sequence})
        for number in range(sequence + 1, sequence + entries + 1):
            added = {"n": number}
            connection.execute(
                text("INSERT INTO entries (sequence, content, hash) VALUES (:n, '{}', 'other')"), added
            )
        connection.execute(text("UPDATE head SET sequence = :n, hash = 'other'"), {"n": sequence + entries})
    engine.dispose()


def hold_all(proxy: TcpProxy) -> None:
    proxy.hold()


def dripping(proxy: TcpProxy) -> None:
    proxy.drip(0.05)


def wait_for_recovery(store: Store) -> None:
    """Wait until a check succeeds; right after an outage the writer may still end its last attempt."""

    def succeeds() -> bool:
        with suppress(AuditError):
            store.check()
            return True
        return False

    wait_until(succeeds)


USES: list[Callable[[Store], object]] = [
    lambda store: store.add(looked_up()),
    lambda store: store.find("op_1"),
    lambda store: store.list_open(timedelta(0)),
    lambda store: store.lease_checkpoint("me", 1, 0),
    lambda store: store.now(),
    lambda store: store.check(),
]


@pytest.mark.parametrize("fall", [hold_all, dripping])
@pytest.mark.parametrize("pooled", [True, False])
def test_a_silent_database_holds_up_no_caller(
    proxied: Store, proxy: TcpProxy, fall: Callable[[TcpProxy], None], *, pooled: bool
) -> None:
    if not pooled:
        proxied._engine.dispose()
    fall(proxy)

    with ThreadPoolExecutor(len(USES)) as pool:
        began = time.monotonic()
        uses = [pool.submit(use, proxied) for use in USES]
        errors = [each.exception(timeout=10 * QUICK.entry) for each in uses]
        took = time.monotonic() - began

    assert took < 4 * QUICK.entry
    for error in errors:
        assert isinstance(error, AuditError)
        assert error.advice
        assert SECRET not in f"{error} {error.advice} {error.detail}"
    proxy.release()
    wait_for_recovery(proxied)
    assert proxied.add(looked_up()).sequence > 1


def test_a_store_is_not_opened_over_a_wire_that_says_nothing(server_url: str, proxy: TcpProxy) -> None:
    proxy.hold()
    began = time.monotonic()

    with pytest.raises(AuditError, match=r"reached|answer"):
        Store(over(server_url, proxy), QUICK)

    assert time.monotonic() - began < 4 * QUICK.entry


def test_closes_though_the_database_says_nothing(proxied: Store, proxy: TcpProxy) -> None:
    proxy.hold()
    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(proxied.add, looked_up()) for _ in range(4)]
        began = time.monotonic()
        proxied.close()

        assert time.monotonic() - began < 4 * QUICK.entry
        assert all(isinstance(each.exception(), AuditError) for each in asked)


def test_does_not_know_what_became_of_a_commit_that_is_not_answered(
    server_url: str, proxied: Store, proxy: TcpProxy
) -> None:
    proxy.hold_at(b"COMMIT\0")

    with pytest.raises(RecordUnknownError, match="unknown whether this was recorded"):
        proxied.add(looked_up())

    proxy.release()
    wait_for_recovery(proxied)
    assert proxied.add(looked_up()).sequence in {2, 3}
    assert verify_url(server_url).status is RecordStatus.SOUND


@pytest.fixture
def free(store: Store) -> Iterator[Callable[[], None]]:
    """Ends the write that blocks a store's writer, which no timeout of the database ends."""
    store._writer._timeouts = QUICK
    began, go_on = threading.Event(), threading.Event()

    def hold(_: object) -> None:
        began.set()
        assert go_on.wait(60)

    def free() -> None:
        # Its own caller has given up by now, or is about to.
        assert isinstance(held.exception(30), RecordUnknownError)
        go_on.set()
        while store._writer._began != math.inf:
            time.sleep(0.01)

    with ThreadPoolExecutor(1) as pool:
        held = pool.submit(store._writer.submit, hold)
        assert began.wait(30)
        yield free
        free()


def test_does_not_write_what_its_caller_gave_up_before_it_began(
    store: Store, free: Callable[[], None]
) -> None:
    change = a_change()
    with pytest.raises(AuditError, match="was not recorded") as caught:
        store.propose(change, step(change, Outcome.PROPOSED))
    free()

    assert not isinstance(caught.value, RecordUnknownError)
    assert store.add(looked_up()).sequence == 1
    assert store.find(change.id) is None


def test_refuses_at_once_while_the_writer_is_stuck(store: Store, free: Callable[[], None]) -> None:
    with pytest.raises(AuditError, match="was not recorded"):
        store.add(looked_up())
    began = time.monotonic()

    for _ in range(20):
        with pytest.raises(AuditError, match="was not recorded"):
            store.add(looked_up())

    assert time.monotonic() - began < 10 * QUICK.entry


def test_refuses_at_once_after_a_check_timed_out(proxied: Store, proxy: TcpProxy) -> None:
    proxy.hold()
    with pytest.raises(AuditError):
        proxied.check()
    began = time.monotonic()

    for _ in range(20):
        with pytest.raises(AuditError, match=r"reached|answer|not recorded"):
            proxied.add(looked_up())

    assert time.monotonic() - began < 10 * QUICK.entry
    proxy.release()
    wait_for_recovery(proxied)
    assert proxied.add(looked_up()).sequence == 2


def test_knows_that_what_was_refused_at_once_is_not_recorded(proxied: Store, proxy: TcpProxy) -> None:
    proxy.hold_at(b"COMMIT\0")
    with pytest.raises(AuditError):
        proxied.check()

    with pytest.raises(AuditError, match="was not recorded") as caught:
        proxied.add(looked_up())

    assert not isinstance(caught.value, RecordUnknownError)
    proxy.release()
    wait_for_recovery(proxied)
    assert proxied.add(looked_up()).sequence == 2


def test_a_locked_file_holds_up_readers_no_longer_than_a_silent_server(
    file: Path, open_store: OPEN_STORE
) -> None:
    store = open_store(f"sqlite:///{file}", QUICK)
    store._engine.dispose()
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        other.execute("UPDATE lease SET holder = 'x'")
        began = time.monotonic()
        with ThreadPoolExecutor(3) as pool:
            uses = [pool.submit(use) for use in (store.count_waiting, store.now, store.check)]
            errors = [each.exception() for each in uses]
        took = time.monotonic() - began

    assert took < 4 * QUICK.entry
    for error in errors:
        assert isinstance(error, AuditError)
        assert "locked" in str(error)


# A process lost in a transaction


def test_a_process_lost_in_a_transaction_holds_up_changes_for_a_few_seconds(
    server_url: str, proxied: Store, proxy: TcpProxy, open_store: OPEN_STORE
) -> None:
    proxy.hold_at(b"COMMIT\0")
    with pytest.raises(RecordUnknownError):
        proxied.add(looked_up())
    other = open_store(server_url, QUICK)

    deadline = time.monotonic() + 20 * QUICK.use
    while time.monotonic() < deadline:
        with suppress(AuditError):
            other.add(looked_up())
            break
    else:
        pytest.fail("the lost transaction still holds the record")


# A check tries what a change does


def test_a_check_finds_that_entries_cannot_be_written_on_a_server(
    server_url: str, open_store: OPEN_STORE
) -> None:
    store = open_store(server_url, LOCKED)
    with psycopg.connect(server_url) as other:
        other.execute("LOCK TABLE entries IN SHARE MODE")
        with pytest.raises(AuditError, match="locked"):
            store.check()

    store.check()
    assert store.add(looked_up()).sequence == 1


def test_a_check_finds_that_the_disk_is_full(filled_store: Store, file: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
    try:
        with pytest.raises(AuditError, match="disk"):
            filled_store.add(looked_up())
        with pytest.raises(AuditError, match="disk"):
            filled_store.check()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)

    filled_store.check()
    assert filled_store.add(looked_up()).sequence == 2
    assert verify_url(f"sqlite:///{file}").status is RecordStatus.SOUND


def test_a_check_leaves_nothing_behind(url: str, store: Store) -> None:
    change = a_change()
    entry = store.propose(change, step(change, Outcome.PROPOSED))

    for _ in range(3):
        store.check()

    assert store.list_history("demo", "bob", None, 10) == [entry]
    assert store.count_waiting() == (0, None)
    assert store.add(looked_up()).previous == entry.hash
    assert verify_url(url).status is RecordStatus.SOUND


def test_a_check_that_fails_spoils_no_write_beside_it(server_url: str, open_store: OPEN_STORE) -> None:
    store = open_store(server_url)
    held, go_on = threading.Event(), threading.Event()

    def hold(_: object) -> None:
        held.set()
        assert go_on.wait(30)

    def fail(batch: Batch) -> None:
        batch.try_append()
        raise AuditError("this check fails")

    with ThreadPoolExecutor(8) as pool:
        first = pool.submit(store._writer.submit, hold)
        assert held.wait(30)
        added = [pool.submit(store.add, looked_up()) for _ in range(2)]
        checked = pool.submit(store._writer.probe, fail)
        added += [pool.submit(store.add, looked_up()) for _ in range(2)]
        go_on.set()

        first.result()
        assert isinstance(checked.exception(), AuditError)
        assert sorted(each.result().sequence for each in added) == [1, 2, 3, 4]


# Another record in the place of the bot's


@pytest.mark.parametrize("more", [0, 1])
def test_does_not_append_to_a_tail_that_was_swapped(url: str, store: Store, *, more: int) -> None:
    store.add(looked_up("alice"))
    store.add(looked_up("bob"))
    rewrite(url, sequence=2, entries=more)

    assert "replaced while the bot was running" in str(check_refused(store))


def test_a_connection_that_cannot_be_set_up_is_closed(file: Path, open_store: OPEN_STORE) -> None:
    store = open_store(f"sqlite:///{file}")
    store._engine.dispose()
    file.write_bytes(b"not a database" * 1000)

    before = len([*Path("/proc/self/fd").iterdir()])
    for _ in range(5):
        with pytest.raises(AuditError, match="damaged"):
            store.find("op_1")
    assert len([*Path("/proc/self/fd").iterdir()]) <= before
