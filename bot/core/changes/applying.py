"""One write to the vendor, verified by reading the profile back."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from bot.core.changes.saved import add_saved
from bot.core.fields import Field
from bot.core.model import Change, Deadline, Outcome, Values
from bot.core.parsing.values import changed_fields
from bot.errors import IMError, OutcomeUnknownError, UnavailableError

WAITS: Sequence[float] = (0, 0.2, 0.5, 1, 2, 3, 3)
"""The seconds before each try to read back.

Together they are three times the vendor's own time-out: an unanswered write that is not visible at their end
did not happen.
"""

Write: TypeAlias = Callable[[], None]
"""Sends the values of a change; raises IMError."""
Read: TypeAlias = Callable[[Deadline], Values]
"""Reads the fields of a change as they are now; raises IMError."""


@dataclass(frozen=True, slots=True)
class WriteResult:
    """The outcome of a write.

    Args:
        outcome: The outcome.
        problem: The problem when it did not succeed, and the refusal of one that did all the same.
        saved: The fields that have the new values although it failed; None if they could not be read.
    """

    outcome: Outcome
    problem: IMError | None = None
    saved: tuple[Field, ...] | None = ()


def infer_outcome(change: Change, fields: Sequence[Field], now: Values) -> Outcome | None:
    """Infer a change's outcome from the profile; None if it has neither the old nor the new values."""
    if not changed_fields(fields, now, change.after):
        return Outcome.SUCCEEDED
    return None if changed_fields(fields, now, change.before) else Outcome.FAILED


def list_saved(change: Change, fields: Sequence[Field], now: Values) -> tuple[Field, ...]:
    """List the fields of a change that have the new values."""
    lacking = changed_fields(fields, now, change.after)
    return tuple(field for field in fields if field not in lacking)


def apply(
    change: Change,
    fields: Sequence[Field],
    write: Write,
    read: Read,
    *,
    waits: Sequence[float],
    deadline: Deadline,
) -> WriteResult:
    """Send a change to the vendor exactly once, and determine its outcome by the deadline."""
    try:
        write()
    except OutcomeUnknownError as problem:
        return _after_silence(problem, *_read_back(change, fields, read, waits, deadline))
    except IMError as problem:
        return _after_refusal(problem, change, fields, read, deadline)
    found, trouble = _read_back(change, fields, read, waits, deadline)
    if found is Outcome.SUCCEEDED:
        return WriteResult(found)
    why = f"it could not be read back: {trouble}" if trouble else "the profile does not show it"
    return WriteResult(Outcome.UNKNOWN, OutcomeUnknownError(f"Tencent Chat accepted the change, but {why}"))


def _after_silence(problem: IMError, found: Outcome | None, _: IMError | None) -> WriteResult:
    if found is Outcome.FAILED:
        words = "Tencent Chat did not confirm the change, and the profile is unchanged"
        return WriteResult(found, UnavailableError(words, code=problem.code, advice="Try again"))
    return WriteResult(found or Outcome.UNKNOWN, None if found else problem)


def _read_back(
    change: Change, fields: Sequence[Field], read: Read, waits: Sequence[float], deadline: Deadline
) -> tuple[Outcome | None, IMError | None]:
    """Read until the change is visible or the waits end; return the last outcome and problem.

    If the deadline cuts the waits short, an unchanged profile proves nothing.
    """
    found: Outcome | None = None
    trouble: IMError | None = None
    for wait in waits:
        if wait >= deadline.left():
            return None, trouble or UnavailableError("there was no time left to ask Tencent Chat")
        time.sleep(wait)
        found = trouble = None
        try:
            found = infer_outcome(change, fields, read(deadline))
        except IMError as error:
            trouble = error
        if found is Outcome.SUCCEEDED:
            break
    return found, trouble


def _after_refusal(
    problem: IMError, change: Change, fields: Sequence[Field], read: Read, deadline: Deadline
) -> WriteResult:
    """Read what the vendor saved of what it refused; it does not document that this is nothing."""
    if problem.code is None:
        # It was never sent.
        return WriteResult(Outcome.FAILED, problem)
    try:
        saved = list_saved(change, fields, read(deadline))
    except IMError:
        return WriteResult(Outcome.FAILED, problem, saved=None)
    if not saved:
        return WriteResult(Outcome.FAILED, problem)
    named = type(problem)(
        add_saved(str(problem), saved), code=problem.code, advice=problem.advice, detail=problem.detail
    )
    if len(saved) == len(fields):
        return WriteResult(Outcome.SUCCEEDED, named)
    return WriteResult(Outcome.FAILED, named, saved)
