"""The CSV of a file lookup: its rows so far, in bounded memory."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from io import BytesIO
from tempfile import TemporaryFile
from typing import BinaryIO

from bot.bulk.id_list import FREE_SPACE
from bot.bulk.row_formats import CsvRows, JsonRows, RowFormat, list_attributes, to_csv
from bot.core.commands import LookupCommand
from bot.core.file_lookups import FileLookup, FileLookupStore
from bot.errors import BotError


def choose_format(command: LookupCommand) -> RowFormat:
    """Choose the format in which rows are kept: attributes as JSON, as their columns are known at the end."""
    return JsonRows(command) if command.kind.domain is None else CsvRows(command)


@contextmanager
def open_csv(store: FileLookupStore, lookup: FileLookup) -> Iterator[tuple[BinaryIO, int]]:
    """Write the CSV to a temporary file, which goes with the context; yields it with its size.

    Raises:
        AlteredError: The rows cannot be decrypted.
        AuditError: They cannot be read.
        BotError: The temporary folder is full.
    """
    try:
        # Closing it writes once more what could not be written.
        with ExitStack() as stack:
            # It holds values of people: no other process can open it, and nothing is left of it.
            file = stack.enter_context(TemporaryFile())
            file.writelines(_write(store, lookup))
            size = file.tell()
            file.seek(0)
            written = stack.pop_all()
    except OSError as error:
        raise BotError(
            f"the CSV could not be written to the temporary folder: {error.strerror}",
            advice=FREE_SPACE,
        ) from None
    with written:
        yield file, size


def _write(store: FileLookupStore, lookup: FileLookup) -> Iterator[bytes]:
    if lookup.command.kind.domain is None:
        yield from to_csv(_lines(store, lookup.id), list_attributes(_lines(store, lookup.id)))
    else:
        yield choose_format(lookup.command).head
        yield from store.list_rows(lookup.id)


def _lines(store: FileLookupStore, id_: str) -> Iterator[bytes]:
    for part in store.list_rows(id_):
        yield from BytesIO(part)
