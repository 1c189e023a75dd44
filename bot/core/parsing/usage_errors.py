"""Usage errors: collecting several into one, quoting the input, and suggesting corrections."""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches

from bot.errors import UsageError

CHECK_ID = "Check the id"
"""The advice about an account that the app does not know."""
_QUOTED_LENGTH = 40
_NEEDS_QUOTES = re.compile(r"""[\s,"'«]|^$""")
MOST = 20
"""The most errors shown at once."""


def quote(typed: str) -> str:
    """Quote typed text, cut to fit a sentence."""
    return f"“{typed if len(typed) <= _QUOTED_LENGTH else typed[: _QUOTED_LENGTH - 1] + '…'}”"


def spell(typed: str) -> str:
    """Format a word to type as code, cut to fit a sentence."""
    return f"`{typed if len(typed) <= _QUOTED_LENGTH else typed[: _QUOTED_LENGTH - 1] + '…'}`"


def pasted(typed: str) -> str:
    """Format a text as one token to paste into a command."""
    mark = "'" if '"' in typed else '"'
    return f"{mark}{typed}{mark}" if _NEEDS_QUOTES.search(typed) else typed


def nearest(typed: str, known: Iterable[str]) -> str | None:
    """Return the nearest known name, ignoring case; None if none is near."""
    names = {name.lower(): name for name in known}
    near = get_close_matches(typed.lower(), names, n=1)
    return names[near[0]] if near else None


def did_you_mean(typed: str, known: Iterable[str]) -> str:
    """Suggest the nearest known name, with a trailing space; empty if none is near."""
    near = nearest(typed, known)
    return f"Did you mean {near}? " if near else ""


class ErrorCollector:
    """Collects usage errors, to report them together."""

    def __init__(self) -> None:
        self._found: list[UsageError] = []

    def is_full(self) -> bool:
        """Check whether it holds MOST errors, the most that are shown."""
        return len(self._found) >= MOST

    @contextmanager
    def collect(self) -> Iterator[None]:
        """Collect the UsageError raised inside, and continue."""
        try:
            yield
        except UsageError as error:
            self.add(error)

    def add(self, error: UsageError) -> None:
        """Collect an error, or its parts."""
        self._found += error.parts or [error]

    def raise_all(self) -> None:
        """Raise the collected errors, if there are any.

        Raises:
            UsageError: The only error, or one with all of them as its parts.
        """
        if len(self._found) == 1:
            raise self._found[0]
        if self._found:
            more = "These are the first mistakes; there may be more" if self.is_full() else ""
            raise UsageError("; ".join(map(str, self._found)), advice=more, parts=tuple(self._found))
