"""The entries as they lie on disk, one after the other, however many there are."""

from binascii import hexlify
from collections.abc import Generator, Iterable, Iterator, Sequence
from hashlib import sha256
from typing import Any, TypeAlias, cast

from sqlalchemy import Connection, text

from bot.store.chain import START

Raw: TypeAlias = tuple[int, bytes, bytes, Any, Any]
"""An entry's sequence number, content and hash, where what is no text is empty, and its actor and change."""

FIRST = -(2**63)
"""Below every sequence number there can be."""

# As bytes they can be read even where a file holds no text any more.
_COLUMNS = {
    "sqlite": "coalesce(CAST(content AS BLOB), x''), coalesce(CAST(hash AS BLOB), x'')",
    "postgresql": "content, hash",
}
# Where an entry names the hash before it. The last such key is its own: what follows is sorted after it, and
# holds texts and a number alone, in which no quote stands unescaped.
_KEY = b'"previous":"'


class BrokenChainError(Exception):
    """An entry does not follow from the one before it.

    Args:
        sequence: The number of the entry that is altered or missing.
        missing: Whether it is not there at all.
    """

    def __init__(self, sequence: int, *, missing: bool) -> None:
        super().__init__(sequence)
        self.sequence = sequence
        self.missing = missing


def stream(connection: Connection, after: int = FIRST) -> Generator[Raw, None, None]:
    """Read all entries after a sequence number in order, in constant memory."""
    columns = _COLUMNS[connection.dialect.name]
    query = (
        f"SELECT sequence, {columns}, actor, change FROM entries WHERE sequence > :after ORDER BY sequence"  # noqa: S608 - our own words
    )
    rows = fetch(connection, query, after=after)
    if connection.dialect.name == "sqlite":
        yield from rows
    else:
        for sequence, content, digest, actor, change in rows:
            yield sequence, content.encode(), digest.encode(), actor, change


def fetch(connection: Connection, query: str, **values: object) -> Generator[Any, None, None]:
    """Run a query, and give its rows as they come, in constant memory."""
    with connection.execute(text(query), values, execution_options={"yield_per": 1000}) as found:
        if connection.dialect.name == "sqlite":
            # Past SQLAlchemy, whose rows take as long as all the hashing.
            yield from cast("Iterable[Sequence[Any]]", found.cursor)
        else:
            yield from found


def follow(rows: Iterable[Raw], count: int = 0, last: bytes = START.encode()) -> Iterator[Raw]:
    """Go from entry to entry as long as each is whole and follows from the one before it.

    Args:
        rows: The entries in order.
        count: The number of the entry before the first of them.
        last: The hash of that.

    Raises:
        BrokenChainError: One is altered or missing.
    """
    key, begins, ends = _KEY, len(_KEY), len(_KEY) + len(START)
    for row in rows:
        sequence, content, digest, _, _ = row
        place = content.rfind(key)
        if (
            sequence != count + 1
            or content[place + begins : place + ends] != last
            or hexlify(sha256(content).digest()) != digest
        ):
            missing = sequence > count + 1
            raise BrokenChainError(count + 1 if missing else sequence, missing=missing)
        count, last = sequence, digest
        yield row
