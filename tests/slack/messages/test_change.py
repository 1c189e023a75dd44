from datetime import UTC, datetime

from bot.core.fields import custom_field
from bot.core.model import Actor, App, Change
from bot.core.results import Preview
from bot.slack.messages.render import render

APP = App("demo", "local", tuple(custom_field(f"A{letter}") for letter in "abcdefghij"))


def test_shows_differences_at_the_end_of_many_long_values() -> None:
    before = {field.tag: "x" * 499 for field in APP.custom}
    after = {field.tag: "x" * 498 + "y" for field in APP.custom}
    change = Change(
        "op_aaaaaaaaaaaa", Actor("U1", "T1"), "demo", "alice", before, after, "", datetime.now(UTC)
    )

    message = render(Preview(APP, change), command="/im", actor_id="U1")

    (table,) = (block for block in message.blocks if block["type"] == "table")
    for _, now, then in table["rows"][1:]:
        assert (now["text"][:3], now["text"][-1], then["text"][-1]) == ("…xx", "x", "y")
