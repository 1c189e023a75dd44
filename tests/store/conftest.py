from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bot.store.database.timeouts import USUAL_TIMEOUTS, StoreTimeouts
from bot.store.record import Store
from tests.support.migrated import migrated_file, migrated_schema


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "im-bot.db"


@pytest.fixture
def server_url(server: str) -> str:
    """The address of an empty PostgreSQL database with the current schema."""
    return migrated_schema(server)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, file: Path) -> str:
    """The address of an empty database with the current schema."""
    if request.param == "postgresql":
        found: str = request.getfixturevalue("server_url")
        return found
    return migrated_file(file)


@pytest.fixture
def open_store() -> Iterator[Callable[..., Store]]:
    """Opens stores that are closed when the test ends."""
    opened: list[Store] = []

    def open_one(url: str, timeouts: StoreTimeouts = USUAL_TIMEOUTS) -> Store:
        opened.append(Store(url, timeouts))
        return opened[-1]

    yield open_one
    for store in opened:
        store.close()


@pytest.fixture
def store(url: str, open_store: Callable[..., Store]) -> Store:
    return open_store(url)
