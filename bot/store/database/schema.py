"""The tables, as of the newest revision under `migrations`."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    text,
)

REVISION = "seventh"
"""The newest revision."""

Number = BigInteger().with_variant(Integer, "sqlite")
"""A sequence number; SQLite numbers rows fastest by its own INTEGER."""

metadata = MetaData()
# The indexes that are partial are so on PostgreSQL, too; naming it would load its dialect at each start.
_OF_CHANGES = text("change <> ''")
_UNSHOWN = text("shown = 0")

entries = Table(
    "entries",
    metadata,
    Column("sequence", Number, primary_key=True, autoincrement=False),
    Column("content", Text, nullable=False),
    Column("hash", Text, nullable=False),
    Column("actor", Text, nullable=False, server_default=""),
    Column("change", Text, nullable=False, server_default=""),
    Index("entries_by_actor", "actor", "sequence"),
    Index("entries_by_change", "change", sqlite_where=_OF_CHANGES),
)
"""Entries: canonical JSON and its hash. Triggers make the table append-only.

The columns actor and change repeat the JSON, as index keys.
"""

entry_accounts = Table(
    "entry_accounts",
    metadata,
    Column("app", Text, primary_key=True),
    Column("account", Text, primary_key=True),
    Column("sequence", Number, ForeignKey("entries.sequence"), primary_key=True, autoincrement=False),
)
"""The accounts of each entry, as index keys."""

head = Table(
    "head",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("sequence", Number, nullable=False),
    Column("hash", Text, nullable=False),
    Column("at", Text, nullable=False, server_default=""),
)
"""One row: the last entry and its time (empty before the first). Appending locks it."""

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
"""Changes: JSON of what the actor was shown, its digest, the outcome, and the time of the last move."""

outbox = Table(
    "outbox",
    metadata,
    Column("sequence", Number, ForeignKey("entries.sequence"), primary_key=True, autoincrement=False),
)
"""The entries waiting for the audit channel."""

lease = Table(
    "lease",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("holder", Text, nullable=False),
    Column("until", Float(53), nullable=False),
    Column("covered", Number, nullable=False, server_default="0"),
    Column("covered_at", Float(53), nullable=False, server_default="0"),
)
"""One row: the holder of the outbox and the lease's end (Unix seconds).

Also the last entry that a message in the channel covers, and when that was posted.
"""

posts = Table(
    "posts",
    metadata,
    Column("sequence", Number, ForeignKey("entries.sequence"), primary_key=True, autoincrement=False),
    Column("channel", Text, nullable=False),
    Column("ts", Text, nullable=False),
    Column("seal", Text, nullable=False),
    Index("posts_by_message", "channel", "ts"),
)
"""The audit channel's message of each posted entry, and the seal that the bot's process put on it."""

undone = Table(
    "undone",
    metadata,
    Column("change", Text, primary_key=True),
    Column("sequence", Number, ForeignKey("entries.sequence"), nullable=False),
    Column("shown", Integer, nullable=False),
    Index("undone_unshown", "sequence", sqlite_where=_UNSHOWN),
)
"""The changes that were undone, the entry of the latest undo, and whether the channel shows it (1 or 0)."""

states = Table(
    "states",
    metadata,
    Column("id", Text, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("content", Text, nullable=False),
    Column("expires", Float(53), nullable=False, index=True),
)
"""State behind buttons and forms: an opaque id, its owner's user id, JSON, and the end (Unix seconds)."""

claims = Table(
    "claims",
    metadata,
    Column("id", Text, primary_key=True),
    Column("expires", Float(53), nullable=False, index=True),
)
"""The requests that a process has taken, by a digest of their ids, and the end (Unix seconds)."""

file_lookups = Table(
    "file_lookups",
    metadata,
    Column("id", Text, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("content", Text, nullable=False),
    Column("state", Text, nullable=False, index=True),
    Column("counts", Text, nullable=False),
    Column("done", Number, nullable=False),
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
    Column("expires", Float(53), nullable=False, index=True),
)
"""Lookups of files: an opaque id, the owner's user id, JSON of what was asked, and how far it has come.

Also the counts of rows by status and in all, the lease's holder and end, when it may be leased again, its
message, and the end (Unix seconds). The state is empty until all ids are kept. Of what is over, the lease's
end is the time by which that should be shown; 0 once it is.
"""

file_lookup_ids = Table(
    "file_lookup_ids",
    metadata,
    Column("lookup", Text, ForeignKey("file_lookups.id"), primary_key=True),
    Column("place", Number, primary_key=True, autoincrement=False),
    Column("content", LargeBinary, nullable=False),
)
"""The ids of a file lookup in parts, each by the number of ids before it: JSON, compressed."""

file_lookup_rows = Table(
    "file_lookup_rows",
    metadata,
    Column("lookup", Text, ForeignKey("file_lookups.id"), primary_key=True),
    Column("place", Number, primary_key=True, autoincrement=False),
    Column("content", LargeBinary, nullable=False),
)
"""The rows of a file lookup in parts, each by the number of rows before it: compressed and encrypted."""

lookup_usage = Table(
    "lookup_usage",
    metadata,
    Column("owner", Text, primary_key=True),
    Column("minute", Number, primary_key=True, autoincrement=False),
    Column("ids", Number, nullable=False),
    Index("lookup_usage_by_minute", "minute"),
)
"""The ids that a person has looked up in each minute (Unix seconds), where the settings limit them."""
