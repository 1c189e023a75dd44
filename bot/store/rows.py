"""The entries as they lie on disk, one after the other, however many there are."""

from collections.abc import Generator, Iterable
from typing import TypeAlias, cast

from sqlalchemy import Connection, text

Raw: TypeAlias = tuple[int, bytes, bytes]
"""An entry's sequence number, content and hash; what is no text is empty."""

# As bytes they can be read even where a file holds no text any more.
_FROM_FILE = (
    "SELECT sequence, coalesce(CAST(content AS BLOB), x''), coalesce(CAST(hash AS BLOB), x'')"
    " FROM entries ORDER BY sequence"
)
_FROM_SERVER = "SELECT sequence, content, hash FROM entries ORDER BY sequence"


def stream(connection: Connection) -> Generator[Raw, None, None]:
    """Read all entries in order, in constant memory."""
    if connection.dialect.name == "sqlite":
        with connection.execute(text(_FROM_FILE)) as found:
            # Past SQLAlchemy, whose rows take as long as all the hashing.
            yield from cast("Iterable[Raw]", found.cursor)
    else:
        with connection.execution_options(yield_per=1000).execute(text(_FROM_SERVER)) as found:
            for sequence, content, digest in found:
                yield sequence, content.encode(), digest.encode()
