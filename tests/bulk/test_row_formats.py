import csv
from datetime import UTC, datetime
from io import StringIO

import pytest

from bot.bulk.row_formats import JsonRows, list_attributes, to_csv
from bot.core.model import Value
from bot.slack.messages.lookups.csv import to_csv as write_answer
from tests.support.sample_results import attributes, found

NOON = datetime(2026, 4, 19, 12, tzinfo=UTC)


@pytest.mark.parametrize(("value", "cell"), [(0, "0"), ("0", "0"), (-1, "'-1"), ("", ""), ("red", "red")])
def test_writes_an_attribute_as_the_csv_of_an_answer_does(value: Value, cell: str) -> None:
    row = found("alice", {"tier": value})
    lookup = attributes(row)
    kept = JsonRows(lookup.command).write([row], NOON).splitlines(keepends=True)

    content = b"".join(to_csv(kept, list_attributes(kept)))

    _, cells = csv.reader(StringIO(content.decode("utf-8-sig"), newline=""))
    assert cells[-1] == cell
    assert content == write_answer(lookup, NOON)
