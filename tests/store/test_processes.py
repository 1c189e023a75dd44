import json
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from itertools import chain
from pathlib import Path

import pytest

from bot.core.model import Entry, Outcome
from bot.store.database.engine import open_engine
from bot.store.database.migrate import check_current, migrate
from bot.store.export import export
from bot.store.record import Store
from bot.store.verify import RecordStatus, verify_url
from tests.support.entries import a_change, denied, looked_up, step
from tests.support.forked import ForkedProcess
from tests.support.postgresql import new_schema
from tests.support.writing import migrate_database, take, write

OPEN_STORE = Callable[[str], Store]

TIMEOUT = 60


def hashes(url: str) -> list[str]:
    return [json.loads(line)["hash"] for line in export(url, "jsonl")]


def test_eight_threads_keep_one_chain(url: str, store: Store) -> None:
    with ThreadPoolExecutor(8) as pool:
        entries = list(pool.map(lambda _: store.add(looked_up()), range(400)))

    assert sorted(entry.sequence for entry in entries) == list(range(1, 401))
    assert verify_url(url).status is RecordStatus.SOUND


def test_three_processes_keep_one_chain(url: str) -> None:
    writers = [ForkedProcess(write, url, 100) for _ in range(3)]
    said = [writer.output.read().split() for writer in writers]

    assert [writer.finish(TIMEOUT) for writer in writers] == [0, 0, 0]
    assert verify_url(url).count == 300
    assert verify_url(url).status is RecordStatus.SOUND
    assert sorted(hashes(url)) == sorted(chain.from_iterable(said))


def test_every_entry_that_was_acknowledged_outlives_a_kill(url: str, open_store: OPEN_STORE) -> None:
    acknowledged: list[str] = []
    for lines in (20, 150):
        writer = ForkedProcess(write, url, 100_000)
        acknowledged += [writer.output.readline().strip() for _ in range(lines)]
        writer.kill()
        acknowledged += [line.strip() for line in writer.output if len(line) == 65]
        assert writer.finish(TIMEOUT) == -signal.SIGKILL

    assert verify_url(url).status is RecordStatus.SOUND
    assert set(acknowledged) <= set(hashes(url))
    open_store(url).add(looked_up())
    assert verify_url(url).status is RecordStatus.SOUND


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_several_processes_may_migrate_at_once(kind: str, file: Path, request: pytest.FixtureRequest) -> None:
    empty = f"sqlite:///{file}" if kind == "sqlite" else new_schema(request.getfixturevalue("server"))
    migrating = [ForkedProcess(migrate_database, empty) for _ in range(4)]

    assert [each.finish(TIMEOUT) for each in migrating] == [0] * 4
    migrate(empty)
    engine = open_engine(empty)
    check_current(engine)
    engine.dispose()


@pytest.mark.parametrize("shift", [-3600, -60, 60, 3600])
def test_a_process_whose_clock_is_wrong_takes_nothing_from_another(
    server_url: str, open_store: OPEN_STORE, shift: int
) -> None:
    store = open_store(server_url)
    for name in ("op_1", "op_2"):
        change = replace(a_change(name), proposed_at=store.now())
        store.propose(change, step(change, Outcome.PROPOSED))
    live = store.find("op_2")
    assert live
    store.move(live, Outcome.ATTEMPTED, step(live, Outcome.ATTEMPTED))
    store.add(denied("set"))
    assert len(store.lease_next("me", 30, 10)) == 1

    other = ForkedProcess(take, server_url, shift)
    found = json.loads(other.output.read())
    assert other.finish(TIMEOUT) == 0

    assert found.pop("shift") == pytest.approx(shift, abs=20)
    assert found == {"left open": [], "waiting": ["op_1"], "leased": 0, "checkpoint": False}


@pytest.mark.parametrize("shift", [-3600, 3600])
def test_a_process_whose_clock_is_wrong_records_the_right_time(
    server_url: str, open_store: OPEN_STORE, shift: int
) -> None:
    before = open_store(server_url).add(looked_up("alice"))
    assert ForkedProcess(write, server_url, 1, shift).finish(TIMEOUT) == 0
    (entry,) = open_store(server_url).list_history("demo", "alice", None, 1)

    assert isinstance(entry, Entry)
    assert entry.sequence == before.sequence + 1
    assert before.at < entry.at < before.at + timedelta(seconds=TIMEOUT)
