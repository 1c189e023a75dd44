from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TypeAlias

import pytest

from tests.support.bench import BOT, run_program
from tests.support.slack_process import SlackProcess, run_slack_process

SETTINGS = 5
"""Number of settings the sandbox prints."""

Start: TypeAlias = Callable[..., int]


@pytest.fixture(scope="session")
def slack() -> Iterator[SlackProcess]:
    with run_slack_process() as slack:
        yield slack


@pytest.fixture(scope="session")
def im(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Run a sandbox; yields the settings of its app."""
    with run_program(*BOT, "sandbox", "--port", "0", folder=tmp_path_factory.mktemp("sandbox")) as sandbox:
        sandbox.line()
        yield dict(sandbox.line().split("=", 1) for _ in range(SETTINGS))


@pytest.fixture(scope="session")
def im_url(im: dict[str, str]) -> str:
    return im["IM_APPS__DEMO__API_URL"]


@pytest.fixture(scope="session")
def settings(slack: SlackProcess, im: dict[str, str]) -> dict[str, str]:
    return {**slack.settings, **im, "HOST": "127.0.0.1", "PORT": "0"}


@pytest.fixture
def start(settings: dict[str, str], tmp_path: Path) -> Iterator[Start]:
    """Start apps over HTTP, each in a process of its own; a start returns the port."""
    with ExitStack() as stack:

        def start(*command: str) -> int:
            program = stack.enter_context(run_program(*command, folder=tmp_path, **settings))
            return int(program.line().split()[-1])

        yield start
