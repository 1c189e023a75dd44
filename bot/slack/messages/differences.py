"""What a change makes of a profile, field by field and in words."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from slack_sdk.models.blocks import Block

from bot.core.fields import CUSTOM_PROFILE, Domain, Field, offered
from bot.core.model import Value, Values
from bot.slack.messages.blocks import Truncator, table
from bot.slack.messages.text import literal
from bot.slack.messages.values import ABSENT, in_words

CLEARED = "cleared"
"""What stands where a text is taken away."""
MASKED = "•••"
"""What stands for a value that is not for everyone who reads along."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One field, before and after."""

    label: str
    before: str
    after: str


def differences(
    custom: Sequence[Field], before: Values, after: Values, trim: Truncator, masked: Collection[str] = ()
) -> list[Difference]:
    """List what becomes of each field, in reading order.

    Args:
        custom: The app's own fields.
        before: The values before, by tag.
        after: The values after, by tag; what is not in it is left alone.
        trim: Cuts what is too long.
        masked: The tags of fields whose values are not shown.
    """
    return [
        Difference(
            label(field, trim),
            MASKED if field.tag in masked else trim(in_words(field, before.get(field.tag))),
            MASKED if field.tag in masked else trim(_written(field, after[field.tag])),
        )
        for field in in_order(after, custom)
    ]


def difference_table(found: Iterable[Difference], before: str, after: str) -> Block:
    """Set differences as a table under the given headings."""
    return table([("Field", before, after), *((each.label, each.before, each.after) for each in found)])


def in_order(tags: Collection[str], custom: Sequence[Field]) -> Iterator[Field]:
    """Give the fields of some tags in reading order; one that is known no more comes last, by its tag."""
    known = {field.tag: field for field in offered(Domain.PROFILE, custom)}
    yield from (field for tag, field in known.items() if tag in tags)
    yield from (Field(tag, tag.removeprefix(CUSTOM_PROFILE), tag) for tag in tags if tag not in known)


def label(field: Field, trim: Truncator) -> str:
    """Name a field, literally."""
    return trim(literal(field.label) or ABSENT)


def _written(field: Field, value: Value) -> str:
    return CLEARED if value == "" else in_words(field, value)
