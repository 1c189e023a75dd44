"""How an error speaks of what somebody typed: quoted, and with what was probably meant."""

import re
from collections.abc import Iterable
from difflib import get_close_matches

CHECK_ID = "Check the id, or ask another app with --app"
"""What to do about an account that this app does not know."""
_CITED = 40
_NEEDS_QUOTES = re.compile(r"""[\s,"'«]|^$""")


def cite(typed: str) -> str:
    """Quote what was typed, cut to a length that a sentence can hold."""
    return f"“{typed if len(typed) <= _CITED else typed[: _CITED - 1] + '…'}”"


def pasted(typed: str) -> str:
    """Write something so that it can be pasted into a command as one piece."""
    quote = "'" if '"' in typed else '"'
    return f"{quote}{typed}{quote}" if _NEEDS_QUOTES.search(typed) else typed


def nearest(typed: str, known: Iterable[str]) -> str | None:
    """Find the known name that was probably meant, whatever its case."""
    names = {name.lower(): name for name in known}
    near = get_close_matches(typed.lower(), names, n=1)
    return names[near[0]] if near else None


def did_you_mean(typed: str, known: Iterable[str]) -> str:
    """Suggest the known name that was probably meant, with a blank after it; empty when none is near."""
    near = nearest(typed, known)
    return f"Did you mean {near}? " if near else ""
