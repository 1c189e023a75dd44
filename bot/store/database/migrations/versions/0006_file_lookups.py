"""Tables for lookups of files, their ids and their rows."""

from alembic import op
from sqlalchemy import BigInteger, Boolean, Column, Float, ForeignKey, Integer, LargeBinary, Text

revision = "sixth"
down_revision = "fifth"

_NUMBER = BigInteger().with_variant(Integer, "sqlite")


def upgrade() -> None:
    """Create all, empty."""
    op.create_table(
        "file_lookups",
        Column("id", Text, primary_key=True),
        Column("owner", Text, nullable=False),
        Column("content", Text, nullable=False),
        Column("state", Text, nullable=False),
        Column("counts", Text, nullable=False),
        Column("done", _NUMBER, nullable=False),
        Column("problem", Text, nullable=False),
        Column("tries", Integer, nullable=False),
        Column("losses", Integer, nullable=False),
        Column("recorded", Boolean, nullable=False),
        Column("retry_at", Float(53), nullable=False),
        Column("holder", Text, nullable=False),
        Column("until", Float(53), nullable=False),
        Column("channel", Text, nullable=False),
        Column("ts", Text, nullable=False),
        Column("made", Float(53), nullable=False),
        Column("expires", Float(53), nullable=False),
    )
    for name in ("expires", "state"):
        op.create_index(f"ix_file_lookups_{name}", "file_lookups", [name])
    for name in ("file_lookup_ids", "file_lookup_rows"):
        op.create_table(
            name,
            Column("lookup", Text, ForeignKey("file_lookups.id"), primary_key=True),
            Column("place", _NUMBER, primary_key=True, autoincrement=False),
            Column("content", LargeBinary, nullable=False),
        )
