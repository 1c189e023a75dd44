"""The ids that people have looked up, counted for all processes."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select, update

from bot.core.model import Actor
from bot.store.database.engine import open_engine
from bot.store.database.schema import lookup_usage
from bot.store.record import Store

VERA = Actor("U01VERA", "T1")
HOUR = 3600
SOON = 20.0


def pass_time(url: str, seconds: int) -> None:
    with closing(Store(url)) as store, store._engine.begin() as connection:
        connection.execute(update(lookup_usage).values(minute=lookup_usage.c.minute - seconds))


def test_counts_no_more_in_an_hour_than_the_limit(url: str, open_store: Callable[..., Store]) -> None:
    stores = [open_store(url) for _ in range(3)]
    with ThreadPoolExecutor(12) as pool:
        refused = list(pool.map(lambda number: stores[number % 3].spend(VERA, 10, 50, SOON), range(12)))

    assert refused.count(None) == 5
    assert stores[0].spend(Actor("U02", "T1"), 50, 50, SOON) is None


def test_says_when_there_is_room_again(store: Store, url: str) -> None:
    assert store.spend(VERA, 30, 50, SOON) is None
    pass_time(url, 20 * 60)
    assert store.spend(VERA, 20, 50, SOON) is None

    soon, later = store.spend(VERA, 30, 50, SOON), store.spend(VERA, 31, 50, SOON)

    now = datetime.now(UTC)
    assert soon
    assert later
    assert timedelta(minutes=38) < soon - now <= timedelta(minutes=41)
    assert timedelta(minutes=58) < later - now <= timedelta(minutes=61)
    pass_time(url, 41 * 60)
    assert store.spend(VERA, 30, 50, SOON) is None


def test_deletes_what_is_over_an_hour_old(store: Store, url: str) -> None:
    store.spend(VERA, 30, 50, SOON)
    pass_time(url, HOUR + 120)
    store.spend(VERA, 1, 50, SOON)

    store.drop_expired()

    engine = open_engine(url)
    with engine.connect() as connection:
        assert connection.scalar(select(func.sum(lookup_usage.c.ids))) == 1
    engine.dispose()
