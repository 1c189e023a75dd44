"""Slack's blocks as this bot uses them, and the size that a message may have."""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, TypeAlias

from slack_sdk.models.blocks import (
    ActionsBlock,
    Block,
    ButtonElement,
    ContextBlock,
    MarkdownTextObject,
    PlainTextObject,
    RichTextBlock,
    RichTextElement,
    RichTextElementParts,
    RichTextPreformattedElement,
    RichTextSectionElement,
    SectionBlock,
    TableBlock,
)

from bot.core.model import App
from bot.slack.messages.text import ELLIPSIS, cut, escape_mentions, make_visible

Payload: TypeAlias = tuple[dict[str, Any], ...]
"""Blocks as they are sent."""

BUDGET = 9300
"""The most characters in all blocks of one message; Slack refuses somewhere between 9,600 and 11,300."""
_LIMITS = (1000, 500, 300, 200, 150, 100, 70, 50, 35, 25, 18, 12, 8, 5, 3)
"""How long one text may be; the first limit under which a message fits is taken."""
MAX_TEXT = 3500
"""The most characters of a message's top-level text; Slack advises 4,000."""
_MAX_LINE = 600


@dataclass(frozen=True, slots=True)
class Message:
    """What Slack is sent: blocks, and the text that stands for them where blocks are not shown."""

    text: str
    blocks: tuple[dict[str, Any], ...]


@dataclass(slots=True)
class Truncator:
    """Cuts texts to the length that lets a message fit, and remembers having done so."""

    limit: int = _LIMITS[0]
    used: bool = False

    def __call__(self, text: str) -> str:
        """Cut a text when it is too long."""
        self.used = self.used or len(text) > self.limit
        return cut(text, self.limit)

    def note(self) -> str:
        """Say so when something was cut."""
        return "long values are cut" if self.used else ""


def make_message(build: Callable[[Truncator], Iterable[Block]]) -> Message:
    """Make a message of blocks that fit into one, and of the text that stands for them."""
    blocks = fit(build)
    return Message(fallback(blocks), blocks)


def fit(build: Callable[[Truncator], Iterable[Block]]) -> Payload:
    """Build blocks, with texts as long as fit into one message."""

    def built(limit: int) -> Payload:
        return tuple(block.to_dict() for block in build(Truncator(limit)))

    payload = built(_LIMITS[0])
    if _size(payload) <= BUDGET:
        return payload
    last = len(_LIMITS) - 1
    place = bisect_left(_LIMITS, True, 1, last, key=lambda limit: _size(built(limit)) <= BUDGET)
    return built(_LIMITS[place])


def fallback(payload: Payload) -> str:
    """Say in plain text what the blocks say, small print aside; shown where the blocks are not."""
    said: list[str] = []
    left = MAX_TEXT - len(ELLIPSIS)
    for line in chain.from_iterable(map(_lines, payload)):
        safe = escape_mentions(cut(line, _MAX_LINE))
        left -= len(safe) + 1
        if left < 0:
            return "\n".join([*said, ELLIPSIS])
        said.append(safe)
    return "\n".join(said)


def _size(node: Any) -> int:
    match node:
        case {"text": str(text)}:
            return len(text)
        case dict():
            return sum(map(_size, node.values()))
        case list() | tuple():
            return sum(map(_size, node))
        case _:
            return 0


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


def words(text: str, style: str = "") -> RichTextElement:
    """Show our own words, or a text made visible already; a style is bold, italic or code."""
    return RichTextElementParts.Text(text=text, style={style: True} if style else None)


def bold(text: str) -> RichTextElement:
    """Show words in bold."""
    return words(text, "bold")


def code(text: str) -> RichTextElement:
    """Show an id, a name or something to type, literally."""
    return words(make_visible(text), "code")


def app_label(app: App) -> list[RichTextElement]:
    """Name an app and its region, after a verb or an account."""
    return [words(" in "), code(app.name), *([words(f" {app.region}")] if app.region else [])]


def sentence(text: str) -> str:
    """End our own advice as a sentence ends."""
    return text if text.endswith((".", "?", "!", ELLIPSIS)) else f"{text}."


def paragraph(*lines: Sequence[RichTextElement]) -> Block:
    """Set lines below each other as rich text, where nothing becomes a mention or a link by itself."""
    broken = [element for line in lines for element in (words("\n"), *line)]
    return RichTextBlock(elements=[RichTextSectionElement(elements=broken[1:])])


def preformatted(lines: Sequence[str]) -> Block:
    """Show lines to paste."""
    return RichTextBlock(elements=[RichTextPreformattedElement(elements=[words("\n".join(lines))])])


def table(rows: Iterable[Iterable[str]]) -> Block:
    """Set a table of literal cells, the first row its header; none may be empty."""
    # Plain dicts: the SDK takes 14 µs for each of its cell objects.
    cells = [[{"type": "raw_text", "text": text} for text in row] for row in rows]
    return TableBlock(rows=cells, column_settings=[{"is_wrapped": True} for _ in cells[0]])


def section_fields(labeled: Iterable[tuple[str, str]]) -> Block:
    """Set at most ten labels and values in two columns; both must be our own words, numbers or dates."""
    fields = [MarkdownTextObject(text=f"*{label}*\n{value}", verbatim=True) for label, value in labeled]
    return SectionBlock(fields=fields)


@dataclass(frozen=True, slots=True)
class Button:
    """A button: what it says, what pressing it does, and to what; its style is primary, danger or plain."""

    label: str
    action_id: str
    value: str
    style: str | None = None


def buttons(*row: Button) -> Block:
    """Set buttons side by side; an action id may occur once in a row."""
    return ActionsBlock(
        elements=[
            ButtonElement(
                text=PlainTextObject(text=each.label),
                action_id=each.action_id,
                value=each.value,
                style=each.style,
            )
            for each in row
        ]
    )


def context(*parts: str) -> Block:
    """Set our own words small, mentions written as Slack's markup."""
    return ContextBlock(elements=[MarkdownTextObject(text=" · ".join(filter(None, parts)), verbatim=True)])


def plain_context(text: str) -> Block:
    """Set a literal text small."""
    return ContextBlock(elements=[PlainTextObject(text=text, emoji=False)])
