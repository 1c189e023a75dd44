"""Processes forked from one that has loaded the bot, which costs a tenth of starting Python."""

import multiprocessing
import os
from collections.abc import Callable
from multiprocessing.connection import Connection

FORKING = multiprocessing.get_context("forkserver")
# Loaded once for all processes, with the dialects of the databases.
FORKING.set_forkserver_preload(
    [
        "tests.support.crashing",
        "tests.support.file_lookups",
        "tests.support.writing",
        "sqlalchemy.dialects.sqlite.pysqlite",
        "sqlalchemy.dialects.postgresql.psycopg",
    ]
)


class ForkedProcess:
    """A process that runs a function, and its output.

    Args:
        run: The function; a file descriptor for its output comes before the other arguments.
        arguments: The other arguments.
    """

    def __init__(self, run: Callable[..., None], *arguments: object) -> None:
        here, there = FORKING.Pipe(duplex=False)
        self._process = FORKING.Process(target=_run, args=(run, there, *arguments), daemon=True)
        self._process.start()
        there.close()
        with here:
            self.output = os.fdopen(os.dup(here.fileno()))

    def kill(self) -> None:
        """Kill it at once."""
        self._process.kill()

    def finish(self, seconds: float) -> int:
        """Wait for its end; returns its exit code, negative for a signal.

        Raises:
            TimeoutError: It runs for longer; it is killed.
        """
        self._process.join(seconds)
        if self._process.is_alive():
            self._process.kill()
            raise TimeoutError
        self.output.close()
        assert self._process.exitcode is not None
        return self._process.exitcode


def _run(run: Callable[..., None], output: Connection, *arguments: object) -> None:
    run(output.fileno(), *arguments)
