"""Resolving of names, in time."""

import socket
import threading
import time
from contextlib import suppress
from ipaddress import ip_address
from typing import Any, TypeAlias

from urllib3.util.connection import allowed_gai_family

MAX_RESOLVING = 16
"""The most names resolved at once; resolving cannot be interrupted, so some may be stuck."""
LATE_ANSWER_SECONDS = 60.0
"""Seconds for which a late result of resolving is kept for the next caller."""

_Address: TypeAlias = tuple[Any, ...]


class _Resolution:
    """One name being resolved, in a daemon thread."""

    def __init__(self, host: str, port: int) -> None:
        self.addresses: list[_Address] = []
        self.problem: Exception | None = None
        self.at = float("inf")
        self.done = threading.Event()
        threading.Thread(target=self._run, args=(host, port), name="resolve", daemon=True).start()

    @property
    def usable(self) -> bool:
        """True while running, and for a short time after it succeeded."""
        return not self.done.is_set() or (
            self.problem is None and time.monotonic() - self.at < LATE_ANSWER_SECONDS
        )

    def _run(self, host: str, port: int) -> None:
        try:
            self.addresses = socket.getaddrinfo(host, port, allowed_gai_family(), socket.SOCK_STREAM)
        except Exception as error:  # noqa: BLE001 - raised where it is waited for
            self.problem = error
        self.at = time.monotonic()
        self.done.set()


_resolutions: dict[tuple[str, int], _Resolution] = {}
_resolutions_lock = threading.Lock()


def resolve(host: str, port: int, seconds: float) -> list[_Address]:
    """Resolve a name in time; concurrent callers share one result.

    Raises:
        TimeoutError: It took too long; the next caller may get the result.
        socket.gaierror: There is no such name, or too many are being resolved.
        UnicodeError: The name is not valid.
    """
    with suppress(ValueError):
        ip_address(host)
        return socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM)
    key = host, port
    with _resolutions_lock:
        resolution = _resolutions.get(key)
        if resolution is None or not resolution.usable:
            _resolutions.pop(key, None)
            for other in [other for other, each in _resolutions.items() if not each.usable]:
                del _resolutions[other]
            if sum(not each.done.is_set() for each in _resolutions.values()) >= MAX_RESOLVING:
                raise socket.gaierror(socket.EAI_AGAIN, "too many names are being resolved")
            resolution = _resolutions[key] = _Resolution(host, port)
    if not resolution.done.wait(max(seconds, 0)):
        raise TimeoutError
    with _resolutions_lock:
        if _resolutions.get(key) is resolution:
            del _resolutions[key]
    if resolution.problem is not None:
        raise resolution.problem
    return resolution.addresses
