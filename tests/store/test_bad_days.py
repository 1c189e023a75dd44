import shutil
import socket
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import event, make_url, text

from bot.core.model import Outcome
from bot.errors import AuditError
from bot.store import engine as engines
from bot.store.migrating import migrate
from bot.store.record import Store
from bot.store.verify import Finding, verify_url
from tests.support.cutting import Wire
from tests.support.entries import a_change, looked_up, step

OPEN_STORE = Callable[[str], Store]
SECRET = "canary-4711"


@pytest.fixture
def filed(file: Path, open_store: OPEN_STORE) -> Store:
    store = open_store(f"sqlite:///{file}")
    store.add(looked_up())
    return store


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "PATIENCE", 1)


def refusal(store: Store) -> AuditError:
    """What becomes of each way to write."""
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


def each_time(store: Store, statement: str) -> None:
    """Run a statement whenever a connection is about to be used."""
    event.listen(store._engine, "checkout", lambda connection, *_: connection.execute(statement))


def test_notices_that_the_file_was_deleted(filed: Store, file: Path) -> None:
    file.unlink()

    assert "gone" in str(refusal(filed))
    assert not file.exists()
    with pytest.raises(AuditError, match="gone"):
        filed.find("op_1")


def test_notices_that_the_file_was_replaced(filed: Store, file: Path) -> None:
    shutil.copy(file, file.with_name("copy"))
    file.with_name("copy").replace(file)

    assert "replaced" in str(refusal(filed))


def test_goes_on_when_the_file_is_back(filed: Store, file: Path) -> None:
    file.rename(file.with_name("elsewhere"))
    refusal(filed)
    file.with_name("elsewhere").rename(file)

    assert filed.add(looked_up()).sequence == 2


def test_says_that_the_record_is_read_only(filed: Store) -> None:
    each_time(filed, "PRAGMA query_only = ON")

    assert str(refusal(filed)) == "the record is read-only"


def test_says_that_the_disk_is_full_and_goes_on_when_there_is_room(filed: Store, file: Path) -> None:
    each_time(filed, "PRAGMA max_page_count = 1")
    with pytest.raises(AuditError, match="full"):
        filed.add(looked_up("x" * 100_000))
    each_time(filed, "PRAGMA max_page_count = 1000000")
    filed.add(looked_up())

    assert verify_url(f"sqlite:///{file}").finding is Finding.SOUND


def test_says_that_another_program_locks_the_record(
    impatient: None, file: Path, open_store: OPEN_STORE
) -> None:
    store = open_store(f"sqlite:///{file}")
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")

        with pytest.raises(AuditError, match="locked"):
            store.add(looked_up())

    assert store.add(looked_up()).sequence == 1


def test_says_that_another_session_locks_the_record(
    impatient: None, server_url: str, open_store: OPEN_STORE
) -> None:
    store = open_store(server_url)
    with psycopg.connect(server_url) as other:
        other.execute("SELECT * FROM head FOR UPDATE")

        with pytest.raises(AuditError, match="locked"):
            store.add(looked_up())

    assert store.add(looked_up()).sequence == 1


def test_says_that_a_server_takes_no_writes(server_url: str, open_store: OPEN_STORE) -> None:
    store = open_store(server_url)
    event.listen(store._engine, "begin", lambda each: each.exec_driver_sql("SET TRANSACTION READ ONLY"))

    assert str(refusal(store)) == "the record is read-only"


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
    with Wire(address.host or "", address.port or 5432) as wire:
        # Over an encrypted wire nobody could see what to cut at.
        cut = address.set(host="127.0.0.1", port=wire.port).update_query_dict({"sslmode": "disable"})
        with closing(Store(cut.render_as_string(hide_password=False))) as store:
            store.propose(change, step(change, Outcome.PROPOSED))
            wire.cut_at(b"COMMIT\0", delivered=committed)

            with pytest.raises(AuditError, match="whether it was, is not known") as caught:
                store.move(change, Outcome.ATTEMPTED, step(change, Outcome.ATTEMPTED))

            found = store.find(change.id)
            assert found
            assert found.outcome is (Outcome.ATTEMPTED if committed else Outcome.PROPOSED)
            assert store.add(looked_up()).sequence == (3 if committed else 2)
    assert SECRET not in f"{caught.value} {caught.value.advice} {caught.value.detail}"
    assert verify_url(server_url).finding is Finding.SOUND


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
    refusal(store)
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
    assert verify_url(url).finding is Finding.SOUND


def test_one_refused_write_does_not_spoil_what_is_committed_with_it(url: str, store: Store) -> None:
    change = a_change()
    store.propose(change, step(change, Outcome.PROPOSED))
    held, go_on = threading.Event(), threading.Event()

    def hold(_: object) -> None:
        held.set()
        assert go_on.wait(30)

    with ThreadPoolExecutor(8) as pool:
        # While the first is being written, all others queue up, and are committed at once.
        first = pool.submit(store._writer.submit, hold)
        assert held.wait(30)
        twice = [pool.submit(store.propose, change, step(change, Outcome.PROPOSED)) for _ in range(2)]
        added = [pool.submit(store.add, looked_up()) for _ in range(3)]
        go_on.set()

        first.result()
        assert [type(each.exception()) for each in twice] == [AuditError] * 2
        assert sorted(each.result().sequence for each in added) == [2, 3, 4]
    assert verify_url(url).finding is Finding.SOUND


def test_a_mistake_of_the_bot_is_told_to_who_waits_and_ends_nothing(store: Store) -> None:
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


def test_only_its_owner_can_read_the_file(filed: Store, file: Path) -> None:
    files = sorted(file.parent.glob("im-bot.db*"))

    assert [each.name for each in files] == ["im-bot.db", "im-bot.db-shm", "im-bot.db-wal"]
    assert {each.stat().st_mode & 0o777 for each in files} == {0o600}


def test_every_commit_is_on_disk_before_it_is_acknowledged(filed: Store) -> None:
    with filed._engine.connect() as connection:
        assert connection.scalar(text("PRAGMA journal_mode")) == "wal"
        assert connection.scalar(text("PRAGMA synchronous")) == 2


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("sqlite:////nowhere/at/all/im-bot.db", "there is no folder /nowhere/at/all"),
        ("sqlite://", "in memory"),
        ("sqlite:///:memory:", "in memory"),
        ("mysql://localhost/im", "not supported"),
        ("nonsense", "makes no sense"),
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
