"""File lookups whose process is killed at any moment."""

import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from bot.core.file_lookups import FileLookupState
from bot.core.model import Entry
from bot.store.verify import RecordStatus, verify_url
from tests.support.bench import ROOT
from tests.support.changes_fixture import VERA
from tests.support.file_lookup_time import pass_time
from tests.support.file_lookups import CountingSandbox, run_process, split_csv
from tests.support.sandbox import serving

IDS = [f"u{number:05}" for number in range(1500)]
TIMEOUT = 120
LEASE = 30.0
RUN = """
import os, signal, sys
from sqlalchemy import Engine, event
from bot.store.database.statements import Statement
from tests.support.file_lookups import run_process

url, im_url, fatal = sys.argv[1], sys.argv[2], int(sys.argv[3])
taken = 0

def step(*_, **__):
    global taken
    taken += 1
    if taken == fatal:
        os.kill(os.getpid(), signal.SIGKILL)

run = Statement._run

def run_as_step(*given):
    step()
    return run(*given)

Statement._run = run_as_step
with run_process(url, im_url, is_running=False) as process:
    # Each statement is a step; so is each COMMIT, which is no statement to SQLAlchemy.
    for moment in ("before_cursor_execute", "commit"):
        event.listen(Engine, moment, step)
    process.loop.start()
    process.wait_over()
print("over")
"""


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
        command = [sys.executable, "-c", RUN, url, im_url, str(fatal)]
        killed = subprocess.run(command, cwd=ROOT, timeout=TIMEOUT, check=False, capture_output=True)
        assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
        left = process.lookups.find(VERA, started.id)
        asked = len(sandbox.asked)
        assert left.done in (0, 1000, 1500)
        pass_time(url, LEASE)

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
