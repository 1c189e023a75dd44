# ruff: noqa: RUF002, RUF003 - the examples of the grammar are typed with curly quotes
"""The tokens of a command's text, and its options.

The grammar, with examples of each form:

    text        = { blank | comma | token }
    token       = [ name ] quotation        "a b"    nick="a b"    "nick"='a b'
                | quoted-name rest          "nick"=bob
                | word                      alice    nick=bob    --csv    `alice`
    name        = quoted-name | bare-name
    quoted-name = quotation "="             "nick"=    (no equals sign within)
    bare-name   = characters "="            nick=      --fields=    =
    quotation   = quote characters quote    "a b"    “a b”    'a b'    ‘a b’    «a b»    "a b”
    word, rest  = characters up to a blank or a comma

The first form that fits counts. A quotation ends before a blank, a comma or the end of the text; it may
contain quotes of other kinds, and its equals signs, blanks and commas separate nothing. A token that begins
with a quote but is not a quotation is an error. Code marks and invisible characters around a token are
dropped.
"""

import re
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import zip_longest

from bot.core.commands import Spec
from bot.core.fields import bare
from bot.core.parsing.typography import DOUBLE, MARKS, SINGLE, normalize
from bot.core.parsing.usage_errors import did_you_mean, nearest, quote
from bot.errors import UsageError


def _quotation(opening: str, closing: str = "") -> str:
    """Make the pattern of a text between two quotes that contains neither."""
    closing = closing or opening
    return f"[{opening}][^{opening}{closing}]*+[{closing}]"


def _single(quotes: str) -> str:
    # Between two letters it is an apostrophe: 'it's mine'. The group is not possessive, because Python before
    # 3.11.5 mishandles that; backtracking finds nothing, since no apostrophe closes a quotation.
    return rf"[{quotes}][^{quotes}]*+(?:(?<=\w)[{quotes}](?=\w)[^{quotes}]*+)*[{quotes}]"


# No pattern below backtracks (*+, ++): each text is read in one pass.
_QUOTES = f"{DOUBLE}{SINGLE}«»"
_QUOTED = "|".join(
    (
        _quotation(DOUBLE[0]),  # "a b"
        _quotation(DOUBLE[1:]),  # “a "b" c”
        _quotation(DOUBLE),  # "a b” (one end straight, one end curly)
        _single(SINGLE[0]),  # 'a b'
        _single(SINGLE[1:]),  # ‘a 'b' c’
        _single(SINGLE),  # 'a b’
        _quotation("«", "»"),  # «a b»
    )
)
_BARE_NAME = rf"[^\s,={_QUOTES}]*+="
_QUOTED_NAME = "|".join(
    (
        f"[{DOUBLE}][^={DOUBLE}]*+[{DOUBLE}]=",  # "nick"=
        f"[{SINGLE}][^={SINGLE}]*+[{SINGLE}]=",  # 'nick'=
        "«[^=«»]*+»=",  # «nick»=
    )
)
_MARKS = f"[{MARKS}]*+"
_TOKEN = re.compile(
    rf"{_MARKS}(?P<name>{_QUOTED_NAME}|{_BARE_NAME})?{_MARKS}(?P<quotation>{_QUOTED}){_MARKS}(?=[\s,]|$)"
    rf"|{_MARKS}(?P<quoted_name>{_QUOTED_NAME})(?P<rest>[^\s,]*+)"
    r"|(?P<comma>,)"
    r"|(?P<word>[^\s,]++)",
    re.DOTALL,
)
# Quotes that only close do not open: ’ may be an apostrophe, as in ’tis.
_OPENING = _QUOTES.replace("\N{RIGHT SINGLE QUOTATION MARK}", "").replace("»", "")
_OPENED = re.compile(rf"{_MARKS}(?:{_BARE_NAME})?[{_OPENING}]")  # "a    nick="a    «a
_LISTS = frozenset({"--fields"})


@dataclass(frozen=True, slots=True)
class Token:
    """One token of a typed text.

    Args:
        typed: The text as typed, without its quotes.
        quoted: Whether all of it was in quotes.
        joined: Whether it follows the token before it without a blank.
    """

    typed: str
    quoted: bool = False
    joined: bool = False

    @property
    def text(self) -> str:
        """The text as an id or a word of the bot."""
        return normalize(self.typed)

    @property
    def is_comma(self) -> bool:
        """Whether it is a separating comma."""
        return self.typed == "," and not self.quoted

    @property
    def is_option(self) -> bool:
        """Whether it is an option, perhaps with its value."""
        return self.text.startswith("--") and not self.quoted

    @property
    def is_value(self) -> bool:
        """Whether it is a name and a value with an equals sign between them."""
        return "=" in self.typed and not self.quoted

    def split(self) -> tuple[str, str]:
        """Return the name before the equals sign, and the value as typed."""
        name, _, value = self.typed.partition("=")
        return normalize(name), value


