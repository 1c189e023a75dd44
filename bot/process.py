"""Stop signals, and the forced exit of a process that does not stop in time."""

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
"""Seconds from the first signal to a forced exit: platforms kill after 30."""
EXIT_UNFINISHED = os.EX_TEMPFAIL
"""The exit code of a process that ended with work left."""

log = logging.getLogger(__name__)


def stop_signal() -> threading.Event:
    """Make an event that the first SIGINT or SIGTERM sets; further ones change nothing.

    A process still running after MAX_STOP_SECONDS exits with EXIT_UNFINISHED.
    """
    stop = threading.Event()
    reader, writer = socket.socketpair()
    writer.setblocking(False)
    # Python's own handler writes to it even while the main thread is stuck in a library; a handler that
    # set the event could wait for a lock that the interrupted thread holds.
    signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: None)

    def watch(reader: socket.socket, _: socket.socket) -> None:
        reader.recv(1)
        stop.set()
        time.sleep(MAX_STOP_SECONDS)
        exit_unfinished()

    # The thread also keeps the writer open.
    threading.Thread(target=watch, args=(reader, writer), name="stop", daemon=True).start()
    atexit.register(_ignore_signals)
    return stop


def _ignore_signals() -> None:
    """Ignore signals while the process exits: the socket they are written to is gone."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    signal.set_wakeup_fd(-1)


def exit_unfinished() -> None:
    """Exit at once with EXIT_UNFINISHED, and log the threads that were left, by kind."""
    kinds = Counter(re.sub(r"[-_ ]*\d+$", "", thread.name) for thread in threading.enumerate())
    for quiet in ("stop", "MainThread"):
        del kinds[quiet]
    left = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
    log.error("the bot did not stop in time and exits now; still running: %s", left or "nothing of its own")
    logging.shutdown()
    sys.stdout.flush()
    os._exit(EXIT_UNFINISHED)
