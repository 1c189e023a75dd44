"""Runs im-bot with its time to stop shortened: `short_stop.py SECONDS SUBCOMMAND …`."""

import sys

from bot import app
from bot import process as stopping
from bot.__main__ import main

if __name__ == "__main__":
    seconds = float(sys.argv.pop(1))
    stopping.MAX_STOP_SECONDS = seconds
    app.CLOSE_SECONDS = seconds / 2
    main()
