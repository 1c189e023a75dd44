"""Slack messages and the blocks they are made of, cut to Slack's size limit."""

import re
from bisect import bisect_left
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, TypeAlias

from slack_sdk.models.blocks import (
    ActionsBlock,
    AlertBlock,
    Block,
    ButtonElement,
    ConfirmObject,
    ContextBlock,
    HeaderBlock,
    ImageElement,
    MarkdownTextObject,
    PlainTextObject,
    RichTextBlock,
    RichTextElement,
    RichTextElementParts,
    RichTextPreformattedElement,
    RichTextSectionElement,
    SectionBlock,
)

from bot.core.model import App
from bot.core.text.visible_text import make_visible
from bot.slack.messages.text import ELLIPSIS, and_more, cut, cut_alike, escape, escape_mentions

Payload: TypeAlias = tuple[dict[str, Any], ...]
"""Blocks as JSON objects."""

DATA_TABLE = "data_table"
"""The kind of tables that their readers can sort, filter and page."""
PICTURE = "image"
"""The kind of pictures."""
NEWER = frozenset({DATA_TABLE, PICTURE})
"""The kinds of blocks that Slack may refuse: newer ones, and pictures that it cannot fetch."""
_ROWS_SHOWN = 20
"""The rows of a data table shown at once."""
_ROWS_SAID = 20
"""The rows of a table in the plain text, so that there is room for what follows it."""
_MAX_SIZE = 9300
"""The most characters in the blocks of one message; Slack's limit lies between 9,600 and 11,300."""
_MAX_TABLE = 19_500
"""The most characters in the cells of a data table; Slack's limit is 20,000."""
_LIMITS = (1000, 500, 300, 200, 150, 100, 70, 50, 35, 25, 18, 12, 8, 5, 3)
"""Limits for the length of one text, in characters; a message takes the first under which it fits."""
MAX_TEXT = 3800
"""The most bytes of a message's top-level text; Slack refuses updates with more than 4,000."""
MAX_HEADER = 150
"""The most characters of a header."""
_MAX_LINE = 600
_ACCENT = "\N{MODIFIER LETTER GRAVE ACCENT}"
"""Shown for a back-tick, which would end a code span."""
_MAX_ALERT = 200
_PERSON = re.compile("[UW][A-Z0-9]+")
_MAX_SECTION = 2900


@dataclass(frozen=True, slots=True)
class Message:
    """A message.

    Args:
        text: The text shown in places without blocks, such as notifications.
        blocks: The blocks.
        simpler: Makes the message without blocks of newer kinds, for when Slack refuses those; None if it
            has none.
    """

    text: str
    blocks: Payload
    simpler: "Callable[[], Message] | None" = field(default=None, compare=False, repr=False)


@dataclass(slots=True)
class Truncator:
    """Truncates texts to a limit, and remembers whether it did."""

    limit: int = _LIMITS[0]
    used: bool = False

    def __call__(self, text: str) -> str:
        """Cut a text that is too long."""
        self.used = self.used or len(text) > self.limit
        return cut(text, self.limit)

    def pair(self, before: str, after: str) -> tuple[str, str]:
        """Cut two texts that are too long, at their ends unless they would look the same."""
        old, new = self(before), self(after)
        return cut_alike(before, after, self.limit) if old == new and before != after else (old, new)

    def note(self) -> str:
        """Return a note if any text was cut; empty otherwise."""
        return "long values are cut" if self.used else ""


def find_newer(payload: Payload) -> frozenset[str]:
    """Find the kinds of newer blocks in use, which Slack may refuse."""
    kinds = {block["type"] for block in payload}
    beside = {block["accessory"]["type"] for block in payload if "accessory" in block}
    return NEWER & (kinds | beside)


def make_message(build: Callable[[Truncator], Iterable[Block]]) -> Message:
    """Build a message that fits Slack's size limit, with its fallback text."""
    blocks = fit(build)
    return Message(fallback(blocks), blocks)


def fit(build: Callable[[Truncator], Iterable[Block]]) -> Payload:
    """Build blocks with the longest texts that fit into one message."""

    def built(limit: int) -> Payload:
        return tuple(block.to_dict() for block in build(Truncator(limit)) if not _is_blank(block))

    payload = built(_LIMITS[0])
    if _fits(payload):
        return payload
    last = len(_LIMITS) - 1
    place = bisect_left(_LIMITS, True, 1, last, key=lambda limit: _fits(built(limit)))
    return built(_LIMITS[place])


