"""Block Kit problems of an exchange, and its link to Slack's Block Kit Builder."""

import json
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias
from urllib.parse import quote

from bot.playground.blockkit.checker import Problem, check_message, check_suggestions, check_view
from bot.playground.json_types import Json

BUILDER = "https://app.slack.com/block-kit-builder/#"
"""Base URL of the Block Kit Builder; the JSON to show is appended."""

Check: TypeAlias = Callable[[Any], tuple[list[Problem], Any]]
"""Returns the problems of a content, and the part that the Block Kit Builder can show."""


def check_exchange(name: str, sent: Any, answer: Any) -> Json:
    """Check the bot's content in a call, a post to a response URL, or an acknowledgement."""
    problems: list[Problem] = []
    shown = None
    for content, check in _list_contents(name, sent, answer):
        problems, shown = check(content)
    return {
        "problems": [
            {"pointer": each.pointer, "message": each.message, "house": each.house} for each in problems
        ],
        "builder_url": BUILDER + quote(json.dumps(shown), safe="") if shown else None,
    }


def decode_json_arguments(arguments: Mapping[str, Any]) -> Json:
    """Decode the arguments of a call that are JSON in strings."""
    return {
        key: _parse(value) if key in _JSON_ARGUMENTS and isinstance(value, str) else value
        for key, value in arguments.items()
    }


_JSON_ARGUMENTS = frozenset({"blocks", "attachments", "view", "files"})


def _parse(value: str) -> Any:
    try:
        return json.loads(value)
    except ValueError:
        return value


def _list_contents(name: str, sent: Any, answer: Any) -> list[tuple[Any, Check]]:
    group, _, _ = name.partition(".")
    kind = sent.get("type") if isinstance(sent, Mapping) else None
    candidates: list[tuple[bool, Any, Check]] = [
        (group == "chat" or name == "response_url", sent, _check_message),
        (group == "views", _get(sent, "view"), _check_view),
        (name == "slash_commands", answer, _check_message),
        (kind == "view_submission", _get(answer, "view"), _check_view),
        (kind == "block_suggestion", answer, lambda content: (check_suggestions(content), None)),
    ]
    return [(content, check) for fits, content, check in candidates if fits and content]


def _check_message(content: Any) -> tuple[list[Problem], Any]:
    if not isinstance(content, Mapping):
        return [Problem("", "must be an object")], None
    # Only these keys, since flags are strings in a form-encoded call.
    said = {key: content[key] for key in _SAID if key in content}
    blocks = said.get("blocks")
    return check_message(said) if said else [], {"blocks": blocks} if blocks else None


_SAID = ("text", "blocks", "attachments", "delete_original")


def _check_view(content: Any) -> tuple[list[Problem], Any]:
    if not isinstance(content, Mapping):
        return [Problem("", "must be an object")], None
    return check_view(content), content


def _get(value: Any, key: str) -> Any:
    return value.get(key) if isinstance(value, Mapping) else None
