"""Mentions that notify nobody: public messages name people instead."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeAlias

from bot.core.text.visible_text import make_visible
from bot.slack.messages.blocks import Message
from bot.slack.messages.text import cut, escape

Names: TypeAlias = Callable[[str], str]
"""Returns the name of a person by their id; empty if it is not known."""

_MENTION = re.compile("<@([A-Z0-9]+)>")
_MAX_NAME = 30
"""The most characters of a name; a message with many people still fits Slack's size limit."""


def no_names(_: str) -> str:
    """Know no name, so that people are shown by their ids."""
    return ""


def without_mentions(message: Message, names: Names) -> Message:
    """Replace the mentions in a message's blocks by names and ids: Slack notifies people of mentions."""
    simpler = message.simpler
    return replace(
        message,
        blocks=_replace(message.blocks, names),
        simpler=simpler and (lambda: without_mentions(simpler(), names)),
    )


def _replace(node: Any, names: Names) -> Any:
    match node:
        case {"type": "user", "user_id": str(id_)} | {"type": "usergroup", "usergroup_id": str(id_)}:
            return {"type": "text", "text": show_name(id_, names)}
        case {"type": "mrkdwn", "text": str(text)}:
            return {**node, "text": _MENTION.sub(lambda match: escape(show_name(match[1], names)), text)}
        case dict():
            return {key: _replace(value, names) for key, value in node.items()}
        case list() | tuple():
            return type(node)(_replace(each, names) for each in node)
        case _:
            return node


def show_name(id_: str, names: Names) -> str:
    """Show a person by name and id: names are not unique, and people change their own."""
    name = find_name(id_, names)
    return f"{name} ({id_})" if name else id_


def find_name(id_: str, names: Names) -> str:
    """Return a person's name as short, visible text; empty if it is not known."""
    return cut(make_visible(names(id_)), _MAX_NAME)
