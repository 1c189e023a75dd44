"""The fields that people may set, and what each takes."""

from collections.abc import Callable, Iterable, Iterator, Mapping

from slack_sdk.models.blocks import Block

from bot.core.fields import MAX_UINT32, Domain, Field, Kind, offered
from bot.core.model import App
from bot.core.parsing.values import choices, is_settable
from bot.slack.messages.blocks import Truncator, aside, table
from bot.slack.messages.values import label

_ROOM = 90
"""How many fields one table lists; Slack takes 100 rows."""


def show_settable(apps: Iterable[App], trim: Truncator) -> Iterator[Block]:
    """Show the fields of all apps that can be set: what is typed, what it is called, and what it takes."""
    custom = dict.fromkeys(field for app in apps for field in app.custom)
    fields = [field for field in offered(Domain.PROFILE, tuple(custom)) if is_settable(field)]
    rows = [(field.word, label(field, trim), _TAKES[field.kind](field)) for field in fields[:_ROOM]]
    yield table([("Type", "Field", "Takes"), *rows])
    more = len(fields) - _ROOM
    if more > 0:
        yield aside(f"and {more} more fields of your apps, which take text")


def _text(field: Field) -> str:
    return f"text, at most {field.max_bytes} bytes"


def _number(_: Field) -> str:
    return f"a whole number from 0 to {MAX_UINT32}"


def _date(_: Field) -> str:
    return "a day, as 1990-04-19"


def _choice(field: Field) -> str:
    return ", ".join(choices(field))


_TAKES: Mapping[Kind, Callable[[Field], str]] = {
    Kind.TEXT: _text,
    Kind.NUMBER: _number,
    Kind.DATE: _date,
    Kind.CHOICE: _choice,
    Kind.MUTED: _choice,
}
