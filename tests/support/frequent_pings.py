"""Runs `im-bot socket` with other pings: `python -m tests.support.frequent_pings SECONDS socket`."""

import sys

from bot.logs import set_up_logs
from bot.serve import run_socket
from bot.settings_loader import load_settings

if __name__ == "__main__":
    set_up_logs("INFO")
    sys.exit(run_socket(load_settings("socket"), float(sys.argv[1])))
