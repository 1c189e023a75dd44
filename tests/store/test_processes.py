import json
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path

import pytest

from bot.store.engine import open_engine
from bot.store.export import export
from bot.store.migrating import check_current, migrate
from bot.store.record import Store
from bot.store.verify import Finding, verify_url
from tests.support.bench import ROOT
from tests.support.entries import looked_up
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
MIGRATE = "import sys; from bot.store.migrating import migrate; migrate(sys.argv[1])"
PATIENCE = 60


def start(program: str, *arguments: object) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", program, *map(str, arguments)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def hashes(url: str) -> list[str]:
    return [json.loads(line)["hash"] for line in export(url, "jsonl")]


def test_eight_threads_keep_one_chain(url: str, store: Store) -> None:
    with ThreadPoolExecutor(8) as pool:
        entries = list(pool.map(lambda _: store.add(looked_up()), range(400)))

    assert sorted(entry.sequence for entry in entries) == list(range(1, 401))
    assert verify_url(url).finding is Finding.SOUND


def test_three_processes_keep_one_chain(url: str) -> None:
    writers = [start(WRITE, url, 100) for _ in range(3)]
    said = [writer.communicate(timeout=PATIENCE)[0].split() for writer in writers]

    assert [writer.returncode for writer in writers] == [0, 0, 0]
    assert verify_url(url).count == 300
    assert verify_url(url).finding is Finding.SOUND
    assert sorted(hashes(url)) == sorted(chain.from_iterable(said))


def test_every_entry_that_was_acknowledged_outlives_a_kill(url: str, open_store: OPEN_STORE) -> None:
    acknowledged: list[str] = []
    for lines in (20, 150):
        with start(WRITE, url, 100_000) as writer:
            assert writer.stdout
            acknowledged += [writer.stdout.readline().strip() for _ in range(lines)]
            writer.send_signal(signal.SIGKILL)
            acknowledged += [line.strip() for line in writer.stdout if len(line) == 65]

    assert verify_url(url).finding is Finding.SOUND
    assert set(acknowledged) <= set(hashes(url))
    open_store(url).add(looked_up())
    assert verify_url(url).finding is Finding.SOUND


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_several_processes_may_migrate_at_once(kind: str, file: Path, request: pytest.FixtureRequest) -> None:
    empty = f"sqlite:///{file}" if kind == "sqlite" else new_schema(request.getfixturevalue("server"))
    migrating = [start(MIGRATE, empty) for _ in range(4)]

    assert [each.wait(PATIENCE) for each in migrating] == [0] * 4
    for each in migrating:
        each.communicate()
    migrate(empty)
    engine = open_engine(empty)
    check_current(engine)
    engine.dispose()
