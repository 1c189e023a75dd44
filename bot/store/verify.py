"""Verification of the record: every entry unaltered, in its place, and none missing."""

import re
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

import msgspec
from sqlalchemy import Connection, select
from sqlalchemy.exc import DBAPIError

from bot.core.model import Entry, Head
from bot.errors import UsageError
from bot.store import chain
from bot.store.batch import is_for_channel
from bot.store.chain import START, BrokenChainError, EntryRow, follow
from bot.store.database import clock, schema
from bot.store.database.engine import open_engine, open_snapshot
from bot.store.database.errors import is_damage
from bot.store.database.migrate import check_current, has_record
from bot.store.database.schema_check import find_altered_trigger, find_missing_table
from bot.store.entries import require_text, stream_entries, stream_rows
from bot.store.posts import find_altered_undone
from bot.store.verified_changes import find_altered_change

DIGITS = 32
"""The digits that identify a hash: with fewer, another hash can be made that begins so."""

_LONGEST_LEASE = 3600
"""Seconds; no lease is longer, and no clock is set back as far."""
_ACCOUNTS = "SELECT sequence, app, account FROM entry_accounts ORDER BY sequence"
_WAITING = """
    SELECT outbox.sequence, entries.content, entries.hash
    FROM outbox LEFT JOIN entries ON entries.sequence = outbox.sequence ORDER BY outbox.sequence
"""
# Narrows the entries to those that may belong in the audit channel.
_NOT_WAITING = """
    SELECT entries.sequence, entries.content, entries.hash FROM entries
    WHERE entries.sequence > :covered
        AND (entries.change <> '' OR entries.content LIKE '%"outcome":"denied"%')
        AND NOT EXISTS (SELECT 1 FROM outbox WHERE outbox.sequence = entries.sequence)
    ORDER BY entries.sequence
"""
_HEAD = re.compile(r"(?:#([0-9]{1,19})[\s·]+)?([0-9a-fA-F]{8,64})")


_NO_ROW = (None, None, None)


class RecordStatus(Enum):
    """The state of a record; the value is the exit code."""

    SOUND = 0
    ALTERED = 3
    MISSING = 4
    HEAD_NOT_FOUND = 5


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """The result of verifying a record.

    Args:
        status: The record's state.
        count: The number of sound entries, from the first on.
        head: The hash of the last of them.
        sequence: The first altered or missing entry; None when there is none.
        change: The first change that differs from its entries; empty when there is none.
        found: The entry of the expected head; None when none was expected, or not found.
        problem: Any other difference, in words; empty when there is none.
        digits: The number of digits of the expected head.
    """

    status: RecordStatus
    count: int
    head: str
    sequence: int | None = None
    change: str = ""
    found: int | None = None
    problem: str = ""
    digits: int = len(START)

    @property
    def exit_code(self) -> int:
        """The exit code of `im-bot audit verify`."""
        return self.status.value

    def __str__(self) -> str:
        match self.status:
            case RecordStatus.SOUND:
                found = "" if self.found is None else f"; the given head is entry {self.found}{self._short}"
                return f"sound: {self.count} entries, head {self.head}{found}"
            case RecordStatus.ALTERED if self.problem:
                return f"altered: {self.problem}"
            case RecordStatus.ALTERED if self.change:
                return f"altered: change {self.change} differs from its entries; all {self.count} are sound"
            case RecordStatus.ALTERED:
                return f"altered: entry {self.sequence} is not as it was written; {self._sound_before}"
            case RecordStatus.MISSING if not self.count:
                return (
                    "missing: the record has no entries; restore a backup (migrating makes an empty record)"
                )
            case RecordStatus.MISSING:
                return f"missing: there is no entry {self.sequence}; {self._sound_before}"
            case RecordStatus.HEAD_NOT_FOUND:
                return (
                    "head not found: no entry has this number and hash; "
                    f"the last is #{self.count} · {self.head}"
                )

    @property
    def _sound_before(self) -> str:
        return f"{self.count} before it are sound"

    @property
    def _short(self) -> str:
        if self.digits >= DIGITS:
            return ""
        return (
            f". This is an old, short head: {self.digits} digits prove less than {DIGITS}, because "
            "another record can be made whose hash starts with them"
        )


@dataclass(frozen=True, slots=True)
class ExpectedHead:
    """A head that the record must contain.

    Args:
        digits: The first digits of its hash.
        sequence: Its number; None when unknown.
    """

    digits: str
    sequence: int | None = None

    @classmethod
    def read(cls, words: str) -> "ExpectedHead":
        """Parse a head such as `#108 · 902d41aa17c3e5b8902d41aa17c3e5b8`.

        Raises:
            UsageError: The text is no head.
        """
        found = _HEAD.fullmatch(words.strip())
        if found is None:
            raise UsageError(
                "a head is '#NUMBER · HASH', or the hash alone: 8 to 64 hexadecimal digits, "
                "as printed in the audit channel"
            )
        return cls(found[2].lower(), int(found[1]) if found[1] else None)


