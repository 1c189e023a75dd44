import io
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.bulk.id_column import EXAMPLES, MOST_COLUMNS, ColumnGuess, guess_columns
from bot.bulk.ids_file import IdsFile, as_utf8, reading
from bot.errors import UsageError


def guess(content: str | bytes) -> ColumnGuess:
    data = content if isinstance(content, bytes) else content.encode()
    return guess_columns(io.BytesIO(data), "players.csv")


@pytest.mark.parametrize(
    ("content", "column", "count"),
    [
        ("alice\nbob_k\ncarol\n", "1", 3),
        ("user_id\nalice\nbob_k\n", "user_id", 2),
        ("Player\nalice\nbob_k\n", "Player", 2),
        ("playerId\nalice\n", "playerId", 1),
        ("testuser\nalice\n", "1", 2),
        ("test\nalice\n", "1", 2),
        ("name,level,user_id\nAnn Lee,3,alice\nBob K,3,bob_k\n", "user_id", 2),
        ("nick;level;handle\nAnn Lee;3;ann_1\nBob K;3;bob_2\n", "handle", 2),
        ("id\tusername\n1\talice\n2\tbob_k\n", "username", 2),
        ("when,who,where\n2026-01-01,alice,Berlin\n2026-01-02,bob_k,Berlin\n", "who", 2),
        ("when,where,who\n2026-01-01,x,alice\n2026-01-02,x,bob_k\n", "who", 2),
        ("alice,Berlin,3\nbob_k,Berlin,4\n", "1", 2),
        (",player\n0,alice\n1,bob_k\n", "player", 2),
        ("2025,user\n1,alice\n", "user", 1),
        ("players and more\nalice\n", "1", 2),
        ("ids\nalice\nalice\nbob\n", "ids", 2),
        ("alice,\nbob_k,\n", "1", 2),
        ('"user id",note\n"Ann Lee","a,b"\nbob,\n', "user id", 2),
    ],
)
def test_guesses_the_column_of_the_ids(content: str, column: str, count: int) -> None:
    found = guess(content)

    assert (found.likely.name, found.count) == (column, count)


def test_offers_every_column_by_name_and_by_number_with_examples() -> None:
    found = guess(
        "name,user_id,name,2025,\nAnn,alice,x,1,y\nBob,bob_k,x,2,y\nAnn,carol,x,3,y\nCy,dave,x,4,y\n"
    )

    assert [(column.name, column.examples) for column in found.named] == [
        ("name", ("Ann", "Bob", "Cy")),
        ("user_id", ("alice", "bob_k", "carol")),
    ]
    assert [column.name for column in found.numbered] == ["1", "2", "3", "4", "5"]
    assert found.numbered[1].examples == ("user_id", "alice", "bob_k")


def test_counts_rows_and_distinct_ids() -> None:
    found = guess("user_id\n" + "alice\nbob_k\n" * 2000)

    assert (found.rows, found.count) == (4000, 2)


@pytest.mark.parametrize("content", ["", "\n \n", ",,\n,,\n", "user_id\n"])
def test_refuses_a_file_without_ids(content: str) -> None:
    with pytest.raises(UsageError, match=r"players\.csv (is empty|holds no ids)") as caught:
        guess(content)
    assert "one id a line, or a CSV" in caught.value.advice


def test_names_a_line_that_cannot_be_read_wherever_it_is() -> None:
    with pytest.raises(UsageError, match=r"line 2002 of players\.csv has a quote"):
        guess("user_id\n" + "alice\n" * 2000 + '"bob\n')


def test_shows_ids_as_they_are_and_names_as_they_are_typed() -> None:
    found = guess("name,`user\u00a0id`\nAnn,o\u2019hara\u00a0\nBob,ann`x\n")

    assert (found.likely.name, found.likely.examples) == ("user id", ("o\u2019hara", "ann`x"))


def test_looks_at_the_first_columns_of_very_many() -> None:
    found = guess(",".join(f"c{number}" for number in range(9000)) + "\n" + ",".join(["alice_1"] * 9000))

    assert len(found.numbered) == MOST_COLUMNS


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "utf-16-le"])
def test_reads_utf_16_as_excel_writes_it(encoding: str) -> None:
    mark = "" if encoding == "utf-16" else "\ufeff"
    content = f"{mark}用户\tuser_id\r\n张三\talice\r\n".encode(encoding)

    assert guess(content).likely.name == "user_id"
    with as_utf8(io.BytesIO(content), "players.txt") as source:
        assert list(IdsFile(source, "players.txt", "用户")) == ["张三"]


@pytest.mark.parametrize("content", [b"\xff\xfea", b"\xff\xfe\x00\xd8a\x00"])
def test_refuses_broken_utf_16(content: bytes) -> None:
    with pytest.raises(UsageError, match=r"players\.csv is not UTF-16 text"):
        guess(content)


CELLS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r\n"), max_size=12)
LINES = st.lists(st.lists(CELLS, min_size=1, max_size=5), max_size=8)


@pytest.mark.parametrize("write", [str.encode, lambda text: text.encode("utf-16")])
@given(lines=LINES, separator=st.sampled_from(",;\t"))
def test_guesses_a_column_that_can_be_read_or_says_why_not(
    write: Callable[[str], bytes], lines: list[list[str]], separator: str
) -> None:
    content = write("\n".join(separator.join(cells) for cells in lines))
    with suppress(UsageError):
        found = guess(content)

        with as_utf8(io.BytesIO(content), "players.csv") as source:
            read = list(IdsFile(source, "players.csv", found.likely.name))
        assert (len(read), len(set(read))) == (found.rows, found.count)
        assert found.likely in (*found.named, *found.numbered)
        assert all(len(column.name) >= 1 for column in found.named)
        assert all(len(column.examples) <= EXAMPLES for column in found.numbered)


@given(st.binary(max_size=200))
def test_guesses_in_any_bytes_or_says_why_not(content: bytes) -> None:
    with suppress(UsageError):
        found = guess(content)
        assert 0 < found.count <= found.rows


def test_reads_no_third_file_before_one_of_two_is_read() -> None:
    with ThreadPoolExecutor() as pool:
        with ExitStack() as turns:
            turns.enter_context(reading())
            turns.enter_context(reading())
            third = pool.submit(guess, "alice\nbob_k\n")
            assert not third.done()
        assert third.result().count == 2
