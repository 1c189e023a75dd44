"""Open views, made again from what Slack sends: what was entered stays where the ids of inputs stay."""

from collections.abc import Mapping, Sequence
from typing import Any

from slack_sdk.models.blocks import ContextBlock, PlainTextObject

from bot.slack.messages.blocks import sentence

_PARTS = (
    "type",
    "callback_id",
    "title",
    "submit",
    "close",
    "private_metadata",
    "notify_on_close",
    "clear_on_close",
)
"""The parts of a view that an app may set, beside its blocks."""
_TROUBLE = "trouble"
"""The id of the block that says what went wrong."""


def with_blocks(view: Mapping[str, Any], blocks: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Make an open view again with other blocks."""
    return {**{part: view[part] for part in _PARTS if view.get(part)}, "blocks": list(blocks)}


def with_trouble(view: Mapping[str, Any], why: str, advice: str) -> dict[str, Any]:
    """Make an open view again with a line on top that says what went wrong."""
    line = ContextBlock(
        elements=[PlainTextObject(text=f"⚠ {sentence(why)} {sentence(advice)}", emoji=False)],
        block_id=_TROUBLE,
    )
    others = [block for block in view["blocks"] if block.get("block_id") != _TROUBLE]
    return with_blocks(view, [line.to_dict(), *others])
