"""Files of account ids: one id a line, or one column of a CSV."""

import csv
from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import BinaryIO

from bot.core.parsing.typography import normalize
from bot.core.parsing.usage_errors import did_you_mean, quote
from bot.errors import UsageError

MAX_LINE_BYTES = 100_000
"""The longest line, in bytes: a file without line ends is no file of ids."""

_SEPARATORS = "\t;,"
_HEADERS = frozenset(
    {"account", "accounts", "id", "ids", "identifier", "to_account", "uid", "user", "username"}
    | {"account_id", "accountid", "user_id", "userid"}
)
_BYTE_ORDER_MARK = "\ufeff"
_ONE_A_LINE = "Give one id a line, in UTF-8"
_SHOWN = 8


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
        self._place = int(column) - 1 if column.isdecimal() else 0

    def __iter__(self) -> Iterator[str]:
        """Yield the ids in order, repeated ones too; empty lines are left out.

        Raises:
            UsageError: It cannot be read, or is no file of ids; names the line.
        """
        lines = ((number, text) for number, text in self._lines() if text.strip())
        first = next(lines, None)
        if first is None:
            return
        self._separator = next((each for each in _SEPARATORS if each in first[1]), ",")
        if self._column and not self._column.isdecimal():
            self._place = self._find_column(self._split(*first))
        else:
            account = self._pick(*first)
            if not self._column and account.casefold() in _HEADERS:
                raise UsageError(
                    f"line {first[0]} of {self._name} reads {quote(account)}, like the name of a column",
                    advice=f"Add --column {account} if it is one, or --column 1 if it is an id",
                )
            # Empty cells are of rows without an account.
            if account:
                yield account
        for line in lines:
            if account := self._pick(*line):
                yield account

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
            for part in text.rstrip("\r\n").split("\r"):
                number += 1
                yield number, part.removeprefix(_BYTE_ORDER_MARK) if number == 1 else part

    def _read(self) -> bytes:
        try:
            return self._source.readline(MAX_LINE_BYTES + 1)
        except OSError as error:
            raise UsageError(f"{self._name} cannot be read: {error.strerror}") from None

    def _refuse(self, number: int, problem: str) -> UsageError:
        return UsageError(f"line {number} of {self._name} {problem}", advice=_ONE_A_LINE)

    def _split(self, number: int, text: str) -> Sequence[str]:
        if self._separator not in text and '"' not in text:
            return (text,)
        try:
            return next(csv.reader([text], delimiter=self._separator, strict=True))
        except csv.Error:
            raise self._refuse(number, "has a quote that is not closed, or in the middle of a cell") from None

    def _pick(self, number: int, text: str) -> str:
        cells = self._split(number, text)
        if not self._column and len(cells) > 1:
            example = normalize(cells[0]).strip()
            raise UsageError(
                f"line {number} of {self._name} has {len(cells)} columns",
                advice=f"Say which one holds the ids: --column {example or 1} (its name in the first line), "
                "or --column 1 (its number, if the first line is no header); quote an id with a comma in it",
            )
        if not 0 <= self._place < len(cells):
            raise self._refuse(number, f"has no column {self._place + 1}")
        return normalize(cells[self._place]).strip()

    def _find_column(self, names: Sequence[str]) -> int:
        known = [normalize(name).strip() for name in names]
        if self._column in known:
            return known.index(self._column)
        listed = ", ".join(known[:_SHOWN])
        raise UsageError(
            f"{self._name} has no column {quote(self._column)}",
            advice=f"{did_you_mean(self._column, known)}Columns: {listed}",
        )
