"""Check of the tables, and of the triggers that keep them append-only."""

from collections.abc import Mapping

from sqlalchemy import Connection, inspect, text

from bot.store.database.schema import metadata

_APPEND_ONLY = ("entries", "entry_accounts")
_REFUSE = "BEGIN SELECT RAISE(ABORT, 'the record is append-only'); END"
_EXISTS = "EXISTS (SELECT 1 FROM entries WHERE sequence = NEW.sequence)"
_FILE_TRIGGERS: Mapping[str, str] = {
    "entries_refuse_replace": "CREATE TRIGGER entries_refuse_replace BEFORE INSERT ON entries"
    f" WHEN {_EXISTS} {_REFUSE}",
    **{
        f"{table}_refuse_{action}": f"CREATE TRIGGER {table}_refuse_{action}"
        f" BEFORE {action} ON {table} {_REFUSE}"
        for table in _APPEND_ONLY
        for action in ("update", "delete")
    },
}
_FUNCTION = "BEGIN RAISE EXCEPTION 'the record is append-only'; END"
_BEFORE, _DELETE, _UPDATE, _TRUNCATE = 2, 8, 16, 32  # as in PostgreSQL's catalog/pg_trigger.h
_SERVER_TRIGGERS: Mapping[str, tuple[object, ...]] = {
    f"{table}_refuse_rewriting": (
        table,
        _BEFORE | _DELETE | _UPDATE | _TRUNCATE,
        True,
        "",
        0,
        "plpgsql",
        _FUNCTION,
    )
    for table in _APPEND_ONLY
}

_FOUND_IN_FILE = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
_FOUND_ON_SERVER = """
    SELECT tgname, relname, tgtype, tgqual IS NULL, tgattr::text, tgnargs, lanname, prosrc
    FROM pg_trigger
        JOIN pg_class ON pg_class.oid = tgrelid
        JOIN pg_proc ON pg_proc.oid = tgfoid
        JOIN pg_language ON pg_language.oid = prolang
    WHERE NOT tgisinternal AND tgrelid = ANY (SELECT to_regclass(unnest(CAST(:tables AS text[]))))
"""
_OFF_ON_SERVER = """
    SELECT tgname FROM pg_trigger
    WHERE tgenabled NOT IN ('O', 'A')
        AND tgrelid = ANY (SELECT to_regclass(unnest(CAST(:tables AS text[]))))
    LIMIT 1
"""
_ODD_ON_SERVER = """
    SELECT relname FROM pg_class
    WHERE (relkind NOT IN ('r', 'p') OR relrowsecurity OR relhasrules OR relhassubclass)
        AND oid = ANY (SELECT to_regclass(unnest(CAST(:tables AS text[]))))
    LIMIT 1
"""


def find_missing_table(connection: Connection) -> str:
    """Return a missing table or column; empty when there is none."""
    found = inspect(connection)
    names = found.get_table_names()
    for table in metadata.sorted_tables:
        if table.name not in names:
            return table.name
        columns = {column["name"] for column in found.get_columns(table.name)}
        for column in table.columns:
            if column.name not in columns:
                return f"{table.name}.{column.name}"
    return ""


def find_altered_trigger(connection: Connection) -> str:
    """Describe an altered trigger, or another object that rewrites data; empty when there is none."""
    if connection.dialect.name == "sqlite":
        found = {name: sql for name, sql in connection.execute(text(_FOUND_IN_FILE)).all()}  # noqa: C416 - rows are no pairs to mypy
        return _compare(found, _FILE_TRIGGERS)
    tables = {"tables": [table.name for table in metadata.sorted_tables]}
    if odd := connection.scalar(text(_ODD_ON_SERVER), tables):
        return f"the table {odd} has rules, policies or child tables of its own"
    if off := connection.scalar(text(_OFF_ON_SERVER), tables):
        return f"the trigger {off} is switched off"
    if connection.scalar(text("SHOW session_replication_role")) != "origin":
        return "session_replication_role switches all triggers off"
    rows = connection.execute(text(_FOUND_ON_SERVER), tables)
    return _compare({name: tuple(row) for name, *row in rows}, _SERVER_TRIGGERS)


def _compare(found: Mapping[str, object], expected: Mapping[str, object]) -> str:
    for name in sorted({*found, *expected}):
        if name not in found:
            return f"the trigger {name} is gone"
        if name not in expected:
            return f"there is a trigger {name} that the bot did not create"
        if found[name] != expected[name]:
            return f"the trigger {name} was altered"
    return ""
