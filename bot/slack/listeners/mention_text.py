"""Reads a message to the bot: a command, accounts to look up, or small talk."""

import re

from bot.core.commands import SPECS
from bot.core.id_detection import find_candidates, is_common
from bot.core.ids import fits
from bot.core.lookups.kinds import PROFILES
from bot.core.parsing.command_line import check_length
from bot.core.parsing.typography import normalize
from bot.slack.listeners.small_talk import NEVER_IDS, SMALL_TALK
from bot.slack.messages.text import unescape

_PUNCTUATION = ".,;:!?()"
_GREETING = 100
"""The most characters of a message that are read before its author's role is checked."""
# No pattern backtracks: each run is matched once, as a whole.
_START = re.compile(r"\A\s*+[.,;:!?()]++\s++")
_BULLET = re.compile(r"(?m)^[^\S\n]*+[-\u2013\u2014\u2022*]++[^\S\n]++")
_OPTIONS = re.compile(r"(?<!\s)\s++(?=--\w)")
_QUOTED = re.compile(r'"[^"]*"')
_NEEDS_QUOTES = re.compile(r"[\s,]")
_SEPARATORS = re.compile(r"(?i)(?<=[\w`])[.;:!?]++(?:\s++|$)|(?<!\s)\s++and\s++")
_EMOJI = re.compile(r"(?<!\S):[a-z0-9_+'-]++:(?!\S)")
_MARKED = re.compile(r"[0-9_@\"'«=]|(?<=\w)[-.#:]+(?=\w)|--")
"""Characters of ids and options that words of a sentence lack."""
_LINK = re.compile(r"[a-zA-Z][\w+.-]*+://\S++")
_GAPS = re.compile(r"[\s,;]++")


def read_message(text: str, bot_id: str) -> str:
    """Convert a message to the text of a slash command.

    A message that starts with a command's word is that command. Any other looks up profiles: all ids of a
    list, or the likely ids of a sentence. Without any ids, the text is empty.

    Args:
        text: The message as Slack delivers it.
        bot_id: The bot's own user id, whose mention is left out.

    Raises:
        UsageError: It is too long for a command.
    """
    typed = _without_mention(text, bot_id)
    check_length(typed)
    typed = _BULLET.sub("", typed).strip()
    first, *rest = typed.split(maxsplit=1) or [""]
    if (word := _to_word(first)) in SPECS:
        return " ".join([word, *rest])
    named = _find_likely(normalize(typed)) if _is_sentence(normalize(typed)) else _drop_separators(typed)
    return f"{PROFILES.word} {named}" if named else ""


def find_unread(text: str, bot_id: str) -> tuple[str, ...]:
    """Find the words of a message that may be ids, but that `read_message` leaves out of a lookup.

    Args:
        text: The message as Slack delivers it, of at most a command's length.
        bot_id: The bot's own user id, whose mention is left out.
    """
    typed = normalize(_BULLET.sub("", _without_mention(text, bot_id))).strip()
    first, *_ = typed.split(maxsplit=1) or [""]
    if _to_word(first) in SPECS or not _is_sentence(typed):
        return ()
    said = _OPTIONS.split(_EMOJI.sub(" ", typed), maxsplit=1)[0]
    rest = _LINK.sub(" ", said)
    for account in _list_likely(said):
        rest = re.sub(rf"(?<!\w){re.escape(account)}(?!\w)", " ", rest)
    found = (each.strip(f"{_PUNCTUATION}\"'`[]{{}}<>-") for each in _GAPS.split(rest))
    return tuple(dict.fromkeys(word for word in found if _may_be_id(word)))


def _may_be_id(word: str) -> bool:
    return any(map(str.isalnum, word)) and fits(word) and word.lower() not in NEVER_IDS


def read_word(text: str, bot_id: str) -> str:
    """Read only the command's word from a message.

    Without a command's word it is that of a profile lookup; empty for small talk.
    """
    typed = _without_mention(text, bot_id)
    words = [_to_word(each) for each in _BULLET.sub("", typed[:_GREETING]).split()]
    if words and words[0] in SPECS:
        return words[0]
    return "" if len(typed) <= _GREETING and SMALL_TALK.issuperset(words) else PROFILES.word


def _to_word(typed: str) -> str:
    return normalize(typed).strip(_PUNCTUATION).lower()


def _without_mention(text: str, bot_id: str) -> str:
    mention = rf"<@{re.escape(bot_id)}(?:\|[^<>]*+)?>"
    return _START.sub("", unescape(re.sub(mention, " ", text) if bot_id else text))


def _is_sentence(typed: str) -> bool:
    """Check whether a text is a sentence, rather than only ids and options."""
    said = _OPTIONS.split(_EMOJI.sub(" ", typed), maxsplit=1)[0]
    words = [
        word for each in _QUOTED.sub('""', said).split() if (word := each.strip(f"{_PUNCTUATION}-").lower())
    ]
    if any(word in SMALL_TALK or is_common(word) for word in words if word != "and"):
        return True
    return not words or (said.rstrip().endswith(("?", "!")) and not any(map(_MARKED.search, words)))


def _find_likely(typed: str) -> str:
    said, *options = _OPTIONS.split(_EMOJI.sub(" ", typed), maxsplit=1)
    likely = _list_likely(said)
    quoted = [f'"{account}"' if _NEEDS_QUOTES.search(account) else account for account in likely]
    return " ".join([*quoted, *options]) if quoted else ""


def _list_likely(said: str) -> list[str]:
    return [each.account for each in find_candidates(said) if each.likely]


def _drop_separators(typed: str) -> str:
    """Remove separators between and after ids, unless the text has quotes, which may contain them."""
    return typed if '"' in normalize(typed) else _SEPARATORS.sub(" ", typed).strip()
