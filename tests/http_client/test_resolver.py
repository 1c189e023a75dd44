import socket
import threading
from collections.abc import Iterator

import pytest

from bot.http_client.resolver import MAX_RESOLVING, resolve


class SlowResolver:
    """A resolver that answers only after its release."""

    def __init__(self) -> None:
        self.hosts: list[str] = []
        self.released = threading.Event()

    def resolve(self, host: str, *_: object) -> list[tuple[object, ...]]:
        self.hosts.append(host)
        self.released.wait()
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 9))]


@pytest.fixture
def resolver(monkeypatch: pytest.MonkeyPatch) -> Iterator[SlowResolver]:
    resolver = SlowResolver()
    monkeypatch.setattr(socket, "getaddrinfo", resolver.resolve)
    yield resolver
    resolver.released.set()


def test_gives_up_a_name_in_time_and_uses_its_answer_next_time(resolver: SlowResolver) -> None:
    for _ in range(3):
        with pytest.raises(TimeoutError):
            resolve("late.invalid", 80, 0.02)
    resolver.released.set()

    assert resolve("late.invalid", 80, 30)[0][4] == ("127.0.0.1", 9)
    assert resolver.hosts == ["late.invalid"]


def test_never_piles_up_names(resolver: SlowResolver) -> None:
    for number in range(MAX_RESOLVING):
        with pytest.raises(TimeoutError):
            resolve(f"stuck-{number}.invalid", 80, 0)
    with pytest.raises(socket.gaierror):
        resolve("one-more.invalid", 80, 0)

    assert len(resolver.hosts) <= MAX_RESOLVING
    resolver.released.set()
    assert resolve("stuck-0.invalid", 80, 30)
