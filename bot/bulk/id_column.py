"""The columns of a file, and the guess which of them holds the ids."""

import re
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import chain
from typing import BinaryIO

from bot.bulk.id_list import IdList
from bot.bulk.ids_file import HEADERS, IdsFile, as_utf8, reading
from bot.core.id_detection import LIKELY, NEVER, POSSIBLE, is_common, is_strange, weigh
from bot.core.ids import fits
from bot.core.parsing.typography import normalize
from bot.errors import FileError

MOST_COLUMNS = 50
"""The most columns that are looked at, from the first on."""
EXAMPLES = 3
"""The number of different cells that stand for a column."""

_SAMPLE = 1000
_MOSTLY = 0.8
"""The part of a column's cells that says what the column holds."""
_GAP = re.compile(r"[\s_-]+")
# player    playerid    customer_name    from_account    order_user_id
_MEANS_ACCOUNTS = re.compile(
    "(?:user|account|acct|member|owner|player|customer|sender|receiver|requester|reporter|identifier|uid)s?"
    "(?:_?(?:id|name|account)s?)?|(?:[a-z]{1,12}_){1,3}(?:id|uid|account)s?"
)
_LOOKS = {NEVER: 0.1, POSSIBLE: 0.5, POSSIBLE + 1: 0.8, LIKELY: 1.0}
"""The likeness of a cell to an id, by its weight."""
_NAMED, _KNOWN = 1.5, 2.0
"""The likeness that a column's name adds: one that means accounts, and one that means their ids."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    Args:
        name: Its name in the first line, or its number from 1 on, as `IdsFile` takes it.
        examples: The first of its different cells.
    """

    name: str
    examples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ColumnGuess:
    """The columns of a file.

    Args:
        likely: The column that holds the ids, as far as can be told.
        named: The columns by the names that the first line gives them; it is no row then.
        numbered: The columns by their numbers; the first line is a row then.
        rows: The number of ids in the likely column, repeated ones too.
        count: The number of distinct ids in it.
    """

    likely: Column
    named: tuple[Column, ...]
    numbered: tuple[Column, ...]
    rows: int
    count: int


def guess_columns(source: BinaryIO, name: str) -> ColumnGuess:
    """Guess which column of a file holds the ids, and count them.

    Args:
        source: The file, in UTF-8 or UTF-16; it can seek.
        name: Its name in errors.

    Raises:
        FileError: It is no file of ids, or the likely column holds none.
        BotError: The temporary folder is full, or too many files are being read.
    """
    with reading(), as_utf8(source, name) as text:
        return _guess(text, name)


def _guess(source: BinaryIO, name: str) -> ColumnGuess:
    read = IdsFile(source, name).sample(_SAMPLE, MOST_COLUMNS)
    if not read:
        raise FileError(f"{name} is empty", advice="Send a file with one id a line, or a CSV")
    # Names are matched as people type them; ids stay as they are.
    lines = [[normalize(cell).strip() for cell in cells] for cells in read]
    first, *rest = lines
    width = min(len(first), MOST_COLUMNS)
    numbered = tuple(Column(str(place + 1), _examples(read, place)) for place in range(width))
    places = {cell: first.index(cell) for cell in first[:width] if cell and not cell.isdecimal()}
    named = tuple(Column(cell, _examples(read[1:], place)) for cell, place in places.items())
    scores = [_score(first[place], rest or lines, place) for place in range(width)]
    if named and _is_header(first[:width], rest):
        likely = max(named, key=lambda column: scores[places[column.name]])
    else:
        likely = max(numbered, key=lambda column: scores[int(column.name) - 1])
    rows, count = _count(source, name, likely.name)
    return ColumnGuess(likely, named, numbered, rows, count)


def _examples(lines: Sequence[Sequence[str]], place: int) -> tuple[str, ...]:
    return tuple(dict.fromkeys(filter(None, _cells(lines, place))))[:EXAMPLES]


def _cells(lines: Sequence[Sequence[str]], place: int) -> Iterator[str]:
    return (cells[place] for cells in lines if place < len(cells))


def _score(name: str, lines: Sequence[Sequence[str]], place: int) -> float:
    """Weigh how likely a column holds the ids: by its name, its cells, and how many of them differ."""
    cells = [cell for cell in _cells(lines, place) if cell]
    likeness = sum(map(_look, cells)) / len(lines) * len(set(cells)) / max(1, len(cells))
    return likeness + (_KNOWN if _spell(name) in HEADERS else _NAMED if _means_accounts(name) else 0)


def _look(cell: str) -> float:
    return _LOOKS[min(weigh(cell), LIKELY)] if fits(cell) and " " not in cell else 0.0


def _spell(name: str) -> str:
    return _GAP.sub("_", name.casefold())


def _means_accounts(name: str) -> bool:
    return _spell(name) in HEADERS or bool(_MEANS_ACCOUNTS.fullmatch(_spell(name)))


def _is_header(first: Sequence[str], rest: Sequence[Sequence[str]]) -> bool:
    """Check whether the first line names the columns; in doubt it does not, so that no id is lost."""
    if any(map(_means_accounts, first)):
        return True
    if len(first) == 1 or any(map(str.isdigit, chain.from_iterable(first))):
        return False
    if any(all(map(is_common, _GAP.split(cell))) for cell in first):
        return True
    return any(_is_mostly_numbers(list(_cells(rest, place))) for place in range(len(first)))


def _is_mostly_numbers(cells: Sequence[str]) -> bool:
    odd = sum(cell.isdecimal() or is_strange(cell) for cell in cells)
    return bool(cells) and odd >= _MOSTLY * len(cells)


def _count(source: BinaryIO, name: str, column: str) -> tuple[int, int]:
    source.seek(0)
    with closing(IdList()) as ids:
        ids.add(IdsFile(source, name, column))
        if not ids.count:
            raise FileError(
                f"{name} holds no ids in column {column}", advice="Send a file with one id a line, or a CSV"
            )
        return ids.given, ids.count
