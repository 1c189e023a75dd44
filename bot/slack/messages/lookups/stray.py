"""Ids that an app does not know as typed, but may know without the punctuation around them."""

from dataclasses import replace

from bot.core.commands import LookupCommand
from bot.core.ids import MAX_ACCOUNTS
from bot.core.model import LookupStatus
from bot.core.parsing.punctuation import strip_punctuation
from bot.core.results import Lookup
from bot.core.text.visible_text import make_visible
from bot.slack.messages.text import cut, plural

_MAX_LABEL = 30
_UNKNOWN = frozenset({LookupStatus.NOT_IMPORTED, LookupStatus.NOT_A_FRIEND})


def strip_unknown(lookup: Lookup) -> LookupCommand | None:
    """Make the lookup of an answer's unknown ids without their punctuation; None if none has any."""
    stripped = [
        account
        for row in lookup.answer.rows
        if row.status in _UNKNOWN
        for account in strip_punctuation(row.account)
    ]
    return (
        replace(lookup.command, accounts=tuple(dict.fromkeys(stripped))[:MAX_ACCOUNTS]) if stripped else None
    )


def instead_label(lookup: Lookup) -> str:
    """Return the label of the button for the lookup without punctuation; empty if there is none."""
    stripped = strip_unknown(lookup)
    if stripped is None:
        return ""
    accounts = stripped.accounts
    named = make_visible(accounts[0]) if len(accounts) == 1 else plural(len(accounts), "id")
    return f"Look up {cut(named, _MAX_LABEL)} instead"
