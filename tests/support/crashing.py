"""Processes that work on changes and can be killed at any step, of their own or of the vendor's."""

import json
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from multiprocessing.connection import Connection, wait
from typing import Any, TypeAlias

from sqlalchemy import Engine, event

from bot.core.changes.service import Changes
from bot.core.commands import SetFields
from bot.core.model import Outcome
from bot.core.results import Preview, Settled
from bot.http_client.tls import tls_context
from bot.im.client import IMClient
from bot.sandbox.rest_api.request import Answer
from bot.sandbox.server import Sandbox
from bot.store.record import Store
from tests.support.changes_fixture import APPS, BY_WORD, EDDA, PROD, RULES, SLACK
from tests.support.entries import unaltered
from tests.support.forked import FORKING
from tests.support.sandbox import APP_ID, KEY, PATHS, hosted

NICK = BY_WORD["nick"]
WANTED = "Alicia"
TIMEOUT = 30
"""Seconds without output after which a process counts as stuck."""

# Loaded once for all processes: the trusted authorities.
tls_context()

Action: TypeAlias = Callable[[Changes, str], Iterator[str]]
"""The work of a process on an account; yields the outcome and the ids that a person would see."""


def set_nick(changes: Changes, account: str) -> Iterator[str]:
    """Change an account's nickname to WANTED: propose and confirm it; yields the change's id and outcome."""
    preview = changes.propose(EDDA, SetFields(PROD, account, {NICK: WANTED}))
    assert isinstance(preview, Preview)
    yield preview.change.id
    settled = changes.confirm(EDDA, preview.change.id)
    assert isinstance(settled, Settled)
    yield settled.change.outcome


def settle(changes: Changes, _: str) -> Iterator[str]:
    """Settle the open changes; yields their outcomes."""
    for settled in changes.settle_open(timedelta(0)):
        yield settled.change.outcome


@dataclass(frozen=True, slots=True)
class Task:
    """The work of a process.

    Args:
        database: The record's address.
        im: The sandbox's address.
        account: Whose profile is changed.
        action: The work on it.
        fatal_step: The step at which it is killed, counted from 1; 0 lets it live.
    """

    database: str
    im: str
    account: str
    action: Action = set_nick
    fatal_step: int = 0


class Steps:
    """Counts the steps of a process, and kills it at one of them."""

    def __init__(self, fatal: int) -> None:
        self.taken = 0
        self._fatal = fatal

    def take(self, *_: Any, **__: Any) -> None:
        """Count a step, and die if it is the fatal one."""
        self.taken += 1
        if self.taken == self._fatal:
            os.kill(os.getpid(), signal.SIGKILL)


def around(part: object, step: Callable[[], None]) -> Any:
    """Wrap a part so that each of its calls takes a step before and another after."""
    return _Stepping(part, step)


class _Stepping:
    def __init__(self, part: object, step: Callable[[], None]) -> None:
        self._part = part
        self._step = step

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(*args: Any, **more: Any) -> Any:
            self._step()
            result = getattr(self._part, name)(*args, **more)
            self._step()
            return result

        return call


class CheckingSandbox(Sandbox):
    """A sandbox that checks the record when a write arrives, and can kill the calling process at a step.

    Args:
        record: The record, opened for this sandbox alone.
    """

    def __init__(self, record: Store) -> None:
        super().__init__(hosted())
        self.unrecorded: list[str] = []
        """The accounts of writes that arrived without an intent in the record."""
        self.partial_writes = 0
        """Number of writes cut short by the death of their process."""
        self._record = record
        self._steps = 0
        self._fatal = 0
        self._process: Any = None

    def watch(self, process: Any, fatal: int = 0) -> None:
        """Count the steps of a process, two for each request, and kill it at the fatal one."""
        self._steps, self._fatal, self._process = 0, fatal, process

    @property
    def steps(self) -> int:
        """Steps of the watched process so far."""
        return self._steps

    def answer(self, method: str, path: str, query: str, body: bytes | None) -> Answer:
        """Answer a request; a step before and a step after."""
        if path == PATHS["portrait_set"] and body is None:
            self.partial_writes += 1
        elif path == PATHS["portrait_set"]:
            account = json.loads(body or b"")["From_Account"]
            newest = self._record.list_history(PROD.name, account, None, 1)
            if [entry.event.outcome for entry in unaltered(newest)] != [Outcome.ATTEMPTED]:
                self.unrecorded.append(account)
        self._step()
        answer = super().answer(method, path, query, body)
        self._step()
        return answer

    def _step(self) -> None:
        self._steps += 1
        if self._steps == self._fatal:
            # A reference of its own: the sentinel is closed with the last one.
            process = self._process
            os.kill(process.pid, signal.SIGKILL)
            assert wait([process.sentinel], TIMEOUT)


def make_changes(store: Store, im_url: str, steps: Steps | None = None) -> Changes:
    """Make the Changes of a process that has just started."""
    record: Any = store
    im: Any = IMClient(base_url=im_url, app_id=APP_ID, key=KEY, admin="administrator", workers=1)
    if steps:
        record, im = around(record, steps.take), around(im, steps.take)
    return Changes(APPS, {PROD.name: im}, RULES, SLACK, record, audited=True, waits=(0, 0.02, 0.05))


def run_task(task: Task, parent: Connection) -> None:
    """Run a task once the parent sends a word; sends its output, then its number of steps."""
    steps = Steps(task.fatal_step)
    changes = make_changes(Store(task.database), task.im, steps)
    # Each statement is a step; so is each COMMIT, which is no statement to SQLAlchemy.
    for moment in ("before_cursor_execute", "commit"):
        event.listen(Engine, moment, steps.take)
    # A request is sent in two pieces; each is a step.
    sys.addaudithook(lambda moment, _: steps.take() if moment == "http.client.send" else None)
    parent.send("ready")
    parent.recv()
    for output in task.action(changes, task.account):
        parent.send(output)
    parent.send(steps.taken)


@contextmanager
def run_process(task: Task) -> Iterator[tuple[Any, Connection]]:
    """Start a process on a task; it waits for a word, and is killed when the context ends."""
    here, there = FORKING.Pipe()
    child = FORKING.Process(target=run_task, args=(task, there), daemon=True)
    child.start()
    there.close()
    try:
        assert next_output(here) == "ready"
        yield child, here
    finally:
        child.kill()
        child.join()
        here.close()


def next_output(child: Connection) -> Any:
    """Receive the next output of a process; None when it is dead."""
    if not child.poll(TIMEOUT):
        raise TimeoutError("the process is stuck")
    try:
        return child.recv()
    except (EOFError, OSError):
        # OSError: it died before it read its word, or while it sent one.
        return None


def all_output(child: Connection) -> list[Any]:
    """Receive all output of a process until it is dead."""
    return [*iter(partial(next_output, child), None)]