def _is_blank(block: Block) -> bool:
    """Check for a context block in which no part has anything to say."""
    return isinstance(block, ContextBlock) and not any(each.to_dict().get("text") for each in block.elements)


def fallback(payload: Payload, last: str = "") -> str:
    """Return the blocks as plain text, without buttons and context blocks.

    Args:
        payload: The blocks.
        last: The last line, which is kept whole.
    """
    said: list[str] = []
    left = MAX_TEXT - _count_bytes(ELLIPSIS) - _count_bytes(last) - 1
    for line in chain.from_iterable(map(_lines, payload)):
        safe = escape_mentions(cut(line, _MAX_LINE))
        left -= _count_bytes(safe) + 1
        if left < 0:
            said.append(ELLIPSIS)
            break
        said.append(safe)
    return "\n".join([*said, last] if last else said)


def _count_bytes(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))


def _fits(payload: Payload) -> bool:
    """Check the characters of the blocks; those of data tables have a limit of their own."""
    tables = [block for block in payload if block["type"] == DATA_TABLE]
    others = [block for block in payload if block["type"] != DATA_TABLE]
    return _size(others) <= _MAX_SIZE and _size(tables) <= _MAX_TABLE


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
        case {"type": "table" | "data_table", "rows": rows}:
            yield from (" · ".join(cell["text"] for cell in row) for row in rows[: _ROWS_SAID + 1])
            if left_out := and_more(len(rows) - 1 - _ROWS_SAID, "rows"):
                yield left_out
        case {"type": "header" | "section", "text": {"type": "plain_text", "text": text}}:
            yield from text.split("\n")
        case _:
            pass  # buttons and context blocks say nothing that is missed


def _said(element: Mapping[str, str]) -> str:
    return next(element[key] for key in _SAID if element.get(key))


_SAID = ("text", "fallback", "user_id", "channel_id", "usergroup_id")
"""The keys of an element's text, or of the id in its place."""


def words(text: str, style: str = "") -> RichTextElement:
    """Make a text element of the bot's own words or of visible text; `style` is bold, italic or code."""
    return RichTextElementParts.Text(text=text, style={style: True} if style else None)


def bold(text: str) -> RichTextElement:
    """Make a bold text element."""
    return words(text, "bold")


def code(text: str) -> RichTextElement:
    """Make a code element of an id, a name or something to type."""
    return words(make_visible(text), "code")


def person(user_id: str) -> RichTextElement:
    """Make the mention of a person, or the plain text of what is no user id."""
    if _PERSON.fullmatch(user_id):
        return RichTextElementParts.User(user_id=user_id)
    return words(make_visible(user_id) or "someone")


def app_label(app: App) -> list[RichTextElement]:
    """Make the elements " in app Region", which follow a verb or an account."""
    return [words(" in "), code(app.name), *([words(f" {app.region}")] if app.region else [])]


def sentence(text: str) -> str:
    """Add a full stop to a text without a final mark."""
    return text if text.endswith((".", "?", "!", ELLIPSIS)) else f"{text}."


def paragraph(*lines: Sequence[RichTextElement]) -> Block:
    """Make a rich text block of lines; Slack turns nothing in it into a mention or a link."""
    broken = [element for line in lines for element in (words("\n"), *line)]
    return RichTextBlock(elements=[RichTextSectionElement(elements=broken[1:])])


def preformatted(lines: Sequence[str]) -> Block:
    """Make a preformatted block of lines to copy."""
    return RichTextBlock(elements=[RichTextPreformattedElement(elements=[words("\n".join(lines))])])


def table(rows: Iterable[Iterable[str]]) -> Block:
    """Make a table of raw text; the first row is its header, and no cell may be empty."""
    return Table(rows)


def header(text: str) -> Block:
    """Make a header of visible text, cut to Slack's limit."""
    return HeaderBlock(text=PlainTextObject(text=cut(text, MAX_HEADER), emoji=False))


def illustrated(text: str, picture: str, alt: str) -> Block:
    """Make a line of plain text, with a picture beside it unless its URL is empty."""
    image = ImageElement(image_url=picture, alt_text=alt) if picture else None
    return SectionBlock(text=PlainTextObject(text=text, emoji=False), accessory=image)


