import json
import signal
import subprocess
import sys
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
from tests.support.bench import ROOT
from tests.support.entries import a_change, denied, looked_up, step
from tests.support.postgresql import new_schema

OPEN_STORE = Callable[[str], Store]

WRITE = """
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from bot.store.record import Store
from tests.support.entries import looked_up

store = Store(sys.argv[1])
def write(_: int) -> None:
    os.write(1, f"{store.add(looked_up()).hash}\\n".encode())
with ThreadPoolExecutor(8) as pool:
    list(pool.map(write, range(int(sys.argv[2]))))
store.close()
"""
SHIFTED = """
import json
import sys
from datetime import UTC, datetime, timedelta
from freezegun import freeze_time
from bot.store.record import Store

url, shift = sys.argv[1], float(sys.argv[2])
store = Store(url)
with freeze_time(datetime.now(UTC) + timedelta(seconds=shift), tick=True):
    print(json.dumps({
        "shift": (datetime.now(UTC) - store.now()).total_seconds(),
        "left open": [change.id for change in store.list_open(timedelta(seconds=30))],
        "waiting": [change.id for change in store.list_proposed(timedelta(minutes=10))],
        "leased": len(store.lease_next("another", 30, 10)),
        "checkpoint": store.lease_checkpoint("another", 30, 60) is not None,
    }))
store.close()
"""
SHIFT = """
from datetime import UTC, datetime, timedelta
from freezegun import freeze_time
freeze_time(datetime.now(UTC) + timedelta(seconds={shift}), tick=True).start()
"""
MIGRATE = "import sys; from bot.store.database.migrate import migrate; migrate(sys.argv[1])"
TIMEOUT = 60


def start(program: str, *arguments: object) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", program, *map(str, arguments)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def hashes(url: str) -> list[str]:
    return [json.loads(line)["hash"] for line in export(url, "jsonl")]


def test_eight_threads_keep_one_chain(url: str, store: Store) -> None:
    with ThreadPoolExecutor(8) as pool:
        entries = list(pool.map(lambda _: store.add(looked_up()), range(400)))

    assert sorted(entry.sequence for entry in entries) == list(range(1, 401))
    assert verify_url(url).status is RecordStatus.SOUND


def test_three_processes_keep_one_chain(url: str) -> None:
    writers = [start(WRITE, url, 100) for _ in range(3)]
    said = [writer.communicate(timeout=TIMEOUT)[0].split() for writer in writers]

    assert [writer.returncode for writer in writers] == [0, 0, 0]
    assert verify_url(url).count == 300
    assert verify_url(url).status is RecordStatus.SOUND
    assert sorted(hashes(url)) == sorted(chain.from_iterable(said))


def test_every_entry_that_was_acknowledged_outlives_a_kill(url: str, open_store: OPEN_STORE) -> None:
    acknowledged: list[str] = []
    for lines in (20, 150):
        with start(WRITE, url, 100_000) as writer:
            assert writer.stdout
            acknowledged += [writer.stdout.readline().strip() for _ in range(lines)]
            writer.send_signal(signal.SIGKILL)
            acknowledged += [line.strip() for line in writer.stdout if len(line) == 65]

    assert verify_url(url).status is RecordStatus.SOUND
    assert set(acknowledged) <= set(hashes(url))
    open_store(url).add(looked_up())
    assert verify_url(url).status is RecordStatus.SOUND


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_several_processes_may_migrate_at_once(kind: str, file: Path, request: pytest.FixtureRequest) -> None:
    empty = f"sqlite:///{file}" if kind == "sqlite" else new_schema(request.getfixturevalue("server"))
    migrating = [start(MIGRATE, empty) for _ in range(4)]

    assert [each.wait(TIMEOUT) for each in migrating] == [0] * 4
    for each in migrating:
        each.communicate()
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

    said, _ = start(SHIFTED, server_url, shift).communicate(timeout=TIMEOUT)

    found = json.loads(said)
    assert found.pop("shift") == pytest.approx(shift, abs=20)
    assert found == {"left open": [], "waiting": ["op_1"], "leased": 0, "checkpoint": False}


@pytest.mark.parametrize("shift", [-3600, 3600])
def test_a_process_whose_clock_is_wrong_records_the_right_time(
    server_url: str, open_store: OPEN_STORE, shift: int
) -> None:
    program = WRITE.replace("store = Store", SHIFT.format(shift=shift) + "\nstore = Store")
    before = open_store(server_url).add(looked_up("alice"))
    with start(program, server_url, 1) as writer:
        writer.communicate(timeout=TIMEOUT)
    (entry,) = open_store(server_url).list_history("demo", "alice", None, 1)

    assert isinstance(entry, Entry)
    assert entry.sequence == before.sequence + 1
    assert before.at < entry.at < before.at + timedelta(seconds=TIMEOUT)
