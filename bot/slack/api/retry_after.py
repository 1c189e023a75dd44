"""The seconds that Slack asks to wait (Retry-After)."""

from collections.abc import Mapping
from typing import Any

MOST_WAIT = 60.0
"""The most seconds that anything waits because Slack asks for it (Retry-After)."""
LONGEST_WAIT = 3.0
"""The same while a person waits for an answer."""

_DIGITS = 6


def read_wait(headers: Mapping[str, Any], most: float) -> float | None:
    """Read how many seconds Slack asks to wait (Retry-After), `most` at the most; None when it does not.

    Slack gives whole seconds; a date, a fraction or a negative number is none.
    """
    asked = next((str(value) for name, value in headers.items() if name.lower() == "retry-after"), "")
    if not (asked.isascii() and asked.isdigit()):
        return None
    # Digits without end are a number that no float and no sleep takes.
    return min(float(asked[-_DIGITS:]), most) if len(asked.lstrip("0")) <= _DIGITS else most
