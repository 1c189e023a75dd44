"""The tables, as the newest revision under `migrations` leaves them."""

from sqlalchemy import (
    BigInteger,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    text,
)

REVISION = "third"
"""The newest revision."""

Number = BigInteger().with_variant(Integer, "sqlite")
"""A sequence number; SQLite numbers rows fastest by its own INTEGER."""

metadata = MetaData()
_OF_CHANGES = text("change <> ''")

entries = Table(
    "entries",
    metadata,
    Column("sequence", Number, primary_key=True, autoincrement=False),
    Column("content", Text, nullable=False),
    Column("hash", Text, nullable=False),
    Column("actor", Text, nullable=False, server_default=""),
    Column("change", Text, nullable=False, server_default=""),
    Index("entries_by_actor", "actor", "sequence"),
    Index("entries_by_change", "change", sqlite_where=_OF_CHANGES, postgresql_where=_OF_CHANGES),
)
"""Every entry: its canonical JSON, which says all of it, and the hash of that. Triggers keep it as it is.

The actor and the change are in the JSON too; apart from it, they only serve to find entries.
"""

entry_accounts = Table(
    "entry_accounts",
    metadata,
    Column("app", Text, primary_key=True),
    Column("account", Text, primary_key=True),
    Column("sequence", Number, ForeignKey("entries.sequence"), primary_key=True, autoincrement=False),
)
"""Which entries are about an account."""

head = Table(
    "head",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("sequence", Number, nullable=False),
    Column("hash", Text, nullable=False),
    Column("at", Text, nullable=False, server_default=""),
)
"""One row: the last entry, and when that was recorded (empty before the first). Appending locks it."""

changes = Table(
    "changes",
    metadata,
    Column("id", Text, primary_key=True),
    Column("content", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("moved_at", Text, nullable=False),
    Index("changes_by_outcome", "outcome", "moved_at"),
)
"""Every change: what its actor was shown as JSON, the digest of that, how far it has come, and since when."""

outbox = Table(
    "outbox",
    metadata,
    Column("sequence", Number, ForeignKey("entries.sequence"), primary_key=True, autoincrement=False),
)
"""The entries that the audit channel has yet to be told."""

lease = Table(
    "lease",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("holder", Text, nullable=False),
    Column("until", Float(53), nullable=False),
    Column("covered", Number, nullable=False, server_default="0"),
    Column("covered_at", Float(53), nullable=False, server_default="0"),
)
"""One row: who alone may tell the audit channel, and until when (seconds since 1970).

Beside it: the last entry that something in the channel covers, and when the channel got that.
"""
