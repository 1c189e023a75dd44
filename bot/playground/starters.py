"""Starters: lines that the page offers to send."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Starter:
    """A line to send with one press, and a step of the page's tour.

    Args:
        label: The words of its button.
        note: What it shows.
        line: What is sent.
        person: The id of the person who sends it; None for the one who presses.
    """

    label: str
    note: str
    line: str
    person: str | None = None
