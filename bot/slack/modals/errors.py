"""Errors shown at the inputs of a modal."""

from collections.abc import Mapping
from typing import Any

from bot.core.text.visible_text import make_visible
from bot.errors import UsageError
from bot.slack.messages.blocks import sentence
from bot.slack.messages.text import cut

_MOST = 1000
"""The most characters of one error."""


class FormError(Exception):
    """A submitted form is not valid.

    Args:
        view: The submitted view.
        mistakes: The errors by block id; an empty id is the whole form, shown at the first input.
    """

    def __init__(self, view: Mapping[str, Any], mistakes: Mapping[str, str]) -> None:
        super().__init__("; ".join(mistakes))
        first = next((block["block_id"] for block in view["blocks"] if block["type"] == "input"), "")
        self.mistakes = {at or first: cut(sentence(make_visible(why)), _MOST) for at, why in mistakes.items()}
        """The errors by block id, in Slack's format."""


def busy_error(view: Mapping[str, Any]) -> FormError:
    """Make the error of a form submitted while the bot is busy."""
    return FormError(view, {"": "the bot is busy; try again in a few seconds"})


def in_words(error: UsageError) -> str:
    """Join an error and its advice."""
    return f"{error}. {error.advice}" if error.advice else str(error)
