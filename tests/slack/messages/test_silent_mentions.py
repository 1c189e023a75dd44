from typing import Any

import pytest

from bot.slack.messages.blocks import Message
from bot.slack.messages.silent_mentions import no_names, without_mentions

NAMES = {
    "U01ED": "Ed Okafor",
    "U01LONG": "x" * 80,
    "U01THIN": "\u200b" * 30,
    "U01ODD": "<!channel>\u202e & <@U02>",
}


def replaced(node: dict[str, Any]) -> dict[str, Any]:
    message = without_mentions(
        Message("by U01ED", ({"type": "b", "elements": [node]},)), lambda id_: NAMES.get(id_, "")
    )
    assert message.text == "by U01ED"
    element: dict[str, Any] = message.blocks[0]["elements"][0]
    return element


@pytest.mark.parametrize(
    ("node", "shown"),
    [
        ({"type": "user", "user_id": "U01ED"}, "Ed Okafor (U01ED)"),
        ({"type": "user", "user_id": "U01NEW"}, "U01NEW"),
        ({"type": "user", "user_id": "U01LONG"}, f"{'x' * 29}… (U01LONG)"),
        ({"type": "user", "user_id": "U01THIN"}, f"{'⟨200B⟩' * 4}⟨200B… (U01THIN)"),
        ({"type": "user", "user_id": "U01ODD"}, "<!channel>⟨202E⟩ & <@U02> (U01ODD)"),
        ({"type": "usergroup", "usergroup_id": "S01"}, "S01"),
    ],
)
def test_shows_people_by_name_and_id(node: dict[str, Any], shown: str) -> None:
    assert replaced(node) == {"type": "text", "text": shown}


def test_shows_people_in_markup_by_escaped_names() -> None:
    node = {"type": "mrkdwn", "text": "by <@U01ODD>, <@U01ED>", "verbatim": True}

    shown = "by &lt;!channel&gt;⟨202E⟩ &amp; &lt;@U02&gt; (U01ODD), Ed Okafor (U01ED)"
    assert replaced(node) == {**node, "text": shown}


@pytest.mark.parametrize("text", ["<@U01ED>", "plain"])
def test_leaves_literal_text_as_it_is(text: str) -> None:
    assert replaced({"type": "text", "text": text}) == {"type": "text", "text": text}


def test_shows_ids_where_no_name_is_known() -> None:
    message = Message("", ({"type": "user", "user_id": "U01ED"},))

    assert without_mentions(message, no_names).blocks == ({"type": "text", "text": "U01ED"},)
