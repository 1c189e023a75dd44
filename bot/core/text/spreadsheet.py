"""CSV lines without formula injection."""

import csv
import re
from collections.abc import Iterable
from io import StringIO

# A spreadsheet may take these for a formula even after blanks or quotes.
_IGNORED = r"\"'`\0\u200b\u2060\ufeff"
_SIGN = r"[=+\-@\uff1d\uff0b\uff0d\uff20]"
_FORMULA = re.compile(rf"[\s{_IGNORED}]*{_SIGN}|[\t\r\n]")
_SEPARATOR = re.compile(r"[;\t\r\n]")
# If a spreadsheet splits at semicolons or tabs, a cell or a row begins after these.
_INNER = re.compile(rf"([;\t\r\n])(?=(?:[^\S\t\r\n]|[{_IGNORED}])*{_SIGN})")


def line(cells: Iterable[str]) -> str:
    """Format a row as of RFC 4180, with its line end; a possible formula gets a leading quote."""
    return lines([cells])


def lines(rows: Iterable[Iterable[str]]) -> str:
    """Format rows, each as a line."""
    text = StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows(map(_harmless, cells) for cells in rows)
    return text.getvalue()


def _harmless(cell: str) -> str:
    # Nearly every cell: a hundred thousand rows have two million.
    if not cell or (cell[0].isalnum() and not _SEPARATOR.search(cell)):
        return cell
    inner = _INNER.sub(r"\1'", cell)
    return f"'{inner}" if _FORMULA.match(cell) else inner
