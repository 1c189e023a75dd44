import json
import random
import statistics
import time
from bisect import bisect_left
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from itertools import pairwise
from multiprocessing.connection import Connection

import pytest

from bot.core.model import Deadline
from bot.im.client import IMClient
from bot.im.redis_schedule import RedisSchedule
from bot.im.redis_url import parse_redis_url
from bot.im.shared_pacer import SharedLimit
from tests.support.bench import ROOT, run_in_process, show
from tests.support.canned_im_server import ACCOUNTS, TAGS, run_canned_im_server
from tests.support.pacing_process import most_in_a_second
from tests.support.plot import plot
from tests.support.redis_server import RedisServer, run_redis
from tests.support.scripted_im import APP_ID, KEY

pytestmark = pytest.mark.bench

LIMIT = 200
WORKERS = 32
ROUNDS = 5
SECONDS = 5.0
EDGE = 0.5
"""Seconds at both ends of a round in which processes begin and end."""
QUESTIONS = 60
FIGURES = ROOT / "docs" / "figures"


@pytest.fixture(scope="module")
def redis_server() -> Iterator[RedisServer]:
    with run_redis() as server:
        yield server


def make_client(im_url: str, redis_url: str) -> tuple[IMClient, SharedLimit]:
    limit = SharedLimit("prod", RedisSchedule(parse_redis_url(redis_url), APP_ID))
    client = IMClient(
        base_url=im_url, app_id=APP_ID, key=KEY, admin="administrator", workers=2 * WORKERS, limit=limit
    )
    while limit._membership.state != "shared":
        time.sleep(0.01)
    return client, limit


def run_job(pipe: Connection, im_url: str, redis_url: str) -> None:
    """Run a big job in several threads: from one message to the next."""
    client, _ = make_client(im_url, redis_url)
    deadline = Deadline(time.monotonic() + 3600, bulk=True)

    def ask(_: int) -> None:
        while not pipe.poll():
            client.get_profiles(ACCOUNTS, TAGS, deadline)

    with closing(client), ThreadPoolExecutor(WORKERS) as pool:
        client.get_profiles(ACCOUNTS, TAGS, deadline)
        pipe.send("ready")
        pipe.recv()
        list(pool.map(ask, range(WORKERS)))


def run_commands(pipe: Connection, im_url: str, redis_url: str) -> None:
    """Make calls of commands, one after the other, now and then; send their seconds."""
    client, _ = make_client(im_url, redis_url)
    with closing(client):
        client.get_profiles(ACCOUNTS, TAGS, Deadline.after(30))
        while (number := pipe.recv()) is not None:
            seconds = []
            for _ in range(number):
                time.sleep(random.uniform(0.02, 0.12))
                begin = time.monotonic()
                client.get_profiles(ACCOUNTS[:3], TAGS, Deadline.after(30))
                seconds.append(time.monotonic() - begin)
            pipe.send(seconds)


def use(processes: int, latency: float, redis_url: str) -> tuple[float, int]:
    """Run big jobs side by side; return the share of the limit, and the most calls in any second."""
    with run_canned_im_server(latency) as im:
        with ExitStack() as stack:
            jobs = [stack.enter_context(run_in_process(run_job, im.url, redis_url)) for _ in range(processes)]
            assert [job.recv() for job in jobs] == ["ready"] * processes
            begin = time.monotonic()
            for job in jobs:
                job.send("go")
            time.sleep(SECONDS)
            end = time.monotonic()
        arrivals = sorted(im.stop())
    inside = arrivals[bisect_left(arrivals, begin + EDGE) : bisect_left(arrivals, end - EDGE)]
    share = (len(inside) - 1) / (inside[-1] - inside[0]) / LIMIT
    return share, most_in_a_second(arrivals)


