import json
import logging
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, text

from bot.core.model import Actor, Head
from bot.errors import AuditError
from bot.store.chain import START, link
from bot.store.database import migrations
from bot.store.database.engine import open_engine
from bot.store.database.migrate import is_current, migrate
from bot.store.database.schema import REVISION, metadata
from bot.store.record import Store
from bot.store.verify import RecordStatus, verify_url
from tests.support.entries import denied, looked_up
from tests.support.postgresql import new_schema
from tests.support.tampering import tampering

OPEN_STORE = Callable[[str], Store]
OLD = 1203
ADD = text("INSERT INTO entries (sequence, content, hash) VALUES (:sequence, :content, :hash)")


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


@pytest.fixture(params=["sqlite", "postgresql"])
def first(request: pytest.FixtureRequest, file: Path) -> str:
    """The address of a database with the first schema, and entries of the first release."""
    server = request.param == "postgresql"
    url = new_schema(request.getfixturevalue("server")) if server else f"sqlite:///{file}"
    config = Config()
    config.set_main_option("script_location", migrations.__path__[0])
    previous, entries, accounts = START, [], []
    with closing_engine(url) as engine, engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "first")
        for number in range(1, OLD + 1):
            event = replace(looked_up(f"a{number}"), actor=Actor(f"U{number % 3}", "T1"))
            entry, content = link(number, datetime.now(UTC), event, previous)
            previous = entry.hash
            entries.append({"sequence": number, "content": content, "hash": entry.hash})
            accounts.append({"sequence": number, "account": f"a{number}"})
        connection.execute(ADD, entries)
        connection.execute(text("INSERT INTO entry_accounts VALUES ('demo', :account, :sequence)"), accounts)
        connection.execute(text("UPDATE head SET sequence = :n, hash = :h"), {"n": OLD, "h": previous})
    return url


@contextmanager
def closing_engine(url: str) -> Iterator[Engine]:
    engine = open_engine(url)
    try:
        yield engine
    finally:
        engine.dispose()


def test_brings_the_first_schema_to_the_newest_and_leaves_every_entry_as_it_is(
    first: str, open_store: OPEN_STORE
) -> None:
    migrate(first)

    store = open_store(first)
    with store._engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    mine = store.list_done(Actor("U1", "T1"), OLD)
    assert [entry.sequence for entry in mine] == [number for number in range(OLD, 0, -1) if number % 3 == 1]
    assert store.add(looked_up("new")).sequence == OLD + 1
    assert verify_url(first).status is RecordStatus.SOUND


def test_remembers_when_the_last_of_the_old_entries_was_recorded(first: str) -> None:
    migrate(first)

    with closing_engine(first) as engine, engine.connect() as connection:
        content = connection.scalar(text("SELECT content FROM entries WHERE sequence = :n"), {"n": OLD})
        assert connection.scalar(text("SELECT at FROM head")) == json.loads(content or "")["at"]


def test_lets_the_channel_see_the_head_of_an_old_record_with_its_next_entry(
    first: str, open_store: OPEN_STORE
) -> None:
    migrate(first)
    store = open_store(first)
    assert store.lease_checkpoint("me", 10, 3600) is None

    added = store.add(looked_up())

    assert store.lease_checkpoint("me", 10, 3600) == Head(added.sequence, added.hash)


@pytest.mark.parametrize("waiting", [(), (OLD,), (OLD - 1, OLD)])
def test_misses_no_entry_that_the_first_release_had_posted(first: str, waiting: Sequence[int]) -> None:
    with tampering(first) as connection:
        previous = (
            connection.scalar(text("SELECT hash FROM entries WHERE sequence = :n"), {"n": OLD - 3}) or ""
        )
        for number in range(OLD - 2, OLD + 1):
            entry, content = link(number, datetime.now(UTC), denied("set"), previous)
            previous = entry.hash
            row = {"n": number, "content": content, "hash": entry.hash}
            connection.execute(
                text("UPDATE entries SET content = :content, hash = :hash WHERE sequence = :n"), row
            )
            connection.execute(text("UPDATE entry_accounts SET account = 'alice' WHERE sequence = :n"), row)
        connection.execute(text("UPDATE head SET hash = :hash"), {"hash": previous})
        for number in waiting:
            connection.execute(text("INSERT INTO outbox VALUES (:n)"), {"n": number})

    migrate(first)

    assert verify_url(first).status is RecordStatus.SOUND, str(verify_url(first))
    with tampering(first) as connection:
        connection.execute(text("DELETE FROM outbox"))
    assert verify_url(first).status is (RecordStatus.ALTERED if waiting else RecordStatus.SOUND)


def test_does_not_take_the_first_schema_for_the_newest(first: str) -> None:
    with closing_engine(first) as engine:
        assert not is_current(engine)


def test_guards_the_record_again_once_it_is_migrated(first: str) -> None:
    migrate(first)

    with closing_engine(first) as engine:
        for rewriting in ("UPDATE entries SET actor = 'other'", "DELETE FROM entries"):
            with pytest.raises(Exception, match="append-only"), engine.begin() as connection:
                connection.execute(text(rewriting))


def test_migrates_past_an_entry_that_was_tampered_with(first: str, open_store: OPEN_STORE) -> None:
    broken = {"sequence": OLD + 1, "content": '["no entry"]', "hash": "x"}
    with closing_engine(first) as engine, engine.begin() as connection:
        connection.execute(ADD, broken)
        connection.execute(ADD, {**broken, "sequence": -7, "content": "no JSON"})

    migrate(first)

    assert len(open_store(first).list_done(Actor("U1", "T1"), OLD)) > 0
    assert verify_url(first).status is not RecordStatus.SOUND


def test_leaves_logging_as_it_is(file: Path) -> None:
    before = logging.root.level, list(logging.root.handlers), logging.root.manager.disable

    migrate(f"sqlite:///{file}")

    assert (logging.root.level, list(logging.root.handlers), logging.root.manager.disable) == before
    assert not logging.getLogger("bot").disabled


def test_migrates_a_file_in_a_process_of_its_own(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'im-bot.db'}"
    program = (
        "import sys; from bot.store.database.migrate import migrate_in_subprocess as m; m(sys.argv[1]); "
        "from bot.store.record import Store; Store(sys.argv[1]).close(); print('alembic' in sys.modules)"
    )

    done = subprocess.run(
        [sys.executable, "-c", program, url], capture_output=True, text=True, check=True, timeout=60
    )

    assert done.stdout == "False\n"
