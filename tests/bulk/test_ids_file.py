import csv
import io
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.bulk.id_list import IdList
from bot.bulk.ids_file import IdsFile
from bot.core.parsing.typography import strip_invisible
from bot.errors import UsageError

CELLS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r\n"), max_size=20)


def read(content: bytes | str, column: str = "") -> list[str]:
    data = content if isinstance(content, bytes) else content.encode()
    return list(IdsFile(io.BytesIO(data), "ids.csv", column))


@pytest.mark.parametrize(
    ("content", "ids"),
    [
        ("", []),
        ("\n \r\n\n", []),
        ("alice\nbob", ["alice", "bob"]),
        ("\ufeffalice\r\nbob\r\n", ["alice", "bob"]),
        ("alice\rbob\rcarol", ["alice", "bob", "carol"]),
        ("  alice \u200b\n\tbob\n", ["alice", "bob"]),
        ('"a,b"\n"say ""hi"""\n', ["a,b", 'say "hi"']),
        ("Ann Lee\n", ["Ann Lee"]),
        ("alice\nalice\n", ["alice", "alice"]),
        ("张三\n", ["张三"]),
    ],
)
def test_reads_one_id_a_line(content: str, ids: list[str]) -> None:
    assert read(content) == ids


@pytest.mark.parametrize(
    "account",
    [
        "ann`x",
        "`ann`",
        "o\u2019hara",
        "\u201cann\u201d",
        "a\u00a0b",
        "\U0001f468\u200d\U0001f469",
        "a \u2013b",
    ],
)
def test_reads_an_id_as_a_machine_wrote_it(account: str) -> None:
    assert read(f"\u00a0\u200b{account}\u3000\u2060\ufeff\r\n") == [account]
    assert read(f"name;id\nAnn;{account}\n", "id") == [account]


def test_finds_a_header_as_a_keyboard_wrote_it() -> None:
    assert read("name,`user\u00a0id`\nAnn,7\n", "user id") == ["7"]
    with pytest.raises(UsageError, match="like the name of a column"):
        read("`ID`\n7\n")


@pytest.mark.parametrize(
    ("content", "column", "ids"),
    [
        ("name,id\nAnn,7\nBob,8\n", "id", ["7", "8"]),
        ("name;id\nAnn;7\n", "id", ["7"]),
        ("name\tid\nAnn\t7\n", "2", ["id", "7"]),
        ("id\nid\n", "id", ["id"]),
        ("id\nuser\n", "1", ["id", "user"]),
        ('id,note\n7,"a,b"\n,none\n8,\n', "id", ["7", "8"]),
    ],
)
def test_reads_one_column(content: str, column: str, ids: list[str]) -> None:
    assert read(content, column) == ids


@pytest.mark.parametrize(
    ("content", "column", "words", "advice"),
    [
        (b"alice\n\xff\xfe", "", "line 2 of ids.csv is not UTF-8 text", "one id a line"),
        ("alice".encode("utf-16"), "", "line 1 of ids.csv is not UTF-8 text", "one id a line"),
        (b"a\0b", "", "line 1 of ids.csv holds a NUL", "one id a line"),
        ("id,name\n7,Ann", "", "line 1 of ids.csv has 2 columns", "--column id"),
        ("7\n8,9\n", "", "line 2 of ids.csv has 2 columns", "--column 8"),
        ("ID\n7", "", "like the name of a column", "--column ID"),
        ("a,b\n1\n", "3", "line 1 of ids.csv has no column 3", "one id a line"),
        ("a,b\n1,2\n", "c", "has no column “c”", "Columns: a, b"),
        ('a\n"b\n', "", "line 2 of ids.csv has a quote that is not closed", "Line breaks inside cells"),
        (f"a\n{'é' * 501}", "", "line 2 of ids.csv has an id of more than 1,000 bytes", "Name the column"),
        ("x\r" + "x" * 100_001, "", "line 2 of ids.csv is longer than 100,000 bytes", "one id a line"),
        ("x" * 100_001, "", "line 1 of ids.csv is longer than 100,000 bytes", "one id a line"),
        ("a\n", "0", "line 1 of ids.csv has no column 0", "one id a line"),
    ],
)
def test_names_the_line_and_what_to_do(content: bytes | str, column: str, words: str, advice: str) -> None:
    with pytest.raises(UsageError) as caught:
        read(content, column)

    assert words in str(caught.value)
    assert advice in caught.value.advice


@given(st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=8))
def test_reads_what_was_written_as_a_csv(rows: list[tuple[str, str]]) -> None:
    text = io.StringIO()
    csv.writer(text, delimiter=";", quoting=csv.QUOTE_ALL).writerows([("note", "id"), *rows])

    ids = read(text.getvalue(), "id")

    assert ids == [account for _, cell in rows if (account := strip_invisible(cell))]


@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode), st.sampled_from(["", "1", "2", "id"]))
def test_reads_or_refuses_any_file(content: bytes, column: str) -> None:
    file = IdsFile(io.BytesIO(content), "ids.csv", column)
    ids: list[str] = []
    advice = ""
    try:
        ids = list(file)
    except UsageError as error:
        advice = error.advice

    assert all(ids)
    assert advice or file.digest.hexdigest() == sha256(content).hexdigest()


@given(
    st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=3), max_size=30),
    st.data(),
)
def test_keeps_each_id_once_in_its_first_place(ids: list[str], data: st.DataObject) -> None:
    kept = list(dict.fromkeys(ids))
    listed = IdList()
    listed.add(ids)
    skipped = data.draw(st.integers(0, len(kept)))

    assert (listed.given, listed.count) == (len(ids), len(kept))
    assert list(listed.after(skipped)) == kept[skipped:]
    listed.close()


@pytest.mark.parametrize("end", ["\r", "\r\n", "\n"])
@pytest.mark.parametrize("width", [1, 7, 99_998])
def test_reads_a_long_file_whatever_ends_its_lines(end: str, width: int) -> None:
    lines = [str(number).rjust(width) for number in range(250_000 // width)]
    content = end.join([*lines, "", "last"])
    file = IdsFile(io.BytesIO(content.encode()), "ids.csv")

    assert list(file) == [line.strip() for line in lines] + ["last"]
    assert file.digest.hexdigest() == sha256(content.encode()).hexdigest()


@pytest.mark.parametrize("end", ["\r", "\r\n", "\n"])
def test_counts_the_lines_of_a_long_file(end: str) -> None:
    with pytest.raises(UsageError, match=r"line 100001 of ids\.csv has 2 columns"):
        read(end.join(["", "a"] * 50_000 + ["b,c"]))


@pytest.mark.parametrize("column", ["id", "2"])
def test_takes_a_short_line_as_one_with_empty_cells(column: str) -> None:
    assert read("name,id\nAnn,7\nTotal\n", column)[-1] == "7"


def test_samples_the_first_cells_alone() -> None:
    sample = IdsFile(io.BytesIO(b"a,b,c\n1\n"), "ids.csv").sample(10, 2)

    assert sample == [["a", "b"], ["1"]]
