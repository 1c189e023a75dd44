"""Fields that changed after a preview or a change: who changed them and when, as far as the record knows."""

from collections.abc import Iterable, Iterator, Sequence

from bot.core.changes.journal import before_sending
from bot.core.changes.saved import has_written, may_have_written
from bot.core.fields import Field
from bot.core.model import Change, Entry, Outcome, Value, Values
from bot.core.parsing.values import equivalent
from bot.core.ports import Record
from bot.core.results import LaterChange, Origin

_PAGE = 100
_MAX_PAGES = 10


def find_later(
    record: Record, change: Change, fields: Sequence[Field], then: Values, now: Values
) -> tuple[LaterChange, ...]:
    """Find the fields that changed since a change was proposed or sent, and who changed them.

    A field that a later change wrote counts also if its value is as before, or may yet become another.

    Args:
        record: The record.
        change: The change, whose own entries do not count.
        fields: The fields.
        then: The values that the change knows, by tag.
        now: The current values, by tag.

    Raises:
        AuditError: The record cannot be read.
    """
    with before_sending():
        entries, is_whole = _list_since(record, change)
        at = record.now()
    found = []
    for field in fields:
        value = now.get(field.tag)
        is_same = equivalent(field, then.get(field.tag), value)
        writes = _find_writes(entries, field)
        entry = next(writes, None) if is_same else _find_writer(writes, field, value)
        if is_same:
            if entry is None:
                continue
            value = entry.event.after[field.tag]
        before = entry.event.before.get(field.tag) if entry else then.get(field.tag)
        origin = Origin(entry.event.actor, at - entry.at) if entry else None
        found.append(LaterChange(field, before, value, origin, is_outside=is_whole and entry is None))
    return tuple(found)


def _find_writer(writes: Iterable[Entry], field: Field, value: Value | None) -> Entry | None:
    """Return the latest entry that wrote a field's current value, unless it was overwritten since."""
    for entry in writes:
        if equivalent(field, entry.event.after[field.tag], value):
            return entry
        if has_written(entry.event):
            return None
    return None


def _find_writes(entries: Iterable[Entry], field: Field) -> Iterator[Entry]:
    """Yield the entries of changes that wrote a field, or may have."""
    failed: set[str] = set()
    for entry in entries:
        change_id, wrote = entry.event.change_id, may_have_written(entry.event, field)
        if entry.event.outcome is Outcome.FAILED and not wrote:
            failed.add(change_id)
        elif wrote and change_id not in failed:
            yield entry


def _list_since(record: Record, change: Change) -> tuple[Sequence[Entry], bool]:
    """List the readable entries of other changes since a change, newest first, and whether these are all.

    What came before a change was sent, or what it undoes, is no later than it.
    """
    own = ("", change.id, change.undoes)
    found: list[Entry] = []
    is_whole = True
    for entry in _pages(record, change):
        if not isinstance(entry, Entry):
            is_whole = False
            continue
        is_own, is_sent = entry.event.change_id in own, entry.event.outcome is Outcome.ATTEMPTED
        if entry.at < change.proposed_at or (is_own and is_sent):
            return found, is_whole
        if not is_own:
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
