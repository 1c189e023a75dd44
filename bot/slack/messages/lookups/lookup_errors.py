"""The accounts that a lookup did not find, grouped by reason, with advice."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain

from slack_sdk.models.blocks import Block, RichTextElement

from bot.core.commands import LookupCommand
from bot.core.ids import fits
from bot.core.lookups.fetch import check_id
from bot.core.lookups.mutual import MUTUAL, NO, UNKNOWN, YES
from bot.core.model import AccountResult, LookupStatus
from bot.core.visible_text import make_visible
from bot.errors import INTERNAL_ERROR
from bot.slack.messages.blocks import Truncator, code, paragraph, sentence, words
from bot.slack.messages.text import cut

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
_LONGEST = 40
"""The most characters shown of a text that is too long for an id."""


def show_problems(command: LookupCommand, rows: Iterable[AccountResult], trim: Truncator) -> Iterator[Block]:
    """Show the accounts of the rows by reason, with the vendor's code and the advice."""
    groups: dict[tuple[str, str, str], list[str]] = {}
    for row in sorted(rows, key=lambda row: list(COUNTED).index(row.status)):
        groups.setdefault(reason(command, row), []).append(row.account)
    if groups:
        yield paragraph(*(_line(accounts, why, trim) for why, accounts in groups.items()))


def _line(accounts: Iterable[str], why: tuple[str, str, str], trim: Truncator) -> list[RichTextElement]:
    ids = chain.from_iterable((words(", "), _id(account)) for account in accounts)
    happened, number, advice = (trim(make_visible(part)) for part in why)
    clause = words(f"  {happened} ({number})." if number else f"  {happened}.")
    return [*list(ids)[1:], clause, *([words(f" {sentence(advice)}", "italic")] if advice else [])]


def _id(account: str) -> RichTextElement:
    """Show an id, cut if it is too long to be one."""
    return code(account if fits(account) else cut(make_visible(account), _LONGEST))


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
