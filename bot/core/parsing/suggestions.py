"""Suggestions: the text that was meant, where mistakes in a typed one can be corrected."""

import re
from collections.abc import Callable

from bot.errors import UsageError

_MOST_STEPS = 5
"""The most mistakes corrected one after the other; a parser stops at the first."""
_DASHES = "(?:--|[\u2013-\u2015])"
_AROUND = r"\w-"


def suggest(text: str, error: UsageError, parse: Callable[[str], object]) -> str:
    """Return a text with its mistakes corrected, which the parser takes; empty if there is none.

    Args:
        text: The typed text.
        error: The parser's error about it.
        parse: The parser.
    """
    for _ in range(_MOST_STEPS):
        text = _correct(text, error)
        if not text:
            return ""
        try:
            parse(text)
        except UsageError as next_error:
            error = next_error
        else:
            return text
    return ""


def _correct(text: str, error: UsageError) -> str:
    """Correct every mistake of an error; empty if one of them cannot be corrected."""
    for mistake in error.parts or [error]:
        if mistake.correction is None:
            return ""
        typed, meant = mistake.correction
        text, count = re.subn(_pattern(typed), lambda _, meant=meant: meant, text)  # type: ignore[misc]
        # A word that occurs twice may be an id, or part of a reason, as well.
        if count != 1:
            return ""
    return text.strip()


def _pattern(typed: str) -> str:
    """Make the pattern of a typed word as a whole, in any case, with any dash for two hyphens."""
    word = re.escape(typed.removeprefix("--"))
    return rf"(?i)(?<![{_AROUND}]){_DASHES if typed.startswith('--') else ''}{word}(?![{_AROUND}])"
