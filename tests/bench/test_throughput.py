"""Commands a second of one process and of three, all answered and recorded, and their processor time."""

import json
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path
from queue import SimpleQueue
from typing import Any
from urllib.parse import urlencode

import psutil
import pytest

from bot.core.fields import Domain, defaults
from bot.sandbox.demo import demo_app
from bot.sandbox.server import Sandbox
from bot.store.verify import verify_url
from tests.bench.conftest import Start
from tests.support.bench import BOT, ratios, run_program, show
from tests.support.migrated import migrated_schema
from tests.support.redis_server import run_redis
from tests.support.sandbox import PATHS, Caller
from tests.support.slack_process import BARE_BOLT, RequestSender, SlackProcess

pytestmark = pytest.mark.bench

ROUNDS = 5
AT_ONCE = 8
"""Commands under way at once; a person's thirteenth would wait."""
OF_EACH = 20
"""Commands that each of them sends in a round."""


def run(ports: Sequence[int], slack: SlackProcess, *, answered: bool) -> float:
    """Send commands, each when the one before has its answer, or else its ack; return how many a second."""
    answers: list[SimpleQueue[None]] = [SimpleQueue() for _ in range(AT_ONCE)]
    with ExitStack() as stack, ThreadPoolExecutor(AT_ONCE) as pool:
        senders = [
            [stack.enter_context(closing(RequestSender(port))) for port in ports] for _ in range(AT_ONCE)
        ]

        def send(number: int) -> None:
            for turn in range(OF_EACH):
                sender = senders[number][(number + turn) % len(ports)]
                sender.send("profile alice", f"{slack.responses}/{number}")
                if answered:
                    answers[number].get(timeout=30)

        began = time.monotonic()
        sending = [pool.submit(send, number) for number in range(AT_ONCE)]
        due = AT_ONCE * OF_EACH if answered else 0
        while due:
            post = slack.next_post()
            if b"Alice" in post.body:
                answers[int(post.path.strip("/"))].put(None)
                due -= 1
        for each in sending:
            each.result()
        return AT_ONCE * OF_EACH / (time.monotonic() - began)


def spent_by(port: int) -> float:
    """Return the seconds on the processor of the process that listens on a port."""
    (process,) = {each.pid for each in psutil.net_connections("tcp4") if _listens(each, port)}
    times = psutil.Process(process).cpu_times()
    return times.user + times.system


def _listens(connection: Any, port: int) -> bool:
    return bool(connection.status == psutil.CONN_LISTEN and connection.laddr.port == port)


@pytest.fixture
def database(server: str) -> str:
    return migrated_schema(server)


@pytest.fixture
def on_server(settings: dict[str, str], database: str, tmp_path: Path) -> Iterator[list[int]]:
    """Four processes with one database; the last three share a limit."""
    with run_redis() as redis, ExitStack() as stack:
        programs = [
            stack.enter_context(
                run_program(*BOT, "serve", folder=tmp_path, **settings, DATABASE_URL=database, **more)
            )
            for more in ({}, *[{"REDIS_URL": redis.url}] * 3)
        ]
        yield [int(program.line().split()[-1]) for program in programs]


@pytest.fixture
def working_bolt(settings: dict[str, str], im_url: str, tmp_path: Path) -> Iterator[list[int]]:
    """A bare Bolt app that asks, writes and answers, too."""
    caller = Caller(Sandbox(demo_app()), im_url)
    caller.session.close()
    tags = [field.tag for field in defaults(Domain.PROFILE, ())]
    asked = {
        "ASKED_URL": f"{im_url}{PATHS['portrait_get']}?{urlencode(caller.query)}",
        "ASKED_BODY": json.dumps({"To_Account": ["alice"], "TagList": tags}),
    }
    with run_program(BARE_BOLT, "working", folder=tmp_path, **settings, **asked) as program:
        yield [int(program.line().split()[-1])]


@pytest.fixture
def sides(start: Start, working_bolt: list[int], on_server: list[int]) -> dict[str, list[int]]:
    """The ports of what is compared, by its name."""
    return {
        "bare Bolt, acknowledged": [start(BARE_BOLT, "process-first")],
        "bare Bolt that asks, writes and answers": working_bolt,
        "SQLite": [start(*BOT, "serve")],
        "PostgreSQL": on_server[:1],
        "PostgreSQL and Redis, three processes": on_server[1:],
    }


def test_commands_a_second(
    sides: dict[str, list[int]], slack: SlackProcess, database: str, tmp_path: Path
) -> None:
    rates: dict[str, list[float]] = {name: [] for name in sides}
    costs: dict[str, list[float]] = {f"{name}, processor ms": [] for name in sides}
    for number in range(ROUNDS + 1):
        for name, ports in sides.items():
            spent = [spent_by(port) for port in ports]
            rate = run(ports, slack, answered=not name.endswith("acknowledged"))
            if number:  # the first round warms up
                rates[name].append(rate)
                used = sum(spent_by(port) for port in ports) - sum(spent)
                costs[f"{name}, processor ms"].append(used / (AT_ONCE * OF_EACH) * 1000)

    each = (ROUNDS + 1) * AT_ONCE * OF_EACH
    assert verify_url(f"sqlite:///{tmp_path / 'im-bot.db'}").count == each
    assert verify_url(database).count == 2 * each
    bare, working, on_file, one, several = rates.values()
    show(
        f"Commands a second, {AT_ONCE} at once, each answered and recorded",
        {
            **rates,
            **costs,
            "SQLite to bare Bolt": ratios(on_file, bare),
            "SQLite to bare Bolt that works": ratios(on_file, working),
            "bare Bolt that works to bare Bolt": ratios(working, bare),
            "PostgreSQL to bare Bolt": ratios(one, bare),
            "three processes to one": ratios(several, one),
        },
    )
