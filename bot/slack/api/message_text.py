"""The text of a Slack message, from its text, blocks and attachments."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

_DEPTH = 12
"""The deepest nesting of blocks that is read; Slack's own are never so deep."""

_MARKUP = re.compile(r"<([@#!])[^<>]*>|<(?:mailto:|tel:)([^<>|]+)(?:\|[^<>]*)?>|<([^<>|\s]+)(?:\|([^<>]*))?>")
_HEADED = re.compile(r"(?m)^\*([^*\n]{1,40}?):?\*[ \t]*\n")
_ITALIC = re.compile(r"(?<!\w)_([^\s_`](?:[^\n_`]{0,200}[^\s_`])?)_(?!\w)")
_ESCAPES = {"&lt;": "<", "&gt;": ">", "&amp;": "&"}
_ESCAPED = re.compile("|".join(_ESCAPES))
_STRUCTURE = ("text", "fields", "elements", "rows", "blocks", "title", "description", "alt_text")
_ATTACHED = ("pretext", "title", "title_link", "text")


def read_words(message: Mapping[str, Any]) -> str:
    """Read a message's text, with code in back-ticks and bare links, without mentions.

    Its text field counts only if it has no blocks, as Slack shows it.
    """
    parts = [*_read(message["blocks"], _DEPTH)] if message.get("blocks") else [unmark(_str(message, "text"))]
    attachments = message.get("attachments")
    for attachment in attachments if isinstance(attachments, list) else ():
        if isinstance(attachment, Mapping):
            parts += _attached(attachment)
    return "\n".join(parts)


def unmark(text: str) -> str:
    """Convert Slack's markup to the visible text, with the targets of links."""
    headed = _HEADED.sub(r"\1: ", _MARKUP.sub(_bare, text))
    return _ESCAPED.sub(lambda match: _ESCAPES[match[0]], _ITALIC.sub(r"\1", headed))


def _bare(match: re.Match[str]) -> str:
    mention, address, url, label = match.groups()
    if mention:
        return " "
    return address or (url if not label or label in url else f"{label} {url} ")


def _attached(attachment: Mapping[str, Any]) -> Iterator[str]:
    said = [unmark(_str(attachment, part)) for part in _ATTACHED]
    fields = attachment.get("fields")
    for field in fields if isinstance(fields, list) else ():
        said += [f"{unmark(_str(field, 'title')).rstrip(': ')}: {unmark(_str(field, 'value'))}"]
    said += _read(attachment.get("blocks"), _DEPTH)
    yield from said if any(said) else [unmark(_str(attachment, "fallback"))]


def _read(node: Any, depth: int) -> Iterator[str]:
    """Yield a line for each text in blocks."""
    if depth == 0:
        return
    match node:
        case list():
            for each in node:
                yield from _read(each, depth - 1)
        case {"type": "rich_text_section" | "rich_text_quote", "elements": list(elements)}:
            yield "".join(_said(each) for each in elements)
        case {"type": "rich_text_preformatted", "elements": list(elements)}:
            yield "".join(_str(each, "text") or _str(each, "url") for each in elements)
        case {"type": "mrkdwn", "text": str(text)}:
            yield unmark(text)
        case {"text": str(text)}:
            yield text
        case dict():
            for part in _STRUCTURE:
                yield from _read(node.get(part), depth - 1)
        case _:
            return


def _said(element: Any) -> str:
    """Return the text of a rich text element; a space for mentions and emoji."""
    match element:
        case {"type": "text", "text": str(text), "style": {"code": True}}:
            return f"`{text}`"
        case {"type": "text", "text": str(text)}:
            return text
        case {"type": "link", "url": str(url)}:
            target, label = url.removeprefix("mailto:"), _str(element, "text")
            return target if not label or label in target else f"{label} {target} "
        case _:
            return " "


def _str(node: Any, key: str) -> str:
    text = node.get(key) if isinstance(node, Mapping) else None
    return text if isinstance(text, str) else ""
