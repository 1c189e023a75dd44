import json
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.bulk.part_file import PartFile
from bot.bulk.row_formats import CsvRows, JsonRows, RowFormat
from bot.core.commands import make_lookup
from bot.core.lookups.kinds import PROFILES
from bot.core.model import AccountResult, App, LookupStatus, Values
from bot.errors import BotError, NotFoundError, UsageError

NOON = datetime(2026, 4, 19, 12, tzinfo=UTC)
COMMAND = make_lookup(PROFILES, App("prod", ""), ())
FORMATS: dict[str, RowFormat] = {"csv": CsvRows(COMMAND), "jsonl": JsonRows(COMMAND)}
LOOKUP = {"the lookup": "profile", "--app": "prod"}
IDS = ["alice", '=1+1"', "bob\u2028k", "张三", "found"]
TEXTS = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0\n\r"), min_size=1, max_size=12
)


def make_row(account: str) -> AccountResult:
    if len(account) % 2:
        problem = NotFoundError("no such account", code=40003)
        return AccountResult(account, LookupStatus.NOT_IMPORTED, problem=problem)
    values: Values = {"Tag_Profile_IM_Nick": f'{account}\n"x"', "Tag_Profile_IM_Level": 3}
    return AccountResult(account, LookupStatus.FOUND, values)


@contextmanager
def opened(folder: Path, form: RowFormat) -> Iterator[PartFile]:
    part = PartFile(folder / "out", form, LOOKUP)
    part.check(force=False)
    part.open(force=False)
    try:
        yield part
    finally:
        part.close()


def write_all(folder: Path, form: RowFormat, ids: Sequence[str]) -> bytes:
    with opened(folder, form) as part:
        done = sum(part.resume(ids).values())
        part.append(form.write(map(make_row, ids[done:]), NOON))
    return part.path.read_bytes()


@pytest.mark.parametrize("name", FORMATS)
def test_makes_the_output_and_leaves_nothing_else(name: str, tmp_path: Path) -> None:
    content = write_all(tmp_path, FORMATS[name], IDS)
    with opened(tmp_path, FORMATS[name]) as part:
        assert part.resume(IDS) == Counter(make_row(account).status for account in IDS)
        part.finish(convert=False)

    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert (tmp_path / "out").read_bytes() == content


@pytest.mark.parametrize("name", FORMATS)
@given(ids=st.lists(TEXTS, unique=True, max_size=6), data=st.data())
def test_goes_on_after_a_cut_at_any_byte(name: str, ids: list[str], data: st.DataObject) -> None:
    with TemporaryDirectory() as folder:
        content = write_all(Path(folder), FORMATS[name], ids)
        cut = data.draw(st.integers(0, len(content)))
        (Path(folder) / "out.part").write_bytes(content[:cut])

        assert write_all(Path(folder), FORMATS[name], ids) == content


@pytest.mark.parametrize("name", FORMATS)
@given(rest=st.binary(max_size=40), kept=st.integers(0, len(IDS)))
def test_cuts_off_what_is_no_row_of_the_next_id(name: str, rest: bytes, kept: int) -> None:
    with TemporaryDirectory() as folder:
        content = write_all(Path(folder), FORMATS[name], IDS)
        begin = write_all(Path(folder) / "", FORMATS[name], IDS)[: len(content)]
        lines = begin.splitlines(keepends=True)
        head = len(FORMATS[name].head.splitlines())
        (Path(folder) / "out.part").write_bytes(b"".join(lines[: head + kept]) + rest)

        assert write_all(Path(folder), FORMATS[name], IDS) == content


def test_refuses_what_belongs_to_another_lookup(tmp_path: Path) -> None:
    write_all(tmp_path, FORMATS["csv"], IDS)
    other = PartFile(tmp_path / "out", FORMATS["csv"], {**LOOKUP, "--app": "test"})

    with pytest.raises(UsageError, match="another lookup: --app was prod and is now test") as caught:
        other.check(force=False)

    assert "delete out.part and out.part.json, or add --force" in caught.value.advice
    other.check(force=True)


@pytest.mark.parametrize(
    "begin", [b"\xef\xbb\xbfName,", b'\xef\xbb\xbf"account","state"\r\n' + b"alice," * 50]
)
def test_keeps_rows_under_another_header(begin: bytes, tmp_path: Path) -> None:
    (tmp_path / "out.part").write_bytes(begin)
    (tmp_path / "out.part.json").write_text(json.dumps(LOOKUP))

    with (
        opened(tmp_path, FORMATS["csv"]) as part,
        pytest.raises(UsageError, match="another lookup: its first line is not this one's") as caught,
    ):
        part.resume(IDS)

    assert (tmp_path / "out.part").read_bytes() == begin
    assert "delete out.part and out.part.json, or add --force" in caught.value.advice


@pytest.mark.parametrize("note", [None, b"", b"{", b"[]", b"\xff"])
def test_refuses_what_it_does_not_know(note: bytes | None, tmp_path: Path) -> None:
    (tmp_path / "out.part").write_bytes(b"rows of something")
    if note is not None:
        (tmp_path / "out.part.json").write_bytes(note)

    with pytest.raises(UsageError, match="is not known to be of this lookup"):
        PartFile(tmp_path / "out", FORMATS["csv"], LOOKUP).check(force=False)


def test_a_crash_before_its_note_is_gone_leaves_it_complete(tmp_path: Path) -> None:
    (tmp_path / "out").write_bytes(b"all rows")
    (tmp_path / "out.part.json").write_text(json.dumps(LOOKUP))

    with pytest.raises(UsageError, match="out is complete"):
        PartFile(tmp_path / "out", FORMATS["csv"], LOOKUP).check(force=False)


def test_one_process_at_a_time_writes(tmp_path: Path) -> None:
    with opened(tmp_path, FORMATS["csv"]), pytest.raises(UsageError, match="another im-bot writes"):
        PartFile(tmp_path / "out", FORMATS["csv"], LOOKUP).open(force=False)


def test_says_that_the_disk_is_full(tmp_path: Path) -> None:
    (tmp_path / "out.part").symlink_to("/dev/full")
    part = PartFile(tmp_path / "out", FORMATS["csv"], LOOKUP)
    part.open(force=False)

    with pytest.raises(BotError, match="cannot be written: No space left on device") as caught:
        part.append(b"row")
    part.close()

    assert "run the same command again" in caught.value.advice
