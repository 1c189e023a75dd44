"""The time for which a previewed change can be confirmed."""

from datetime import datetime, timedelta

from bot.core.model import Change

CONFIRM_WITHIN = timedelta(minutes=10)
"""The time from a preview to its expiry."""


def expires_at(change: Change) -> datetime:
    """Return the expiry of a change's preview (UTC)."""
    return change.proposed_at + CONFIRM_WITHIN
