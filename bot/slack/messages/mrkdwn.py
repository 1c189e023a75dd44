"""Slack's own markup: taken out of what people type, and made inert in what they are sent."""

import re

_WRAPPED = re.compile(
    r"<(?:[@#](?P<mention>[A-Z0-9]+)|(?:mailto:|tel:)(?P<target>[^<>|]+)|(?P<url>https?://[^<>|]+))"
    r"(?:\|(?P<label>[^<>]*))?>"
)
_ESCAPED = re.compile("&(amp|lt|gt);")
_CHARACTERS = {"amp": "&", "lt": "<", "gt": ">"}
_BROADCAST = re.compile("@(?=here|channel|everyone)", re.IGNORECASE)
_WORD_JOINER = "\u2060"


def plain(text: str) -> str:
    """Turn text as Slack delivers it into what the person typed.

    Links and mentions are unwrapped to the part that an account id can be, then Slack's three escapes are
    undone, once. All else is left as it is: it may be a value.
    """
    return _ESCAPED.sub(lambda match: _CHARACTERS[match[1]], _WRAPPED.sub(_unwrap, text))


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
