import psycopg
from sqlalchemy import text

from bot.store.database.engine import open_connection, open_engine
from bot.store.database.timeouts import StoreTimeouts
from tests.support.postgresql import new_schema

AT_ONCE = 30
KEPT = 10


def test_opens_connections_for_all_readers_and_keeps_a_few(server: str) -> None:
    name = "test_engine"
    engine = open_engine(f"{new_schema(server)}&application_name={name}", timeouts=StoreTimeouts())
    used = []
    try:
        for _ in range(AT_ONCE):
            used.append(open_connection(engine))
            used[-1].__enter__().execute(text("SELECT 1"))
        assert count(server, name) == AT_ONCE
        while used:
            used.pop().__exit__(None, None, None)
        assert engine.pool.checkedin() == KEPT  # type: ignore[attr-defined]  # a QueuePool's
    finally:
        engine.dispose()


def count(server: str, name: str) -> int:
    """Count the server's connections of a name."""
    with psycopg.connect(server) as admin:
        row = admin.execute("SELECT count(*) FROM pg_stat_activity WHERE application_name = %s", [name])
        return int(row.fetchone()[0])  # type: ignore[index]  # a count has a row