class _IndexedTexts(msgspec.Struct, gc=False):
    """The texts of an entry's JSON that it is indexed by."""

    accounts: list[str]
    app: str
    change: str
    sequence: int
    team: str
    user: str


_read_texts = msgspec.json.Decoder(_IndexedTexts).decode


def verify_url(url: str, head: str | None = None) -> VerifyReport:
    """Verify the record in a database, and the tables that the bot relies on.

    Args:
        url: As in DATABASE_URL.
        head: An entry that must be there: number and first digits of its hash, as printed in the audit
            channel, or the hash alone.

    Raises:
        UsageError: The head is not valid.
        AuditError: It cannot be read.
    """
    expected = None if head is None else ExpectedHead.read(head)
    engine = open_engine(url, create=False)
    try:
        if not has_record(engine):
            return VerifyReport(RecordStatus.MISSING, 0, START, 1)
        check_current(engine)
        # From one snapshot: entries appended meanwhile are no difference.
        with open_snapshot(engine) as connection:
            return _verify(connection, expected)
    finally:
        engine.dispose()


def _verify(connection: Connection, expected: ExpectedHead | None) -> VerifyReport:
    if missing := find_missing_table(connection):
        return VerifyReport(RecordStatus.ALTERED, 0, START, problem=f"there is no {missing} in the database")
    stored = connection.execute(select(schema.head.c.sequence, schema.head.c.hash)).all()
    heads = [Head(*row) for row in stored]
    require_text(connection)
    with closing(stream_entries(connection)) as rows, closing(stream_rows(connection, _ACCOUNTS)) as accounts:
        report = verify(rows, accounts, heads, expected)
    if report.status is not RecordStatus.SOUND:
        return report
    try:
        if change := find_altered_change(connection):
            return replace(report, status=RecordStatus.ALTERED, change=change)
        problem = next(filter(None, (find(connection) for find in _FURTHER_CHECKS)), "")
    except DBAPIError as error:
        if not is_damage(error):
            raise
        problem = "the database is damaged"
    if problem:
        words = f"{problem}; all {report.count} entries are sound"
        return replace(report, status=RecordStatus.ALTERED, problem=words)
    return report


def verify(
    rows: Iterable[EntryRow],
    accounts: Iterable[Sequence[Any]],
    heads: Sequence[Head],
    expected: ExpectedHead | None = None,
) -> VerifyReport:
    """Verify a record entry by entry, in constant memory.

    Args:
        rows: The entries in order.
        accounts: The rows of entry_accounts, in the order of the entries.
        heads: The rows of the head, of which there should be one.
        expected: The entry that must be there.
    """
    count, last, found = 0, START, None
    digits = expected.digits if expected else ""
    number = expected.sequence if expected else None
    searching = expected is not None
    index = _IndexCheck(accounts)
    try:
        for row in follow(rows):
            index.check(row)
            count, _, last, _, _ = row
            if searching and last.startswith(digits) and number in (None, count):
                found, searching = count, False
        index.end()
    except BrokenChainError as broken:
        status = RecordStatus.MISSING if broken.missing else RecordStatus.ALTERED
        return VerifyReport(status, count, last, broken.sequence)
    except DBAPIError as error:
        if not is_damage(error):
            raise
        return VerifyReport(RecordStatus.ALTERED, count, last, count + 1)
    if searching:
        return VerifyReport(RecordStatus.HEAD_NOT_FOUND, count, last)
    report = _check_head(count, last, heads)
    if report.status is RecordStatus.SOUND and index.problem:
        return replace(report, status=RecordStatus.ALTERED, problem=index.problem)
    return replace(report, found=found, digits=len(digits) if expected else len(START))


