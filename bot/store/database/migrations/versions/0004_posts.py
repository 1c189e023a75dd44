"""Tables for the messages of the audit channel, and for the changes that were undone."""

from alembic import op
from sqlalchemy import BigInteger, Column, ForeignKey, Integer, Text, text

revision = "fourth"
down_revision = "third"

_NUMBER = BigInteger().with_variant(Integer, "sqlite")


def upgrade() -> None:
    """Create both, empty: nothing is known of older messages."""
    op.create_table(
        "posts",
        Column("sequence", _NUMBER, ForeignKey("entries.sequence"), primary_key=True, autoincrement=False),
        Column("channel", Text, nullable=False),
        Column("ts", Text, nullable=False),
        Column("seal", Text, nullable=False),
    )
    op.create_index("posts_by_message", "posts", ["channel", "ts"])
    op.create_table(
        "undone",
        Column("change", Text, primary_key=True),
        Column("sequence", _NUMBER, ForeignKey("entries.sequence"), nullable=False),
        Column("shown", Integer, nullable=False),
    )
    unshown = text("shown = 0")
    op.create_index("undone_unshown", "undone", ["sequence"], sqlite_where=unshown, postgresql_where=unshown)
