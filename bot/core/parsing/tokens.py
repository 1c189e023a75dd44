"""What was typed, taken apart: quotes, commas, words and options."""

import re
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import zip_longest

from bot.core.commands import Spec
from bot.core.fields import bare
from bot.core.parsing.hints import cite, did_you_mean
from bot.core.parsing.typography import DOUBLE, MARKS, SINGLE, straighten
from bot.errors import UsageError

_QUOTES = f"{DOUBLE}{SINGLE}«»"
# Quotes of one kind hold those of another; after the kinds come mixtures: one end straight, one end curly.
_PAIRS = (
    *((quotes, quotes, "") for quotes in (DOUBLE[0], DOUBLE[1:], DOUBLE)),
    *((quotes, quotes, r"|(?<=\w)[{0}](?=\w)") for quotes in (SINGLE[0], SINGLE[1:], SINGLE)),
    ("«", "»", ""),
)
_QUOTED = "|".join(
    f"[{opening}](?:[^{opening}{closing}]{within.format(opening)})*+[{closing}]"
    for opening, closing, within in _PAIRS
)
_BARE_NAME = rf"[^\s,={_QUOTES}]*+="
_QUOTED_NAME = rf"(?:[{DOUBLE}][^={DOUBLE}]*+[{DOUBLE}]|[{SINGLE}][^={SINGLE}]*+[{SINGLE}]|«[^=«»]*+»)="
# A quoted text ends before a blank, a comma or the end; it may follow an equals sign: --fields="nick, level".
_TOKEN = re.compile(
    rf"[{MARKS}]*+({_QUOTED_NAME}|{_BARE_NAME})?[{MARKS}]*+({_QUOTED})[{MARKS}]*+(?=[\s,]|$)"
    rf"|[{MARKS}]*+({_QUOTED_NAME})([^\s,]*+)|(,)|([^\s,]++)",
    re.DOTALL,
)
# What closes a quotation opens none, and may be an apostrophe.
_OPENED = re.compile(rf"[{MARKS}]*+(?:{_BARE_NAME})?[{_QUOTES.replace(chr(0x2019), '').replace('»', '')}]")
_LISTS = frozenset({"--fields"})


@dataclass(frozen=True, slots=True)
class Token:
    """One piece of what was typed.

    Args:
        typed: It, without its quotes and otherwise as it is.
        quoted: Whether all of it was in quotes.
        joined: Whether it followed the piece before it without a blank.
    """

    typed: str
    quoted: bool = False
    joined: bool = False

    @property
    def text(self) -> str:
        """It as an id or a word of ours."""
        return straighten(self.typed)

    @property
    def is_comma(self) -> bool:
        """Whether it separates, and says nothing."""
        return self.typed == "," and not self.quoted

    @property
    def is_option(self) -> bool:
        """Whether it is an option's name, perhaps with its value."""
        return self.text.startswith("--") and not self.quoted

    @property
    def is_value(self) -> bool:
        """Whether it is a name and a value, joined by an equals sign."""
        return "=" in self.typed and not self.quoted

    def split(self) -> tuple[str, str]:
        """Give the name before the equals sign, and the value as it was typed."""
        name, _, value = self.typed.partition("=")
        return straighten(name), value


@dataclass(slots=True)
class Words:
    """What was typed after the command's word: the words in order, and options with their values."""

    tokens: list[Token] = field(default_factory=list)
    options: dict[str, list[Token]] = field(default_factory=dict)

    @property
    def plain(self) -> list[str]:
        """The words as text."""
        return [token.text for token in self.tokens]


def tokenize(text: str) -> Iterator[Token]:
    """Take a text apart, in one pass.

    Raises:
        UsageError: A quote is not closed.
    """
    end = -1
    # A lone surrogate cannot be sent to anybody; it becomes the sign for "unreadable".
    for match in _TOKEN.finditer(text.encode("utf-8", "replace").decode("utf-8")):
        name, quoted, quoted_name, value, comma, word = match.groups()
        joined = match.start() == end
        end = match.end()
        if quoted is not None:
            inside = quoted[1:-1]
            if name or straighten(inside).strip():
                yield Token(_bare_name(name or "") + inside, quoted=not name, joined=joined)
        elif comma:
            yield Token(comma, joined=joined)
        elif _OPENED.match(value if quoted_name else word):
            raise UsageError(
                f"the quote that opens at {cite(match[0])} is not closed",
                advice="Close it before a blank, a comma or the end; an apostrophe goes into double quotes",
            )
        elif quoted_name:
            yield Token(_bare_name(quoted_name) + value, joined=joined)
        else:
            yield from _unmarked(Token(word, joined=joined))


def _bare_name(name: str) -> str:
    return name if not name or name[0] not in _QUOTES else f"{name[1:-2]}="


def _unmarked(token: Token) -> Iterator[Token]:
    """Take off the code marks: around a value they are its own, around all of it or an id they are not."""
    if not token.is_value:
        yield from (
            replace(token, typed=part, joined=token.joined and not place)
            for place, part in enumerate(filter(straighten, token.typed.split("`")))
        )
    elif token.typed.startswith("`"):
        yield replace(token, typed=token.typed.strip("`"))
    else:
        yield token


def keep_commas(tokens: Iterable[Token], names: Container[str]) -> list[Token]:
    """Put together what commas within a value took apart: `nick=a,b` is one; `nick=a, b` is two.

    Args:
        tokens: What was typed.
        names: What starts a value of its own when an equals sign follows, bare: `nick=a,level=3`.
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


def sort(tokens: Sequence[Token], spec: Spec) -> Words:
    """Tell the words of a command from its options.

    Raises:
        UsageError: There is no such option, or it lacks its value.
    """
    words = Words()
    rest = list(reversed(tokens))
    while rest:
        token = rest.pop()
        if token.is_option:
            name, value = token.split()
            name, equals = name.lower(), token.is_value
            if name not in spec.options:
                raise _unknown_option(name, spec)
            if equals:
                rest.append(Token(value, quoted=True))
            words.options[name] = (
                _take(rest, name) if spec.options[name] else _take_nothing(name, given=equals)
            )
        elif not token.is_comma:
            words.tokens.append(token)
    return words


def _take(rest: list[Token], name: str) -> list[Token]:
    """Take an option's value, and what a comma joins to a list, off the end of the reversed rest."""
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


def _unknown_option(name: str, spec: Spec) -> UsageError:
    offered = f"Options: {', '.join(spec.options)}" if spec.options else "It takes no options"
    return UsageError(
        f"{spec.word} has no option {cite(name)}", advice=f"{did_you_mean(name, spec.options)}{offered}"
    )
