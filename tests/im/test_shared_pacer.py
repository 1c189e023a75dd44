import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from itertools import pairwise
from typing import Any, TypeAlias

import pytest

from bot.core.model import Deadline
from bot.im.lease import Lease, RedisTroubleError
from bot.im.redis_schedule import RedisSchedule
from bot.im.redis_url import parse_redis_url
from bot.im.shared_pacer import SharedLimit
from tests.support.pacing_process import (
    APART,
    APP_ID,
    LIMIT,
    SHARED,
    PacingProcess,
    most_in_a_second,
    run_pacing_process,
)
from tests.support.redis_server import RedisServer, run_redis
from tests.support.slack import wait_until
from tests.support.tcp_proxy import TcpProxy

Fault: TypeAlias = Callable[[RedisServer], Iterator[None]]


@pytest.fixture(scope="module")
def server() -> Iterator[RedisServer]:
    """A server for all tests: one that has just started is not relied on for a while."""
    with run_redis() as server:
        yield server


@contextmanager
def running(*urls: str) -> Iterator[list[PacingProcess]]:
    """Run processes, until all share the limit."""
    with ExitStack() as stack:
        processes = [stack.enter_context(run_pacing_process(url)) for url in urls]
        wait_for(SHARED, processes)
        yield processes


def wait_for(words: str, processes: list[PacingProcess]) -> None:
    counts = [process.count(words) for process in processes]
    if words == SHARED and not any(counts):
        counts = [0] * len(processes)
    wait_until(lambda: all(p.count(words) > n for p, n in zip(processes, counts, strict=True)))


def restarted(server: RedisServer) -> Iterator[None]:
    server.stop()
    yield
    server.start()


def held(server: RedisServer) -> Iterator[None]:
    with server.held():
        yield


def read_only(server: RedisServer) -> Iterator[None]:
    server.command("REPLICAOF", "127.0.0.1", "1")
    yield
    server.command("REPLICAOF", "NO", "ONE")


FAULTS: Mapping[Fault, str] = {
    restarted: "there is no connection",
    held: "no answer",
    read_only: "it is read-only",
}


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_keeps_the_limit_through_a_fault_of_redis(server: RedisServer, fault: Fault) -> None:
    with running(server.url, server.url) as processes:
        with contextmanager(fault)(server):
            wait_for(APART, processes)
        wait_for(SHARED, processes)
        slots = [process.stop() for process in processes]
        said = [line for process in processes for line in process.said]

    everything = sorted(slot for each in slots for slot in each)
    assert most_in_a_second(everything) <= LIMIT
    assert max(later - earlier for earlier, later in pairwise(everything)) < 5
    reasons = [line for line in said if FAULTS[fault] in line]
    assert len(reasons) >= len(processes)
    assert not [line for line in said if re.search(r"127\.0\.0\.1|redis://", line)]


def test_keeps_the_limit_when_one_process_alone_loses_redis(server: RedisServer) -> None:
    with TcpProxy("127.0.0.1", server.port) as proxy:
        alone = f"redis://127.0.0.1:{proxy.port}/0"
        with running(alone, server.url, server.url) as processes:
            proxy.hold()
            wait_for(APART, processes[:1])
            proxy.release()
            wait_for(SHARED, processes[:1])
            others = [process.count(APART) for process in processes[1:]]
            slots = [process.stop() for process in processes]

    assert set(others) <= {0, 1}
    assert most_in_a_second([slot for each in slots for slot in each]) <= LIMIT


def test_a_process_that_was_killed_stops_nobody(server: RedisServer) -> None:
    with running(server.url, server.url) as (first, second):
        first.kill()
        with run_pacing_process(server.url) as third:
            wait_for(SHARED, [third])
            slots = [*second.stop(), *third.stop()]

    assert most_in_a_second(slots) <= LIMIT


@pytest.mark.parametrize(("share", "said"), [(None, "25%"), (0.1, "10%")])
def test_keeps_to_a_share_where_redis_never_was(share: float | None, said: str) -> None:
    nowhere = RedisSchedule(parse_redis_url("redis://:hush@127.0.0.1:9/0"), APP_ID)
    with closing(SharedLimit("prod", nowhere, share)) as limit:
        pacer = limit.make_pacer("profile/portrait_get", LIMIT)
        assert limit.trouble() == ""

        assert pacer.wait(Deadline.after(30))

        assert limit.trouble() == (
            f"app prod: this process keeps to {said} of Tencent Chat's limit, because Redis cannot be used: "
            "there is no connection"
        )


def test_says_that_the_memory_of_redis_is_full() -> None:
    with run_redis("--maxmemory", "1") as server:
        schedule = RedisSchedule(parse_redis_url(server.url), APP_ID)
        with closing(schedule), pytest.raises(RedisTroubleError, match="its memory is full"):
            schedule.lease("", share=1)


def test_says_that_a_password_is_refused() -> None:
    with run_redis("--requirepass", "right") as server:
        url = server.url.replace("redis://", "redis://:wr%40ng@")
        with closing(SharedLimit("prod", RedisSchedule(parse_redis_url(url), APP_ID))) as limit:
            wait_until(lambda: "it refuses the user name or the password" in limit.trouble())
            right = url.replace("wr%40ng", "right")
            with closing(SharedLimit("prod", RedisSchedule(parse_redis_url(right), APP_ID))) as other:
                pacer = other.make_pacer("profile/portrait_get", LIMIT)
                assert pacer.wait(Deadline.after(30))


def test_a_thread_that_fails_goes_on(server: RedisServer, caplog: pytest.LogCaptureFixture) -> None:
    class Broken(RedisSchedule):
        failures = 3

        def lease(self, endpoint: str, **arguments: Any) -> Lease:
            if self.failures:
                self.failures -= 1
                raise ZeroDivisionError
            return super().lease(endpoint, **arguments)

    with closing(SharedLimit("prod", Broken(parse_redis_url(server.url), APP_ID))) as limit:
        wait_until(lambda: "ZeroDivisionError" in limit.trouble())
        wait_until(lambda: not limit.trouble())

    assert "sharing the limit failed" in caplog.text
