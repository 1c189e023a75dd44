import csv
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.text.spreadsheet import line
from tests.support.formulas import FORMULAS

cells = st.lists(st.text() | st.text("a;\t\r\n \"'=+@\0") | st.sampled_from(FORMULAS), min_size=1)


def read(text: str) -> list[list[str]]:
    return list(csv.reader(StringIO(text, newline=""), strict=True))


@pytest.mark.parametrize("text", FORMULAS)
def test_starts_what_could_be_a_formula_with_a_quote(text: str) -> None:
    ((cell,),) = read(line([text]))
    assert cell.startswith("'")
    assert cell.replace("'", "") == text.replace("'", "")


@pytest.mark.parametrize("text", ["a", "a=b", "1-2", 'say "no", or yes', "two\nlines", "漢字", "—"])
def test_leaves_everything_else_as_it_is(text: str) -> None:
    assert read(line([text, ""])) == [[text, ""]]


def test_ends_a_line_as_the_standard_says() -> None:
    assert line(["a", 'b"', "c,d"]) == '"a","b""","c,d"\r\n'


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a;=1", "a;'=1"),
        ("a;b; @x", "a;b;' @x"),
        ("a\t+1", "a\t'+1"),
        ("a\t\t-1;-2", "a\t\t'-1;'-2"),
        ("a\n=1", "a\n'=1"),
        ("=1;=2", "'=1;'=2"),
        ("\u2060=1", "'\u2060=1"),
        ("\0=1", "'\0=1"),
        ("a;b=1", "a;b=1"),
    ],
)
def test_makes_no_formula_where_something_else_separates(text: str, shown: str) -> None:
    assert read(line([text])) == [[shown]]


@given(cells)
def test_begins_no_formula_with_another_separator(row: list[str]) -> None:
    for delimiter in ";\t":
        for back in csv.reader(StringIO(line(row), newline=""), delimiter=delimiter):
            assert not any(cell.lstrip(" ").startswith(("=", "+", "-", "@")) for cell in back)


@given(cells)
def test_reads_back_as_one_row_in_which_no_cell_begins_a_formula(row: list[str]) -> None:
    (back,) = read(line(row))

    assert [cell.replace("'", "") for cell in back] == [given.replace("'", "") for given in row]
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in back)
