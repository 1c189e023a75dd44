"""A message's top-level text: what the blocks say, for notifications, screen readers and refused blocks."""

from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any

from bot.slack.messages.blocks import Payload
from bot.slack.messages.text import ELLIPSIS, cut, inert

MAX_TEXT = 3500
"""The most characters of a message's top-level text; Slack advises 4,000."""
_MAX_LINE = 600


def fallback(payload: Payload) -> str:
    """Say in plain text what the blocks say, small print aside; shown where the blocks are not."""
    said: list[str] = []
    left = MAX_TEXT - len(ELLIPSIS)
    for line in chain.from_iterable(map(_lines, payload)):
        safe = inert(cut(line, _MAX_LINE))
        left -= len(safe) + 1
        if left < 0:
            return "\n".join([*said, ELLIPSIS])
        said.append(safe)
    return "\n".join(said)


def _lines(block: Mapping[str, Any]) -> Iterator[str]:
    match block:
        case {"type": "rich_text", "elements": [{"elements": elements}]}:
            yield from "".join(_said(element) for element in elements).split("\n")
        case {"type": "table", "rows": rows}:
            yield from (" · ".join(cell["text"] for cell in row) for row in rows)
        case {"type": "section", "fields": fields}:
            yield from (field["text"].replace("*\n", ": ").lstrip("*") for field in fields)
        case _:
            pass  # buttons and small print say nothing that is missed


def _said(element: Mapping[str, str]) -> str:
    return element.get("text") or element.get("user_id") or element["usergroup_id"]
