"""Messages in modals: the same blocks, with lines for tables, which Slack shows in messages alone."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from slack_sdk.models.blocks import PlainTextObject, RichTextElement

from bot.core.text.value_words import ABSENT
from bot.slack.messages.blocks import Message, bold, paragraph, words
from bot.slack.messages.text import end_mark
from bot.slack.modals.profile import TITLE, make_view

_TABLES = frozenset({"table", "data_table"})
_OURS = frozenset({"Now", "Before"})
"""The second headings of tables whose values need none: those of now, or before and after."""
_CLOSE = PlainTextObject(text="Close")


def notice_view(message: Message, title: str = TITLE) -> dict[str, Any]:
    """Make a view of a message; closing it leads back to the form below it, if there is one."""
    return make_view(list(_adapt(message.blocks)), title=title, close=_CLOSE)


def without_alerts(view: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return a view with plain text for its alerts, which Slack may refuse; None if it has none."""
    if not any(block["type"] == "alert" for block in view["blocks"]):
        return None
    return {**view, "blocks": [_flatten(block) for block in view["blocks"]]}


def _flatten(block: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"type": "section", "text": block["text"]} if block["type"] == "alert" else block


def _adapt(blocks: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    for block in blocks:
        if block["type"] in _TABLES:
            rows = [[_said(cell) for cell in row] for row in block["rows"]]
            yield paragraph(*_lines(rows[0], rows[1:])).to_dict()
        else:
            yield dict(block)


def _lines(header: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[Sequence[RichTextElement]]:
    """Yield a line for each row; in rows of several values each value has its heading."""
    for label, *values in rows:
        if header[1] in _OURS:
            yield [bold(f"{label}  "), words("  →  ".join(value + end_mark(value) for value in values))]
        else:
            named = zip(header[1:], values, strict=True)
            shown = " · ".join(f"{name}: {value}" for name, value in named if value != ABSENT)
            yield [bold(f"{label}  "), words(shown or ABSENT)]


def _said(cell: Any) -> str:
    """Return the text of a table's cell."""
    match cell:
        case {"text": str(text)}:
            return text
        case {"value": int() | float() as value}:
            return f"{value}"
        case {"elements": list(parts)}:
            return "".join(map(_said, parts))
        case _:
            return ABSENT
