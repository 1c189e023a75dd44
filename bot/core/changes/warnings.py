"""Warnings about a change that is valid but may be a mistake."""

from collections.abc import Iterator

from bot.core.fields import PROFILE_FIELDS, Kind
from bot.core.model import App, Change

_DAYS = tuple(field for field in PROFILE_FIELDS if field.kind is Kind.DATE)


def find_warnings(app: App, change: Change) -> Iterator[str]:
    """Yield possible mistakes in a change, as of its proposal."""
    if change.account == app.admin:
        yield "This is the app's administrator account. Are you sure?"
    at = change.proposed_at
    today = at.year * 10000 + at.month * 100 + at.day
    for field in _DAYS:
        day = change.after.get(field.tag)
        if isinstance(day, int) and day > today:
            yield f"{field.label} is in the future. Are you sure?"
