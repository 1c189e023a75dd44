from collections.abc import Iterator
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import trustme

from bot.im.lease import HORIZON, Lease, RedisTroubleError
from bot.im.pacer import BULK_SHARE
from bot.im.redis_schedule import RedisSchedule
from bot.im.redis_url import parse_redis_url
from tests.support.redis_server import RedisServer, run_redis
from tests.support.slack import wait_until
from tests.support.tcp_proxy import TcpProxy

APP_ID = 1400000000
ENDPOINT = "profile/portrait_get"
GAP = 0.005


@pytest.fixture
def server() -> Iterator[RedisServer]:
    with run_redis() as server:
        yield server


def ask(schedule: RedisSchedule, endpoint: str = "", **request: Any) -> Lease:
    """Lease slots; on a machine too busy to ask within DELIVERED_WITHIN, ask again."""
    for _ in range(100):
        try:
            return schedule.lease(endpoint, **{"share": 0.25, **request})
        except RedisTroubleError as error:
            if str(error) != "it is slow":
                raise
    raise AssertionError


def lease(schedule: RedisSchedule, wanted: int, *, bulk: bool = False) -> tuple[float, ...]:
    return ask(schedule, ENDPOINT, wanted=wanted, bulk=bulk, gap=GAP).slots


def lease_all(schedule: RedisSchedule, number: int, *, bulk: bool = False) -> list[float]:
    """Lease as many slots as that or more, over some time."""
    slots: list[float] = []

    def are_enough() -> bool:
        slots.extend(lease(schedule, 5, bulk=bulk))
        return len(slots) >= number

    wait_until(are_enough)
    return slots


def open_schedule(url: str) -> "closing[RedisSchedule]":
    return closing(RedisSchedule(parse_redis_url(url), APP_ID))


def test_processes_get_slots_of_one_schedule(server: RedisServer) -> None:
    with open_schedule(server.url) as one, open_schedule(server.url) as other:
        slots = [slot for schedule in (one, other, one, other) for slot in lease_all(schedule, 5)]

    assert slots == sorted(slots)
    assert all(later - earlier > GAP * 0.9 for earlier, later in pairwise(slots))


def test_leases_nothing_beyond_the_horizon(server: RedisServer) -> None:
    with open_schedule(server.url) as schedule:
        lease(schedule, 1)
        answer = ask(schedule, ENDPOINT, wanted=1000, gap=GAP)

        assert all(slot <= answer.asked_at + answer.seconds + HORIZON + GAP for slot in answer.slots)
        assert answer.wait > 0
        assert lease(schedule, 1000, bulk=True) == ()


def test_big_jobs_leave_slots_for_commands(server: RedisServer) -> None:
    with open_schedule(server.url) as schedule:
        lease(schedule, 1)
        bulk = lease_all(schedule, 100, bulk=True)

        def goes_before() -> bool:
            """Check whether a command gets a slot before those of a big job; not where the test is slow."""
            job, command = lease_all(schedule, 5, bulk=True), lease(schedule, 1)
            return bool(command) and command[0] < job[-1]

        wait_until(goes_before)

    assert bulk[99] - bulk[0] > 99 * GAP / BULK_SHARE * 0.9


def test_an_emptied_redis_leases_nothing_that_may_be_in_use(server: RedisServer) -> None:
    with open_schedule(server.url) as schedule:
        lease(schedule, 1)
        before = lease_all(schedule, 5)
        server.command("FLUSHALL")
        after = lease(schedule, 1)

    assert before[-1] <= after[0]


def test_a_clock_that_was_set_back_keeps_nobody_waiting(server: RedisServer) -> None:
    with open_schedule(server.url) as schedule:
        lease(schedule, 1)
        server.command("HSET", f"im-bot:{{{APP_ID}}}:{ENDPOINT}", "next", "9000000000000000")
        server.command("HSET", f"im-bot:{{{APP_ID}}}:processes", "since", "9000000000000000")
        answer = ask(schedule, ENDPOINT, wanted=1, gap=GAP)

        assert answer.age == 0
        assert answer.slots[0] <= answer.asked_at + answer.seconds + HORIZON + GAP


def test_leaves_their_share_to_processes_that_are_apart(server: RedisServer) -> None:
    with open_schedule(server.url) as one, open_schedule(server.url) as other:
        lease(one, 1)
        ask(other, state="apart", share=0.5)
        slots = lease_all(one, 5)
        other.leave()

    assert slots[1] - slots[0] == pytest.approx(2 * GAP, abs=0.001)


def test_counts_the_processes_that_take_part(server: RedisServer) -> None:
    with open_schedule(server.url) as one, open_schedule(server.url) as other:
        assert ask(one).processes == 1
        assert ask(other).processes == 2
        one.leave()
        assert ask(other).processes == 1


def test_a_request_that_was_held_back_counts_for_nothing(server: RedisServer) -> None:
    with (
        TcpProxy("127.0.0.1", server.port) as proxy,
        open_schedule(f"redis://127.0.0.1:{proxy.port}/0") as held,
        open_schedule(server.url) as other,
    ):
        ask(held, state="apart", share=0.5)
        proxy.hold()
        with pytest.raises(RedisTroubleError, match="no answer"):
            ask(held, state="shared", share=0.5)
        proxy.release()
        # Its connection is closed, and what it sent is delivered all the same.
        for _ in range(20):
            ask(other)
        slots = lease_all(other, 5)

    assert slots[1] - slots[0] == pytest.approx(2 * GAP, abs=0.001)


def test_connects_over_tls(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    authority = trustme.CA()
    names = {name: str(tmp_path / name) for name in ("ca", "cert", "key")}
    authority.cert_pem.write_to_path(names["ca"])
    own = authority.issue_cert("127.0.0.1")
    own.cert_chain_pems[0].write_to_path(names["cert"])
    own.private_key_pem.write_to_path(names["key"])
    options = ["--port", "0", "--tls-cert-file", names["cert"], "--tls-key-file", names["key"]]
    options += ["--tls-ca-cert-file", names["ca"], "--tls-auth-clients", "no"]
    with run_redis(*options, tls=True) as server:
        url = server.url.replace("redis://", "rediss://")
        with open_schedule(url) as stranger, pytest.raises(RedisTroubleError, match="certificate"):
            ask(stranger)
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", names["ca"])
        with open_schedule(url) as trusting:
            assert ask(trusting).processes == 1


def test_follows_the_sentinels_to_the_master(server: RedisServer) -> None:
    config = f"sentinel monitor main 127.0.0.1 {server.port} 1\nsentinel down-after-milliseconds main 100\n"
    with run_redis(sentinel=config) as sentinel:
        url = f"redis+sentinel://127.0.0.1:9,127.0.0.1:{sentinel.port}/main/3"
        with open_schedule(url) as schedule:
            assert ask(schedule).processes == 1
        server.stop()
        with open_schedule(url) as schedule, pytest.raises(RedisTroubleError, match="no "):
            ask(schedule)


def test_follows_its_address_to_the_new_master_while_the_old_one_keeps_its_connection(
    server: RedisServer,
) -> None:
    with (
        run_redis() as old,
        TcpProxy("127.0.0.1", old.port) as proxy,
        open_schedule(f"redis://127.0.0.1:{proxy.port}/0") as schedule,
    ):
        ask(schedule)
        old.command("REPLICAOF", "127.0.0.1", str(server.port))
        proxy.lead_to(server.port)
        with pytest.raises(RedisTroubleError):
            ask(schedule)

        assert ask(schedule).processes == 1
