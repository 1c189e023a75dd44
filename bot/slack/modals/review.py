"""Review modal: the preview of a change, and its outcome."""

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

from slack_sdk.models.blocks import ActionsBlock, Block, ContextBlock, PlainTextObject

from bot.core.model import Outcome
from bot.core.results import Overwritten, Preview, Settled, Unchanged
from bot.slack.messages.blocks import Table, Truncator, bold, fit, paragraph, plain_context, success, words
from bot.slack.messages.change import confirm_label, done_text, show_preview, show_settled, show_unchanged
from bot.slack.messages.conflict import show_overwritten
from bot.slack.messages.text import end_mark
from bot.slack.modals.profile import make_view

SET_REVIEW = "set_review"
"""The callback id of the preview."""

_BACK = PlainTextObject(text="Back")
_CLOSE = PlainTextObject(text="Close")


def review_view(preview: Preview) -> dict[str, Any]:
    """Make the preview: submitting it confirms the change, closing it leads back to the form."""
    return make_view(
        fit(lambda trim: _adapt_blocks(show_preview(preview, "", trim))),
        callback_id=SET_REVIEW,
        submit=PlainTextObject(text=confirm_label(preview)),
        close=_BACK,
        notify_on_close=True,
        private_metadata=preview.change.id,
    )


def unchanged_view(unchanged: Unchanged) -> dict[str, Any]:
    """Make the view of values that need no change; closing it leads back to the form."""
    return make_view(fit(lambda trim: _adapt_blocks(show_unchanged(unchanged, "", trim))), close=_BACK)


def overwritten_view(overwritten: Overwritten) -> dict[str, Any]:
    """Make the view of the later changes that an undo would overwrite."""
    return make_view(fit(lambda trim: _adapt_blocks(show_overwritten(overwritten, "", trim))), close=_CLOSE)


def settled_view(settled: Settled, note: str = "") -> dict[str, Any]:
    """Make the view of a change's outcome; closing it closes the form as well.

    Args:
        settled: The change and its outcome.
        note: A sentence to add.
    """

    def build(trim: Truncator) -> Iterator[Block]:
        blocks = show_settled(settled, "", trim)
        if settled.change.outcome is Outcome.SUCCEEDED:
            next(blocks)
            yield success(done_text(settled))
        yield from _adapt_blocks(blocks, with_buttons=True)
        if note:
            yield plain_context(note)

    return make_view(fit(build), close=_CLOSE, clear_on_close=True)


def _adapt_blocks(blocks: Iterable[Block], *, with_buttons: bool = False) -> Iterator[Block]:
    """Adapt a message's blocks to a modal: lines for tables, and usually no buttons."""
    for block in blocks:
        if isinstance(block, Table):
            # The header row is left out: each line explains itself.
            yield from (_line(*(cell["text"] for cell in row)) for row in block.rows[1:])
        elif not (_is_blank(block) or (isinstance(block, ActionsBlock) and not with_buttons)):
            yield block


def _is_blank(block: Block) -> bool:
    """Check for a context block left empty without the note about who sees it."""
    return isinstance(block, ContextBlock) and not any(each.to_dict().get("text") for each in block.elements)


def _line(label: str, *values: str) -> Block:
    beside = ([words(value, "code"), words(f"{end_mark(value)}  →  ")] for value in values)
    return paragraph([bold(label)], list(chain.from_iterable(beside))[:-1])
