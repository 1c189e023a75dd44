from pathlib import Path

import pytest

from tests.support.migrated import migrated_file, migrated_schema


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database with the current schema."""
    if request.param == "postgresql":
        return migrated_schema(request.getfixturevalue("server"))
    return migrated_file(tmp_path / "im-bot.db")


@pytest.fixture
def file_url(tmp_path: Path) -> str:
    """The address of an empty SQLite database with the current schema."""
    return migrated_file(tmp_path / "im-bot.db")
