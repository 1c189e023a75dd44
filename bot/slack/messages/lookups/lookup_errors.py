"""The accounts that a lookup did not find, grouped by reason, with advice."""

from collections.abc import Iterable, Iterator
from itertools import chain

from slack_sdk.models.blocks import Block, RichTextElement

from bot.core.commands import LookupCommand
from bot.core.ids import fits
from bot.core.lookups.reasons import COUNTED, reason
from bot.core.model import AccountResult
from bot.core.text.visible_text import make_visible
from bot.slack.messages.blocks import Truncator, code, paragraph, sentence, words
from bot.slack.messages.text import cut

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
