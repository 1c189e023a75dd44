"""The entries as they lie on disk, one after the other, however many there are."""

from collections.abc import Generator, Iterable, Iterator
from hashlib import sha256
from typing import Any, TypeAlias, cast

from sqlalchemy import Connection, TextClause, text
from sqlalchemy.exc import DBAPIError

from bot.store.chain import START

Raw: TypeAlias = tuple[int, Any, Any, Any, Any]
"""An entry's sequence number, content, hash, actor and change; texts, unless somebody altered them."""

FIRST = -(2**63)
"""Below every sequence number there can be."""

_ENTRIES = (
    "SELECT sequence, content, hash, actor, change FROM entries WHERE sequence > :after ORDER BY sequence"
)
_AT_A_TIME = 2000
# Where an entry names the hash before it. The last such key is its own: what follows is sorted after it, and
# holds texts and a number alone, in which no quote stands unescaped.
_KEY = '"previous":"'


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
    return fetch(connection, _ENTRIES, after=after)


def fetch(connection: Connection, query: str, **values: object) -> Generator[Any, None, None]:
    """Run a query, and give its rows as they come, in constant memory.

    Raises:
        DBAPIError: The database failed.
    """
    statement = text(query).bindparams(**values)
    # Past SQLAlchemy, whose rows take as long as all the hashing.
    try:
        if connection.dialect.name == "postgresql":
            yield from _fetch_from_server(connection, statement)
        else:
            with connection.execute(statement) as found:
                yield from cast("Iterable[Any]", found.cursor)
    except connection.dialect.loaded_dbapi.Error as error:
        raise DBAPIError(None, None, error) from error


def _fetch_from_server(connection: Connection, statement: TextClause) -> Generator[Any, None, None]:
    if not connection.in_transaction():
        connection.begin()
    compiled = statement.compile(dialect=connection.dialect)
    server = cast("Any", connection.connection.driver_connection)
    with server.cursor(name=f"rows {id(compiled)}") as cursor:
        cursor.execute(str(compiled), compiled.params)
        while rows := cursor.fetchmany(_AT_A_TIME):
            yield from rows


def demand_text(connection: Connection) -> None:
    """Let text of an SQLite file that is none end a query; to read it as far as it can be takes longer."""
    if connection.dialect.name == "sqlite":
        cast("Any", connection.connection.driver_connection).text_factory = str


def follow(rows: Iterable[Raw], count: int = 0, last: str = START) -> Iterator[Raw]:
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
        try:
            place = content.rfind(key)
            sound = (
                sequence == count + 1
                and content[place + begins : place + ends] == last
                and sha256(content.encode()).hexdigest() == digest
            )
        except (AttributeError, TypeError, ValueError):
            sound = False
        if not sound:
            missing = sequence > count + 1
            raise BrokenChainError(count + 1 if missing else sequence, missing=missing)
        count, last = sequence, digest
        yield row
