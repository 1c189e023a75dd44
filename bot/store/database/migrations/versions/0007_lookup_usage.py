"""A table for the ids that people have looked up, where the settings limit them."""

from alembic import op
from sqlalchemy import BigInteger, Column, Integer, Text

revision = "seventh"
down_revision = "sixth"

_NUMBER = BigInteger().with_variant(Integer, "sqlite")


def upgrade() -> None:
    """Create it, empty."""
    op.create_table(
        "lookup_usage",
        Column("owner", Text, primary_key=True),
        Column("minute", _NUMBER, primary_key=True, autoincrement=False),
        Column("ids", _NUMBER, nullable=False),
    )
    op.create_index("lookup_usage_by_minute", "lookup_usage", ["minute"])
