"""The pace and memory of a file lookup, through the loop and the database."""

import os
import subprocess
import sys
import time
from bisect import bisect_left
from pathlib import Path

import pytest

from tests.support.bench import ROOT
from tests.support.canned_im_server import run_canned_im_server
from tests.support.migrated import migrated_file, migrated_schema

pytestmark = pytest.mark.bench

CAP = 20_000
"""Ids a second: 200 calls for 100 accounts each."""
LOOK_UP = """
import resource
import sys
import time
from io import BytesIO
from bot.im_clients import CONCURRENT_CALLS
from tests.support.changes_fixture import VERA
from tests.support.file_lookups import PROFILE, KeptNotices, run_process

class Quiet(KeptNotices):
    def show(self, lookup, seconds_left=None):
        if lookup.state.value in ("done", "failed", "cancelled"):
            super().show(lookup, seconds_left)
    def send(self, lookup, csv, size):
        self.sent.append((lookup.id, lookup.state, b""))
        print(f"  {size / 1e6:.1f} MB of CSV made after {time.monotonic() - began:.2f} s in all")

url, im_url, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
notices = Quiet()
with run_process(url, im_url, threads=CONCURRENT_CALLS, is_running=False, notices=notices) as process:
    source = BytesIO("".join(f"user-{number:07}\\n" for number in range(count)).encode())
    began = time.monotonic()
    process.lookups.start(VERA, PROFILE, source, "ids.txt", "1")
    print(f"  {time.monotonic() - began:.2f} s to read and keep the ids")
    process.loop.start()
    assert notices.wait(lambda _: True, 600).state.value == "done"
used = resource.getrusage(resource.RUSAGE_SELF)
print(f"  {used.ru_maxrss / 1024:.0f} MB at the most; {used.ru_utime + used.ru_stime:.1f} s of CPU")
"""


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
@pytest.mark.parametrize("ids", [1_000, 200_000])
def test_pace_of_a_file_lookup(kind: str, ids: int, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    if kind == "postgresql":
        url = migrated_schema(request.getfixturevalue("server"))
    else:
        url = migrated_file(tmp_path / "im-bot.db")
    with run_canned_im_server(0.03) as far_end:
        command = [sys.executable, "-c", LOOK_UP, url, far_end.url, str(ids)]
        began = time.monotonic()
        print(f"\n{ids:,} ids on {kind}; load {os.getloadavg()[0]:.1f}")
        subprocess.run(command, cwd=ROOT, check=True)
        seconds = time.monotonic() - began
        arrivals = sorted(far_end.stop())
    asking = arrivals[-1] - arrivals[0]
    most = max(bisect_left(arrivals, start + 1) - place for place, start in enumerate(arrivals))
    pace = (len(arrivals) - 1) * 100 / asking if asking else 0.0
    print(
        f"  {seconds:.1f} s in all, {asking:.1f} s asking: {pace:,.0f} ids a second, "
        f"{pace / CAP:.2f} of the cap; at most {most} calls a second"
    )
