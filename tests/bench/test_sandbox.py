"""The sandbox's calls a second on one core, of 100 accounts and 8 fields each."""

import http.client
import json
import os
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from urllib.parse import urlencode, urlsplit

import pytest

from bot.sandbox.behavior import Behavior
from bot.sandbox.server import Sandbox
from bot.sandbox.web import WebApp
from bot.serving.background_server import BackgroundServer
from tests.support.bench import run_in_process
from tests.support.sandbox import CROWD_TAGS, PATHS, Caller, crowd

VENDOR_LIMIT = 200
"""Calls a second, from the vendor's page."""
CONNECTIONS = 4
ROUNDS = 7
SECONDS = 1.0


def serve(pipe: Connection, core: int) -> None:
    """Serve a crowd on one core until something comes through the pipe."""
    os.sched_setaffinity(0, {core})
    sandbox = Sandbox(crowd(100))
    sandbox.behavior = Behavior(rate=False)
    with BackgroundServer(WebApp(sandbox)) as server:
        pipe.send(server.url)
        pipe.recv()


@contextmanager
def serve_on_other_core() -> Iterator[str]:
    """Run the server on one core and this process on another, if there are two."""
    cores = os.sched_getaffinity(0)
    with run_in_process(serve, min(cores)) as pipe:
        os.sched_setaffinity(0, {max(cores)})
        try:
            yield pipe.recv()
        finally:
            os.sched_setaffinity(0, cores)


def calls_a_second(connections: list[http.client.HTTPConnection], path: str, body: bytes) -> float:
    began, calls = time.perf_counter(), 0
    while time.perf_counter() - began < SECONDS:
        for connection in connections:
            connection.request("POST", path, body)
        for connection in connections:
            connection.getresponse().read()
            calls += 1
    return calls / (time.perf_counter() - began)


@pytest.mark.bench
def test_sustains_three_times_the_vendors_frequency() -> None:
    accounts = list(crowd(100).accounts)
    body = json.dumps({"To_Account": accounts, "TagList": CROWD_TAGS}).encode()
    with serve_on_other_core() as url:
        caller = Caller(Sandbox(crowd(1)), url)
        size = len(caller.send("portrait_get", body).content)
        caller.session.close()
        path = f"{PATHS['portrait_get']}?{urlencode(caller.query)}"
        connections = [http.client.HTTPConnection(urlsplit(url).netloc) for _ in range(CONNECTIONS)]
        rates = [calls_a_second(connections, path, body) for _ in range(ROUNDS)]
        for connection in connections:
            connection.close()

    median = statistics.median(rates)
    print(f"\n{'calls/s':>8} {'from, to':>13} {'bytes':>7} {'ratio to 200/s':>15}")
    print(f"{median:8.0f} {min(rates):6.0f} {max(rates):6.0f} {size:7} {median / VENDOR_LIMIT:15.1f}")
    assert size > 60_000
    assert median >= 3 * VENDOR_LIMIT
