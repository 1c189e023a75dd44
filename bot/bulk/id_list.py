"""A list of distinct ids in a temporary database, in bounded memory."""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from bot.errors import BotError

FREE_SPACE = "Tell the bot's operator to free space there, or to name another folder in TMPDIR"
"""The advice where the temporary folder is full."""

_CACHE_KIB = 8192
# Nothing of it outlives the process, so nothing need be safe.
_PRAGMAS = ("journal_mode = OFF", "synchronous = OFF", f"cache_size = -{_CACHE_KIB}", "temp_store = FILE")


class IdList:
    """The distinct ids of a file, in its order; for one thread.

    They are kept in a private database on the disk, which ends with the process, however it ends.

    Attributes:
        given: The number of ids that were added, repeated ones too.
        count: The number of distinct ids.
    """

    def __init__(self) -> None:
        with _out_of_room():
            # The empty name stands for a private temporary file.
            self._database = sqlite3.connect("", isolation_level=None)
            for pragma in _PRAGMAS:
                self._database.execute(f"PRAGMA {pragma}")
            self._database.execute("CREATE TABLE ids (place INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE)")
        self.given = self.count = 0

    def add(self, ids: Iterable[str]) -> None:
        """Add ids; repeated ones keep their first place.

        Raises:
            BotError: The temporary folder is full.
        """
        with _out_of_room():
            self._database.execute("BEGIN")
            self._database.executemany("INSERT OR IGNORE INTO ids (id) VALUES (?)", self._count(ids))
            self._database.execute("COMMIT")
            ((self.count,),) = self._database.execute("SELECT count(*) FROM ids")

    def after(self, count: int) -> Iterator[str]:
        """Yield the ids in order, without the first `count`."""
        with _out_of_room():
            rows = self._database.execute("SELECT id FROM ids WHERE place > ? ORDER BY place", (count,))
            for (account,) in rows:
                yield account

    def close(self) -> None:
        """Delete the database."""
        self._database.close()

    def _count(self, ids: Iterable[str]) -> Iterator[tuple[str]]:
        for account in ids:
            self.given += 1
            yield (account,)


@contextmanager
def _out_of_room() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error:
        raise BotError(
            "the ids could not be kept in the temporary folder",
            advice=FREE_SPACE,
        ) from None
