"""Runs `im-bot` with a clock some seconds ahead: `python -m tests.support.shifted_clock SECONDS …`."""

import sys
from datetime import UTC, datetime, timedelta

from freezegun import freeze_time

# Loaded before the clock is shifted: what takes its types from `datetime` while loading takes real ones.
import bot.serve  # noqa: F401
from bot.__main__ import main

if __name__ == "__main__":
    ahead = timedelta(seconds=int(sys.argv.pop(1)))
    with freeze_time(datetime.now(UTC) + ahead, tick=True):
        main()
