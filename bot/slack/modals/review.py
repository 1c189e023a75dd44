"""What a modal shows of a change: the difference to confirm, and what became of it."""

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

from slack_sdk.models.blocks import ActionsBlock, Block, ContextBlock, PlainTextObject, TableBlock

from bot.core.model import Outcome
from bot.core.results import Preview, Settled, Unchanged
from bot.slack.messages.blocks import Message, Truncator, bold, code, fit, paragraph, plain_context, words
from bot.slack.messages.change import confirm_label, show_preview, show_settled, show_unchanged
from bot.slack.modals.profile import make_view

SET_REVIEW = "set_review"
"""The callback id of the view that shows a difference to be confirmed."""

_BACK = PlainTextObject(text="Back")
_CLOSE = PlainTextObject(text="Close")


def review_view(preview: Preview) -> dict[str, Any]:
    """Make the view whose submission confirms a change; closing it leads back to the form."""
    return make_view(
        fit(lambda trim: _adapt_blocks(show_preview(preview, "", trim))),
        callback_id=SET_REVIEW,
        submit=PlainTextObject(text=confirm_label(preview.change)),
        close=_BACK,
        notify_on_close=True,
        private_metadata=preview.change.id,
    )


def unchanged_view(unchanged: Unchanged) -> dict[str, Any]:
    """Make the view that says that there is nothing to change; closing it leads back to the form."""
    return make_view(fit(lambda trim: _adapt_blocks(show_unchanged(unchanged, "", trim))), close=_BACK)


def settled_view(settled: Settled, command: str, note: str = "") -> dict[str, Any]:
    """Make the view that says what became of a change; closing it closes the form as well.

    Args:
        settled: What became of it.
        command: The slash command's name, slash included.
        note: A sentence of our own to add.
    """

    def build(trim: Truncator) -> Iterator[Block]:
        yield from _adapt_blocks(show_settled(settled, "", trim))
        if settled.change.outcome is Outcome.SUCCEEDED:
            yield paragraph([words("To undo it: "), code(f"{command} undo {settled.change.id}")])
        if note:
            yield plain_context(note)

    return make_view(fit(build), close=_CLOSE, clear_on_close=True)


def notice_view(message: Message) -> dict[str, Any]:
    """Make the view that says what a message of words alone says; closing it leads back to a form below."""
    return make_view(message.blocks, close=_CLOSE)


def _adapt_blocks(blocks: Iterable[Block]) -> Iterator[Block]:
    """Give blocks of a message as a modal can have them: without tables, and with buttons of its own."""
    for block in blocks:
        if isinstance(block, TableBlock):
            # The first row is the header: what stands beside each other here speaks for itself.
            yield from (_line(*(cell["text"] for cell in row)) for row in block.to_dict()["rows"][1:])
        elif not (isinstance(block, ActionsBlock) or _is_blank(block)):
            yield block


def _is_blank(block: Block) -> bool:
    """Tell small print of which nothing is left without a hint at who sees it."""
    return isinstance(block, ContextBlock) and not any(each.to_dict().get("text") for each in block.elements)


def _line(label: str, *values: str) -> Block:
    beside = ([words("  →  "), words(value, "code")] for value in values)
    return paragraph([bold(label)], list(chain.from_iterable(beside))[1:])
