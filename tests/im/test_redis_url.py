import pytest

from bot.im.redis_url import FORMS, RedisAddress, parse_redis_url


def address(*hosts: tuple[str, int], **changes: object) -> RedisAddress:
    usual = {"master": "", "number": 0, "tls": False, "username": None, "password": None}
    return RedisAddress(hosts=hosts, **{**usual, **changes})  # type: ignore[arg-type]  # a table's values


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("redis://cache", address(("cache", 6379))),
        ("redis://cache:7000/3", address(("cache", 7000), number=3)),
        ("redis://:p%40ss@10.0.0.1/", address(("10.0.0.1", 6379), password="p@ss")),
        ("redis://bot:pass@[::1]:7000", address(("::1", 7000), username="bot", password="pass")),
        ("rediss://cache.example:6380/0", address(("cache.example", 6380), tls=True)),
        ("redis+sentinel://one/main", address(("one", 26379), master="main")),
        (
            "rediss+sentinel://:pass@one:1,two,[::3]:3/main/2",
            address(
                ("one", 1), ("two", 26379), ("::3", 3), master="main", number=2, tls=True, password="pass"
            ),
        ),
    ],
)
def test_takes(url: str, expected: RedisAddress) -> None:
    assert parse_redis_url(url) == expected


@pytest.mark.parametrize(
    "url",
    [
        "cache:6379",
        "http://cache",
        "redis://",
        "redis://cache:0",
        "redis://cache:99999",
        "redis://cache/main",
        "redis://cache/0/1",
        "redis://one,two/0",
        "redis://secret@cache",
        "redis://cache?db=1",
        "redis://cache#1",
        "redis://[::1",
        "redis://a b/0",
        "redis+sentinel://one,two",
        "redis+sentinel://one,/main",
        "redis+sentinel://one/main/zero",
        "rediss+rediss://one",
    ],
)
def test_refuses_anything_else_without_repeating_it(url: str) -> None:
    with pytest.raises(ValueError, match="must be redis://") as caught:
        parse_redis_url(url)

    assert str(caught.value) == FORMS
    assert caught.value.__cause__ is None


def test_shows_no_password() -> None:
    assert "hush" not in repr(parse_redis_url("redis://bot:hush@cache"))
