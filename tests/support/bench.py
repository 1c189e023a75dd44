"""Tools of the benchmarks: processes for both sides, and figures with their spread."""

import multiprocessing
import os
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import IO

ROOT = Path(__file__).parents[2]
BOT = ("-m", "bot")
"""Python's arguments that run `im-bot`."""
TIMEOUT = 20
"""Seconds that a benchmark waits at most."""


def spread(figures: Sequence[float]) -> str:
    return f"{statistics.median(figures):8.3f}  [{min(figures):.3f} … {max(figures):.3f}]"


def show(
    title: str, measured: Mapping[str, Sequence[float]], limits: Mapping[str, float] | None = None
) -> None:
    """Print medians with their spread, and whether each limit holds."""
    print(f"\n{title}: median [from … to]")
    for name, figures in measured.items():
        limit = (limits or {}).get(name)
        verdict = "" if limit is None else f"at most {limit:g}: {_verdict(figures, limit)}"
        print(f"  {name:44}{spread(figures):32}{verdict}")


def _verdict(figures: Sequence[float], limit: float) -> str:
    return "holds" if statistics.median(figures) <= limit else "does not hold"


def ratios(ours: Sequence[float], theirs: Sequence[float]) -> list[float]:
    return [mine / other for mine, other in zip(ours, theirs, strict=True)]


class Program:
    """A Python program in a process of its own."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        assert process.stdout is not None
        self.pid = process.pid
        self._output: IO[str] = process.stdout

    def line(self) -> str:
        """Read the next line it prints."""
        line = self._output.readline()
        assert line, "the program has ended"
        return line.strip()


@contextmanager
def run_program(*command: str, folder: Path, **settings: str) -> Iterator[Program]:
    """Run Python with these arguments until the context ends.

    Args:
        command: Python's arguments.
        folder: The working directory, without a `.env` file.
        settings: Its whole environment, except the paths.
    """
    with subprocess.Popen(
        [sys.executable, *command],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **settings},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield Program(process)
        finally:
            process.terminate()
            try:
                process.wait(TIMEOUT)
            except subprocess.TimeoutExpired:
                process.kill()


@contextmanager
def run_in_process(serve: Callable[..., None], *args: object) -> Iterator[Connection]:
    """Run a function in a process of its own until the context ends; yields this end of its pipe.

    Args:
        serve: Takes its end of the pipe and the arguments, and returns when it receives something.
    """
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=serve, args=(theirs, *args))
    process.start()
    try:
        yield ours
    finally:
        ours.send(None)
        process.join(TIMEOUT)
        process.kill()
