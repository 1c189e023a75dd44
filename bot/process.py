"""Stopping a process on a signal, in time though something hangs."""

import atexit
import logging
import os
import re
import signal
import socket
import sys
import threading
import time
from collections import Counter

MAX_STOP_SECONDS = 28.0
"""Seconds from the first signal until the process ends, whatever is left: platforms kill after 30."""
EXIT_UNFINISHED = os.EX_TEMPFAIL
"""The exit status of a process that ended with something left to do."""

log = logging.getLogger(__name__)


def stop_signal() -> threading.Event:
    """Make an event that the first SIGINT or SIGTERM sets from now on; further ones change nothing.

    A process that has not ended MAX_STOP_SECONDS seconds later ends then, with the status EXIT_UNFINISHED.
    """
    stop = threading.Event()
    reader, writer = socket.socketpair()
    writer.setblocking(False)
    # Written to by Python's own handler, even while the main thread is stuck in a library; an event set
    # by a handler could wait for a lock that the interrupted thread holds.
    signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: None)

    def watch(reader: socket.socket, _: socket.socket) -> None:
        reader.recv(1)
        stop.set()
        time.sleep(MAX_STOP_SECONDS)
        exit_unfinished()

    # The thread keeps the writer open, too.
    threading.Thread(target=watch, args=(reader, writer), name="stop", daemon=True).start()
    atexit.register(_ignore_signals)
    return stop


def _ignore_signals() -> None:
    """Let a signal that comes while the process ends find nothing to write to any more."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    signal.set_wakeup_fd(-1)


def exit_unfinished() -> None:
    """End the process at once, and log what was left, by kind."""
    kinds = Counter(re.sub(r"[-_ ]*\d+$", "", thread.name) for thread in threading.enumerate())
    for quiet in ("stop", "MainThread"):
        del kinds[quiet]
    left = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
    log.error("the bot did not stop in time and ends now; still running: %s", left or "nothing of its own")
    logging.shutdown()
    sys.stdout.flush()
    os._exit(EXIT_UNFINISHED)
