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
_SPACES = [*range(0x09, 0x0E), *range(0x1C, 0x21), 0x85, 0xA0, 0x1680, *range(0x2000, 0x200B)]
_SPACES += [0x2028, 0x2029, 0x202F, 0x205F, 0x3000]
_ENDS = "".join(map(chr, _SPACES + _UNSEEN))

_PLAIN = str.maketrans(
    {**dict.fromkeys(DOUBLE, '"'), **dict.fromkeys(SINGLE, "'"), **dict.fromkeys(MARKS, "")}
)
_BLANK = re.compile(r"[^\S\n]")
# macOS and iOS turn the two hyphens of an option into one dash.
_DASH = re.compile(r"(?<!\S)[\u2013-\u2015](?=[A-Za-z])")


def strip_invisible(text: str) -> str:
    """Strip blanks and invisible characters from both ends of a text that a machine wrote."""
    return text.strip(_ENDS)


def normalize(text: str) -> str:
    """Normalize a command's word or an id that a person typed; never a value.

    Curly quotes and dashes become straight, all blanks but newlines become spaces, and code marks and
    invisible characters are dropped, including the joiners of composed emoji.
    """
    return _DASH.sub("--", _BLANK.sub(" ", text.translate(_PLAIN)))
