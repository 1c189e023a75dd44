"""Slack's own markup: taken out of what people type, and made inert in what they are sent."""

import re

# By code: the characters themselves are hard to tell apart, or not to be seen at all.
_QUOTES = dict.fromkeys(range(0x201C, 0x2020), '"') | dict.fromkeys(range(0x2018, 0x201C), "'")
_BLANKS = dict.fromkeys(
    [0x60, 0x0B, 0x0C, 0x85, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x2028, 0x2029, 0x202F, 0x205F, 0x3000],
    " ",
)
_UNSEEN = dict.fromkeys(
    [0xAD, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070), 0xFEFF], ""
)
_TYPED = str.maketrans(_QUOTES | _BLANKS | _UNSEEN)
# macOS and iOS turn the two hyphens of an option into one dash.
_DASH = re.compile(r"(?<!\S)[\u2013-\u2015](?=[A-Za-z])")
_WRAPPED = re.compile(
    r"<(?:[@#](?P<mention>[A-Z0-9]+)|(?:mailto:|tel:)(?P<target>[^<>|]+)|(?P<url>https?://[^<>|]+))"
    r"(?:\|(?P<label>[^<>]*))?>"
)
_ESCAPED = re.compile("&(amp|lt|gt);")
_CHARACTERS = {"amp": "&", "lt": "<", "gt": ">"}
_BROADCAST = re.compile("@(?=here|channel|everyone)", re.IGNORECASE)
_WORD_JOINER = "\u2060"


def plain(text: str) -> str:
    """Turn a slash command's text into what the person meant to type, before it is split into words.

    Curly quotes and dashes become straight, strange blanks and back-ticks become blanks, and what nobody
    sees is dropped; that takes the joiner out of an emoji made of several, too. Then links and mentions are
    unwrapped to the part that an account id can be, and last Slack's three escapes are undone, once.
    """
    typed = _DASH.sub("--", text.translate(_TYPED))
    return _ESCAPED.sub(lambda match: _CHARACTERS[match[1]], _WRAPPED.sub(_unwrap, typed))


def _unwrap(match: re.Match[str]) -> str:
    return match["mention"] or match["label"] or match["target"] or match["url"]


def escape(text: str) -> str:
    """Escape the three characters that begin, end and escape Slack's markup."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def inert(text: str) -> str:
    """Make text safe for a message's top-level text, where @here would count even when escaped.

    A word joiner after the @ is not seen, and is no mention.
    """
    return _BROADCAST.sub(f"@{_WORD_JOINER}", escape(text))
