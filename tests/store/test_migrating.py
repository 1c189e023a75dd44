import logging
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from bot.errors import AuditError
from bot.store import migrations
from bot.store.engine import open_engine
from bot.store.migrating import migrate
from bot.store.record import Store
from bot.store.schema import REVISION, metadata
from tests.support.postgresql import new_schema

OPEN_STORE = Callable[[str], Store]


def test_revisions_lead_to_exactly_the_tables_of_the_schema(store: Store) -> None:
    with store._engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_names_the_newest_revision() -> None:
    config = Config()
    config.set_main_option("script_location", migrations.__path__[0])

    assert ScriptDirectory.from_config(config).get_current_head() == REVISION


def test_an_empty_file_is_brought_to_the_schema_by_opening_it(file: Path, open_store: OPEN_STORE) -> None:
    open_store(f"sqlite:///{file}").check()


def test_a_server_must_be_migrated_first(server: str) -> None:
    with pytest.raises(AuditError, match="schema") as caught:
        Store(new_schema(server))

    assert "im-bot migrate" in caught.value.advice


def test_will_not_touch_what_a_newer_bot_made(url: str) -> None:
    engine = open_engine(url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = 'later'"))
    engine.dispose()

    for attempt in (migrate, Store):
        with pytest.raises(AuditError, match=r"newer im-bot|schema"):
            attempt(url)


def test_leaves_logging_as_it_is(file: Path) -> None:
    before = logging.root.level, list(logging.root.handlers), logging.root.manager.disable

    migrate(f"sqlite:///{file}")

    assert (logging.root.level, list(logging.root.handlers), logging.root.manager.disable) == before
    assert not logging.getLogger("bot").disabled


def test_migrates_a_file_in_a_process_of_its_own(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'im-bot.db'}"
    program = (
        "import sys; from bot.store.migrating import migrate_apart; migrate_apart(sys.argv[1]); "
        "from bot.store.record import Store; Store(sys.argv[1]).close(); print('alembic' in sys.modules)"
    )

    done = subprocess.run(
        [sys.executable, "-c", program, url], capture_output=True, text=True, check=True, timeout=20
    )

    assert done.stdout == "False\n"