@dataclass(slots=True)
class ParsedArguments:
    """The arguments of a command: its words in order, and its options with their values."""

    tokens: list[Token] = field(default_factory=list)
    options: dict[str, list[Token]] = field(default_factory=dict)

    @property
    def plain(self) -> list[str]:
        """The words as text."""
        return [token.text for token in self.tokens]


def tokenize(text: str) -> Iterator[Token]:
    """Split a text into tokens, in one pass.

    Raises:
        UsageError: A quote is not closed.
    """
    end = -1
    # A lone surrogate cannot be encoded; it becomes a question mark.
    for found in _TOKEN.finditer(text.encode("utf-8", "replace").decode("utf-8")):
        joined, end = found.start() == end, found.end()
        form = found.lastgroup or ""
        if form == "quotation":
            name, inside = found["name"] or "", found[form][1:-1]
            if name or normalize(inside).strip():
                yield Token(_bare_name(name) + inside, quoted=not name, joined=joined)
        elif form == "comma":
            yield Token(",", joined=joined)
        elif _OPENED.match(found[form]):
            raise UsageError(
                f"the quote at {quote(found[0])} is not closed",
                advice="Close it before a space, a comma or the end; use double quotes around an apostrophe",
            )
        elif form == "rest":
            yield Token(_bare_name(found["quoted_name"]) + found[form], joined=joined)
        else:
            yield from _unmarked(Token(found[form], joined=joined))


def _bare_name(name: str) -> str:
    """Remove the quotes of a name: `"nick"=` becomes `nick=`."""
    return name if not name or name[0] not in _QUOTES else f"{name[1:-2]}="


def _unmarked(token: Token) -> Iterator[Token]:
    """Remove code marks around an id or a whole token; keep those around a value."""
    if not token.is_value:  # `alice`    `alice``bob`
        yield from (
            replace(token, typed=part, joined=token.joined and not place)
            for place, part in enumerate(filter(normalize, token.typed.split("`")))
        )
    elif token.typed.startswith("`"):  # `nick=bob`
        yield replace(token, typed=token.typed.strip("`"))
    else:  # nick=`bob`
        yield token


def keep_commas(tokens: Iterable[Token], names: Container[str]) -> list[Token]:
    """Join values that contain commas: `nick=a,b` is one token; `nick=a, b` is two.

    Args:
        tokens: The tokens.
        names: The names that start a new value, in the spelling of `bare`: `nick=a,level=3` is two.
    """
    every = list(tokens)
    groups: list[list[Token]] = []
    for token, following in zip_longest(every, every[1:]):
        within = bool(groups) and groups[-1][0].is_value and token.joined
        if within and token.is_comma:
            within = following is not None and following.joined and not _starts_value(following, names)
        if within:
            groups[-1].append(token)
        else:
            groups.append([token])
    return [replace(group[0], typed="".join(token.typed for token in group)) for group in groups]


def _starts_value(token: Token, names: Container[str]) -> bool:
    return token.is_value and bare(token.split()[0]) in names


def split_options(tokens: Sequence[Token], spec: Spec) -> ParsedArguments:
    """Split a command's tokens into words and options.

    Raises:
        UsageError: There is no such option, or its value is missing.
    """
    arguments = ParsedArguments()
    rest = list(reversed(tokens))
    while rest:
        token = rest.pop()
        if token.is_option:
            name, value = token.split()
            name, equals = name.lower(), token.is_value
            if name not in spec.options:
                has_value = equals or (bool(rest) and not rest[-1].is_option)
                raise _unknown_option(name, spec, has_value=has_value)
            if equals:
                rest.append(Token(value, quoted=True))
            arguments.options[name] = (
                _take(rest, name) if spec.options[name] else _take_nothing(name, given=equals)
            )
        elif not token.is_comma:
            arguments.tokens.append(token)
    return arguments


def _take(rest: list[Token], name: str) -> list[Token]:
    """Take an option's value, or its list of values, off the end of the reversed rest."""
    values: list[Token] = []
    joined = True
    while joined and rest and not rest[-1].is_option:
        values.append(rest.pop())
        joined = name in _LISTS and bool(rest) and rest[-1].is_comma
        if joined:
            rest.pop()
    if not any(value.text.strip(" ,") for value in values):
        raise UsageError(f"{name} needs a value")
    return values


def _take_nothing(name: str, *, given: bool) -> list[Token]:
    if given:
        raise UsageError(f"{name} takes no value")
    return []


def _unknown_option(name: str, spec: Spec, *, has_value: bool) -> UsageError:
    offered = f"Options: {', '.join(spec.options)}" if spec.options else "It takes no options"
    near = nearest(name, spec.options)
    return UsageError(
        f"{spec.word} has no option {quote(name)}",
        advice=f"{did_you_mean(name, spec.options)}{offered}",
        # What may be its value must not become an id.
        correction=(name, near or "") if near or not has_value else None,
    )
