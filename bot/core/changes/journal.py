"""Steps of a change in the record, and the errors when one cannot be recorded."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime

from bot.core.changes.applying import WriteResult
from bot.core.changes.saved import may_have_written
from bot.core.fields import Field
from bot.core.model import NOTHING, App, AuditEvent, Change, Entry, Outcome, RecordQuery, Surface
from bot.core.policy import NO_CHANGE_SENT, NOTHING_SENT
from bot.core.ports import Record
from bot.core.results import Settled
from bot.errors import (
    AlteredError,
    AuditError,
    BotError,
    ExpiredError,
    IMError,
    RecordUnknownError,
    RoleUnconfirmedError,
)

EXPIRED = "expired"
"""The recorded reason of a cancelled change whose preview was too old."""
MOVED = "the profile changed after the preview"
"""The recorded reason of a cancelled change that a new preview replaced, or that was an undo."""

_OUTCOME_TEXT = {
    Outcome.PROPOSED: "is not confirmed yet",
    Outcome.ATTEMPTED: "is already being applied",
    Outcome.SUCCEEDED: "was already applied",
    Outcome.FAILED: "failed",
    Outcome.UNKNOWN: "was sent, and we can't tell yet whether it was saved",
    Outcome.CANCELLED: "was cancelled",
}
_CANCELLED_TEXT = {
    EXPIRED: "has expired",
    MOVED: "was replaced, because the profile changed meanwhile",
}

_STATE = {
    Outcome.SUCCEEDED: "the change was sent and applied",
    Outcome.FAILED: "the change was attempted but not applied",
    Outcome.UNKNOWN: "the change was sent, and its outcome is unknown",
}
_PARTLY = "the change was attempted and applied in part"

_LOOKED_INTO = 100
"""The most entries searched for an undo, or for a step."""


@contextmanager
def before_sending() -> Iterator[None]:
    """Add to an error that nothing was sent, which is true of any error before the write.

    Raises:
        AuditError: The one raised inside.
        IMError: The one raised inside, when reading a profile.
    """
    try:
        yield
    except AuditError as error:
        advice = f"{error.advice}. {NOTHING_SENT}" if error.advice else NOTHING_SENT
        raise type(error)(str(error), advice=advice, detail=error.detail) from error
    except IMError as error:
        advice = f"{error.advice}. {NO_CHANGE_SENT}" if error.advice else NO_CHANGE_SENT
        raise type(error)(str(error), code=error.code, advice=advice, detail=error.detail) from error


@contextmanager
def keeps_waiting(change_id: str) -> Iterator[None]:
    """Name in an error the change that can still be confirmed.

    Raises:
        BotError: The one raised inside.
    """
    try:
        yield
    except (IMError, AuditError, RoleUnconfirmedError) as error:
        # An altered change is no longer to be trusted, and a lost answer may have moved it.
        if not isinstance(error, AlteredError | RecordUnknownError):
            error.waiting_change = change_id
        raise


def now(record: Record) -> datetime:
    """Return the time (UTC) by the record's clock.

    Raises:
        AuditError: The record cannot be read.
    """
    with before_sending():
        return record.now()


def deny(record: Record, asked: AuditEvent, refusal: BotError) -> None:
    """Record a refusal, if the record can be written."""
    with suppress(AuditError):
        record.add(replace(asked, outcome=Outcome.DENIED, problem=str(refusal)))


def find(record: Record, change_id: str) -> Change | None:
    """Find a change.

    Raises:
        AuditError: The record cannot be read, or was altered.
    """
    with before_sending():
        return record.find(change_id)


def list_written(record: Record, change: Change, fields: Sequence[Field]) -> tuple[Field, ...]:
    """List the fields of a change that it wrote: all, those saved of one that was refused, or none.

    Raises:
        AuditError: The record cannot be read.
    """
    if change.outcome is Outcome.SUCCEEDED:
        return tuple(fields)
    if change.outcome is not Outcome.FAILED:
        return ()
    with before_sending():
        end = _find_step(record, change)
    return tuple(field for field in fields if end and may_have_written(end, field))


def find_undo(record: Record, change: Change) -> str:
    """Return the id of the latest change that undid another; empty if there is none.

    Raises:
        AuditError: The record cannot be read.
    """
    with before_sending():
        entries = record.list_steps(change.app, change.account, _LOOKED_INTO)
    undone = (
        entry.event.change_id
        for entry in entries
        if isinstance(entry, Entry)
        and (entry.event.outcome, entry.event.command) == (Outcome.SUCCEEDED, "undo")
        and entry.event.reason == undo_reason(change.id)
    )
    return next(undone, "")


def propose(record: Record, change: Change, surface: Surface) -> None:
    """Store a new change, and record it.

    Raises:
        AuditError: It cannot be stored.
    """
    with before_sending():
        record.propose(change, step(change, surface))


def move(
    record: Record, change: Change, outcome: Outcome, surface: Surface, problem: str = ""
) -> tuple[Change, Entry]:
    """Record a change's next step.

    Raises:
        ExpiredError: Another click or process has moved it.
        AuditError: It cannot be recorded.
    """
    moved = replace(change, outcome=outcome)
    try:
        entry = record.move(change, outcome, step(moved, surface, problem))
    except AlteredError as error:
        if change.outcome is Outcome.PROPOSED:  # later, something was sent
            asked = step(change, surface)
            deny(record, replace(asked, reason="", before=NOTHING, after=NOTHING), error)
        raise
    if entry is None:
        raise not_open(record, record.find(change.id) or change)
    return moved, entry


def close(record: Record, app: App, change: Change, result: WriteResult, surface: Surface) -> Settled:
    """Record the outcome of a change.

    Raises:
        ExpiredError: Another process has done so.
        AuditError: It cannot be recorded; the text names the outcome.
    """
    code = result.problem.code if result.problem else None
    number = f" ({code})" if code is not None else ""
    problem = f"{result.problem}{number}" if result.problem else ""
    try:
        closed, entry = move(record, change, result.outcome, surface, problem)
    except AuditError as error:
        state = (_PARTLY if result.saved else _STATE[result.outcome]) + (f" ({problem})" if problem else "")
        became = (
            "and it is not yet known whether that was recorded"
            if isinstance(error, RecordUnknownError)
            else "but that could not be recorded"
        )
        raise type(error)(
            f"{state}, {became}: {error}",
            advice="The bot will check the profile and record the outcome once the record works again",
            detail=error.detail,
        ) from error
    return Settled(app, closed, entry, result.problem, result.saved)


def step(change: Change, surface: Surface, problem: str = "") -> AuditEvent:
    """Make the audit event of a change's current step."""
    return AuditEvent(
        change.actor,
        surface,
        change.app,
        word_of(change),
        (change.account,),
        change.outcome,
        change.reason,
        problem,
        change.before,
        change.after,
        change.id,
    )


