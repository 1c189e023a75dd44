import os
import re
import subprocess
import sys
import time
from bisect import bisect_left
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.bench import BOT, ROOT, spread
from tests.support.canned_im_server import run_canned_im_server
from tests.support.migrated import migrated_file

pytestmark = pytest.mark.bench

CAP = 20_000
"""Ids a second: 200 calls for 100 accounts each."""
SIZES = (1_000, 10_000, 100_000, 1_000_000)


@dataclass(frozen=True)
class Measured:
    """One run of a process, as seen from outside and at the far end."""

    seconds: float
    asking: float
    megabytes: float
    share: float
    most: int


def read_peak(process: int) -> float:
    """Read the most memory that a process had so far (MB); 0 once it has ended."""
    # What wait4 reports is also that of the process that forked it.
    status = Path(f"/proc/{process}/status").read_text("ascii")
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    return int(found[1]) / 1024 if found else 0.0


def measure(folder: Path, ids: int, latency: float) -> Measured:
    folder.mkdir()
    (folder / "ids.txt").write_text("".join(f"user-{number:07}\n" for number in range(ids)))
    with run_canned_im_server(latency) as far_end:
        environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "DATABASE_URL": migrated_file(folder / "im-bot.db"),
            "IM_APPS__DEMO__SDK_APP_ID": "1400000000",
            "IM_APPS__DEMO__SECRET_KEY": "key",
            "IM_APPS__DEMO__API_URL": far_end.url,
        }
        command = [sys.executable, *BOT, "lookup", "profile", "--ids", "ids.txt", "--out", "out.csv"]
        began = time.monotonic()
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.DEVNULL)
        megabytes = 0.0
        while process.poll() is None:
            megabytes = read_peak(process.pid) or megabytes
            time.sleep(0.05)
        seconds = time.monotonic() - began
        arrivals = sorted(far_end.stop())
    assert process.returncode == 0
    with (folder / "out.csv").open("rb") as rows:
        assert sum(1 for _ in rows) == ids + 1
    asking = arrivals[-1] - arrivals[0]
    most = max(bisect_left(arrivals, start + 1) - place for place, start in enumerate(arrivals))
    share = (len(arrivals) - 1) * 100 / asking / CAP
    return Measured(seconds, asking, megabytes, share, most)


def test_time_and_memory_by_the_number_of_ids(tmp_path: Path) -> None:
    for ids in SIZES:
        found = measure(tmp_path / str(ids), ids, 0.03)
        print(
            f"\n{ids:9,} ids: {found.seconds:6.2f} s in all, {found.seconds / ids * 1e6:7.1f} us each; "
            f"{found.asking:6.2f} s asking, {found.share:.3f} of the cap, at most {found.most} a second; "
            f"{found.megabytes:5.1f} MB at the most"
        )
        assert found.most <= 200


@pytest.mark.parametrize("latency", [0.03, 0.1])
def test_share_of_the_vendors_limit(latency: float, tmp_path: Path) -> None:
    runs = [measure(tmp_path / str(run), 200_000, latency) for run in range(5)]

    print(f"\n200,000 ids at {latency * 1000:.0f} ms, {len(runs)} runs")
    print(f"  share of the cap, from the first call to the last  {spread([run.share for run in runs])}")
    print(f"  seconds in all, of the whole process               {spread([run.seconds for run in runs])}")
    print(f"  most calls in any sliding second                   {max(run.most for run in runs)}")
    assert max(run.most for run in runs) <= 200
