"""Columns for an entry's actor and change, indexed."""

import json

from alembic import op
from sqlalchemy import Column, Connection, Text, text

from bot.core.model import Actor
from bot.store.chain import actor_key, index_key

revision = "second"
down_revision = "first"

_BATCH = 1000
_SUSPEND = {
    "sqlite": "DROP TRIGGER entries_refuse_update",
    "postgresql": "ALTER TABLE entries DISABLE TRIGGER entries_refuse_rewriting",
}
_RESUME = {
    "sqlite": "CREATE TRIGGER entries_refuse_update BEFORE update ON entries"
    " BEGIN SELECT RAISE(ABORT, 'the record is append-only'); END",
    "postgresql": "ALTER TABLE entries ENABLE TRIGGER entries_refuse_rewriting",
}
# As bytes, invalid text can be read, too.
_CONTENT = {"sqlite": "coalesce(CAST(content AS BLOB), x'')", "postgresql": "content"}


def upgrade() -> None:
    """Add both columns, fill them from the entries' JSON, and index them."""
    connection = op.get_bind()
    dialect = connection.dialect.name
    for name in ("actor", "change"):
        op.add_column("entries", Column(name, Text, nullable=False, server_default=""))
    # In one transaction with the rest, so that the record is never seen without its trigger.
    op.execute(_SUSPEND[dialect])
    _fill_in(connection, _CONTENT[dialect])
    op.execute(_RESUME[dialect])
    op.create_index("entries_by_actor", "entries", ["actor", "sequence"])
    some = text("change <> ''")
    op.create_index("entries_by_change", "entries", ["change"], sqlite_where=some, postgresql_where=some)


def _fill_in(connection: Connection, content: str) -> None:
    wanted = text(
        f"SELECT sequence, {content} FROM entries WHERE sequence > :last ORDER BY sequence LIMIT {_BATCH}"  # noqa: S608 - our own words
    )
    fill = text("UPDATE entries SET actor = :actor, change = :change WHERE sequence = :sequence")
    # Below every possible number: a forged one must not stop this.
    last = -(2**63)
    while rows := connection.execute(wanted, {"last": last}).all():
        connection.execute(fill, [{"sequence": number, **_read_keys(entry)} for number, entry in rows])
        last = rows[-1][0]


def _read_keys(content: str | bytes) -> dict[str, str]:
    """Read an entry's index keys; empty for an altered one, which verify reports."""
    try:
        entry = json.loads(content)
        actor = Actor(user_id=str(entry["user"]), team_id=str(entry["team"]))
        return {"actor": actor_key(actor), "change": index_key(str(entry["change"]))}
    except (ValueError, LookupError, TypeError):
        return {"actor": "", "change": ""}
