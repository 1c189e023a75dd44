"""Errors shown at the inputs of a modal."""

from collections.abc import Mapping
from typing import Any

from bot.errors import UsageError
from bot.slack.messages.blocks import sentence
from bot.slack.messages.text import cut, make_visible

_MOST = 1000
"""The most characters of one error."""


class FormError(Exception):
    """A form cannot be taken as it was filled in.

    Args:
        view: The view that was sent.
        mistakes: Why, by the input's block id; what concerns the whole form has none, and stands first.
    """

    def __init__(self, view: Mapping[str, Any], mistakes: Mapping[str, str]) -> None:
        super().__init__("; ".join(mistakes))
        first = next(block["block_id"] for block in view["blocks"] if block["type"] == "input")
        self.mistakes = {at or first: cut(sentence(make_visible(why)), _MOST) for at, why in mistakes.items()}
        """The errors by block id, as Slack takes them."""


def busy_error(view: Mapping[str, Any]) -> FormError:
    """Make the error of a form that finds the bot busy."""
    return FormError(view, {"": "the bot is busy; try again in a few seconds"})


def in_words(error: UsageError) -> str:
    """Put an error and its advice into one text."""
    return f"{error}. {error.advice}" if error.advice else str(error)
