"""Several mistakes, told at once."""

from collections.abc import Iterator
from contextlib import contextmanager

from bot.errors import UsageError

MOST = 20
"""The most mistakes shown at once: nobody mends more before the next try."""


class ErrorCollector:
    """Gathers what is wrong, so that one mistake hides no other."""

    def __init__(self) -> None:
        self._found: list[UsageError] = []

    def is_full(self) -> bool:
        """Tell whether there are as many as are shown, so that looking for more is of no use."""
        return len(self._found) >= MOST

    @contextmanager
    def gather(self) -> Iterator[None]:
        """Keep the UsageError raised within, and go on."""
        try:
            yield
        except UsageError as error:
            self.add(error)

    def add(self, error: UsageError) -> None:
        """Keep one, or the parts of several."""
        self._found += error.parts or [error]

    def tell(self) -> None:
        """Raise what was gathered, if anything was.

        Raises:
            UsageError: The one mistake, or one with all of them as its parts.
        """
        if len(self._found) == 1:
            raise self._found[0]
        if self._found:
            more = "These are the first mistakes; there may be more" if self.is_full() else ""
            raise UsageError("; ".join(map(str, self._found)), advice=more, parts=tuple(self._found))
