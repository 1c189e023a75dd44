"""The first tables, and the triggers that keep the record append-only."""

from alembic import op
from sqlalchemy import BigInteger, Column, Float, ForeignKey, Integer, Text

revision = "first"
down_revision = None

_KEPT = ("entries", "entry_accounts")
_NUMBER = BigInteger().with_variant(Integer, "sqlite")


def upgrade() -> None:
    """Create everything."""
    op.create_table(
        "entries",
        Column("sequence", _NUMBER, primary_key=True, autoincrement=False),
        Column("content", Text, nullable=False),
        Column("hash", Text, nullable=False),
    )
    op.create_table(
        "entry_accounts",
        Column("app", Text, primary_key=True),
        Column("account", Text, primary_key=True),
        Column("sequence", _NUMBER, ForeignKey("entries.sequence"), primary_key=True, autoincrement=False),
    )
    head = op.create_table(
        "head",
        Column("id", Integer, primary_key=True, autoincrement=False),
        Column("sequence", _NUMBER, nullable=False),
        Column("hash", Text, nullable=False),
    )
    op.create_table(
        "changes",
        Column("id", Text, primary_key=True),
        Column("content", Text, nullable=False),
        Column("digest", Text, nullable=False),
        Column("outcome", Text, nullable=False),
        Column("moved_at", Text, nullable=False),
    )
    op.create_index("changes_by_outcome", "changes", ["outcome", "moved_at"])
    op.create_table(
        "outbox",
        Column("sequence", _NUMBER, ForeignKey("entries.sequence"), primary_key=True, autoincrement=False),
    )
    lease = op.create_table(
        "lease",
        Column("id", Integer, primary_key=True, autoincrement=False),
        Column("holder", Text, nullable=False),
        Column("until", Float(53), nullable=False),
    )
    op.bulk_insert(head, [{"id": 1, "sequence": 0, "hash": "0" * 64}])
    op.bulk_insert(lease, [{"id": 1, "holder": "", "until": 0.0}])
    for statement in _triggers(op.get_bind().dialect.name):
        op.execute(statement)


def _triggers(dialect: str) -> list[str]:
    if dialect == "sqlite":
        refuse = "BEGIN SELECT RAISE(ABORT, 'the record is append-only'); END"
        # INSERT OR REPLACE deletes without a trigger.
        there = "EXISTS (SELECT 1 FROM entries WHERE sequence = NEW.sequence)"
        return [
            f"CREATE TRIGGER entries_refuse_replace BEFORE INSERT ON entries WHEN {there} {refuse}",
            *(
                f"CREATE TRIGGER {table}_refuse_{operation} BEFORE {operation} ON {table} {refuse}"
                for table in _KEPT
                for operation in ("update", "delete")
            ),
        ]
    function = "refuse_rewriting()"
    refuse = "BEGIN RAISE EXCEPTION 'the record is append-only'; END"
    operations = "UPDATE OR DELETE OR TRUNCATE"
    return [
        f"CREATE FUNCTION {function} RETURNS trigger LANGUAGE plpgsql AS $${refuse}$$",
        *(
            f"CREATE TRIGGER {table}_refuse_rewriting BEFORE {operations} ON {table}"
            f" FOR EACH STATEMENT EXECUTE FUNCTION {function}"
            for table in _KEPT
        ),
    ]
