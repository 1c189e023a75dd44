import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from sqlalchemy import text

from bot.core.model import Outcome
from bot.store import writer
from bot.store.database.engine import open_engine, open_snapshot
from bot.store.database.migrate import migrate
from bot.store.database.timeouts import StoreTimeouts
from bot.store.entries import stream_entries
from bot.store.record import Store
from bot.store.verify import RecordStatus, verify_url
from tests.support.bench import BOT, ROOT, ratios, show
from tests.support.entries import a_change, looked_up, step
from tests.support.long_record import fill
from tests.support.tampering import tampering

pytestmark = pytest.mark.bench

ROUNDS = 9
ENTRIES = 200
WRITERS = 32
EACH = 60
LONG = 100_000
MANY = 250_000

Figures = list[float]


@contextmanager
def new_store(folder: Path, name: str) -> Iterator[Store]:
    with closing(Store(f"sqlite:///{folder / name}")) as store:
        store.add(looked_up())
        yield store


def ms_each(work: Callable[[], object], times: int) -> float:
    start = time.perf_counter()
    for _ in range(times):
        work()
    return (time.perf_counter() - start) / times * 1000


def test_one_durable_entry(tmp_path: Path) -> None:
    line = b"x" * 450 + b"\n"
    ours, floor = [], []
    with new_store(tmp_path, "one.db") as store, (tmp_path / "log").open("ab", buffering=0) as file:

        def append() -> None:
            file.write(line)
            os.fdatasync(file.fileno())

        for _ in range(ROUNDS):
            floor.append(ms_each(append, ENTRIES))
            ours.append(ms_each(lambda: store.add(looked_up()), ENTRIES))

    ratio = "ratio"
    show(
        "One durable entry after the other, ms",
        {"append to a file and fdatasync": floor, "Store.add": ours, ratio: ratios(ours, floor)},
        {ratio: 4},
    )
    assert statistics.median(ratios(ours, floor)) <= 4


def measure_waits(store: Store) -> tuple[float, float]:
    """Let all writers write at once; returns entries a second and the 99th percentile of waits in ms."""

    event = looked_up()

    def write(_: int) -> list[float]:
        return [ms_each(lambda: store.add(event), 1) for _ in range(EACH)]

    with ThreadPoolExecutor(WRITERS) as pool:
        start = time.perf_counter()
        found = sorted(wait for each in pool.map(write, range(WRITERS)) for wait in each)
        rate = len(found) / (time.perf_counter() - start)
    return rate, found[int(len(found) * 0.99)]


def test_many_writers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    together, alone = [], []
    with new_store(tmp_path, "together.db") as store, new_store(tmp_path, "alone.db") as single:
        for _ in range(ROUNDS):
            together.append(measure_waits(store))
            with monkeypatch.context() as patch:
                patch.setattr(writer, "MAX_BATCH", 1)
                alone.append(measure_waits(single))

    rate, slowest = "rate, ratio (one commit each / together)", "p99, ratio (together / one commit each)"
    of_rates = ratios([each[0] for each in alone], [each[0] for each in together])
    of_waits = ratios([each[1] for each in together], [each[1] for each in alone])
    show(
        f"{WRITERS} writers",
        {
            "one commit each: entries a second": [each[0] for each in alone],
            "together: entries a second": [each[0] for each in together],
            rate: of_rates,
            "one commit each: p99, ms": [each[1] for each in alone],
            "together: p99, ms": [each[1] for each in together],
            slowest: of_waits,
        },
        {rate: 1 / 3, slowest: 0.2},
    )
    assert statistics.median(of_rates) <= 1 / 3
    assert statistics.median(of_waits) <= 0.2


def test_verifying(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'long.db'}"
    with closing(Store(url, StoreTimeouts(60, 60, 60))) as store:
        # Without a change id: a hundred thousand steps of one change would not be sound.
        drafts = [looked_up("alice", "bob"), replace(step(a_change(), Outcome.SUCCEEDED), change_id="")]
        store._writer.submit(lambda batch: [batch.append(drafts[n % 2]) for n in range(LONG)])
    engine = open_engine(url)
    with open_snapshot(engine) as connection:
        contents = [content.encode() for _, content, _, _, _ in stream_entries(connection)]
    engine.dispose()

    ours: Figures = []
    hashing: Figures = []
    for _ in range(ROUNDS):
        hashing.append(ms_each(lambda: [sha256(content).hexdigest() for content in contents], 1))
        ours.append(ms_each(lambda: verify_url(url), 1))

    assert verify_url(url).status is RecordStatus.SOUND
    assert verify_url(url).count == LONG
    ratio = "ratio"
    show(
        f"Verifying {LONG:,} entries, ms",
        {"hashing alone": hashing, "verify": ours, ratio: ratios(ours, hashing)},
        {ratio: 15},
    )
    assert statistics.median(ratios(ours, hashing)) <= 15


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_verifying_many_changes(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    server = kind == "postgresql"
    url = request.getfixturevalue("server") if server else f"sqlite:///{tmp_path / 'many.db'}"
    migrate(url)
    peaks: dict[int, float] = {}
    for changes in (MANY // 10, MANY):
        # Both runs use one database, emptied without its guards.
        with tampering(url) as connection:
            for table in ("entry_accounts", "entries", "changes"):
                connection.execute(text(f"DELETE FROM {table}"))
        count = fill(url, changes, changes)
        start = time.perf_counter()
        usage = verify_in_process(url)
        took = time.perf_counter() - start
        peaks[changes] = usage.ru_maxrss / 1024
        seconds = usage.ru_utime + usage.ru_stime
        print(
            f"\n{kind}: {count:,} entries, {changes:,} changes, {took:.1f} s, {peaks[changes]:.0f} MiB peak"
        )
        print(f"µs of CPU each: {seconds / count * 1e6:.1f}; of hashing alone: {hash_microseconds():.1f}")
    assert peaks[MANY] < peaks[MANY // 10] + 50


def verify_in_process(url: str) -> resource.struct_rusage:
    """Verify in a process of its own; returns its resource usage."""
    command = [sys.executable, *BOT, "audit", "verify"]
    process = subprocess.Popen(command, env={**os.environ, "DATABASE_URL": url}, cwd=ROOT)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return usage


def hash_microseconds() -> float:
    """Measure the microseconds to hash an entry of usual length."""
    contents = [f"{number:0457}".encode() for number in range(LONG)]
    start = time.process_time()
    for content in contents:
        sha256(content).hexdigest()
    return (time.process_time() - start) / LONG * 1e6
