"""Text handling: unescaping, escaping, cutting, counting."""

import re
import unicodedata
from collections.abc import Iterable
from itertools import takewhile
from operator import eq

ELLIPSIS = "…"
"""The end of a cut text."""

_WRAPPED = re.compile(
    r"<(?:[@#](?P<mention>[A-Z0-9]+)|(?:mailto:|tel:)(?P<target>[^<>|]+)|(?P<url>https?://[^<>|]+))"
    r"(?:\|(?P<label>[^<>]*))?>"
)
_ESCAPED = re.compile("&(amp|lt|gt);")
_CHARACTERS = {"amp": "&", "lt": "<", "gt": ">"}
_BROADCAST = re.compile("@(?=here|channel|everyone)", re.IGNORECASE)
_WORD_JOINER = "\u2060"
_LEFT_TO_RIGHT_MARK = "\u200e"
_RIGHT_TO_LEFT = frozenset({"R", "AL"})

_JOINER = "\u200d"
_FLAG_LETTERS = "".join(map(chr, range(0x1F1E6, 0x1F200)))
_EXTENDERS = frozenset({_JOINER, *map(chr, range(0x1F3FB, 0x1F400))})
_CLUSTER = 16
"""The most characters to step back for the start of a grapheme; combining marks can be endless."""


def unescape(text: str) -> str:
    """Turn text from Slack into the text that the person typed.

    Links and mentions become the part that can be an account id; then Slack's three escapes are undone,
    once. All else stays as it is: it may be a value.
    """
    return _ESCAPED.sub(lambda match: _CHARACTERS[match[1]], _WRAPPED.sub(_unwrap, text))


def _unwrap(match: re.Match[str]) -> str:
    return match["mention"] or match["label"] or match["target"] or match["url"]


def escape(text: str) -> str:
    """Escape the three control characters of Slack's markup: &, < and >."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def escape_mentions(text: str) -> str:
    """Escape a message's top-level text, in which @here would notify people even when escaped.

    An invisible word joiner after the @ breaks the mention.
    """
    return break_mentions(escape(text))


def break_mentions(text: str) -> str:
    """Break @here and the like in a text that is escaped already."""
    return _BROADCAST.sub(f"@{_WORD_JOINER}", text)


def cut(text: str, limit: int) -> str:
    """Cut a text between graphemes to at most `limit` characters, ellipsis included."""
    if len(text) <= limit:
        return text
    end = limit - 1
    start = max(0, end - _CLUSTER)
    boundary = next((place for place in range(end, start, -1) if not _is_inside(text, place)), end)
    return text[:boundary] + ELLIPSIS


def cut_alike(one: str, other: str, limit: int) -> tuple[str, str]:
    """Cut two texts that start alike to at most `limit` characters, with their first difference."""
    alike = sum(1 for _ in takewhile(bool, map(eq, one, other)))
    start = max(1, alike - limit // 4)
    boundary = next((place for place in range(start, alike) if not _is_inside(one, place)), alike)
    return cut(ELLIPSIS + one[boundary:], limit), cut(ELLIPSIS + other[boundary:], limit)


def end_mark(text: str) -> str:
    """Return an invisible mark to put after a text with right-to-left letters, else nothing.

    Without it, what follows is shown before the text.
    """
    is_mixed = any(unicodedata.bidirectional(letter) in _RIGHT_TO_LEFT for letter in text)
    return _LEFT_TO_RIGHT_MARK if is_mixed else ""


def _is_inside(text: str, place: int) -> bool:
    """Check whether the character at `place` belongs to the one before it."""
    after = text[place]
    if after in _FLAG_LETTERS:
        return (place - len(text[:place].rstrip(_FLAG_LETTERS))) % 2 == 1
    return text[place - 1] == _JOINER or after in _EXTENDERS or unicodedata.category(after).startswith("M")


def plural(number: int, noun: str) -> str:
    """Return a count with its noun: 1 account, 2,000 accounts."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def and_more(number: int, nouns: str = "") -> str:
    """Return the end of a shortened list; empty if nothing was left out."""
    return f"and {number:,} more{f' {nouns}' if nouns else ''}" if number > 0 else ""


def join_some(shown: Iterable[str], left_out: int) -> str:
    """Join the texts shown, and count the ones left out."""
    return " ".join(filter(None, (", ".join(shown), and_more(left_out))))
