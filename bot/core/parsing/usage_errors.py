"""Usage errors: several collected into one, what was typed quoted, and what was probably meant."""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches

from bot.errors import UsageError

CHECK_ID = "Check the id, or try another app with --app"
"""The advice about an account that the app does not know."""
_QUOTED_LENGTH = 40
_NEEDS_QUOTES = re.compile(r"""[\s,"'«]|^$""")
MOST = 20
"""The most errors shown at once."""


def quote(typed: str) -> str:
    """Quote what was typed, cut to a length that a sentence can hold."""
    return f"“{typed if len(typed) <= _QUOTED_LENGTH else typed[: _QUOTED_LENGTH - 1] + '…'}”"


def pasted(typed: str) -> str:
    """Write something so that it can be pasted into a command as one piece."""
    mark = "'" if '"' in typed else '"'
    return f"{mark}{typed}{mark}" if _NEEDS_QUOTES.search(typed) else typed


def nearest(typed: str, known: Iterable[str]) -> str | None:
    """Find the known name that was probably meant, whatever its case."""
    names = {name.lower(): name for name in known}
    near = get_close_matches(typed.lower(), names, n=1)
    return names[near[0]] if near else None


def did_you_mean(typed: str, known: Iterable[str]) -> str:
    """Suggest the known name that was probably meant, with a blank after it; empty when none is near."""
    near = nearest(typed, known)
    return f"Did you mean {near}? " if near else ""


class ErrorCollector:
    """Collects usage errors, so that one hides no other."""

    def __init__(self) -> None:
        self._found: list[UsageError] = []

    def is_full(self) -> bool:
        """Tell whether there are as many as are shown, so that looking for more is of no use."""
        return len(self._found) >= MOST

    @contextmanager
    def collect(self) -> Iterator[None]:
        """Keep the UsageError raised within, and go on."""
        try:
            yield
        except UsageError as error:
            self.add(error)

    def add(self, error: UsageError) -> None:
        """Keep one, or the parts of several."""
        self._found += error.parts or [error]

    def raise_all(self) -> None:
        """Raise what was gathered, if anything was.

        Raises:
            UsageError: The one mistake, or one with all of them as its parts.
        """
        if len(self._found) == 1:
            raise self._found[0]
        if self._found:
            more = "These are the first mistakes; there may be more" if self.is_full() else ""
            raise UsageError("; ".join(map(str, self._found)), advice=more, parts=tuple(self._found))
