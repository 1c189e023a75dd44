"""The reasons why a lookup did not find an account, in words."""

from collections.abc import Mapping

from bot.core.commands import LookupCommand
from bot.core.lookups.fetch import check_id
from bot.core.lookups.mutual import MUTUAL, NO, UNKNOWN, YES
from bot.core.model import AccountResult, LookupStatus
from bot.errors import INTERNAL_ERROR

COUNTED: Mapping[LookupStatus, str] = {
    LookupStatus.NOT_A_FRIEND: "not in it",
    LookupStatus.NOT_IMPORTED: "not imported",
    LookupStatus.FAILED: "failed",
    LookupStatus.NOT_ASKED: "not asked",
}
"""The words of the first line for accounts that were not found, by status."""
_BACK = {
    YES: ", but lists {owner}",
    NO: ", and does not list {owner} either",
    UNKNOWN: "; whether it lists {owner} is not known",
}
"""The other direction of an account that is not in the owner's list."""


def reason(command: LookupCommand, row: AccountResult) -> tuple[str, str, str]:
    """Return the reason, the vendor's code and the advice; parts may be empty."""
    problem = row.problem
    number = "" if problem is None or problem.code is None else str(problem.code)
    cause = "no reason was given" if problem is None else str(problem)
    advice = "" if problem is None else problem.advice
    match row.status:
        case LookupStatus.NOT_IMPORTED:
            return "no such account", number, check_id(command.app)
        case LookupStatus.NOT_A_FRIEND if command.kind.has_owner:
            back = _BACK.get(str(row.values.get(MUTUAL)), "").format(owner=command.owner)
            return f"not in {command.owner}'s friend list{back}", number, ""
        case _ if cause == INTERNAL_ERROR:
            return "Tencent Chat couldn't read this account", number, advice
        case status:
            return f"{COUNTED[status]}: {cause}", number, advice
