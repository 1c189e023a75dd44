import subprocess
import sys
from pathlib import Path


def test_takes_time_in_proportion_to_what_it_reads() -> None:
    reading = [sys.executable, "-m", "tests.support.any_length"]
    read = subprocess.run(reading, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=True)

    assert read.stdout.splitlines() == []