def test_use_of_the_shared_limit(redis_server: RedisServer) -> None:
    sides = [(processes, latency) for processes in (1, 2, 4) for latency in (0.03, 0.1)]
    shares: dict[str, list[float]] = {}
    most: dict[str, list[float]] = {}
    for _ in range(ROUNDS):
        for processes, latency in random.sample(sides, len(sides)):
            name = f"{processes} process(es), {latency * 1000:.0f} ms"
            share, number = use(processes, latency, redis_server.url)
            shares.setdefault(name, []).append(share)
            most.setdefault(name, []).append(float(number))
    shares, most = dict(sorted(shares.items())), dict(sorted(most.items()))

    show("Share of 200 calls a second, counted at the far end", shares)
    show("Most calls in any sliding second", most, dict.fromkeys(most, LIMIT))
    keep("use", {"share": shares, "most": most})
    plot(FIGURES / "shared_limit.svg", "Calls a second of all processes", "calls", in_calls(shares))
    assert max(max(each) for each in most.values()) <= LIMIT
    assert min(statistics.median(each) for each in shares.values()) >= 0.95


def in_calls(shares: dict[str, list[float]]) -> dict[str, list[float]]:
    return {name: [LIMIT * share for share in each] for name, each in shares.items()}


def keep(name: str, figures: object) -> None:
    """Add figures to the file of this module's, in place of those of an earlier run."""
    file = FIGURES / "shared_limit.json"
    kept = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    file.write_text(json.dumps({**kept, name: figures}, indent=1, sort_keys=True) + "\n", encoding="utf-8")


@pytest.mark.parametrize("processes", [1, 3])
def test_commands_beside_big_jobs(redis_server: RedisServer, processes: int) -> None:
    idle, busy = [], []
    for _ in range(ROUNDS):
        with (
            run_canned_im_server(0.03) as im,
            run_in_process(run_commands, im.url, redis_server.url) as commands,
            ExitStack() as stack,
        ):
            commands.send(QUESTIONS)
            idle.append(p95(commands.recv()))
            jobs = [
                stack.enter_context(run_in_process(run_job, im.url, redis_server.url))
                for _ in range(processes)
            ]
            assert [job.recv() for job in jobs] == ["ready"] * processes
            for job in jobs:
                job.send("go")
            commands.send(QUESTIONS)
            busy.append(p95(commands.recv()))
    ratios = [slow / quick for slow, quick in zip(busy, idle, strict=True)]

    show(
        f"A command's call at 30 ms beside {processes} process(es) of big jobs, p95",
        {
            "idle, ms": [1000 * each for each in idle],
            "beside big jobs, ms": [1000 * each for each in busy],
            "ratio": ratios,
        },
        {"ratio": 2},
    )
    keep(f"commands_beside_{processes}", {"idle": idle, "busy": busy, "ratio": ratios})


def p95(seconds: list[float]) -> float:
    return statistics.quantiles(seconds, n=20)[-1]


OUTAGE = 4.0
"""Seconds for which Redis says nothing, and for which the calls before and after are counted."""


def test_an_outage_of_redis(redis_server: RedisServer) -> None:
    silences, during, after, most = [], [], [], []
    for _ in range(ROUNDS):
        with run_canned_im_server(0.03) as im:
            with ExitStack() as stack:
                jobs = [
                    stack.enter_context(run_in_process(run_job, im.url, redis_server.url)) for _ in range(3)
                ]
                assert [job.recv() for job in jobs] == ["ready"] * 3
                for job in jobs:
                    job.send("go")
                time.sleep(OUTAGE)
                with redis_server.held():
                    begin = time.monotonic()
                    time.sleep(OUTAGE)
                end = time.monotonic()
                time.sleep(OUTAGE)
            arrivals = sorted(im.stop())
        around = arrivals[bisect_left(arrivals, begin - 1) : bisect_left(arrivals, end)]
        silences.append(max(later - earlier for earlier, later in pairwise(around)))
        during.append(count_a_second(arrivals, end - 2, end) / LIMIT)
        after.append(count_a_second(arrivals, end + 3, end + OUTAGE) / LIMIT)
        most.append(float(most_in_a_second(arrivals)))

    figures = {
        "longest silence, s": silences,
        "share of the limit during it": during,
        "share of the limit after it": after,
        "most calls in any sliding second": most,
    }
    show("Redis says nothing for a while, 3 processes", figures, {"most calls in any sliding second": LIMIT})
    keep("outage", figures)
    assert max(most) <= LIMIT


def count_a_second(arrivals: list[float], begin: float, end: float) -> float:
    return (bisect_left(arrivals, end) - bisect_left(arrivals, begin)) / (end - begin)
