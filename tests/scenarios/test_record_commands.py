"""The `audit` sub-commands, from the command line."""

import json
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bot.core.model import Actor, AuditEvent, Outcome, Surface
from bot.store.record import Store
from tests.support.bot import im_bot, im_bot_here

if TYPE_CHECKING:
    import subprocess

ACTOR = Actor("U01VERA", "T01HOME")


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """Make a record of three entries."""
    path = tmp_path / "im-bot.db"
    with closing(Store(f"sqlite:///{path}")) as store:
        for account in ("alice", "=bob", "卡罗"):
            store.add(AuditEvent(ACTOR, Surface.COMMAND, "prod", "profile", (account,), Outcome.ANSWERED))
    return path


def run(
    *arguments: str,
    cwd: Path,
    environment: Mapping[str, str] | None = None,
    program: Callable[..., "subprocess.CompletedProcess[str]"] = im_bot_here,
) -> tuple[int, str, str]:
    done = program(*arguments, cwd=cwd, environment=environment)
    return done.returncode, done.stdout, done.stderr


def tamper(database: Path, statement: str) -> None:
    with closing(sqlite3.connect(database)) as connection:
        for (trigger,) in connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        ).fetchall():
            connection.execute(f"DROP TRIGGER {trigger}")
        connection.execute(statement)
        connection.commit()


def test_migrates_a_database_that_is_not_there_yet(tmp_path: Path) -> None:
    assert run("migrate", cwd=tmp_path) == (0, "the database has the current schema\n", "")
    assert run("migrate", cwd=tmp_path)[0] == 0
    assert (tmp_path / "im-bot.db").stat().st_mode & 0o777 == 0o600


def test_verifies_without_loading_what_talks_to_slack_and_the_vendor(database: Path) -> None:
    environment = {"PYTHONPROFILEIMPORTTIME": "1"}

    done = im_bot("audit", "verify", cwd=database.parent, environment=environment)

    assert done.returncode == 0
    assert "sqlalchemy" in done.stderr
    loaded = [name for name in ("slack", "requests", "prometheus", "alembic") if name in done.stderr]
    assert loaded == []


def test_verifies_a_sound_record(database: Path) -> None:
    code, out, _ = run("audit", "verify", cwd=database.parent)

    assert code == 0
    assert out.startswith("sound: 3 entries, head ")
    head = out.split()[-1]
    assert run("audit", "verify", "--head", head[:12], cwd=database.parent)[0] == 0


@pytest.mark.parametrize(
    ("statement", "arguments", "code", "words"),
    [
        ("UPDATE entries SET content = replace(content, 'alice', 'mallory')", [], 3, "altered: entry 1"),
        ("DELETE FROM entries WHERE sequence = 2", [], 4, "missing: there is no entry 2"),
        ("DELETE FROM entries WHERE sequence = 3", [], 4, "missing: there is no entry 3"),
        ("SELECT 1", ["--head", "0123456789ab"], 5, "head not found"),
    ],
)
def test_names_what_is_wrong_with_a_record(
    database: Path, statement: str, arguments: list[str], code: int, words: str
) -> None:
    tamper(database, statement)

    ended, out, _ = run("audit", "verify", *arguments, cwd=database.parent)

    assert ended == code
    assert out.startswith(words)


def test_exports_lines_that_prove_themselves(database: Path) -> None:
    code, out, _ = run("audit", "export", cwd=database.parent, program=im_bot)

    assert code == 0
    assert [json.loads(line)["accounts"] for line in out.splitlines()] == [["alice"], ["=bob"], ["卡罗"]]


def test_exports_a_table_without_formulas(database: Path) -> None:
    _, out, _ = run("audit", "export", "--format", "csv", cwd=database.parent, program=im_bot)

    assert out.startswith('"sequence","at",')
    assert len(out.splitlines()) == 4


@pytest.mark.parametrize("command", [["audit", "verify"], ["audit", "export"]])
def test_says_so_when_there_is_no_record(tmp_path: Path, command: list[str]) -> None:
    code, out, err = run(*command, cwd=tmp_path, program=im_bot)

    assert (code, out) == (1, "")
    assert "there is no record at" in err
    assert "Check DATABASE_URL" in err
    assert not (tmp_path / "im-bot.db").exists()


def test_needs_nothing_but_the_address_of_the_record(database: Path) -> None:
    elsewhere = database.parent / "elsewhere"
    elsewhere.mkdir()

    code, _, _ = run("audit", "verify", cwd=elsewhere, environment={"DATABASE_URL": f"sqlite:///{database}"})

    assert code == 0


def test_refuses_an_address_that_makes_no_sense(tmp_path: Path) -> None:
    code, _, err = run("migrate", cwd=tmp_path, environment={"DATABASE_URL": "mysql://u:canary@h/n"})

    assert code == 1
    assert err.startswith("DATABASE_URL must be sqlite:///FILE")
    assert "canary" not in err


def test_refuses_a_head_that_is_no_hash(database: Path) -> None:
    code, out, err = run("audit", "verify", "--head", "latest", cwd=database.parent)

    assert (code, out) == (1, "")
    assert "Traceback" not in err
    assert err
