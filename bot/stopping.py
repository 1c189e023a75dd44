"""How a process is told to stop."""

import signal
import threading


def stop_signal() -> threading.Event:
    """Make an event that SIGINT and SIGTERM set from now on."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    return stop
