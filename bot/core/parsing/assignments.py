"""The field=value arguments of a command, with advice on malformed ones."""

from collections.abc import Iterable, Sequence
from itertools import groupby

from bot.core import fields
from bot.core.commands import SPECS, WORDS, SetFields
from bot.core.fields import Domain, Field
from bot.core.model import App, Value
from bot.core.parsing.tokens import Token
from bot.core.parsing.usage_errors import ErrorCollector, pasted, quote
from bot.core.parsing.values import parse_value
from bot.errors import UsageError

_OPTIONS = SPECS[WORDS[SetFields]].options
_QUOTED = 'Quote a value that contains a space: nick="Bob K". A change is for one account'
_NO_BLANKS = "No spaces around the equals sign"


def read_assignments(tokens: Iterable[Token], app: App) -> dict[Field, Value]:
    """Parse field=value arguments into values by field.

    Raises:
        UsageError: An argument is malformed, or a field or value is not valid; all errors in one.
    """
    errors = ErrorCollector()
    named: set[Field] = set()
    values: dict[Field, Value] = {}
    before: Token | None = None
    for is_stray, group in groupby(tokens, _is_stray):
        pieces = list(group)
        if errors.is_full():
            break
        if is_stray:
            errors.add(_stray(before, pieces, app))
            continue
        for token in pieces:
            if errors.is_full():
                break
            before = token
            with errors.collect():
                name, text = token.split()
                field = _find(name, text, app)
                if field in named:
                    raise UsageError(f"{field.word} is set twice", advice="Set it once")
                named.add(field)
                values[field] = parse_value(field, text)
    errors.raise_all()
    return values


def _is_stray(token: Token) -> bool:
    return not token.split()[0] or "=" not in token.typed


def _find(name: str, text: str, app: App) -> Field:
    if option := _option(name):
        raise UsageError(f"{quote(name)} is not a field", advice=f"Did you mean {option} {pasted(text)}?")
    (field,) = fields.named([name], Domain.PROFILE, app.custom)
    return field


def _option(name: str) -> str | None:
    option = f"--{name.lstrip('-').lower()}"
    return option if option in _OPTIONS else None


def _stray(before: Token | None, pieces: Sequence[Token], app: App) -> UsageError:
    """Make the error for pieces that are not field=value, with the likely correction."""
    first, rest = pieces[0].text, " ".join(piece.typed for piece in pieces[1:])
    words = f"{quote(' '.join(piece.typed for piece in pieces))} is not field=value"
    name, value = before.split() if before else ("", "")
    if option := _option(first):  # reason spam
        advice = f"Did you mean {option} {pasted(rest)}?"
    elif _is_field(first, app) and rest:  # nick = bob
        advice = f"{_NO_BLANKS}: {_assigned(first, rest.removeprefix('=').strip())}"
    elif ":" in first and _is_field(first.partition(":")[0], app):  # nick:bob
        name, _, value = pieces[0].typed.partition(":")
        advice = f"Did you mean {_assigned(name, ' '.join(filter(None, [value, rest])))}?"
    elif before and not value:  # nick= bob
        advice = f"{_NO_BLANKS}: {_assigned(name, f'{pieces[0].typed} {rest}'.strip())}"
    elif before:  # nick=Bob K
        whole = f"{value} {pieces[0].typed} {rest}".strip()
        advice = f"Quote a value that contains a space: {_assigned(name, whole)}"
    else:  # bob_k carol
        advice = _QUOTED
    return UsageError(words, advice=advice)


def _is_field(name: str, app: App) -> bool:
    return fields.bare(name) in fields.spellings(app.custom)


def _assigned(name: str, value: str) -> str:
    return f"{pasted(name)}={pasted(value)}"
