"""Lookups of files by the bot: their speed, and what people who ask meanwhile notice."""

import secrets
import time
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.core.commands import make_lookup
from bot.core.file_lookups import OVER, FileLookup, FileLookupState
from bot.core.lookups.kinds import PROFILES
from bot.core.model import Actor, App
from bot.encryption import Cipher
from bot.playground.people import VIEWER
from bot.store.files.file_lookups import StoredFileLookups
from bot.store.record import Store
from tests.support.bench import BOT, Program, ratios, run_program, show
from tests.support.canned_im_server import CannedIMProcess, run_canned_im_server
from tests.support.migrated import migrated_schema
from tests.support.redis_server import run_redis
from tests.support.slack import BOT_TOKEN
from tests.support.slack_process import RequestSender, SlackProcess

pytestmark = pytest.mark.bench

CAP = 20_000
"""Ids a second: 200 calls for 100 accounts each."""
ROUNDS = 5
COMMANDS = 100
"""Commands that are timed in a half of a round."""
GAP = 0.02
"""Seconds between an answer and the next command."""
PATIENCE = 300


@dataclass(frozen=True)
class Running:
    """Bots, the far end they ask, and their database."""

    ports: Sequence[int]
    far_end: CannedIMProcess
    store: StoredFileLookups


@contextmanager
def run_bots(
    number: int, latency: float, slack: SlackProcess, database: str, folder: Path
) -> Iterator[Running]:
    with ExitStack() as stack:
        far_end = stack.enter_context(run_canned_im_server(latency))
        settings = {
            **slack.settings,
            "HOST": "127.0.0.1",
            "PORT": "0",
            "DATABASE_URL": database,
            "AUDIT_CHANNEL": "none",
            "VIEWERS": VIEWER.id,
            "IM_APPS__DEMO__SDK_APP_ID": "1400000000",
            "IM_APPS__DEMO__SECRET_KEY": "key",
            "IM_APPS__DEMO__API_URL": far_end.url,
        }
        if number > 1:
            settings["REDIS_URL"] = stack.enter_context(run_redis()).url
        programs: list[Program] = [
            stack.enter_context(run_program(*BOT, "serve", folder=folder, **settings)) for _ in range(number)
        ]
        ports = [int(program.line().split()[-1]) for program in programs]
        store = stack.enter_context(closing(Store(database)))
        lookups = store.open_file_lookups({"demo": make_app()}, Cipher(BOT_TOKEN))
        yield Running(ports, far_end, lookups)


def make_app() -> App:
    return App("demo", "local")


def begin(store: StoredFileLookups, ids: int) -> str:
    """Let a lookup of so many ids begin, as confirming one in Slack does; return its id."""
    command = make_lookup(PROFILES, make_app(), ())
    lookup = FileLookup(
        secrets.token_urlsafe(),
        Actor(VIEWER.id, ""),
        command,
        "ids.txt",
        "0" * 64,
        ids,
        FileLookupState.WAITING,
    )
    parts = ([f"user-{number:07}" for number in range(at, min(at + 1000, ids))] for at in range(0, ids, 1000))
    assert store.add(lookup, parts, None)
    return lookup.id


def wait_for(store: StoredFileLookups, id_: str, *, done: int) -> FileLookup:
    """Wait until so many ids have a row, or the file lookup is over."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        lookup = store.find(id_)
        assert lookup
        if lookup.done >= done or lookup.state in OVER:
            return lookup
        time.sleep(0.2)
    raise TimeoutError


def time_commands(sender: RequestSender, slack: SlackProcess) -> tuple[list[float], list[float]]:
    """Ask for one account again and again; return the times to the ack and to the answer (ms), sorted."""
    acks, answers = [], []
    for _ in range(COMMANDS):
        sent, acknowledged = sender.send("profile user-0001", slack.responses)
        acks.append((acknowledged - sent) * 1000)
        answers.append((slack.next_post().at - sent) * 1000)
        time.sleep(GAP)
    return sorted(acks), sorted(answers)


@pytest.mark.parametrize("latency", [0.03, 0.1])
def test_commands_beside_a_file_of_a_million_ids(
    latency: float, slack: SlackProcess, server: str, tmp_path: Path
) -> None:
    figures: dict[str, list[float]] = {
        f"{what} {when}": []
        for what in ("ack p99, ms,", "answer p95, ms,")
        for when in ("at idle", "beside it")
    }
    with (
        run_bots(1, latency, slack, migrated_schema(server), tmp_path) as bots,
        closing(RequestSender(bots.ports[0])) as sender,
    ):
        time_commands(sender, slack)
        for _ in range(ROUNDS):
            idle = time_commands(sender, slack)
            id_ = begin(bots.store, 1_000_000)
            wait_for(bots.store, id_, done=20_000)
            busy = time_commands(sender, slack)
            assert wait_for(bots.store, id_, done=1).state is FileLookupState.RUNNING
            bots.store.set_state(id_, [FileLookupState.RUNNING], FileLookupState.CANCELLED)
            time.sleep(3)
            for when, (acks, answers) in {"at idle": idle, "beside it": busy}.items():
                figures[f"ack p99, ms, {when}"].append(acks[-2])
                figures[f"answer p95, ms, {when}"].append(answers[-6])
    ack_idle, ack_busy, answer_idle, answer_busy = figures.values()
    show(
        f"One account's profile beside a lookup of a million ids in the same process, IM at {latency:g} s",
        {
            **figures,
            "ack p99, ratio": ratios(ack_busy, ack_idle),
            "answer p95, ratio": ratios(answer_busy, answer_idle),
        },
        {"ack p99, ratio": 5, "ack p99, ms, beside it": 100, "answer p95, ratio": 2},
    )


@pytest.mark.parametrize("latency", [0.03, 0.1])
@pytest.mark.parametrize("processes", [1, 2, 4])
def test_share_of_the_vendors_limit(
    processes: int, latency: float, slack: SlackProcess, server: str, tmp_path: Path
) -> None:
    shares, most = [], []
    for _ in range(ROUNDS):
        with run_bots(processes, latency, slack, migrated_schema(server), tmp_path) as bots:
            time.sleep(2)  # processes know each other by then
            each = 200_000 // processes
            for id_ in [begin(bots.store, each) for _ in range(processes)]:
                assert wait_for(bots.store, id_, done=each).done == each
            arrivals = sorted(bots.far_end.stop())
        most.append(
            max(float(bisect_left(arrivals, start + 1) - place) for place, start in enumerate(arrivals))
        )
        shares.append((len(arrivals) - 1) * 100 / (arrivals[-1] - arrivals[0]) / CAP)
    show(
        f"200,000 ids of files, {processes} processes, IM at {latency:g} s",
        {"share of the limit": shares, "most calls in any sliding second": most},
        {"most calls in any sliding second": 200},
    )
