"""Fields of a profile whose values are no longer those that this bot wrote last."""

from collections.abc import Sequence
from contextlib import suppress

from bot.core.changes.saved import has_written, may_have_written
from bot.core.commands import LookupCommand
from bot.core.fields import Domain, Field
from bot.core.model import AccountResult, Entry, LookupStatus
from bot.core.parsing.values import equivalent
from bot.core.ports import Record
from bot.core.results import Drift
from bot.errors import AuditError

_LOOKED_INTO = 100
"""The most entries of the account that are searched."""


def find_drift(record: Record, command: LookupCommand, rows: Sequence[AccountResult]) -> tuple[Drift, ...]:
    """Find the fields of the only profile of an answer that were overwritten outside this bot.

    Returns none if there are several profiles, or if the record cannot be read.
    """
    found = [row for row in rows if row.status is LookupStatus.FOUND]
    if command.kind.domain is not Domain.PROFILE or len(rows) != 1 or not found:
        return ()
    entries: Sequence[object] = ()
    with suppress(AuditError):
        entries = record.list_steps(command.app.name, found[0].account, _LOOKED_INTO)
    ends = [entry for entry in entries if isinstance(entry, Entry) and has_written(entry.event)]
    written = (
        (field, next((entry for entry in ends if may_have_written(entry.event, field)), None))
        for field in command.fields
    )
    return tuple(
        Drift(field, entry.event.actor, entry.at)
        for field, entry in written
        if entry and _has_drifted(field, entry, found[0])
    )


def _has_drifted(field: Field, entry: Entry, row: AccountResult) -> bool:
    return not equivalent(field, entry.event.after[field.tag], row.values.get(field.tag))
