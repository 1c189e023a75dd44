"""Lines of CSV that a spreadsheet takes as text, whoever wrote what is in them."""

import csv
import re
from collections.abc import Iterable
from io import StringIO

# What a spreadsheet may take for a formula, though blanks or quotes stand before it.
_FORMULA = re.compile(r"[\s\"'`\u200b\ufeff]*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n]")


def line(cells: Iterable[str]) -> str:
    """Write a row as RFC 4180 has it, with its end; what could be a formula gets a quote before it."""
    text = StringIO()
    csv.writer(text).writerow([f"'{cell}" if _FORMULA.match(cell) else cell for cell in cells])
    return text.getvalue()
