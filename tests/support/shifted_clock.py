"""Runs `im-bot` with a clock some seconds ahead: `python -m tests.support.shifted_clock SECONDS …`."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import freezegun

# Loaded before the clock is shifted: what takes its types from `datetime` while loading takes real ones.
import bot.serve
import bot.store.database.postgresql  # noqa: F401
from bot.__main__ import main

_STEADY = ("monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns")


@contextmanager
def shifted_clock(ahead: timedelta) -> Iterator[None]:
    """Shift the clock of all modules; waits are measured as before, as on a machine with a wrong clock."""
    steady = {name: getattr(time, name) for name in _STEADY}
    # freezegun gives the real time to what it ignores, also where that calls something else.
    freezegun.configure(default_ignore_list=[])
    with freezegun.freeze_time(datetime.now(UTC) + ahead, tick=True):
        frozen = {id(getattr(time, name)): real for name, real in steady.items()}
        for module in list(sys.modules.values()):
            for name, value in list(vars(module).items()):
                if id(value) in frozen:
                    setattr(module, name, frozen[id(value)])
        yield


if __name__ == "__main__":
    with shifted_clock(timedelta(seconds=int(sys.argv.pop(1)))):
        main()
