"""Presets: named sets of values, in one line of the settings."""

import re
from collections.abc import Sequence

from bot.core import fields
from bot.core.fields import Domain, Field
from bot.core.model import App, Preset, Value
from bot.core.parsing.tokens import Token, keep_commas, tokenize
from bot.core.parsing.usage_errors import did_you_mean, nearest, pasted, quote
from bot.core.parsing.values import parse_value, to_text
from bot.errors import UsageError

MAX_PRESETS = 100
"""The most presets of one app; a menu in Slack has no room for more."""

_SHAPE = "takes presets like reset-nick: nick=, avatar=; unmute: forbid=allowed"
_PRESET = re.compile(r"\s*([a-z][a-z0-9-]{0,31})\s*:(.+)", re.DOTALL)


def parse_presets(text: str, custom: Sequence[Field]) -> tuple[Preset, ...]:
    """Parse the presets of an app; values are written as in the set command.

    Raises:
        UsageError: One of them is not valid; names its place and never its text.
    """
    parts = [part for part in _split(text) if part.strip()]
    if len(parts) > MAX_PRESETS:
        raise UsageError(f"takes at most {MAX_PRESETS} presets")
    found: dict[str, Preset] = {}
    for place, part in enumerate(parts, 1):
        match = _PRESET.fullmatch(part)
        if match is None or match[1] in found:
            raise UsageError(f"{_SHAPE}, each name once; item {place} is something else")
        if fields.bare(match[1]) in fields.spellings(custom):
            raise UsageError(f"takes names that are no fields; item {place} has a field's")
        found[match[1]] = Preset(match[1], _parse_values(match[2], custom, f"item {place}"))
    return tuple(found.values())


def find_preset(app: App, tokens: Sequence[Token]) -> Preset | None:
    """Find the preset that a command names instead of values; None if it names none.

    Raises:
        UsageError: It is misspelled, or there are values beside it.
    """
    known = {preset.name: preset for preset in app.presets}
    named = [token.text.lower() for token in tokens if not token.is_value]
    if len(tokens) == 1 and named and known:
        if named[0] in known:
            return known[named[0]]
        near = nearest(named[0], known)
        raise UsageError(
            f"there is no preset {quote(named[0])} here",
            advice=f"{did_you_mean(named[0], known)}Presets: {', '.join(known)}. Or give field=value",
            correction=(named[0], near) if near else None,
        )
    if any(name in known for name in named):
        raise UsageError("a preset cannot be mixed with fields", advice="Set other fields in a second change")
    return None


def format_preset(preset: Preset) -> str:
    """Format the values of a preset as they are typed."""
    return ", ".join(
        f"{field.word}={pasted(text) if (text := to_text(field, value)) else ''}"
        for field, value in preset.values
    )


def _split(text: str) -> list[str]:
    """Split a text at semicolons and line breaks that are not in double quotes."""
    pieces = text.split('"')
    return '"'.join(
        piece if place % 2 else piece.replace(";", "\n") for place, piece in enumerate(pieces)
    ).split("\n")


def _parse_values(text: str, custom: Sequence[Field], where: str) -> tuple[tuple[Field, Value], ...]:
    values: dict[Field, Value] = {}
    try:
        tokens = keep_commas(tokenize(text), fields.spellings(custom))
    except UsageError:
        raise UsageError(f"{_SHAPE}; a quote in {where} is not closed") from None
    for token in tokens:
        if token.is_comma:
            continue
        if not token.is_value:
            raise UsageError(f"{_SHAPE}; {where} has something else")
        name, value = token.split()
        try:
            (field,) = fields.named([name], Domain.PROFILE, custom)
        except UsageError as error:
            raise UsageError(f"names an unknown field in {where}. {error.advice}") from None
        if field in values:
            raise UsageError(f"sets a field twice in {where}")
        try:
            values[field] = parse_value(field, value)
        except UsageError as error:
            # The error's text never holds the value; its advice may.
            raise UsageError(f"has a wrong value in {where}: {error}") from None
    if not values:
        raise UsageError(f"{_SHAPE}; {where} sets nothing")
    return tuple(values.items())
