"""Feeds hostile text to every reader of outside text; prints those that took too long.

A program of its own: a pattern that rescans the text holds the interpreter, and only the end of the
process stops it. It counts CPU time, which other processes do not use up.
"""

import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from bot.core.commands import SPECS
from bot.core.fields import PROFILE_FIELDS, Domain, Kind, named
from bot.core.id_detection import find_and_count
from bot.core.model import App
from bot.core.parsing.assignments import read_assignments
from bot.core.parsing.command_line import Apps, parse, read_accounts
from bot.core.parsing.tokens import Token, keep_commas, split_options, tokenize
from bot.core.parsing.typography import normalize
from bot.core.parsing.usage_errors import nearest, pasted
from bot.core.parsing.values import parse_value
from bot.core.text.spreadsheet import line
from bot.core.text.visible_text import make_visible
from bot.errors import UsageError
from bot.playground.interactions.markup import write
from bot.playground.people import PEOPLE
from bot.slack.api.message_text import read_words, unmark
from bot.slack.listeners.mention_text import read_message
from bot.slack.messages.blocks import fallback, paragraph, words
from bot.slack.messages.text import cut, escape_mentions, unescape
from bot.slack.modals.errors import FormError
from bot.slack.modals.inputs import INPUT, initial_value
from bot.slack.modals.lookup import IDS, KIND, OWNER
from bot.slack.modals.lookup_submission import read_lookup

LENGTH = 40_000
"""Characters of each text; a pattern that rescans it from each character takes close to 2 seconds."""
SECONDS = 0.75
"""Seconds of CPU for one text; a single pass takes a fifth of that at most."""

BOT_ID = "U07IMBOTX3M"
APP = App("prod", "Singapore")
APPS = Apps({"prod": APP}, "prod")
_KINDS = tuple({field.kind: field for field in PROFILE_FIELDS}.values())
PIECES = (
    *(" ", "\n", " \n", "\u00a0", "\r\n", "a ", "a\n"),
    *(
        '"',
        "'",
        "`",
        "\u201c",
        "\u201d",
        "\u2018",
        "\u2019",
        "\u00ab",
        "\u00bb",
        '" "',
        '"a" ',
        "\u2019a b\u2019c ",
    ),
    *("-", "--a", " --a", "--a ", "\n- ", "\u2014a "),
    *(
        ",",
        ";",
        ".",
        "?",
        "a.",
        "[",
        "[1,",
        "|",
        "*",
        "*a*\n",
        "_",
        " _a",
    ),
    *(">", "<a", "<a|", "<!", "<@U", f"<@{BOT_ID}|", "<mailto:", "<tel:a|", "<https://a|"),
    *("&", "&amp;", "&lt;", "@", "@here"),
    *("=", "nick=a,", "a b=", "=1;", "\t="),
    *(" and ", " and and", ":", ":x:", ":x: ", " :x:"),
    *(
        "user",
        "user: ",
        "users: a, ",
        "users: [a, ",
        "user=`a` ",
        "http://a/u/",
        "a://a?b=c&",
        "1.1.",
        "%41",
    ),
    *(
        "0",
        "1-",
        "12:3",
        "2020-01-01 ",
        "\u200b",
        "\u200d",
        "\u0301",
        "\ufe0f",
        "\U0001f1e6",
        "\ud800",
    ),
)
"""The pieces that the texts repeat."""


def _take_apart(text: str) -> None:
    tokens = list(tokenize(text))
    with suppress(UsageError):
        split_options(tokens, SPECS["profile"])
    value = Token("nick=")
    with suppress(UsageError):
        read_assignments(
            keep_commas([value, *(replace(token, joined=True) for token in tokens)], {"nick"}), APP
        )
    read_assignments(tokens, APP)


def _read_values(text: str) -> None:
    for field in _KINDS:
        with suppress(UsageError):
            parse_value(field, text)


def _begin_forms(text: str) -> None:
    for field in _KINDS:
        if field.kind is not Kind.MUTED:
            initial_value(field, text)


def _read_message_of_blocks(text: str) -> None:
    code, link = {"type": "text", "text": text, "style": {"code": True}}, {"type": "link", "url": text}
    section = {"type": "rich_text_section", "elements": [code, {**link, "text": f"{text}a"}]}
    blocks = [{"type": "rich_text", "elements": [section]}, {"type": "mrkdwn", "text": text}]
    fields = [{"title": text, "value": text}]
    find_and_count(read_words({"blocks": blocks, "attachments": [{"title": text, "fields": fields}]}))


def _read_form(text: str) -> None:
    held: dict[str, Any] = {IDS: text, OWNER: text, KIND: "friends"}
    values = {block_id: {INPUT: {"value": value}} for block_id, value in held.items()}
    view = {"state": {"values": values}, "blocks": [{"type": "input", "block_id": IDS}]}
    with suppress(FormError):
        read_lookup(view, APPS)


READERS: Mapping[str, Callable[[str], object]] = {
    "take apart": _take_apart,
    "parse": lambda text: parse(f"profile {text}", APPS),
    "parse a change": lambda text: parse(f"set alice nick={text}", APPS),
    "read accounts": read_accounts,
    "read values": _read_values,
    "name fields": lambda text: named([text, *text.split(",")], Domain.PROFILE, ()),
    "guess": lambda text: nearest(text, SPECS),
    "paste": pasted,
    "normalize": normalize,
    "read a message": lambda text: read_message(text, BOT_ID),
    "find candidates": find_and_count,
    "read blocks": _read_message_of_blocks,
    "unmark": unmark,
    "unescape": unescape,
    "escape mentions": escape_mentions,
    "make visible": make_visible,
    "cut": lambda text: [cut(text, limit) for limit in (10, 600, LENGTH - 1)],
    "begin a form": _begin_forms,
    "read a form": _read_form,
    "fall back": lambda text: fallback((paragraph([words(text)]).to_dict(),)),
    "write a line of CSV": lambda text: line([text]),
    "type in the playground": lambda text: write(text, PEOPLE).text,
}
"""All readers of text from outside, by name."""


def find_slow(length: float = LENGTH, seconds: float = SECONDS) -> Iterator[str]:
    """Name each reader with each piece whose repetition it does not read in time."""
    for name, read in READERS.items():
        rest = list(PIECES)
        while rest:
            done = _count_read(read, rest, int(length), seconds)
            yield from (f"{name}: {piece!r}" for piece in rest[done : done + 1])
            rest = rest[done + 1 :]


def _count_read(read: Callable[[str], object], pieces: Sequence[str], length: int, seconds: float) -> int:
    """Count the pieces that are read in time, up to the first that is not."""
    readable, writable = os.pipe()
    child = os.fork()
    if child == 0:
        for piece in pieces:
            run = (piece * length)[: length // 2]
            # The signal's default action ends the process even within C code.
            signal.setitimer(signal.ITIMER_PROF, seconds)
            with suppress(UsageError):
                read(f"{run}a{run}")
            os.write(writable, b".")
        os._exit(0)
    os.close(writable)
    with os.fdopen(readable, "rb") as done:
        count = len(done.read())
    os.waitpid(child, 0)
    return count


if __name__ == "__main__":
    for slow in find_slow(*map(float, sys.argv[1:])):
        print(slow, flush=True)