class _IndexCheck:
    """Compares each entry's index columns and accounts with its JSON.

    Args:
        accounts: The rows of entry_accounts, in the order of the entries.

    Attributes:
        problem: The first difference, in words; empty while there is none.
    """

    def __init__(self, accounts: Iterable[Sequence[Any]]) -> None:
        self.problem = ""
        self._rows = iter(accounts)
        self._next = next(self._rows, _NO_ROW)

    def check(self, row: EntryRow) -> None:
        """Check the next entry.

        Raises:
            BrokenChainError: Its JSON is no entry.
        """
        sequence, content, _, actor, change = row
        try:
            texts = _read_texts(content)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            raise BrokenChainError(sequence, missing=False) from None
        if texts.sequence != sequence:
            raise BrokenChainError(sequence, missing=False)
        if self.problem:
            return
        number, app, account = self._next
        apps, accounts = [], []
        while number == sequence:
            apps.append(app)
            accounts.append(account)
            number, app, account = self._next = next(self._rows, _NO_ROW)
        if (
            accounts == texts.accounts
            and apps.count(texts.app) == len(apps)
            and actor == f"{texts.team} {texts.user}"
            and change == texts.change
            # While all accounts together are short, each is its own index key.
            and content.find('"after"') < chain.LONGEST_KEY > len(actor) + len(change) + len(texts.app)
        ):
            return
        if actor != chain.index_key(f"{texts.team} {texts.user}") or change != chain.index_key(texts.change):
            self.problem = f"entry {sequence} is sound, but the columns actor and change beside it are not"
        elif not _match_accounts(list(zip(apps, accounts, strict=True)), texts):
            self.problem = f"entry {sequence} is sound, but its rows in entry_accounts are not"

    def end(self) -> None:
        """Check that there are no more accounts."""
        if self._next is not _NO_ROW and not self.problem:
            self.problem = "entry_accounts has rows of an entry that does not name them or does not exist"


def _match_accounts(found: Sequence[tuple[Any, Any]], texts: _IndexedTexts) -> bool:
    """Check that an entry has a row for each of its accounts, in any order."""
    app = chain.index_key(texts.app)
    expected = {(app, chain.index_key(account)) for account in texts.accounts}
    return len(found) == len(expected) and set(found) == expected


def _check_head(count: int, last: str, heads: Sequence[Head]) -> VerifyReport:
    """Compare the end of the record with the head row."""
    if len(heads) > 1:
        words = f"there are {len(heads)} rows in the table head instead of one"
        return VerifyReport(RecordStatus.ALTERED, count, last, problem=words)
    sequence = heads[0].sequence if heads else None
    if heads and not isinstance(sequence, int):
        return VerifyReport(
            RecordStatus.ALTERED, count, last, problem="the row of the table head is not valid"
        )
    if sequence is None or sequence > count:
        return VerifyReport(RecordStatus.MISSING, count, last, count + 1)
    if heads[0] != Head(count, last):
        # Entries after the remembered one were not appended by the bot.
        return VerifyReport(RecordStatus.ALTERED, count, last, max(min(sequence + 1, count), 1))
    return VerifyReport(RecordStatus.SOUND, count, last)


def _find_altered_outbox(connection: Connection) -> str:
    """Describe an entry that wrongly waits for the audit channel, or wrongly does not.

    Entries and lease must have been verified.
    """
    with closing(stream_rows(connection, _WAITING)) as rows:
        for entry in chain.read_each(rows):
            if not isinstance(entry, Entry):
                return f"entry {entry.sequence} waits for the audit channel, but does not exist"
            if not is_for_channel(entry.event):
                return f"entry {entry.sequence} waits for the audit channel, which never gets its kind"
    covered = connection.scalar(select(schema.lease.c.covered))
    with closing(stream_rows(connection, _NOT_WAITING, covered=covered)) as rows:
        for entry in chain.read_each(rows):
            if not isinstance(entry, Entry) or is_for_channel(entry.event):
                return f"entry {entry.sequence} was removed from the outbox before it was posted"
    return ""


def _find_altered_head_time(connection: Connection) -> str:
    """Describe a head whose time differs from the last entry's, which must be sound."""
    found = (
        select(schema.head.c.at, schema.entries.c.content, schema.entries.c.hash)
        .select_from(schema.head)
        .outerjoin(schema.entries, schema.entries.c.sequence == schema.head.c.sequence)
    )
    at, *last = connection.execute(found).one()
    recorded = chain.write_time(chain.read(*last).at) if last[0] is not None else ""
    return "" if at == recorded else "the time in the table head is not that of the last entry"


def _find_altered_lease(connection: Connection) -> str:
    row = schema.lease.c
    rows = connection.execute(select(row.holder, row.until, row.covered, row.covered_at)).all()
    if len(rows) != 1:
        return f"there are {len(rows)} rows in the table lease instead of one"
    holder, until, covered, covered_at = rows[0]
    numbers = (until, covered, covered_at)
    if not isinstance(holder, str) or not all(isinstance(number, int | float) for number in numbers):
        return "the row of the table lease is not valid"
    latest = clock.now(connection).timestamp() + _LONGEST_LEASE
    if not until <= latest:
        return "the lease of the outbox is so long that nothing would be posted in the audit channel"
    last = connection.scalar(select(schema.head.c.sequence)) or 0
    if not (covered_at <= latest and 0 <= covered <= last):
        return "the table lease says that the audit channel has seen entries that do not exist yet"
    return ""


_FURTHER_CHECKS: Sequence[Callable[[Connection], str]] = (
    _find_altered_head_time,
    _find_altered_lease,
    _find_altered_outbox,
    find_altered_undone,
    find_altered_trigger,
)
"""Checks after those of entries and changes; each returns the problem."""
