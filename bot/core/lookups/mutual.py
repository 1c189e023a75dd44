"""The other direction of a friends lookup: whether each account lists the owner."""

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from functools import partial

from bot.core.commands import LookupCommand
from bot.core.fields import FRIEND_FIELDS, Domain, Field, Kind
from bot.core.lookups.kinds import Query
from bot.core.model import AccountResult, Deadline, LookupStatus, Values
from bot.core.ports import IM
from bot.errors import IMError, NotAFriendError

MUTUAL = "mutual"
"""The tag of the field; the vendor has none."""
YES, NO, UNKNOWN = "yes", "no", "unknown"
"""The values of the field."""

_LISTED = {LookupStatus.FOUND, LookupStatus.NOT_A_FRIEND}
_CHOICES = {UNKNOWN: "not known", YES: "Yes", NO: "No"}


def mutual_field(owner: str) -> Field:
    """Make the field that says whether an account lists the owner."""
    label = f"Lists {owner}"
    return Field(MUTUAL, label, MUTUAL, Kind.CHOICE, Domain.FRIEND, choices=_CHOICES, brief=True)


def add_other_direction(
    command: LookupCommand, rows: Sequence[AccountResult], im: IM, deadline: Deadline, pool: Executor
) -> tuple[AccountResult, ...]:
    """Add to every imported account whether it lists the owner: one call each, in parallel.

    Args:
        command: The lookup.
        rows: Its results in the first direction.
        im: The vendor's client.
        deadline: The time limit; no call starts after it.
        pool: Runs the calls.
    """
    check = partial(_check, command, im, deadline)
    return tuple(map(check, rows) if len(rows) == 1 else pool.map(check, rows))


def _check(command: LookupCommand, im: IM, deadline: Deadline, row: AccountResult) -> AccountResult:
    if row.status not in _LISTED:
        return row
    query = Query([command.owner], [FRIEND_FIELDS[0].tag], row.account, deadline)
    try:
        answer = command.kind.read(im, query).get(command.owner)
    except IMError as error:
        answer = error
    return replace(row, values={**row.values, MUTUAL: _decide(answer)})


def _decide(answer: Values | IMError | None) -> str:
    if isinstance(answer, Mapping):
        return YES
    return NO if isinstance(answer, NotAFriendError) else UNKNOWN
