"""Tells whether the record is as it was written: every entry, in its place, and none missing."""

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
from bot.store import chain, clock, schema
from bot.store.batch import is_told
from bot.store.chain import START, BrokenChainError, Raw, follow
from bot.store.changes import find_altered_change
from bot.store.engine import open_engine, reading
from bot.store.entries import demand_text, fetch, stream
from bot.store.errors import is_damage
from bot.store.guards import find_altered_guard, find_missing_table
from bot.store.migrate import check_current, has_record

DIGITS = 32
"""The digits of a hash that prove that it is this one: with fewer, another can be made that begins so."""

_LONGEST_LEASE = 3600
"""Seconds; no process takes the outbox for longer, and no clock is set back as far."""
_ACCOUNTS = "SELECT sequence, app, account FROM entry_accounts ORDER BY sequence"
_WAITING = """
    SELECT outbox.sequence, entries.content, entries.hash
    FROM outbox LEFT JOIN entries ON entries.sequence = outbox.sequence ORDER BY outbox.sequence
"""
# Of what is left, most is quickly seen not to be told.
_NOT_WAITING = """
    SELECT entries.sequence, entries.content, entries.hash FROM entries
    WHERE entries.sequence > :covered
        AND (entries.change <> '' OR entries.content LIKE '%"outcome":"denied"%')
        AND NOT EXISTS (SELECT 1 FROM outbox WHERE outbox.sequence = entries.sequence)
    ORDER BY entries.sequence
"""
_HEAD = re.compile(r"(?:#([0-9]{1,19})[\s·]+)?([0-9a-fA-F]{8,64})")


