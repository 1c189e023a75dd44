"""Pictures that Slack may fetch: those of ordinary https addresses."""

import re
from http.client import HTTPS_PORT
from ipaddress import ip_address
from urllib.parse import urlsplit

from bot.core.fields import PROFILE_FIELDS, Field
from bot.core.model import Value

AVATAR: Field = next(field for field in PROFILE_FIELDS if field.word == "avatar")
"""The field with the address of an account's picture."""

_MOST = 3000
"""The most characters of a picture's address that Slack takes."""
_ADDRESS = re.compile(r"https://[!#-;=?-\[\]^_a-z{}~]+")  # printable ASCII without " < > \ ` |
_HOST = re.compile(r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])")
_INTERNAL = frozenset(("local", "localhost", "internal", "intranet", "lan", "home", "corp", "invalid"))


def find_picture(value: Value | None) -> str:
    """Return a picture's address if Slack may fetch it; empty for any other value.

    Only https, the usual port and a public name: no numbers, no user name, nothing inside a company.
    """
    address = value if isinstance(value, str) else ""
    if len(address) > _MOST or not _ADDRESS.fullmatch(address):
        return ""
    try:
        parts = urlsplit(address)
        usual = parts.port in (None, HTTPS_PORT) and "@" not in parts.netloc
    except ValueError:
        return ""
    return address if usual and _is_public((parts.hostname or "").rstrip(".")) else ""


def _is_public(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return bool(_HOST.fullmatch(host)) and host.rpartition(".")[2] not in _INTERNAL
    return False
