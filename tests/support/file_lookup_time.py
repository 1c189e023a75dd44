"""The passing of time for the file lookups of a database."""

from sqlalchemy import update

from bot.store.database.engine import open_engine
from bot.store.database.schema import file_lookups


def pass_time(url: str, seconds: float) -> None:
    """Let time pass for every file lookup."""
    engine = open_engine(url)
    try:
        with engine.begin() as connection:
            columns = ("made", "expires", "until", "retry_at")
            times = {name: file_lookups.c[name] - seconds for name in columns}
            connection.execute(update(file_lookups).values(times))
    finally:
        engine.dispose()
