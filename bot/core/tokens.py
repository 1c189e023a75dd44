"""What was typed, taken apart: quotes, commas, words and options."""

import re
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import zip_longest

from bot.core.commands import Spec
from bot.core.hints import cite, did_you_mean
from bot.errors import UsageError

# A quoted text ends before a blank, a comma or the end; it may follow an equals sign: --fields="nick, level".
_TOKEN = re.compile(
    r"""([^\s,"'«=]*=)?(?:(["'])((?:(?!\2).)*)\2|«([^«»]*)»)(?=[\s,]|$)|(,)|([^\s,]+)""", re.DOTALL
)
_OPENED = re.compile(r"""([^\s,"'=]*=)?["']""")
_LISTS = frozenset({"--fields"})


@dataclass(frozen=True, slots=True)
class Token:
    """One piece of what was typed.

    Args:
        text: It, without its quotes.
        quoted: Whether all of it was in quotes.
        joined: Whether it followed the piece before it without a blank.
    """

    text: str
    quoted: bool = False
    joined: bool = False

    @property
    def is_comma(self) -> bool:
        """Whether it separates, and says nothing."""
        return self.text == "," and not self.quoted

    @property
    def is_option(self) -> bool:
        """Whether it is an option's name, perhaps with its value."""
        return self.text.startswith("--") and not self.quoted

    @property
    def is_value(self) -> bool:
        """Whether it is a name and a value, joined by an equals sign."""
        return "=" in self.text and not self.quoted


@dataclass(slots=True)
class Words:
    """What was typed after the command's word: the words in order, and options with their values."""

    tokens: list[Token] = field(default_factory=list)
    options: dict[str, list[str]] = field(default_factory=dict)

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
        name, _, straight, angled, comma, bare = match.groups()
        inside = straight if angled is None else angled
        if bare and _OPENED.match(bare):
            raise UsageError(
                f"the quote that opens at {cite(bare)} is not closed",
                advice="Close it before a blank, a comma or the end; an apostrophe goes into double quotes",
            )
        joined = match.start() == end
        end = match.end()
        if inside is None:
            yield Token(comma or bare, joined=joined)
        elif name or inside.strip():
            yield Token((name or "") + inside, quoted=not name, joined=joined)


def keep_commas(tokens: Iterable[Token], names: Container[str]) -> list[Token]:
    """Put together what commas within a value took apart: `nick=a,b` is one; `nick=a, b` is two.

    Args:
        tokens: What was typed.
        names: What starts a value of its own when an equals sign follows, in lower case: `nick=a,level=3`.
    """
    every = list(tokens)
    whole: list[Token] = []
    for token, following in zip_longest(every, every[1:]):
        within = bool(whole) and whole[-1].is_value and token.joined
        if within and token.is_comma:
            within = following is not None and following.joined and not _starts_value(following, names)
        if within:
            whole[-1] = replace(whole[-1], text=whole[-1].text + token.text)
        else:
            whole.append(token)
    return whole


def _starts_value(token: Token, names: Container[str]) -> bool:
    return token.is_value and token.text.partition("=")[0].lower() in names


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
            name, equals, value = token.text.partition("=")
            name = name.lower()
            if name not in spec.options:
                raise _unknown_option(name, spec)
            if equals:
                rest.append(Token(value, quoted=True))
            words.options[name] = _take(rest, name) if spec.options[name] else _take_nothing(name, equals)
        elif not token.is_comma:
            words.tokens.append(token)
    return words


def _take(rest: list[Token], name: str) -> list[str]:
    """Take an option's value, and what a comma joins to a list, off the end of the reversed rest."""
    values: list[str] = []
    joined = True
    while joined and rest and not rest[-1].is_option:
        values.append(rest.pop().text)
        joined = name in _LISTS and bool(rest) and rest[-1].is_comma
        if joined:
            rest.pop()
    if not any(value.strip(" ,") for value in values):
        raise UsageError(f"{name} needs a value")
    return values


def _take_nothing(name: str, equals: str) -> list[str]:
    if equals:
        raise UsageError(f"{name} takes no value")
    return []


def _unknown_option(name: str, spec: Spec) -> UsageError:
    offered = f"Options: {', '.join(spec.options)}" if spec.options else "It takes no options"
    return UsageError(
        f"{spec.word} has no option {cite(name)}", advice=f"{did_you_mean(name, spec.options)}{offered}"
    )
