"""Databases with the current schema, each made as a copy of what one migration made."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import psycopg
from sqlalchemy import Engine, event

from bot.store.database.migrate import migrate
from bot.store.database.schema import metadata
from tests.support.postgresql import SERVER, new_schema


def migrated_file(file: Path) -> str:
    """Make an SQLite file with the current schema; returns its address."""
    shutil.copy(_template(), file)
    return f"sqlite:///{file}"


@cache
def _template() -> Path:
    """Migrate a file, once in this process."""
    file = Path(mkdtemp(prefix="im-bot-migrated-")) / "im-bot.db"
    migrate(f"sqlite:///{file}")
    return file


def migrated_schema(server: str) -> str:
    """Make a schema with the current tables in a PostgreSQL database; returns its address."""
    return new_schema(server, _script(server))


def copied_schema(server: str, filled: str) -> str:
    """Make a schema with the tables and rows of another current one; returns its address."""
    _, _, source = filled.rpartition("%3D")
    copies = (
        f"DELETE FROM {table}; INSERT INTO {table} SELECT * FROM {source}.{table}"
        for table in metadata.tables
    )
    unguarded = "SET session_replication_role = replica"
    return new_schema(server, ";\n".join((_script(server), unguarded, *copies)))


@cache
def _script(server: str) -> str:
    """Migrate a schema, once in this process; returns the statements that wrote."""
    statements: list[str] = []

    def note(_: object, cursor: Any, statement: str, parameters: Any, *__: object) -> None:
        if not statement.lstrip().upper().startswith(("SELECT", "SET", "SHOW")):
            statements.append(psycopg.ClientCursor(cursor.connection).mogrify(statement, parameters))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        migrate(new_schema(server))
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    return ";\n".join(statements)


@contextmanager
def migrated_database(server: str, name: str) -> Iterator[str]:
    """Make a database with the current schema beside that of the other tests; yields its name."""
    name = f"{server.rpartition('/')[2]}_{name}"
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}".encode())
        try:
            migrate(f"{SERVER}/{name}")
            yield name
        finally:
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())
