"""The formats of a file of rows: CSV, or JSON lines; a row is a line, and a line is a row."""

import codecs
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from bot.core.commands import LookupCommand
from bot.core.fields import Field
from bot.core.lookups.csv_rows import CellWriter, attribute_fields, explain, header, write_time
from bot.core.model import AccountResult, LookupStatus
from bot.core.text.spreadsheet import line, lines
from bot.core.text.value_words import format_cell
from bot.core.text.visible_text import make_visible

_write_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class RowFormat(Protocol):
    """A format of rows.

    Attributes:
        head: What stands before the first row.
    """

    head: bytes

    def write(self, rows: Iterable[AccountResult], at: datetime) -> bytes:
        """Write rows that were read at a time (UTC), each with its line end."""
        ...

    def read_status(self, row: bytes, account: str) -> LookupStatus | None:
        """Read the status of a whole row; None if it is no row of that account."""
        ...


class CsvRows:
    """The CSV of an answer in Slack: the same columns, the same rules."""

    def __init__(self, command: LookupCommand) -> None:
        self._cells = CellWriter(command, command.fields)
        # Without a byte order mark, Excel reads UTF-8 as the machine's old code page.
        self.head = codecs.BOM_UTF8 + line(header(command.fields)).encode()

    def write(self, rows: Iterable[AccountResult], at: datetime) -> bytes:
        """Write rows, values in words."""
        return lines(self._cells.write(row, at) for row in rows).encode()

    def read_status(self, row: bytes, account: str) -> LookupStatus | None:
        """Read the status behind the account's cell."""
        return _read_status(row, line([make_visible(account)]).encode().rstrip(), _CSV_STATUSES)


class JsonRows:
    """JSON lines: the columns of the CSV, and the values as the vendor gave them.

    Values are under the fields' words, or the attributes' names.
    """

    head = b""

    def __init__(self, command: LookupCommand) -> None:
        self._command = command
        self._words = {field.tag: field.word for field in command.fields}

    def write(self, rows: Iterable[AccountResult], at: datetime) -> bytes:
        """Write rows, values as they are."""
        moment = write_time(at)
        text = "".join(f"{_write_json(self._to_json(row, moment))}\n" for row in rows)
        return text.encode("utf-8", "replace")

    def _to_json(self, row: AccountResult, moment: str) -> Mapping[str, object]:
        _, message = explain(self._command, row)
        return {
            "account": row.account,
            "status": row.status,
            "code": row.problem.code if row.problem and row.status is not LookupStatus.FOUND else None,
            "message": message,
            "app": self._command.app.name,
            "read_at": moment,
            "values": {self._words.get(tag, tag): value for tag, value in row.values.items()},
        }

    def read_status(self, row: bytes, account: str) -> LookupStatus | None:
        """Read the status behind the account."""
        begins = f'{{"account":{_write_json(account)}'.encode("utf-8", "replace")
        return _read_status(row, begins, _JSON_STATUSES)


_CSV_STATUSES = {f',"{status}",'.encode(): status for status in LookupStatus}
_JSON_STATUSES = {f',"status":"{status}",'.encode(): status for status in LookupStatus}


def _read_status(row: bytes, begins: bytes, statuses: Mapping[bytes, LookupStatus]) -> LookupStatus | None:
    if row.startswith(begins):
        for text, status in statuses.items():
            if row.startswith(text, len(begins)):
                return status
    return None


def list_attributes(json_lines: Iterable[bytes]) -> Sequence[Field]:
    """List the columns of JSON lines of attributes: every name that one of them has, sorted."""
    names: set[str] = set()
    for row in json_lines:
        names.update(json.loads(row)["values"])
    return attribute_fields(sorted(names))


def to_csv(json_lines: Iterable[bytes], fields: Sequence[Field]) -> Iterator[bytes]:
    """Write JSON lines of attributes as a CSV, whose columns are known once all are read."""
    yield codecs.BOM_UTF8 + line(header(fields)).encode()
    for row in json_lines:
        read: dict[str, Any] = json.loads(row)
        values = read["values"]
        code = "" if read["code"] is None else str(read["code"])
        yield line(
            (
                make_visible(read["account"]),
                read["status"],
                code,
                read["message"],
                read["app"],
                read["read_at"],
                *(format_cell(field, values.get(field.tag)) for field in fields),
            )
        ).encode()