def _data_cell(text: str, *, is_number: bool = False) -> dict[str, Any]:
    if is_number and re.fullmatch("-?[0-9]{1,15}", text):
        return {"type": "raw_number", "value": int(text), "text": text}
    return {"type": "raw_text", "text": text}


class Table(Block):
    """A table of raw text; the SDK walks through every cell of its own three times."""

    type = "table"

    def __init__(self, rows: Iterable[Iterable[str]]) -> None:
        super().__init__(type=self.type)
        self.rows = [[_data_cell(text) for text in row] for row in rows]

    def to_dict(self, *_: Any) -> dict[str, Any]:
        """Return the block as a JSON object."""
        settings = [{"is_wrapped": True} for _ in self.rows[0]]
        return {"type": self.type, "rows": self.rows, "column_settings": settings}


class DataTable(Block):
    """A table that its reader can sort, filter and page; the SDK has no such block."""

    type = DATA_TABLE

    def __init__(self, caption: str, rows: Iterable[Iterable[str]], numbers: Collection[int] = ()) -> None:
        """Make the table; whole numbers in the given columns sort as numbers."""
        super().__init__(type=self.type)
        self.caption = caption
        self.rows = [
            [_data_cell(text, is_number=place in numbers) for place, text in enumerate(row)] for row in rows
        ]

    def to_dict(self, *_: Any) -> dict[str, Any]:
        """Return the block as a JSON object."""
        return {"type": self.type, "caption": self.caption, "rows": self.rows, "page_size": _ROWS_SHOWN}


def success(text: str) -> Block:
    """Make an alert that something succeeded, for modals alone."""
    return AlertBlock(text=PlainTextObject(text=cut(text, _MAX_ALERT), emoji=False), level="success")


@dataclass(frozen=True, slots=True)
class Confirmation:
    """A dialog that asks before a press counts: its title, its text, and the label to go on."""

    title: str
    text: str
    label: str


@dataclass(frozen=True, slots=True)
class Button:
    """A button; `value` is an opaque id, `style` is primary, danger or None."""

    label: str
    action_id: str
    value: str
    style: str | None = None
    confirmation: Confirmation | None = None


def buttons(*row: Button) -> Block:
    """Make a row of buttons; each action id may occur once."""
    return ActionsBlock(elements=[_element(each) for each in row])


def plain_section(lines: Iterable[str], button: Button | None = None) -> Block:
    """Make a section of lines of plain text, without markup, and a button beside it."""
    text = PlainTextObject(text=cut("\n".join(lines), _MAX_SECTION), emoji=False)
    return SectionBlock(text=text, accessory=_element(button) if button else None)


def _element(button: Button) -> ButtonElement:
    return ButtonElement(
        text=PlainTextObject(text=button.label),
        action_id=button.action_id,
        value=button.value,
        style=button.style,
        confirm=_dialog(button.confirmation) if button.confirmation else None,
    )


def _dialog(confirmation: Confirmation) -> ConfirmObject:
    return ConfirmObject(
        title=PlainTextObject(text=confirmation.title),
        text=PlainTextObject(text=confirmation.text, emoji=False),
        confirm=PlainTextObject(text=confirmation.label),
        deny=PlainTextObject(text="Cancel"),
    )


def code_span(text: str) -> str:
    """Make a code span of an outside text, for Slack's markup; nothing in it is a mention or a link."""
    return f"`{escape(make_visible(text)).replace('`', _ACCENT)}`"


def marked_section(text: str, accessory: Button | None = None) -> Block:
    """Make a section of Slack's markup, perhaps with a button beside it; code spans hold outside text."""
    button = _element(accessory) if accessory else None
    return SectionBlock(text=MarkdownTextObject(text=text, verbatim=True), accessory=button)


def context(*parts: str) -> Block:
    """Make a context block of the bot's own words, in Slack's markup."""
    return ContextBlock(elements=[MarkdownTextObject(text=" · ".join(filter(None, parts)), verbatim=True)])


def plain_context(text: str) -> Block:
    """Make a context block of plain text, without markup."""
    return ContextBlock(elements=[PlainTextObject(text=text, emoji=False)])
