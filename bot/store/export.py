"""The record as text for others: lines of JSON that prove themselves, or CSV for a spreadsheet."""

import csv
import json
import re
from collections.abc import Iterable, Iterator
from contextlib import closing
from io import StringIO
from typing import Literal, TypeAlias

from bot.store.engine import open_engine, reading
from bot.store.migrating import check_current
from bot.store.rows import Raw, stream

Format: TypeAlias = Literal["jsonl", "csv"]

COLUMNS = (
    "sequence",
    "at",
    "team",
    "user",
    "surface",
    "app",
    "command",
    "accounts",
    "outcome",
    "reason",
    "problem",
    "before",
    "after",
    "change",
    "previous",
    "hash",
)
"""The columns of the CSV, named as in the JSON."""

# What a spreadsheet may take for a formula, though blanks or quotes stand before it.
_FORMULA = re.compile(r"[\s\"'`\u200b\ufeff]*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n]")


def export(url: str, form: Format) -> Iterator[str]:
    """Export the record of a database, line by line, each with its end; UTF-8 keeps its hashes true.

    Args:
        url: As in DATABASE_URL.
        form: JSON lines, or CSV.

    Raises:
        AuditError: It cannot be read.
    """
    engine = open_engine(url, create=False)
    try:
        check_current(engine)
        with reading(engine) as connection, closing(stream(connection)) as rows:
            yield from _FORMS[form](rows)
    finally:
        engine.dispose()


def as_json(rows: Iterable[Raw]) -> Iterator[str]:
    """Write each entry's canonical JSON, with its hash put in last."""
    for _, content, digest in rows:
        # What is no text any more was altered: it is shown as far as it can be, and does not verify.
        said, seal = (each.decode("utf-8", "replace") for each in (content, digest))
        yield f'{said.removesuffix("}")},"hash":{json.dumps(seal)}}}\n'


def as_csv(rows: Iterable[Raw]) -> Iterator[str]:
    """Write each entry as a row, after a row of names; no cell is a formula."""
    yield _line(COLUMNS)
    for line in as_json(rows):
        try:
            said = json.loads(line)
        except ValueError:
            # Altered: verifying says where; here it is shown as it lies there.
            said = {"reason": line}
        yield _line(_cell(said.get(name, "")) for name in COLUMNS)


def _cell(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True, ensure_ascii=False)
    return f"'{text}" if _FORMULA.match(text) else text


def _line(cells: Iterable[str]) -> str:
    line = StringIO()
    csv.writer(line).writerow(cells)
    return line.getvalue()


_FORMS = {"jsonl": as_json, "csv": as_csv}
