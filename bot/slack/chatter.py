"""What a message to the bot asks for: a command, accounts to look up, or nothing in particular."""

import re

from bot.core.commands import SPECS, ShowProfiles
from bot.core.typography import straighten
from bot.slack.mrkdwn import plain

_PROFILE = next(spec.word for spec in SPECS.values() if spec.makes is ShowProfiles)
_ENDS = ".,;:!?()"
_EMOJI = re.compile(r"(?<!\S):[a-z0-9_+'-]+:(?!\S)")
_MARKED = re.compile(r"[0-9_@\"'«=]|(?<=\w)[-.#:]+(?=\w)|--")
"""What ids and options have, and words of a sentence have not."""
_WORDS = """
    a about again all am and any anybody anyone are can cheers cool could do does everybody everyone fine for
    from good got great guys have hello hey hi hiya how i in is it just me morning my nice no of ok okay on
    perfect please show sorry sure tell test thank thanks that the there this thx to up ty was welcome well
    what who why with works wow yes yo you your
"""
_SMALL_TALK = frozenset(_WORDS.split())


def read_message(text: str, bot_id: str) -> str:
    """Turn a message into what would be typed after the slash command.

    A command's word first makes it that command; small talk and nothing at all are like the slash command
    alone; anything else names accounts whose profiles are asked for.

    Args:
        text: The message as Slack delivers it.
        bot_id: The bot's own user id, whose mention is no part of what is asked.
    """
    typed = plain(re.sub(rf"<@{re.escape(bot_id)}(\|[^>]*)?>", " ", text) if bot_id else text).strip()
    first, *rest = typed.split(maxsplit=1) or [""]
    if (word := straighten(first).strip(_ENDS).lower()) in SPECS:
        return " ".join([word, *rest])
    return "" if _is_small_talk(straighten(typed)) else f"{_PROFILE} {typed}"


def _is_small_talk(typed: str) -> bool:
    said = _EMOJI.sub(" ", typed)
    words = [word for each in said.split() if (word := each.strip(_ENDS).lower())]
    if any(map(_MARKED.search, words)):
        return False
    return not words or said.rstrip().endswith(("?", "!")) or not _SMALL_TALK.isdisjoint(words)
