"""Fields that changed after a preview or a change: who changed them and when, as far as the record knows."""

from collections.abc import Iterable, Iterator, Sequence

from bot.core.changes.journal import before_sending
from bot.core.fields import Field
from bot.core.model import Change, Entry, Outcome, Value, Values
from bot.core.parsing.values import equivalent
from bot.core.ports import Record
from bot.core.results import LaterChange, Origin

_PAGE = 100
_MAX_PAGES = 10
_SENT = frozenset({Outcome.ATTEMPTED, Outcome.SUCCEEDED, Outcome.UNKNOWN})


def find_later(
    record: Record, change: Change, changed: Sequence[Field], then: Values, now: Values
) -> tuple[LaterChange, ...]:
    """Find who changed fields since a change was proposed.

    Args:
        record: The record.
        change: The change, whose own entries do not count.
        changed: The fields whose values differ.
        then: The values that the change knows, by tag.
        now: The current values, by tag.

    Raises:
        AuditError: The record cannot be read.
    """
    with before_sending():
        entries, is_whole = _list_since(record, change)
        at = record.now()
    found = []
    for field in changed:
        value = now.get(field.tag)
        entry = _find_writer(entries, field, value)
        before = entry.event.before.get(field.tag) if entry else then.get(field.tag)
        origin = Origin(entry.event.actor, at - entry.at) if entry else None
        found.append(LaterChange(field, before, value, origin, is_outside=is_whole and entry is None))
    return tuple(found)


def _find_writer(entries: Iterable[Entry], field: Field, value: Value | None) -> Entry | None:
    """Return the latest entry that wrote a field's current value, unless it was overwritten since."""
    failed: set[str] = set()
    for entry in entries:
        after = entry.event.after
        if entry.event.outcome is Outcome.FAILED:
            failed.add(entry.event.change_id)
        if entry.event.outcome in _SENT and entry.event.change_id not in failed and field.tag in after:
            if equivalent(field, after[field.tag], value):
                return entry
            if entry.event.outcome is Outcome.SUCCEEDED:
                return None
    return None


def _list_since(record: Record, change: Change) -> tuple[Sequence[Entry], bool]:
    """List the readable entries of other changes since a change, newest first, and whether these are all."""
    found: list[Entry] = []
    is_whole = True
    for entry in _pages(record, change):
        if not isinstance(entry, Entry):
            is_whole = False
        elif entry.at < change.proposed_at:
            return found, is_whole
        elif entry.event.change_id not in ("", change.id):
            found.append(entry)
    return found, is_whole


def _pages(record: Record, change: Change) -> Iterator[object]:
    before = None
    for _ in range(_MAX_PAGES):
        page = record.list_history(change.app, change.account, before, _PAGE)
        yield from page
        if len(page) < _PAGE:
            return
        before = page[-1].sequence
    yield None
