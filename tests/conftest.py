import os
from collections.abc import Iterator

import freezegun
import pytest

from bot.playground.people import EDITOR
from tests.support.postgresql import new_database
from tests.support.whole import Asker, Whole, whole_bot

# Servers of the whole session run while a test stops the clock: an event loop that saw the stopped time
# would set its timers decades ahead, and never wake for them again.
freezegun.configure(extend_ignore_list=["asyncio.base_events"])


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """A PostgreSQL database for this run alone."""
    with new_database() as address:
        yield address


@pytest.fixture(scope="module", params=["socket", "http"])
def whole(request: pytest.FixtureRequest) -> Iterator[Whole]:
    """The whole bot, connected either way; one for all tests of a module."""
    with whole_bot(request.param) as whole:
        yield whole


@pytest.fixture
def ed(whole: Whole) -> Iterator[Asker]:
    """An editor at the page."""
    with whole.acting_as(EDITOR) as ed:
        yield ed


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Under CI everything needed is there: a skipped test has gone missing."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    skipped = reporter.stats.get("skipped", ()) if reporter else ()
    if os.environ.get("CI") and skipped and exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
