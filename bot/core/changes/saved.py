"""Fields that the vendor saved of a change, also of one that it refused."""

from collections.abc import Iterable

from bot.core.fields import Field
from bot.core.model import WRITES, AuditEvent, Outcome

SAVED_ANYWAY = "changed anyway"
"""Ends the problem of a refused change of which fields were saved; stored, so it must not vary."""
_BUT = ", but "
_AND = ", "


def add_saved(problem: str, saved: Iterable[Field]) -> str:
    """Add to the problem of a refused change the fields that were saved; stored, so it must not vary."""
    return f"{problem}{_BUT}{_AND.join(field.word for field in saved)} {SAVED_ANYWAY}"


def has_written(event: AuditEvent) -> bool:
    """Check whether an event is the end of a change that wrote fields: all, or some of a refused one."""
    return bool(event.change_id) and (
        event.outcome is Outcome.SUCCEEDED
        or (event.outcome is Outcome.FAILED and SAVED_ANYWAY in event.problem)
    )


def may_have_written(event: AuditEvent, field: Field) -> bool:
    """Check whether an event is a step of a change that wrote a field, or may have."""
    if field.tag not in event.after:
        return False
    if event.outcome is not Outcome.FAILED:
        return event.outcome in WRITES
    saved, ends, _ = event.problem.rpartition(f" {SAVED_ANYWAY}")
    return bool(ends) and field.word in saved.rpartition(_BUT)[2].split(_AND)
