"""The address of a Redis server, or of Sentinels that know it."""

import re
from dataclasses import dataclass, field
from urllib.parse import unquote

FORMS = (
    "must be redis://[[USER]:PASSWORD@]HOST[:PORT][/NUMBER], rediss://… for TLS, or "
    "redis+sentinel://[[USER]:PASSWORD@]HOST[:PORT][,HOST[:PORT]…]/MASTER[/NUMBER] or rediss+sentinel://…"
)
"""The forms of an address; special characters in a password are written as %XX."""

_URL = re.compile(r"(?P<scheme>[a-z+]+)://(?P<place>[^/?#]*)(?P<path>(?:/[^?#]*)?)")
_PORTS = {"redis": 6379, "redis+sentinel": 26379}
_HOST = re.compile(r"(\[[0-9A-Fa-f:.%]+\]|[A-Za-z0-9._-]+)(?::([0-9]{1,5}))?")


@dataclass(frozen=True, slots=True)
class RedisAddress:
    """The address of a Redis server.

    Args:
        hosts: Host and port of the server, or of each Sentinel.
        master: The master's name that the Sentinels know it by; empty for a server.
        number: The number of its database.
        tls: Whether to connect over TLS, to the Sentinels too.
        username: The user; None for the default one.
        password: The password, also of the Sentinels; None without one.
    """

    hosts: tuple[tuple[str, int], ...]
    master: str
    number: int
    tls: bool
    username: str | None = field(repr=False)
    password: str | None = field(repr=False)


def parse_redis_url(url: str) -> RedisAddress:
    """Parse an address.

    Raises:
        ValueError: It has none of the FORMS; the text does not repeat it.
    """
    # Not by urllib, some versions of which take no brackets in a list of hosts.
    parts = _URL.fullmatch(url)
    if parts is None:
        raise ValueError(FORMS)
    scheme = parts["scheme"].replace("rediss", "redis")
    login, at, places = parts["place"].rpartition("@")
    user, colon, password = login.partition(":")
    hosts = [_HOST.fullmatch(place) for place in places.split(",")]
    path = parts["path"].strip("/").split("/")
    sentinel = scheme == "redis+sentinel"
    master = unquote(path.pop(0)) if sentinel else ""
    number = path.pop(0) if path else ""
    if (
        scheme not in _PORTS
        or (at and not colon)
        or (sentinel and not master)
        or (len(hosts) > 1 and not sentinel)
        or path
        or not re.fullmatch("[0-9]{0,4}", number)
    ):
        raise ValueError(FORMS)
    return RedisAddress(
        hosts=tuple(_read_host(host, _PORTS[scheme]) for host in hosts),
        master=master,
        number=int(number or 0),
        tls=parts["scheme"].startswith("rediss"),
        username=unquote(user) or None,
        password=unquote(password) or None,
    )


def _read_host(host: re.Match[str] | None, port: int) -> tuple[str, int]:
    if host is None or not 0 < int(host[2] or port) < 2**16:
        raise ValueError(FORMS)
    return host[1].strip("[]"), int(host[2] or port)
