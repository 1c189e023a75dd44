"""Memory and start-up time of an idle bot."""

import subprocess
import time
import venv
from pathlib import Path

import psutil
import pytest

from tests.support.bench import BOT, ROOT, ratios, run_program, show
from tests.support.slack_process import BARE_BOLT

pytestmark = pytest.mark.bench

SETTLED = 1.0
"""Seconds after which a connected process has finished its start."""


def test_memory_at_idle(settings: dict[str, str], tmp_path: Path) -> None:
    # The first start makes the schema, with modules that stay in memory.
    with run_program(*BOT, "socket", folder=tmp_path, **settings) as first:
        first.line()
    ours, bare = [], []
    for _ in range(5):
        with (
            run_program(*BOT, "socket", folder=tmp_path, **settings) as bot,
            run_program(BARE_BOLT, "socket", folder=tmp_path, **settings) as minimal,
        ):
            bot.line(), minimal.line()
            time.sleep(SETTLED)
            ours.append(psutil.Process(bot.pid).memory_info().rss / 2**20)
            bare.append(psutil.Process(minimal.pid).memory_info().rss / 2**20)

    show(
        "Resident memory over Socket Mode at idle, MB",
        {"im-bot socket": ours, "a minimal Bolt app": bare, "ratio": ratios(ours, bare)},
        {"ratio": 2.2},
    )


def test_help(tmp_path: Path) -> None:
    # In the development environment an editable install alone doubles Python's start-up time.
    venv.create(tmp_path, with_pip=False)

    def start(*command: str) -> float:
        began = time.perf_counter()
        subprocess.run(
            [tmp_path / "bin/python", *command],
            env={"PYTHONPATH": str(ROOT)},
            check=True,
            capture_output=True,
        )
        return (time.perf_counter() - began) * 1000

    ours, bare = [], []
    for _ in range(31):
        bare.append(start("-c", "pass"))
        ours.append(start(*BOT, "--help"))

    show(
        "Start-up, ms",
        {"im-bot --help": ours, "python -c pass": bare, "ratio": ratios(ours, bare)},
        {"ratio": 4},
    )
