"""Writes to a database with the rights of its owner."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, event, text

from bot.store.database.engine import open_engine

_TRIGGERS = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"


@contextmanager
def tampering(url: str) -> Iterator[Connection]:
    """Write without the guards, and restore them."""
    engine = open_engine(url)
    on_server = engine.dialect.name == "postgresql"
    unguarded = "SET session_replication_role = replica" if on_server else "PRAGMA foreign_keys = OFF"
    event.listen(engine, "connect", lambda connection, _: connection.cursor().execute(unguarded))
    try:
        with engine.begin() as connection:
            triggers: list[Any] = [] if on_server else list(connection.execute(text(_TRIGGERS)))
            for name, _ in triggers:
                connection.exec_driver_sql(f"DROP TRIGGER {name}")
            yield connection
            for _, sql in triggers:
                connection.exec_driver_sql(sql)
    finally:
        engine.dispose()


def point_head_to_last(connection: Connection) -> None:
    """Set the head to the last entry, as a careful forger does."""
    last = text("SELECT sequence, hash, content FROM entries ORDER BY sequence DESC LIMIT 1")
    sequence, digest, content = connection.execute(last).one()
    connection.execute(
        text("UPDATE head SET sequence = :sequence, hash = :hash, at = :at"),
        {"sequence": sequence, "hash": digest, "at": json.loads(content)["at"]},
    )


def run_freely(url: str, *statements: str) -> None:
    """Run statements that may drop the guards, with the guards in place."""
    engine = open_engine(url)
    try:
        with engine.begin() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)
    finally:
        engine.dispose()
