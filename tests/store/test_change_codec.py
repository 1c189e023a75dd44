import json
from dataclasses import replace
from datetime import UTC, datetime

from bot.core.model import Change, Outcome
from bot.store import change_codec
from tests.support.entries import ALICE

CHANGE = Change(
    id="op_1",
    actor=ALICE,
    app="demo",
    account="zoë",
    before={"b": ("x",)},
    after={"a": 1, "n": "\0\ud800😀"},
    reason="so",
    proposed_at=datetime(2026, 3, 1, 12, tzinfo=UTC),
    undoes="op_0",
)
ROW = {
    "id": "op_1",
    "content": r'{"account": "zo\u00eb", "after": {"a": 1, "n": "\u0000\ud800\ud83d\ude00"}, "app": "demo", '
    r'"before": {"b": ["x"]}, "id": "op_1", "proposed_at": "2026-03-01T12:00:00+00:00", "reason": "so", '
    r'"team": "T1", "undoes": "op_0", "user": "U1"}',
    "digest": "96be802a8bff1512670d1f9bcf56ff80bfbef309dd577a8510a190ecc83cc33e",
    "outcome": "proposed",
    "moved_at": "2026-03-01T12:00:00.000000+00:00",
}


def test_writes_a_change_exactly_so() -> None:
    assert change_codec.encode_change(CHANGE, ROW["moved_at"]) == ROW


def test_reads_a_change_back_as_it_was_written() -> None:
    assert change_codec.read_content(change_codec.ChangeRow(**ROW)).to_change(Outcome.PROPOSED) == CHANGE


def test_keeps_the_values_that_need_no_change_only_where_there_are_some() -> None:
    change = replace(CHANGE, kept={"k": "\ud800", "l": 7})
    row = change_codec.encode_change(change, ROW["moved_at"])

    assert json.loads(row["content"]) == {**json.loads(ROW["content"]), "kept": {"k": "\ud800", "l": 7}}
    content = change_codec.read_content(change_codec.ChangeRow(**row))
    assert content.to_change(change.outcome) == change


def test_makes_of_a_change_what_its_entries_can_say_of_it() -> None:
    storable = change_codec.make_storable(change_codec.ChangeContent.of(CHANGE), ROW["content"])

    assert storable.after == {"a": 1, "n": "\ufffd\ufffd😀"}
    assert storable.before == CHANGE.before
