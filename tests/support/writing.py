"""Work of other processes on a record."""

import json
import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime, timedelta

from freezegun import freeze_time

from bot.store.database.migrate import migrate
from bot.store.record import Store
from tests.support.entries import looked_up


def write(output: int, url: str, count: int, shift: float = 0) -> None:
    """Add entries from eight threads, with a clock some seconds ahead; prints the hash of each."""
    with _shift(shift) if shift else nullcontext():
        store = Store(url)

        def add(_: int) -> None:
            os.write(output, f"{store.add(looked_up()).hash}\n".encode())

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(add, range(count)))
        store.close()


def take(output: int, url: str, shift: float) -> None:
    """Look for work with a clock some seconds ahead; prints what is found."""
    store = Store(url)
    with _shift(shift):
        found = {
            "shift": (datetime.now(UTC) - store.now()).total_seconds(),
            "left open": [change.id for change in store.list_open(timedelta(seconds=30))],
            "waiting": [change.id for change in store.list_proposed(timedelta(minutes=10))],
            "leased": len(store.lease_next("another", 30, 10)),
            "checkpoint": store.lease_checkpoint("another", 30, 60) is not None,
        }
    os.write(output, json.dumps(found).encode())
    store.close()


def migrate_database(_: int, url: str) -> None:
    """Migrate a database."""
    migrate(url)


def _shift(seconds: float) -> AbstractContextManager[object]:
    return freeze_time(datetime.now(UTC) + timedelta(seconds=seconds), tick=True)
