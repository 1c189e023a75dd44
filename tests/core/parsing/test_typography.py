import sys
import unicodedata

from bot.core.parsing.typography import normalize, strip_invisible


def test_strips_every_blank_and_what_normalizing_drops_from_the_ends_alone() -> None:
    blanks = [chr(code) for code in range(sys.maxunicode + 1) if chr(code).isspace()]
    marks = [chr(code) for code in range(sys.maxunicode + 1) if unicodedata.category(chr(code)) == "Cf"]
    dropped = [mark for mark in marks if not normalize(mark)]

    for mark in (*blanks, *dropped):
        assert strip_invisible(f"{mark}{mark}a{mark}b{mark}") == f"a{mark}b"
    assert "\ufeff" in dropped


def test_strips_no_quotes_and_no_code_marks() -> None:
    for text in ("`a`", "\u2019a\u2019", '"a"', "\u201ca\u201d"):
        assert strip_invisible(text) == text
