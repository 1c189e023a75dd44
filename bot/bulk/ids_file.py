"""Files of account ids: one id a line, or one column of a CSV."""

import codecs
import csv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from itertools import islice
from tempfile import TemporaryFile
from threading import BoundedSemaphore
from typing import BinaryIO

from bot.core.parsing.typography import normalize, strip_invisible
from bot.core.parsing.usage_errors import did_you_mean, quote
from bot.errors import BotError, FileError

MAX_LINE_BYTES = 100_000
"""The longest line, in bytes: a file without line ends is no file of ids."""
MAX_ID_BYTES = 1000
"""The longest id, in bytes. The vendor's are shorter: a longer one is text of another column."""

HEADERS = frozenset(
    {"account", "accounts", "id", "ids", "identifier", "to_account", "uid", "user", "username"}
    | {"account_id", "accountid", "user_id", "userid"}
)
"""Names that columns of ids have, in lower case."""

_SEPARATORS = "\t;,"
_BYTE_ORDER_MARK = "\ufeff"
_OTHER_COLUMN = "Name the column of the ids, or take that line out"
_ONE_A_LINE = "Give one id a line, in UTF-8"
_NO_LINE_BREAKS = "Line breaks inside cells are not read: take out the column that has them"
_SHOWN = 8
_UTF_16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_CHUNK = 64 * 1024

READERS = BoundedSemaphore(2)
"""The turns of reading a file in this process: a long one takes a core for ten seconds."""
_TURN_SECONDS = 10.0


@contextmanager
def reading() -> Iterator[None]:
    """Hold one of the turns of reading a file.

    Raises:
        BotError: There is none for some seconds.
    """
    if not READERS.acquire(timeout=_TURN_SECONDS):
        raise BotError("the bot is busy with other people's files", advice="Send it again in a minute")
    try:
        yield
    finally:
        READERS.release()


@contextmanager
def as_utf8(source: BinaryIO, name: str) -> Iterator[BinaryIO]:
    """Yield a file as UTF-8, from its beginning: itself, or a copy of one in UTF-16, as Excel writes it.

    Args:
        source: The file, which can seek.
        name: Its name in errors.

    Raises:
        FileError: It begins as UTF-16 and is none.
    """
    source.seek(0)
    mark = source.read(2)
    source.seek(0)
    if mark not in _UTF_16_MARKS:
        yield source
        return
    decoder = codecs.getincrementaldecoder("utf-16")()
    with TemporaryFile() as copy:
        try:
            while chunk := source.read(_CHUNK):
                copy.write(decoder.decode(chunk).encode())
            copy.write(decoder.decode(b"", final=True).encode())
        except UnicodeError:
            problem = f"{name} is not UTF-16 text, though it begins like it"
            raise FileError(problem, advice=_ONE_A_LINE) from None
        copy.seek(0)
        yield copy


