import csv
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.spreadsheet import line

FORMULAS = (
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    " =1",
    '"=1',
    "'@x",
    "\ufeff=1",
    "\uff1d1",
    "\t",
)
cells = st.lists(st.text() | st.sampled_from(FORMULAS), min_size=1)


def read(text: str) -> list[list[str]]:
    return list(csv.reader(StringIO(text, newline=""), strict=True))


@pytest.mark.parametrize("text", FORMULAS)
def test_starts_what_could_be_a_formula_with_a_quote(text: str) -> None:
    assert read(line([text])) == [[f"'{text}"]]


@pytest.mark.parametrize("text", ["a", "a=b", "1-2", 'say "no", or yes', "two\nlines", "漢字", "—"])
def test_leaves_everything_else_as_it_is(text: str) -> None:
    assert read(line([text, ""])) == [[text, ""]]


def test_ends_a_line_as_the_standard_says() -> None:
    assert line(["a", 'b"', "c,d"]) == 'a,"b""","c,d"\r\n'


@given(cells)
def test_reads_back_as_one_row_in_which_no_cell_begins_a_formula(row: list[str]) -> None:
    (back,) = read(line(row))

    assert all(cell in (given, f"'{given}") for cell, given in zip(back, row, strict=True))
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in back)
