"""Tables for what buttons and forms stand for, and for the requests that were taken."""

from alembic import op
from sqlalchemy import Column, Float, Text

revision = "fifth"
down_revision = "fourth"


def upgrade() -> None:
    """Create both, empty: the buttons of older messages have expired."""
    op.create_table(
        "states",
        Column("id", Text, primary_key=True),
        Column("owner", Text, nullable=False),
        Column("content", Text, nullable=False),
        Column("expires", Float(53), nullable=False),
    )
    op.create_index("ix_states_expires", "states", ["expires"])
    op.create_table(
        "claims",
        Column("id", Text, primary_key=True),
        Column("expires", Float(53), nullable=False),
    )
    op.create_index("ix_claims_expires", "claims", ["expires"])
