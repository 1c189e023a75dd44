import os
import statistics
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from bot.core.model import Outcome
from bot.store import writer
from bot.store.engine import open_engine, reading
from bot.store.record import Store
from bot.store.rows import stream
from bot.store.verify import Finding, verify_url
from tests.support.bench import ratios, show
from tests.support.entries import a_change, looked_up, step

pytestmark = pytest.mark.bench

ROUNDS = 9
ENTRIES = 200
WRITERS = 32
EACH = 60
LONG = 100_000

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


def waits(store: Store) -> tuple[float, float]:
    """Let all writers write at once; entries a second, and the 99th percentile of the waits in ms."""

    draft = looked_up()

    def write(_: int) -> list[float]:
        return [ms_each(lambda: store.add(draft), 1) for _ in range(EACH)]

    with ThreadPoolExecutor(WRITERS) as pool:
        start = time.perf_counter()
        found = sorted(wait for each in pool.map(write, range(WRITERS)) for wait in each)
        rate = len(found) / (time.perf_counter() - start)
    return rate, found[int(len(found) * 0.99)]


def test_many_writers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    together, alone = [], []
    with new_store(tmp_path, "together.db") as store, new_store(tmp_path, "alone.db") as single:
        for _ in range(ROUNDS):
            together.append(waits(store))
            with monkeypatch.context() as patch:
                patch.setattr(writer, "MOST", 1)
                alone.append(waits(single))

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
    with new_store(tmp_path, "long.db") as store:
        # Of no change: a hundred thousand steps of one would not be sound.
        drafts = [looked_up("alice", "bob"), replace(step(a_change(), Outcome.SUCCEEDED), change_id="")]
        store._writer.submit(lambda batch: [batch.append(drafts[n % 2]) for n in range(LONG - 1)])
    engine = open_engine(url)
    with reading(engine) as connection:
        contents = [content for _, content, _ in stream(connection)]
    engine.dispose()

    ours: Figures = []
    hashing: Figures = []
    for _ in range(ROUNDS):
        hashing.append(ms_each(lambda: [sha256(content).hexdigest() for content in contents], 1))
        ours.append(ms_each(lambda: verify_url(url), 1))

    assert verify_url(url).finding is Finding.SOUND
    assert verify_url(url).count == LONG
    ratio = "ratio"
    show(
        f"Verifying {LONG:,} entries, ms",
        {"hashing alone": hashing, "verify": ours, ratio: ratios(ours, hashing)},
        {ratio: 3},
    )
    assert statistics.median(ratios(ours, hashing)) <= 3
