"""The queries of a search in a record of a million entries."""

import time
from collections.abc import Mapping
from pathlib import Path

import pytest
from sqlalchemy import Connection, select

from bot.core.model import Actor, EntryKind, RecordQuery
from bot.core.services import SEARCH_PAGE
from bot.store import search
from bot.store.database.engine import open_engine, open_snapshot
from bot.store.database.migrate import migrate
from bot.store.database.schema import entries
from tests.support.bench import show
from tests.support.long_record import fill

pytestmark = pytest.mark.bench

LOOKUPS, CHANGES = 700_000, 100_000
STEPS = 300
LIMIT = 3 * SEARCH_PAGE + 1
"""The entries of a page, of up to three steps of a change each, and one of the next."""
MOST_MS = 50.0
ALICE = Actor("U1", "T1")
SEARCHES: Mapping[str, RecordQuery] = {
    "an account": RecordQuery("user_77", "demo"),
    "a field of an account": RecordQuery("user_77", "demo", fields=("Tag_Profile_IM_Nick",)),
    "a person": RecordQuery(person=ALICE),
    "a person, words that no reason has": RecordQuery(person=ALICE, reason="zebra"),
    "changes": RecordQuery(kind=EntryKind.CHANGES),
    "refusals, of which there are none": RecordQuery(kind=EntryKind.REFUSALS),
    "a field that never changed": RecordQuery(fields=("Tag_Profile_IM_Gender",)),
    "words of a common reason": RecordQuery(reason="4711"),
    "words that no reason has": RecordQuery(reason="zebra xylophone"),
}


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_searching(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = kind == "postgresql"
    url = request.getfixturevalue("server") if server else f"sqlite:///{tmp_path / 'long.db'}"
    migrate(url)
    count = fill(url, LOOKUPS, CHANGES)
    # One step of two queries at a time.
    monkeypatch.setattr(search, "SEARCH_SECONDS", -1.0)

    measured = measure(url, count)

    show(f"A step of a search of {count:,} entries on {kind}, ms", measured)
    worst = {name: sorted(figures)[len(figures) * 99 // 100] for name, figures in measured.items()}
    print({name: f"p99 {figure:.2f}" for name, figure in worst.items()})
    assert max(worst.values()) <= MOST_MS


def measure(url: str, count: int) -> dict[str, list[float]]:
    """Measure the milliseconds of each step of each search, and of a read by the primary key."""
    engine = open_engine(url)
    try:
        with open_snapshot(engine) as connection:
            floor = [_time_read(connection, number) for number in range(1, count, count // STEPS)]
            steps = {name: _time_steps(connection, query) for name, query in SEARCHES.items()}
    finally:
        engine.dispose()
    return {"a read by the primary key": floor, **steps}


def _time_read(connection: Connection, number: int) -> float:
    started = time.perf_counter()
    connection.execute(select(entries.c.content).where(entries.c.sequence == number)).one()
    return (time.perf_counter() - started) * 1000


def _time_steps(connection: Connection, query: RecordQuery) -> list[float]:
    figures: list[float] = []
    before: int | None = None
    for _ in range(STEPS):
        started = time.perf_counter()
        before = search.search(connection, query, before, LIMIT).searched_to
        figures.append((time.perf_counter() - started) * 1000)
    return figures
