"""Columns for the head's time, and for the entries that the audit channel covers."""

import json
from datetime import datetime

from alembic import op
from sqlalchemy import BigInteger, Column, Float, Integer, Text, text

revision = "third"
down_revision = "second"

_NUMBER = BigInteger().with_variant(Integer, "sqlite")
# As bytes, invalid text can be read, too.
_CONTENT = {"sqlite": "CAST(content AS BLOB)", "postgresql": "content"}

_LAST = "(SELECT max(sequence) FROM head)"
_SEEN = "(SELECT min(sequence) - 1 FROM outbox)"


def upgrade() -> None:
    """Add the columns, and fill them: the channel covers all before the first waiting entry."""
    connection = op.get_bind()
    op.add_column("head", Column("at", Text, nullable=False, server_default=""))
    op.add_column("lease", Column("covered", _NUMBER, nullable=False, server_default="0"))
    op.add_column("lease", Column("covered_at", Float(53), nullable=False, server_default="0"))
    content = _CONTENT[connection.dialect.name]
    last = connection.scalar(
        text(f"SELECT {content} FROM entries WHERE sequence = {_LAST}")  # noqa: S608 - our own words
    )
    connection.execute(text("UPDATE head SET at = :at"), {"at": _read_time(last)})
    connection.execute(text(f"UPDATE lease SET covered = coalesce({_SEEN}, {_LAST}, 0)"))  # noqa: S608 - our own words


def _read_time(content: str | bytes | None) -> str:
    """Read an entry's time; empty when it is missing or not readable."""
    try:
        at = str(json.loads(content or "{}")["at"])
        return at if datetime.fromisoformat(at).tzinfo else ""
    except (ValueError, LookupError, TypeError):
        return ""