def undo_reason(change_id: str) -> str:
    """Return the reason of a change's undo; stored, so it must not vary."""
    return f"undo of {change_id}"


def word_of(change: Change) -> str:
    """Return the word of a change's command."""
    return "undo" if change.undoes else "set"


def not_open(record: Record, change: Change) -> ExpiredError:
    """Make the error for a change that can no longer be confirmed or cancelled."""
    again = "Run the command again for a new preview" if change.outcome is Outcome.CANCELLED else ""
    return ExpiredError(
        f"this change {describe_state(record, change)}", advice=again or "See the account's history"
    )


def describe_state(record: Record, change: Change) -> str:
    """Describe the state of a change, and why it was cancelled as far as the record can be read."""
    problem = ""
    if change.outcome is Outcome.CANCELLED:
        with suppress(AuditError):
            step_ = _find_step(record, change)
            problem = step_.problem if step_ else ""
    return _CANCELLED_TEXT.get(problem, _OUTCOME_TEXT[change.outcome])


def _find_step(record: Record, change: Change) -> AuditEvent | None:
    """Return the event of the current step of a change; None if it cannot be found."""
    found = record.search(RecordQuery(change=change.id), None, _LOOKED_INTO).entries
    steps = (entry.event for entry in found if isinstance(entry, Entry))
    return next((step for step in steps if step.outcome is change.outcome), None)
