import statistics
import time
from bisect import bisect_left
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
import requests

from bot.core.model import Deadline
from bot.im.client import GET_PROFILES
from bot.im.pacer import LocalPacer
from tests.support.bench import spread
from tests.support.canned_im_server import ACCOUNTS, BODY, TAGS, run_canned_im_server
from tests.support.scripted_im import make_im_client

pytestmark = pytest.mark.bench

CAP = 20_000
"""Ids a second: 200 calls for 100 accounts each."""
RUNS = 6
CALLS = 200
WORKERS = 32


def cpu_ms(work: Callable[[], object], times: int) -> float:
    start = time.thread_time()
    for _ in range(times):
        work()
    return (time.thread_time() - start) / times * 1000


def test_cpu_of_one_call_of_100_accounts() -> None:
    body = {"To_Account": ACCOUNTS, "TagList": TAGS}
    ours, stock = [], []
    with (
        run_canned_im_server(0) as scripted_server,
        closing(make_im_client(scripted_server.url)) as im,
        requests.Session() as session,
    ):
        url = (
            f"{scripted_server.url}/v4/profile/portrait_get?sdkappid=1400000000&identifier=administrator"
            f"&usersig={'x' * 220}&random=1&contenttype=json"
        )

        def ask_plainly() -> object:
            return session.post(url, json=body, timeout=5).json()

        def ask() -> object:
            return im.get_profiles(ACCOUNTS, TAGS, Deadline.after(5))

        # Sleeping between the calls would measure how the caches cool: without the limit, both run warm.
        im._transport._pacers[GET_PROFILES] = LocalPacer(1_000_000)
        cpu_ms(ask_plainly, 20), cpu_ms(ask, 20)
        for _ in range(11):
            stock.append(cpu_ms(ask_plainly, 40))
            ours.append(cpu_ms(ask, 40))

    ratios = [mine / plain for mine, plain in zip(ours, stock, strict=True)]
    print(f"\nCPU for one call of 100 accounts, {len(BODY):,} bytes, decoded; median of {len(ours)} blocks")
    print(f"  stock requests.Session, .json()   ms {spread(stock)}")
    print(f"  IMClient.get_profiles             ms {spread(ours)}")
    print(f"  ratio                                {spread(ratios)}")
    assert statistics.median(ratios) <= 0.7


def most_in_a_second(arrivals: list[float]) -> int:
    return max(bisect_left(arrivals, start + 1) - place for place, start in enumerate(arrivals))


@pytest.mark.parametrize("latency", [0.03, 0.1])
def test_throughput_and_the_vendors_limit(latency: float) -> None:
    with (
        run_canned_im_server(latency) as scripted_server,
        closing(make_im_client(scripted_server.url, workers=WORKERS)) as im,
        ThreadPoolExecutor(WORKERS) as pool,
    ):
        for run in range(RUNS):
            # Each second run follows the one before at once; the others come after a pause.
            time.sleep(1.3 * (run % 2 == 0))
            found = list(
                pool.map(lambda _: im.get_profiles(ACCOUNTS, TAGS, Deadline.after(30)), range(CALLS))
            )
            assert all(len(each) == len(ACCOUNTS) for each in found)
        arrivals = sorted(scripted_server.stop())

    runs = [arrivals[place : place + CALLS] for place in range(0, len(arrivals), CALLS)]
    shares = [(CALLS - 1) / (run[-1] - run[0]) * len(ACCOUNTS) / CAP for run in runs]
    most = most_in_a_second(arrivals)
    print(f"\n{CALLS * 100:,} ids at {latency * 1000:.0f} ms, {RUNS} runs, counted at the far end")
    print(f"  share of {CAP:,} ids a second          {spread(shares)}")
    print(f"  most calls in any sliding second  {most:8}")
    assert most <= 200
    assert statistics.median(shares) >= 0.97


@pytest.mark.parametrize("latency", [0.03, 0.1])
def test_against_one_call_after_the_other(latency: float) -> None:
    question = {"To_Account": ACCOUNTS, "TagList": TAGS}
    with (
        run_canned_im_server(latency) as scripted_server,
        closing(make_im_client(scripted_server.url, workers=WORKERS)) as im,
        ThreadPoolExecutor(WORKERS) as pool,
    ):

        def ask_plainly() -> None:
            for _ in range(CALLS):
                requests.post(
                    f"{scripted_server.url}/v4/profile/portrait_get", json=question, timeout=30
                ).json()

        def ask() -> None:
            list(pool.map(lambda _: im.get_profiles(ACCOUNTS, TAGS, Deadline.after(30)), range(CALLS)))

        ratios = []
        for _ in range(3):
            plain, ours = seconds(ask_plainly), seconds(ask)
            ratios.append(plain / ours)

    print(
        f"\n{CALLS * 100:,} ids at {latency * 1000:.0f} ms: a requests.post for each 100, one after the other"
    )
    print(f"  to IMClient, side by side         {spread(ratios)}")
    assert statistics.median(ratios) >= 5


def seconds(work: Callable[[], object]) -> float:
    began = time.monotonic()
    work()
    return time.monotonic() - began