_NO_MORE = (None, None, None)


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
        problem: What else is not as it should be, in words; empty when nothing is.
        digits: How many digits the head had that was asked for.
    """

    finding: Finding
    count: int
    head: str
    sequence: int | None = None
    change: str = ""
    found: int | None = None
    problem: str = ""
    digits: int = len(START)

    @property
    def exit_code(self) -> int:
        """What a command line exits with."""
        return self.finding.value

    def __str__(self) -> str:
        match self.finding:
            case Finding.SOUND:
                found = (
                    "" if self.found is None else f"; the head asked for is entry {self.found}{self._short}"
                )
                return f"sound: {self.count} entries, head {self.head}{found}"
            case Finding.ALTERED if self.problem:
                return f"altered: {self.problem}"
            case Finding.ALTERED if self.change:
                return f"altered: change {self.change} is not as its entries tell; all {self.count} are sound"
            case Finding.ALTERED:
                return f"altered: entry {self.sequence} is not as it was written; {self.count} before it are"
            case Finding.MISSING if not self.count:
                return "missing: not one entry is there; restore a copy (migrating makes a new, empty record)"
            case Finding.MISSING:
                return f"missing: entry {self.sequence} is not there; {self.count} before it are sound"
            case Finding.HEAD_NOT_FOUND:
                return (
                    "head not found: no entry has this number and hash; "
                    f"the last is #{self.count} · {self.head}"
                )

    @property
    def _short(self) -> str:
        if self.digits >= DIGITS:
            return ""
        return (
            f". This is an old short head: {self.digits} digits prove less than {DIGITS}, since somebody "
            "can make another record with a hash that begins so"
        )


@dataclass(frozen=True, slots=True)
class Wanted:
    """The head that must be in a record.

    Args:
        digits: How its hash begins.
        sequence: Its number; None when it is not known.
    """

    digits: str
    sequence: int | None = None

    @classmethod
    def read(cls, words: str) -> "Wanted":
        """Take a head out of words such as `#108 · 902d41aa17c3e5b8902d41aa17c3e5b8`.

        Raises:
            UsageError: There is none in them.
        """
        found = _HEAD.fullmatch(words.strip())
        if found is None:
            raise UsageError(
                "a head is '#NUMBER · HASH', or the hash alone: 8 to 64 hexadecimal digits, "
                "as printed in the audit channel"
            )
        return cls(found[2].lower(), int(found[1]) if found[1] else None)


class _Said(msgspec.Struct, gc=False):
    """The texts by which an entry is found, as it says them itself."""

    accounts: list[str]
    app: str
    change: str
    sequence: int
    team: str
    user: str


_read_said = msgspec.json.Decoder(_Said).decode


def verify_url(url: str, head: str | None = None) -> Verdict:
    """Check the record in a database, and all that the bot relies on beside it.

    Args:
        url: As in DATABASE_URL.
        head: An entry that must be there, by its number and how its hash begins, as printed in the audit
            channel; or by the hash alone.

    Raises:
        UsageError: No hash begins so.
        AuditError: It cannot be read.
    """
    wanted = None if head is None else Wanted.read(head)
    engine = open_engine(url, create=False)
    try:
        if not has_record(engine):
            return Verdict(Finding.MISSING, 0, START, 1)
        check_current(engine)
        # All of it from one picture of the database: what is appended meanwhile is no difference.
        with reading(engine) as connection:
            return _verify(connection, wanted)
    finally:
        engine.dispose()


def _verify(connection: Connection, wanted: Wanted | None) -> Verdict:
    if missing := find_missing_table(connection):
        return Verdict(Finding.ALTERED, 0, START, problem=f"there is no {missing} in the database")
    stored = connection.execute(select(schema.head.c.sequence, schema.head.c.hash)).all()
    heads = [Head(*row) for row in stored]
    demand_text(connection)
    with closing(stream(connection)) as rows, closing(fetch(connection, _ACCOUNTS)) as accounts:
        verdict = verify(rows, accounts, heads, wanted)
    if verdict.finding is not Finding.SOUND:
        return verdict
    try:
        if change := find_altered_change(connection):
            return replace(verdict, finding=Finding.ALTERED, change=change)
        problem = next(filter(None, (find(connection) for find in _BESIDE)), "")
    except DBAPIError as error:
        if not is_damage(error):
            raise
        problem = "the database is damaged"
    if problem:
        words = f"{problem}; all {verdict.count} entries are sound"
        return replace(verdict, finding=Finding.ALTERED, problem=words)
    return verdict


def verify(
    rows: Iterable[Raw],
    accounts: Iterable[Sequence[Any]],
    heads: Sequence[Head],
    wanted: Wanted | None = None,
) -> Verdict:
    """Check a record entry by entry, in constant memory.

    Args:
        rows: Its rows in order.
        accounts: The accounts that entries are found by, in the order of the entries.
        heads: What the head row remembers, of which there should be one.
        wanted: The entry that must be there.
    """
    count, last, found = 0, START, None
    digits = wanted.digits if wanted else ""
    number = wanted.sequence if wanted else None
    searching = wanted is not None
    places = _Places(accounts)
    try:
        for row in follow(rows):
            places.check(row)
            count, _, last, _, _ = row
            if searching and last.startswith(digits) and number in (None, count):
                found, searching = count, False
        places.end()
    except BrokenChainError as broken:
        finding = Finding.MISSING if broken.missing else Finding.ALTERED
        return Verdict(finding, count, last, broken.sequence)
    except DBAPIError as error:
        if not is_damage(error):
            raise
        return Verdict(Finding.ALTERED, count, last, count + 1)
    if searching:
        return Verdict(Finding.HEAD_NOT_FOUND, count, last)
    verdict = _compare(count, last, heads)
    if verdict.finding is Finding.SOUND and places.problem:
        return replace(verdict, finding=Finding.ALTERED, problem=places.problem)
    return replace(verdict, found=found, digits=len(digits) if wanted else len(START))


class _Places:
    """Holds what each entry is found by against what it says.

    Args:
        accounts: The accounts that entries are found by, in the order of the entries.

    Attributes:
        problem: The first difference in words; empty as long as there is none.
    """

    def __init__(self, accounts: Iterable[Sequence[Any]]) -> None:
        self.problem = ""
        self._rows = iter(accounts)
        self._next = next(self._rows, _NO_MORE)

    def check(self, row: Raw) -> None:
        """Check the next entry.

        Raises:
            BrokenChainError: It is no entry.
        """
        sequence, content, _, actor, change = row
        try:
            said = _read_said(content)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            raise BrokenChainError(sequence, missing=False) from None
        if said.sequence != sequence:
            raise BrokenChainError(sequence, missing=False)
        if self.problem:
            return
        number, app, account = self._next
        apps, accounts = [], []
        while number == sequence:
            apps.append(app)
            accounts.append(account)
            number, app, account = self._next = next(self._rows, _NO_MORE)
        if (
            accounts == said.accounts
            and apps.count(said.app) == len(apps)
            and actor == f"{said.team} {said.user}"
            and change == said.change
            # As long as all accounts together are short, each is found by itself.
            and content.find('"after"') < chain.LONGEST_KEY > len(actor) + len(change) + len(said.app)
        ):
            return
        if actor != chain.key(f"{said.team} {said.user}") or change != chain.key(said.change):
            self.problem = f"entry {sequence} is sound, but the columns actor and change beside it are not"
        elif not _are_keys(list(zip(apps, accounts, strict=True)), said):
            self.problem = f"entry {sequence} is sound, but its rows in entry_accounts are not"

    def end(self) -> None:
        """Check that there are no more accounts."""
        if self._next is not _NO_MORE and not self.problem:
            self.problem = "entry_accounts has rows of an entry that does not name them, or is not there"


def _are_keys(found: Sequence[tuple[Any, Any]], said: _Said) -> bool:
    """Tell whether an entry is found by its accounts, each once, in whatever order."""
    app = chain.key(said.app)
    wanted = {(app, chain.key(account)) for account in said.accounts}
    return len(found) == len(wanted) and set(found) == wanted


def _compare(count: int, last: str, heads: Sequence[Head]) -> Verdict:
    """Hold the end of the record against the head row."""
    if len(heads) > 1:
        words = f"there are {len(heads)} rows in the table head instead of one"
        return Verdict(Finding.ALTERED, count, last, problem=words)
    sequence = heads[0].sequence if heads else None
    if heads and not isinstance(sequence, int):
        return Verdict(Finding.ALTERED, count, last, problem="the row of the table head is no head")
    if sequence is None or sequence > count:
        return Verdict(Finding.MISSING, count, last, count + 1)
    if heads[0] != Head(count, last):
        # Whatever follows the entry it remembers was not appended by the bot.
        return Verdict(Finding.ALTERED, count, last, max(min(sequence + 1, count), 1))
    return Verdict(Finding.SOUND, count, last)


def _find_altered_outbox(connection: Connection) -> str:
    """Say which entry waits for the audit channel that should not, or does not that should.

    The entries must be sound, and the lease too.
    """
    with closing(fetch(connection, _WAITING)) as rows:
        for entry in chain.read_each(rows):
            if not isinstance(entry, Entry):
                return f"entry {entry.sequence} waits for the audit channel, and is not there"
            if not is_told(entry.event):
                return f"entry {entry.sequence} waits for the audit channel, where its kind is never posted"
    covered = connection.scalar(select(schema.lease.c.covered))
    with closing(fetch(connection, _NOT_WAITING, covered=covered)) as rows:
        for entry in chain.read_each(rows):
            if not isinstance(entry, Entry) or is_told(entry.event):
                return f"entry {entry.sequence} was taken from what waits for the audit channel"
    return ""


def _find_altered_head_time(connection: Connection) -> str:
    """Say that the head has another time than the last entry, which must be sound."""
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
        return "the row of the table lease is no lease"
    latest = clock.ask(connection).timestamp() + _LONGEST_LEASE
    if not until <= latest:
        return "the lease of the outbox is so long that nothing would be posted in the audit channel"
    last = connection.scalar(select(schema.head.c.sequence)) or 0
    if not (covered_at <= latest and 0 <= covered <= last):
        return "the table lease says that the audit channel has seen what is not there yet"
    return ""


_BESIDE: Sequence[Callable[[Connection], str]] = (
    _find_altered_head_time,
    _find_altered_lease,
    _find_altered_outbox,
    find_altered_guard,
)
"""The checks beside those of entries and changes; each says what is wrong."""