class IdsFile:
    """The ids of a file, read once, line by line.

    Args:
        source: The file, opened for reading bytes.
        name: Its name in errors.
        column: The column of the ids: its name in the first line, or its number from 1 on; empty for the
            only one.

    Attributes:
        digest: The SHA-256 of what was read.
    """

    def __init__(self, source: BinaryIO, name: str, column: str = "") -> None:
        self.digest = sha256()
        self._source = source
        self._name = name
        self._column = column
        self._separator = ","
        self._rest = b""
        self._place = int(column) - 1 if column.isdecimal() else 0

    def __iter__(self) -> Iterator[str]:
        """Yield the ids in order, repeated ones too; empty lines are left out.

        Raises:
            FileError: It cannot be read, or is no file of ids; names the line.
        """
        lines = self._filled_lines()
        first = next(lines, None)
        if first is None:
            return
        self._separator = _find_separator(first[1])
        if self._column and not self._column.isdecimal():
            self._place = self._find_column(self._split(*first))
        else:
            account = self._pick(*first)
            if not 0 <= self._place < len(self._split(*first)):
                raise self._refuse(first[0], f"has no column {self._place + 1}")
            word = normalize(account).strip()
            if not self._column and word.casefold() in HEADERS:
                raise FileError(
                    f"line {first[0]} of {self._name} reads {quote(word)}, like the name of a column",
                    advice=f"Add --column {word} if it is one, or --column 1 if it is an id",
                )
            # Empty cells are of rows without an account.
            if account:
                yield account
        for line in lines:
            if account := self._pick(*line):
                yield account

    def sample(self, most: int, columns: int) -> Sequence[Sequence[str]]:
        """Read the first cells of the first lines that are not empty, in place of the ids.

        Args:
            most: The most lines.
            columns: The most cells of a line.

        Raises:
            FileError: As for the ids.
        """
        lines = list(islice(self._filled_lines(), most))
        self._separator = _find_separator(lines[0][1]) if lines else ","
        return [[strip_invisible(cell) for cell in self._split(*line)[:columns]] for line in lines]

    def _filled_lines(self) -> Iterator[tuple[int, str]]:
        return ((number, text) for number, text in self._lines() if text.strip())

    def _lines(self) -> Iterator[tuple[int, str]]:
        number = 0
        while raw := self._read():
            self.digest.update(raw)
            if len(raw) > MAX_LINE_BYTES:
                raise self._refuse(number + 1, f"is longer than {MAX_LINE_BYTES:,} bytes")
            try:
                text = raw.decode()
            except UnicodeDecodeError:
                raise self._refuse(number + 1, "is not UTF-8 text") from None
            if "\0" in text:
                raise self._refuse(number + 1, "holds a NUL, so this is no text file")
            # Old files end their lines with a carriage return alone.
            for part in text.removesuffix("\n").removesuffix("\r").split("\r"):
                number += 1
                yield number, part.removeprefix(_BYTE_ORDER_MARK) if number == 1 else part

    def _read(self) -> bytes:
        """Read a line, or as many as fit where they end with a carriage return alone."""
        rest = self._rest
        try:
            raw = rest + self._source.readline(MAX_LINE_BYTES + 1 - len(rest))
        except OSError as error:
            raise FileError(f"{self._name} cannot be read: {error.strerror}") from None
        # Behind one at the very end, a line feed may follow.
        end = raw.rfind(b"\r", 0, -1) + 1 if len(raw) > MAX_LINE_BYTES else 0
        self._rest = raw[end:] if end else b""
        return raw[:end] if end else raw

    def _refuse(self, number: int, problem: str, advice: str = _ONE_A_LINE) -> FileError:
        return FileError(f"line {number} of {self._name} {problem}", advice=advice)

    def _split(self, number: int, text: str) -> Sequence[str]:
        if self._separator not in text and '"' not in text:
            return (text,)
        try:
            return next(csv.reader([text], delimiter=self._separator, strict=True))
        except csv.Error:
            problem = "has a quote that is not closed, or in the middle of a cell"
            raise self._refuse(number, problem, _NO_LINE_BREAKS) from None

    def _pick(self, number: int, text: str) -> str:
        cells = self._split(number, text)
        if not self._column and len(cells) > 1:
            example = normalize(cells[0]).strip()
            raise FileError(
                f"line {number} of {self._name} has {len(cells)} columns",
                advice=f"Say which one holds the ids: --column {example or 1} (its name in the first line), "
                "or --column 1 (its number, if the first line is no header); quote an id with a comma in it",
            )
        # A short line, such as one of totals, has empty cells at its end.
        account = strip_invisible(cells[self._place]) if 0 <= self._place < len(cells) else ""
        if len(account.encode()) > MAX_ID_BYTES:
            problem = f"line {number} of {self._name} has an id of more than {MAX_ID_BYTES:,} bytes"
            raise FileError(problem, advice=_OTHER_COLUMN)
        return account

    def _find_column(self, names: Sequence[str]) -> int:
        known = [normalize(name).strip() for name in names]
        if self._column in known:
            return known.index(self._column)
        listed = ", ".join(known[:_SHOWN])
        raise FileError(
            f"{self._name} has no column {quote(self._column)}",
            advice=f"{did_you_mean(self._column, known)}Columns: {listed}",
        )


def _find_separator(first: str) -> str:
    return next((each for each in _SEPARATORS if each in first), ",")
