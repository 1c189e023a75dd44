"""Messages, and the validation of their content."""

import copy
import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, count
from typing import Any

from bot.playground.blockkit.checker import Problem, check_message
from bot.playground.errors import SlackError
from bot.playground.json_types import Json
from bot.playground.people import Person
from bot.playground.state.files import File

TEXT_LIMIT = 40_000
"""Characters after which Slack truncates a message's text."""

_numbers = count(1)
_MENTION = re.compile(r"<(?:@|!subteam\^)([A-Z0-9]+)(?:\|[^<>]*)?>")


@dataclass(frozen=True, slots=True)
class MessageContent:
    """Valid content of a message.

    Args:
        mrkdwn: The text has markup.
        typed: What a person typed; None for the bot's.
    """

    text: str
    blocks: list[Json] | None = None
    mrkdwn: bool = True
    typed: str | None = None


@dataclass(slots=True, eq=False)
class Message:
    """A message in a channel.

    Args:
        only_for: Id of the person who sees an ephemeral message; None if it is public.
        command: The slash command it answers publicly, as typed.
        error: Slack's notice of a failure.
        thread_ts: Timestamp of the parent message of its thread.
        previous: Content before the last change.
        edited_at: Timestamp of the sender's last edit.
        client_msg_id: Id that Slack's clients give to a message typed by a person; None for a bot's.
        status: What the bot says it is doing about it; empty when it says nothing.
    """

    channel: str
    ts: str
    sender: Person
    content: MessageContent
    only_for: str | None = None
    command: str | None = None
    error: bool = False
    thread_ts: str | None = None
    files: tuple[File, ...] = ()
    previous: MessageContent | None = None
    edited_at: str | None = None
    client_msg_id: str | None = None
    status: str = ""


def read_content(arguments: Mapping[str, Any], refused: Collection[str] = ()) -> MessageContent:
    """Read and validate a message's content from the arguments of a call.

    Args:
        arguments: The call's arguments, or the body of a response URL.
        refused: Types of blocks to refuse.

    Raises:
        SlackError: The content is invalid.
    """
    text = str(arguments.get("text") or "")
    blocks = _read_blocks(arguments.get("blocks"))
    if not text.strip() and not blocks:
        unplayed = [key for key in ("attachments", "markdown_text") if arguments.get(key)]
        messages = [f"[ERROR] {key} is not played by this local Slack" for key in unplayed]
        details: Json = {"response_metadata": {"messages": messages}} if messages else {}
        raise SlackError("no_text", **details)
    content = {key: value for key, value in (("text", text), ("blocks", blocks)) if value}
    problems = [problem for problem in check_message(content) if not problem.house]
    problems = problems or list(_find_refused(blocks, refused))
    if problems:
        errors = [f"{problem.message} [json-pointer:{problem.pointer}]" for problem in problems]
        messages = [f"[ERROR] {error}" for error in errors]
        code = next((problem.code for problem in problems if problem.code), "invalid_blocks")
        raise SlackError(code, errors=errors, response_metadata={"messages": messages})
    mrkdwn = arguments.get("mrkdwn") not in (False, "false", "0")
    return MessageContent(text[:TEXT_LIMIT], with_ids(blocks) if blocks else None, mrkdwn)


def _find_refused(blocks: list[Json] | None, refused: Collection[str]) -> Iterator[Problem]:
    for place, block in enumerate(blocks or []):
        if block["type"] in refused:
            yield Problem(f"/blocks/{place}/type", f"unsupported type: {block['type']}")


def list_elements(blocks: list[Json] | None) -> Iterator[tuple[Json, Json]]:
    """Iterate over the interactive elements of blocks, each with its block."""
    for block in blocks or []:
        for element in (*block.get("elements", ()), block.get("accessory"), block.get("element")):
            if element and "action_id" in element:
                yield block, element


def list_mentions(content: MessageContent) -> Iterator[str]:
    """Iterate over the ids of people and user groups that a message mentions."""
    yield from _MENTION.findall(content.text)
    yield from _find_mentions(content.blocks)


def _find_mentions(node: object) -> Iterator[str]:
    match node:
        case {"type": "user", "user_id": str(id_)} | {"type": "usergroup", "usergroup_id": str(id_)}:
            yield id_
        case {"type": "mrkdwn", "text": str(text)}:
            yield from _MENTION.findall(text)
        case dict():
            yield from chain.from_iterable(map(_find_mentions, node.values()))
        case list():
            yield from chain.from_iterable(map(_find_mentions, node))
        case _:
            pass


def with_ids(blocks: list[Json]) -> list[Json]:
    """Copy blocks, with generated block and action ids where they are missing."""
    blocks = copy.deepcopy(blocks)
    for block in blocks:
        block.setdefault("block_id", f"{next(_numbers):05x}")
        inside = block["elements"] if block["type"] == "actions" else ()
        for element in (*inside, block.get("accessory"), block.get("element")):
            if element and element["type"] != "image":
                element.setdefault("action_id", f"{next(_numbers):05x}")
    return blocks


def _read_blocks(value: Any) -> list[Json] | None:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            raise SlackError("invalid_blocks_format") from None
    if value is not None and not isinstance(value, list):
        raise SlackError("invalid_blocks_format")
    return value
