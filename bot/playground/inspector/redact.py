"""Redaction of secrets."""

import re
from collections.abc import Mapping
from typing import Any

REDACTED = "•••"
"""Replacement of a secret."""

_KEYS = frozenset({"token", "trigger_id"})
_SECRETS = re.compile(
    r"xox[a-z]-[\w-]+|xapp-[\w-]+|(?<=/response/)[\w-]+|(?<=/upload/v1/)[\w-]+|(?<=[?&]ticket=)[\w-]+"
)


def redact(value: Any) -> Any:
    """Copy JSON with its tokens, trigger ids and secret parts of URLs redacted."""
    match value:
        case Mapping():
            return {key: REDACTED if key in _KEYS and part else redact(part) for key, part in value.items()}
        case list() | tuple():
            return [redact(part) for part in value]
        case str():
            return _SECRETS.sub(REDACTED, value)
        case _:
            return value
