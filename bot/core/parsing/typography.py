"""Normalization of the typographic characters that keyboards and documents substitute."""

import re

# By code: the characters themselves look alike, or are invisible.
DOUBLE = '"' + "".join(map(chr, range(0x201C, 0x2020)))
"""The double quotes, the straight one first."""
SINGLE = "'" + "".join(map(chr, range(0x2018, 0x201C)))
"""The single quotes, the straight one first; also apostrophes."""
_UNSEEN = [0xAD, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070), 0xFEFF]
MARKS = "`" + "".join(map(chr, _UNSEEN))
"""Code marks and invisible characters, which are not part of a word."""

_PLAIN = str.maketrans(
    {**dict.fromkeys(DOUBLE, '"'), **dict.fromkeys(SINGLE, "'"), **dict.fromkeys(MARKS, "")}
)
_BLANK = re.compile(r"[^\S\n]")
# macOS and iOS turn the two hyphens of an option into one dash.
_DASH = re.compile(r"(?<!\S)[\u2013-\u2015](?=[A-Za-z])")


def normalize(text: str) -> str:
    """Normalize a command's word or an id; never a value.

    Curly quotes and dashes become straight, all blanks but newlines become spaces, and code marks and
    invisible characters are dropped, including the joiners of composed emoji.
    """
    return _DASH.sub("--", _BLANK.sub(" ", text.translate(_PLAIN)))
