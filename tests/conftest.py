import gc
import os
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import freezegun
import hypothesis
import pytest

from bot.playground.people import EDITOR
from tests.support.postgresql import new_database

if TYPE_CHECKING:
    from tests.support.running_bot import RunningBot, SlackUser

# Every process of the run, and each bot that a test starts, reads what one of them compiled.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# Searching for garbage among collected tests and imported modules, which stay, takes a tenth of the time.
gc.set_threshold(10_000)

# Servers of the whole session run while a test stops the clock: an event loop that saw the stopped time
# would set its timers decades ahead, and never wake for them again.
freezegun.configure(extend_ignore_list=["asyncio.base_events"])

# How fast an example is drawn and run tells how busy the machine is, and nothing about the bot.
hypothesis.settings.register_profile(
    "im-bot",
    hypothesis.settings(),
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("im-bot")

_LONGEST = (
    "test_several_processes",
    "test_crash",
    "test_file_lookups",
    "test_file_lookup_crashes",
    "test_chaos",
    "test_accessibility",
    "test_tampering",
    "test_lifecycle",
    "test_serve",
    "test_shared_pacer",
    "test_processes",
    "test_verify",
    "test_migrate",
    "test_modals",
    "test_main",
    "test_page",
    "test_starters",
    "test_gallery",
    "test_tables",
    "test_lookup_command",
    "test_app",
    "test_changes",
    "test_mutated_payloads",
    "test_any_data",
    "test_conversations",
    "test_any_length",
    "test_failures",
    "test_lookups",
    "test_progress",
    "test_faults",
    "test_blocks",
    "test_beside",
    "test_far_ends",
    "test_doctor",
    "test_slow_forms",
    "test_audit_tasks",
    "test_socket_mode",
    "test_audit_relay",
    "test_response_url",
    "test_pooler",
    "test_slow_presses",
)
"""The modules that take longest; they begin first, so that no process works on the last of them alone."""


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """A PostgreSQL database for this run alone."""
    with new_database() as address:
        yield address


@pytest.fixture(scope="module", params=["socket", "http"])
def running_bot(request: pytest.FixtureRequest) -> "Iterator[RunningBot]":
    """The whole bot, connected either way; one for all tests of a module."""
    # Here alone: a process that runs no bot, as xdist's own, begins in a third of the time.
    from tests.support.running_bot import run_bot  # noqa: PLC0415

    with run_bot(request.param) as running_bot:
        yield running_bot


@pytest.fixture
def ed(running_bot: "RunningBot") -> "Iterator[SlackUser]":
    """An editor at the page."""
    running_bot.wait_until_posted()
    with running_bot.act_as(EDITOR) as ed:
        yield ed


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    places = {module: place for place, module in enumerate(_LONGEST)}
    items.sort(key=lambda item: places.get(item.path.stem, len(places)))


def pytest_collection_finish() -> None:
    gc.freeze()


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Under CI everything needed is there: a skipped test has gone missing."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    skipped = reporter.stats.get("skipped", ()) if reporter else ()
    if os.environ.get("CI") and skipped and exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
