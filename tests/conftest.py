import os
from collections.abc import Iterator

import freezegun
import pytest

from tests.support.postgresql import new_database

# Servers of the whole session run while a test stops the clock: an event loop that saw the stopped time
# would set its timers decades ahead, and never wake for them again.
freezegun.configure(extend_ignore_list=["asyncio.base_events"])


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """A PostgreSQL database of this session's own."""
    with new_database() as address:
        yield address


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Under CI everything needed is there: a skipped test has gone missing."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    skipped = reporter.stats.get("skipped", ()) if reporter else ()
    if os.environ.get("CI") and skipped and exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
