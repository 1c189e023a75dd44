"""Rules of JSON values, which the tables of Block Kit are made of."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

Surface: TypeAlias = Literal["message", "modal", "home"]
"""A surface of blocks."""

Rule: TypeAlias = "Text | Number | Flag | Listing | Object | Kinds"
"""The rule of a JSON value."""

Keys: TypeAlias = Mapping[str, "Rule"]
"""Rules of an object's keys."""

EVERYWHERE: tuple[Surface, ...] = ("message", "modal", "home")
"""All surfaces."""

FORMS = {
    "YYYY-MM-DD": re.compile(r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])"),
    "HH:mm": re.compile(r"([01]\d|2[0-3]):[0-5]\d"),
    "a number": re.compile(r"-?\d+(\.\d+)?"),
    "https://…": re.compile(r"https://.+", re.DOTALL),
}
"""Patterns of string formats."""


@dataclass(frozen=True, slots=True)
class Text:
    """A string.

    Args:
        most: Code points at most.
        choices: Allowed values; empty for any.
        form: A key of FORMS.
        house: A limit of this project; Slack truncates or accepts longer text.
    """

    most: int | None = None
    least: int = 1
    choices: tuple[str, ...] = ()
    form: str = ""
    house: bool = False


@dataclass(frozen=True, slots=True)
class Number:
    """A number, by default an integer."""

    least: int | None = None
    most: int | None = None
    whole: bool = True


@dataclass(frozen=True, slots=True)
class Flag:
    """True or false."""


@dataclass(frozen=True, slots=True)
class Listing:
    """An array.

    Args:
        unique: A key whose values must be unique.
        of_type: Items at most, by type.
        text_sums: Characters of text at most in all items of a type; the empty key is for the other
            types together.
        even: Items must have equal lengths.
        gaps: Null is allowed for an omitted item.
        first: The rule of the first item, if it differs.
    """

    item: Rule
    least: int = 1
    most: int | None = None
    unique: str = ""
    of_type: Mapping[str, int] = field(default_factory=dict)
    text_sums: Mapping[str, int] = field(default_factory=dict)
    even: bool = False
    gaps: bool = False
    first: "Rule | None" = None


@dataclass(frozen=True, slots=True)
class Object:
    """An object with known keys.

    Args:
        some_of: Keys of which at least one is required.
        one_of: Keys of which exactly one is required.
        ascending: Two keys; the second value must not be less than the first.
        picks: Key of the initial choice, which must be among the options.
        surfaces: Allowed surfaces.
        ours: Flag values that this project requires, but Slack does not.
        lenient: Slack ignores unknown keys; this project rejects them.
    """

    required: Keys = field(default_factory=dict)
    optional: Keys = field(default_factory=dict)
    some_of: tuple[str, ...] = ()
    one_of: tuple[str, ...] = ()
    ascending: tuple[str, ...] = ()
    picks: str = ""
    surfaces: tuple[Surface, ...] = EVERYWHERE
    ours: tuple[tuple[str, bool], ...] = ()
    lenient: bool = False


@dataclass(frozen=True, slots=True)
class Kinds:
    """An object with a `type`."""

    of: Mapping[str, Object]
