"""The unfinished output of a lookup, which the same lookup continues: FILE.part, and what it is of."""

import fcntl
import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from bot.bulk.row_formats import RowFormat, list_attributes, to_csv
from bot.core.model import LookupStatus
from bot.errors import BotError, UsageError

_SHORT = 12
_LONGEST = 200


class PartFile:
    """The rows so far, beside a note of the lookup that they belong to; one process at a time writes it.

    Both files are made by `open`, and only their owner may read them.

    Args:
        out: The output file.
        form: The format of the rows.
        lookup: What the lookup is of, by the words for it.
    """

    def __init__(self, out: Path, form: RowFormat, lookup: Mapping[str, str]) -> None:
        self._out = out
        self._form = form
        self._lookup = lookup
        self.path = out.with_name(f"{out.name}.part")
        self._note = out.with_name(f"{out.name}.part.json")
        self._file: BinaryIO | None = None

    def check(self, *, force: bool) -> None:
        """Check that the output may be begun, or continued.

        Args:
            force: Begin anew, whatever there is.

        Raises:
            UsageError: The output exists, or the unfinished one is of another lookup.
        """
        if force:
            return
        if self._note.exists() or _has_content(self.path):
            self._check_same()
        elif self._out.exists():
            raise UsageError(
                f"{self._out} exists already",
                advice="Name another file in --out, or add --force to replace it",
            )

    def _check_same(self) -> None:
        try:
            earlier = json.loads(self._note.read_text("utf-8"))
        except (OSError, ValueError):
            earlier = None
        if not isinstance(earlier, dict):
            raise UsageError(
                f"{self.path} is not known to be of this lookup", advice=f"Name another file, {self._anew}"
            )
        words = {**dict.fromkeys(earlier), **dict.fromkeys(self._lookup)}
        different = [word for word in words if earlier.get(word) != self._lookup.get(word)]
        if different:
            raise self._make_other_error(_tell(different, earlier, self._lookup))
        if not self.path.exists() and self._out.exists():
            raise UsageError(f"{self._out} is complete", advice="Add --force to ask again for all of it")

    @property
    def _anew(self) -> str:
        return f"or delete {self.path.name} and {self._note.name}, or add --force, to begin anew"

    def _make_other_error(self, difference: str) -> UsageError:
        return UsageError(
            f"{self.path} is the unfinished output of another lookup: {difference}",
            advice=f"Give what it was begun with to finish it, {self._anew}",
        )

    def open(self, *, force: bool) -> None:
        """Open it for reading and writing, and keep other processes out.

        Raises:
            BotError: Another process writes it, or it cannot be written.
        """
        with self._writing():
            number = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
            self._file = os.fdopen(number, "r+b")
            try:
                fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                self.close()
                raise UsageError(
                    f"another im-bot writes {self.path} right now", advice="Wait for it, or name another file"
                ) from None
            if force:
                self._note.unlink(missing_ok=True)
                self._file.truncate(0)
            # The note is there before the first row.
            if not self._note.exists():
                self._write_note()

    def _write_note(self) -> None:
        new = self._note.with_name(f"{self._note.name}.new")
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(self._lookup, file, ensure_ascii=False, indent=1)
            file.flush()
            os.fsync(file.fileno())
        new.rename(self._note)

    def resume(self, ids: Iterable[str]) -> Counter[LookupStatus]:
        """Count the rows that are there by status, and cut off what is no whole row of the next id.

        Args:
            ids: All ids, in order.

        Raises:
            UsageError: The rows stand under another header.
            BotError: It cannot be written.
        """
        counts: Counter[LookupStatus] = Counter()
        file, form = self._opened(), self._form
        with self._writing():
            end = len(form.head)
            file.seek(0)
            begin = file.read(end)
            if not form.head.startswith(begin):
                raise self._make_other_error("its first line is not this one's")
            if len(begin) < end:
                file.seek(0)
                file.truncate()
                file.write(form.head)
            else:
                for account in ids:
                    row = file.readline()
                    status = form.read_status(row, account) if row.endswith(b"\n") else None
                    if status is None:
                        break
                    counts[status] += 1
                    end += len(row)
                file.seek(end)
                file.truncate()
            self._sync()
        return counts

    def append(self, rows: bytes) -> None:
        """Append rows; they are on the disk when it returns.

        Raises:
            BotError: They cannot be written.
        """
        with self._writing():
            self._opened().write(rows)
            self._sync()

    def finish(self, *, convert: bool) -> None:
        """Make it the output.

        Args:
            convert: Whether the rows are JSON lines of attributes, and the output is a CSV.

        Raises:
            BotError: It cannot be written.
        """
        file = self._opened()
        with self._writing():
            if convert:
                self._convert(file)
                self.path.unlink()
            else:
                self.path.rename(self._out)
            self._note.unlink(missing_ok=True)

    def _convert(self, rows: BinaryIO) -> None:
        new = self.path.with_name(f"{self.path.name}.new")
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            rows.seek(0)
            fields = list_attributes(rows)
            rows.seek(0)
            file.writelines(to_csv(rows, fields))
            file.flush()
            os.fsync(file.fileno())
        new.rename(self._out)

    def close(self) -> None:
        """Close it, and let other processes write it."""
        if self._file:
            # It writes once more what could not be written, which was an error already.
            with suppress(OSError):
                self._file.close()

    def _opened(self) -> BinaryIO:
        assert self._file is not None  # noqa: S101 - its caller's order, as `open` says
        return self._file

    def _sync(self) -> None:
        file = self._opened()
        file.flush()
        os.fsync(file.fileno())

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise BotError(
                f"{self.path} cannot be written: {error.strerror}",
                advice="Correct that, and run the same command again: it goes on where it was",
            ) from None


def _has_content(path: Path) -> bool:
    return path.exists() and path.stat().st_size > 0


def _tell(words: Iterable[str], earlier: Mapping[str, object], now: Mapping[str, str]) -> str:
    return "; ".join(
        f"{word} was {_short(earlier.get(word))} and is now {_short(now.get(word))}" for word in words
    )


def _short(value: object) -> str:
    text = str(value or "none")
    return f"{text[:_SHORT]}…" if len(text) == 64 else text[:_LONGEST]  # noqa: PLR2004 - a SHA-256 in hex
