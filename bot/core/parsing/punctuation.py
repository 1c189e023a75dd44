"""Punctuation around ids that were pasted from a log: brackets, full stops, separators."""

import re

_SEPARATORS = re.compile(r"[;|]+")
_AROUND = "()[]{}<>.,;:!?\"'`|"


def strip_punctuation(account: str) -> tuple[str, ...]:
    """Return the ids within a typed one, without punctuation; empty if nothing changes or is left.

    `(bob_k)` gives bob_k, `alice.` gives alice, and `a;b` gives both a and b.
    """
    parts = tuple(filter(None, (part.strip(_AROUND) for part in _SEPARATORS.split(account))))
    return () if parts == (account,) else parts
