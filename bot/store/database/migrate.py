"""Migration of a database to the current schema."""

import os
import subprocess
import sys
from pathlib import Path

from sqlalchemy import Engine, inspect, text

from bot.errors import AuditError
from bot.store.database.engine import WRITING, open_engine, open_snapshot
from bot.store.database.errors import translate_database_errors
from bot.store.database.schema import REVISION

LOCK = 0x696D626F74
"""The advisory lock held while migrating a server: `imbot`."""

_SCRIPTS = Path(__file__).with_name("migrations")


def migrate(url: str) -> None:
    """Migrate a database; safe when several processes do so at once.

    Raises:
        AuditError: It cannot be opened or written, or was made by a newer im-bot.
    """
    engine = open_engine(url)
    try:
        migrate_engine(engine)
    finally:
        engine.dispose()


def migrate_in_subprocess(url: str) -> None:
    """Migrate an SQLite file in a subprocess; a server is left to its operator.

    The modules that migrating loads would stay in the bot's memory. If the subprocess fails, opening the
    file reports why.

    Raises:
        AuditError: The file cannot be opened or read.
    """
    engine = open_engine(url)
    try:
        done = engine.dialect.name != "sqlite" or is_current(engine)
    finally:
        engine.dispose()
    if not done:
        command = [sys.executable, "-m", "bot", "migrate"]
        environment = {**os.environ, "DATABASE_URL": url}
        subprocess.run(command, env=environment, check=False, capture_output=True)  # noqa: S603 - it is this program


def migrate_engine(engine: Engine) -> None:
    """Migrate an open database.

    Raises:
        AuditError: As for migrating.
    """
    # Takes half of the start-up time, and is seldom needed.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415
    from alembic.util import CommandError  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    with translate_database_errors(), engine.execution_options(**{WRITING: True}).begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError:
            raise AuditError(
                "the database was made by a newer im-bot",
                advice="Tell the bot's operator to run that version",
            ) from None


def is_current(engine: Engine) -> bool:
    """Check whether a database has the current schema.

    Raises:
        AuditError: It cannot be read.
    """
    with open_snapshot(engine) as connection:
        if not inspect(connection).has_table("alembic_version"):
            return False
        found: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
        return found == REVISION


def has_record(engine: Engine) -> bool:
    """Check whether a database holds a record, of any schema.

    Raises:
        AuditError: It cannot be read.
    """
    with open_snapshot(engine) as connection:
        return inspect(connection).has_table("entries")


def check_current(engine: Engine) -> None:
    """Require the current schema.

    Raises:
        AuditError: The schema is another one, or cannot be read.
    """
    if not is_current(engine):
        raise AuditError(
            "the database schema is not current", advice="Tell the bot's operator to run im-bot migrate"
        )
