"""File lookups whose process is killed at any moment."""

import signal
from collections.abc import Iterator

import pytest

from bot.core.file_lookups import FileLookupState
from bot.core.model import Entry
from bot.store.verify import RecordStatus, verify_url
from tests.support.changes_fixture import VERA
from tests.support.file_lookup_time import pass_time
from tests.support.file_lookups import CountingSandbox, run_process, run_to_step, split_csv
from tests.support.forked import ForkedProcess
from tests.support.sandbox import serving

IDS = [f"u{number:05}" for number in range(1500)]
TIMEOUT = 120
LEASE = 30.0


@pytest.fixture
def sandbox() -> CountingSandbox:
    return CountingSandbox(len(IDS))


@pytest.fixture
def im_url(sandbox: CountingSandbox) -> Iterator[str]:
    with serving(sandbox) as caller:
        yield caller.url


@pytest.mark.parametrize("fatal", [6, 17, 25, 33, 41, 55])
def test_another_process_goes_on_behind_the_last_row_that_is_kept(
    url: str, im_url: str, sandbox: CountingSandbox, fatal: int
) -> None:
    with run_process(url, im_url, is_running=False) as process:
        started = process.start(IDS)
        assert ForkedProcess(run_to_step, url, im_url, fatal).finish(TIMEOUT) == -signal.SIGKILL
        # Waits for a transaction that the database still commits, though its process is gone.
        pass_time(url, LEASE)
        left = process.lookups.find(VERA, started.id)
        asked = len(sandbox.asked)
        assert left.done in (0, 1000, 1500)

        process.loop.start()
        done = process.wait_over()

        assert (done.state, done.done) == (FileLookupState.DONE, len(IDS))
        assert list(split_csv(process.notices.sent[0][2])) == IDS
        assert sorted(sandbox.asked[asked:]) == IDS[left.done :]
        recorded = {
            account
            for entry in process.store.list_done(VERA, 100)
            if isinstance(entry, Entry)
            for account in entry.event.accounts
        }
        assert recorded == set(IDS)
    assert verify_url(url).status is RecordStatus.SOUND
