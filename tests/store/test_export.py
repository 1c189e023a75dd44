import csv
import json
import re
import subprocess
import sys
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest

from bot.core.model import Outcome
from bot.store.export import COLUMNS, export
from bot.store.record import Store
from tests.support.entries import a_change, looked_up, step
from tests.support.formulas import FORMULAS

DOCS = (Path(__file__).parents[2] / "docs/audit.md").read_text(encoding="utf-8")


def rows(url: str) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO("".join(export(url, "csv")), newline="")))


def test_exports_every_entry_as_a_line_of_json(url: str, store: Store) -> None:
    entries = [store.add(looked_up("zoë\n\u2028")), store.add(looked_up())]

    lines = [json.loads(line) for line in export(url, "jsonl")]

    assert [(line["sequence"], line["hash"]) for line in lines] == [
        (each.sequence, each.hash) for each in entries
    ]
    assert lines[0]["accounts"] == ["zoë\n\u2028"]
    assert all(line.count("\n") == 1 for line in export(url, "jsonl"))


def test_the_program_of_the_docs_checks_an_export(url: str, store: Store, tmp_path: Path) -> None:
    for account in ("alice", "zoë", "bob"):
        store.add(looked_up(account))
    whole = "".join(export(url, "jsonl"))
    (program,) = re.findall(r"```python\n(.*?)```", DOCS, re.DOTALL)

    def check(lines: str) -> str:
        (tmp_path / "record.jsonl").write_text(lines, encoding="utf-8")
        command = [sys.executable, "-c", program]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False).stderr

    assert check(whole) == ""
    assert "entry 2 is not what it was" in check(whole.replace("zoë", "eve"))


def test_exports_every_column_as_csv(url: str, store: Store) -> None:
    change = a_change()
    entry = store.add(step(change, Outcome.SUCCEEDED))

    (row,) = rows(url)

    assert tuple(row) == COLUMNS
    assert row["sequence"] == "1"
    assert row["hash"] == entry.hash
    assert json.loads(row["after"]) == change.after
    assert json.loads(row["accounts"]) == ["bob"]
    assert (row["change"], row["outcome"], row["reason"]) == ("op_1", "succeeded", "ticket 4711")


# Entries have no NUL: a mark takes its place.
@pytest.mark.parametrize("text", [text for text in FORMULAS if "\0" not in text])
def test_no_cell_is_a_formula(url: str, store: Store, text: str) -> None:
    store.add(replace(looked_up(), reason=text))

    reason = rows(url)[0]["reason"]
    assert reason.startswith("'")
    assert reason.replace("'", "") == text.replace("'", "")


@pytest.mark.parametrize("text", ["", "ticket 4711", "a=b", 'say "no", or yes', "two\nlines", "漢字"])
def test_other_cells_stay_as_they_are(url: str, store: Store, text: str) -> None:
    store.add(replace(looked_up(), reason=text))

    assert rows(url)[0]["reason"] == text


def test_an_empty_record_is_an_empty_export(url: str) -> None:
    assert list(export(url, "jsonl")) == []
    assert rows(url) == []
