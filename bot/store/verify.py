"""Tells whether the record is as it was written: every entry, in its place, and none missing."""

import re
import sqlite3
from binascii import hexlify
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass, replace
from enum import Enum
from hashlib import sha256
from typing import TypeAlias

from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from bot.errors import UsageError
from bot.store import schema
from bot.store.believing import find_altered_change
from bot.store.chain import START
from bot.store.engine import open_engine, reading
from bot.store.failures import is_damage
from bot.store.migrating import check_current, has_record
from bot.store.rows import Raw, stream

Head: TypeAlias = tuple[int, str]
"""The sequence number and hash of the last entry, as the head row remembers them."""


class Finding(Enum):
    """What a record was found to be, and the exit code that says so."""

    SOUND = 0
    ALTERED = 3
    MISSING = 4
    HEAD_NOT_FOUND = 5


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of checking a record.

    Args:
        finding: What it was found to be.
        count: How many entries, from the first on, are sound.
        head: The hash of the last of them.
        sequence: The first entry that is altered or missing; None when there is none.
        change: The first change that is not what sound entries say of it; empty when there is none.
        found: The entry whose hash was to be there; None when none was asked for, or it is not.
    """

    finding: Finding
    count: int
    head: str
    sequence: int | None = None
    change: str = ""
    found: int | None = None

    @property
    def exit_code(self) -> int:
        """What a command line exits with."""
        return self.finding.value

    def __str__(self) -> str:
        match self.finding:
            case Finding.SOUND:
                found = "" if self.found is None else f"; the head asked for is entry {self.found}"
                return f"sound: {self.count} entries, head {self.head}{found}"
            case Finding.ALTERED if self.change:
                return f"altered: change {self.change} is not as its entries tell; all {self.count} are sound"
            case Finding.ALTERED:
                return f"altered: entry {self.sequence} is not as it was written; {self.count} before it are"
            case Finding.MISSING if not self.count:
                return "missing: not one entry is there; restore a copy (migrating makes a new, empty record)"
            case Finding.MISSING:
                return f"missing: entry {self.sequence} is not there; {self.count} before it are sound"
            case Finding.HEAD_NOT_FOUND:
                return f"head not found: no entry has this hash; the last of {self.count} has {self.head}"


# Where an entry names the hash before it. The last such key is its own: what follows is sorted after it, and
# holds texts and a number alone, in which no quote stands unescaped.
_KEY = b'"previous":"'


def verify_url(url: str, head: str | None = None) -> Verdict:
    """Check the record in a database.

    Args:
        url: As in DATABASE_URL.
        head: The hash of an entry that must be there, or how it begins; as printed in the audit channel,
            with the entry's number or without.

    Raises:
        UsageError: No hash begins so.
        AuditError: It cannot be read.
    """
    if head is not None:
        head = _read_head(head)
    engine = open_engine(url, create=False)
    try:
        if not has_record(engine):
            return _judge(Finding.MISSING, 0, START.encode(), 1)
        check_current(engine)
        with reading(engine) as connection, closing(stream(connection)) as rows:
            stored = connection.execute(select(schema.head.c.sequence, schema.head.c.hash)).one_or_none()
            verdict = verify(rows, (stored[0], stored[1]) if stored else None, head)
        if verdict.finding is not Finding.SOUND:
            return verdict
        with reading(engine) as connection:
            altered = find_altered_change(connection)
        return replace(verdict, finding=Finding.ALTERED, change=altered) if altered else verdict
    finally:
        engine.dispose()


def verify(rows: Iterable[Raw], stored: Head | None, head: str | None = None) -> Verdict:
    """Check a record entry by entry, in constant memory.

    Args:
        rows: Its rows in order.
        stored: What the head row remembers; None when there is no such row.
        head: The hash of an entry that must be there, or how it begins.
    """
    count, last, found = 0, START.encode(), None
    wanted = (head or "").lower().encode()
    key, begins, ends, searching = _KEY, len(_KEY), len(_KEY) + len(START), head is not None
    try:
        for sequence, content, digest in rows:
            place = content.rfind(key)
            if (
                sequence != count + 1
                or content[place + begins : place + ends] != last
                or hexlify(sha256(content).digest()) != digest
            ):
                missing = sequence > count + 1
                return _judge(
                    Finding.MISSING if missing else Finding.ALTERED,
                    count,
                    last,
                    count + 1 if missing else sequence,
                )
            count, last = sequence, digest
            if searching and digest.startswith(wanted):
                found, searching = sequence, False
    except (DBAPIError, sqlite3.Error) as error:
        if not is_damage(error):
            raise
        return _judge(Finding.ALTERED, count, last, count + 1)
    if searching:
        return _judge(Finding.HEAD_NOT_FOUND, count, last)
    return replace(_compare(count, last, stored), found=found)


def _read_head(text: str) -> str:
    """Take a head out of a text such as `#108 · 902d41aa`."""
    found = re.fullmatch(r"(?:#\d+\s*·\s*)?([0-9a-fA-F]{8,64})", text.strip())
    if found is None:
        raise UsageError("a head is 8 to 64 hexadecimal digits, as printed in the audit channel")
    return found[1]


def _judge(finding: Finding, count: int, last: bytes, sequence: int | None = None) -> Verdict:
    return Verdict(finding, count, last.decode(), sequence)


def _compare(count: int, last: bytes, stored: Head | None) -> Verdict:
    """Hold the end of the record against the head row."""
    if stored is None or stored[0] > count:
        return _judge(Finding.MISSING, count, last, count + 1)
    if stored != (count, last.decode()):
        # Whatever follows the entry it remembers was not appended by the bot.
        return _judge(Finding.ALTERED, count, last, min(stored[0] + 1, count))
    return _judge(Finding.SOUND, count, last)
