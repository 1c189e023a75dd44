"""Export of the record: JSON lines that can be verified, or CSV for a spreadsheet."""

import json
from collections.abc import Iterable, Iterator
from contextlib import closing
from typing import Literal, TypeAlias

from bot.core.text.spreadsheet import line
from bot.store.chain import EntryRow
from bot.store.database.engine import open_engine, open_snapshot
from bot.store.database.migrate import check_current
from bot.store.entries import stream_entries

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
    "channel",
    "previous",
    "hash",
)
"""The columns of the CSV, named as in the JSON."""


def export(url: str, form: Format) -> Iterator[str]:
    """Export the record line by line, each with its line end; encode as UTF-8 to keep hashes valid.

    Args:
        url: As in DATABASE_URL.
        form: JSON lines, or CSV.

    Raises:
        AuditError: It cannot be read.
    """
    engine = open_engine(url, create=False)
    try:
        check_current(engine)
        with open_snapshot(engine) as connection, closing(stream_entries(connection)) as rows:
            yield from _WRITERS[form](rows)
    finally:
        engine.dispose()


def to_json_lines(rows: Iterable[EntryRow]) -> Iterator[str]:
    """Write each entry's canonical JSON, with its hash as the last key."""
    for _, content, digest, _, _ in rows:
        # Invalid text was altered: it is decoded leniently, and does not verify.
        text, hash_text = _decode_leniently(content), _decode_leniently(digest)
        yield f'{text.removesuffix("}")},"hash":{json.dumps(hash_text)}}}\n'


def to_csv(rows: Iterable[EntryRow]) -> Iterator[str]:
    """Write each entry as a row, after a header row; no cell is a formula."""
    yield line(COLUMNS)
    for json_line in to_json_lines(rows):
        try:
            entry = json.loads(json_line)
        except (ValueError, RecursionError):
            entry = None
        if not isinstance(entry, dict):
            # Altered: shown as it is; verify names the entry.
            entry = {"reason": json_line}
        yield line(_cell(entry.get(name, "")) for name in COLUMNS)


def _decode_leniently(found: object) -> str:
    if isinstance(found, str):
        found = found.encode(errors="surrogateescape")
    return found.decode(errors="replace") if isinstance(found, bytes) else str(found or "")


def _cell(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True, ensure_ascii=False)


_WRITERS = {"jsonl": to_json_lines, "csv": to_csv}
