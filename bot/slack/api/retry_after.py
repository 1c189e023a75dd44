"""The seconds that Slack asks to wait (Retry-After)."""

from collections.abc import Mapping
from typing import Any

MOST_WAIT = 60.0
"""The most seconds to wait when Slack asks for it."""
LONGEST_WAIT = 3.0
"""The same while a person waits for an answer."""

_DIGITS = 6


def read_wait(headers: Mapping[str, Any], most: float) -> float | None:
    """Read the seconds that Slack asks to wait (Retry-After), at most `most`; None if it does not.

    Slack gives whole seconds; dates, fractions and negative numbers are ignored.
    """
    asked = next((str(value) for name, value in headers.items() if name.lower() == "retry-after"), "")
    if not (asked.isascii() and asked.isdigit()):
        return None
    # Very long numbers overflow a float.
    return min(float(asked[-_DIGITS:]), most) if len(asked.lstrip("0")) <= _DIGITS else most
