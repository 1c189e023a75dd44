"""Typed text as a message (https://docs.slack.dev/messaging/formatting-message-text)."""

import re
from collections.abc import Iterable, Mapping

from bot.playground.interactions.payloads import escape
from bot.playground.json_types import Json
from bot.playground.people import Person
from bot.playground.state.messages import MessageContent, with_ids

_MARKED = re.compile(
    r"(?P<url>https?://[^\s<>|\"'`]*[^\s<>|\"'`.,;:!?)\]}])"
    r"|(?P<email>(?<![\w.+-])[\w.+-]++@[\w-]++(?:\.[\w-]++)+)"
    r"|(?<!\w)@(?P<handle>[a-z0-9]+(?:-[a-z0-9]+)*)"
)


def write(typed: str, people: Iterable[Person]) -> MessageContent:
    """Write a typed text as Slack does: escaped, with its links, email addresses and mentions marked.

    The blocks are one section of rich text, without styles.
    """
    elements = _split(typed, {person.handle: person.id for person in people})
    section = {"type": "rich_text_section", "elements": elements}
    blocks = with_ids([{"type": "rich_text", "elements": [section]}])
    return MessageContent("".join(map(_to_mrkdwn, elements)), blocks, typed=typed)


def _split(typed: str, ids: Mapping[str, str]) -> list[Json]:
    """Split a typed text into the elements of rich text, whose text is not escaped."""
    elements: list[Json] = []
    end = 0
    for found in _MARKED.finditer(typed):
        if element := _mark(found, ids):
            elements += [{"type": "text", "text": typed[end : found.start()]}, element]
            end = found.end()
    elements.append({"type": "text", "text": typed[end:]})
    return [element for element in elements if element.get("text") != ""]


def _mark(found: re.Match[str], ids: Mapping[str, str]) -> Json | None:
    if found["url"]:
        return {"type": "link", "url": found["url"]}
    if found["email"]:
        return {"type": "link", "url": f"mailto:{found['email']}", "text": found["email"]}
    return {"type": "user", "user_id": ids[found["handle"]]} if found["handle"] in ids else None


def _to_mrkdwn(element: Json) -> str:
    match element:
        case {"user_id": id_}:
            return f"<@{id_}>"
        case {"url": url, "text": label}:
            return f"<{escape(url)}|{escape(label)}>"
        case {"url": url}:
            return f"<{escape(url)}>"
        case _:
            return escape(element["text"])
