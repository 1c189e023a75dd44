"""Processes that work on changes and can be killed at any step of it, on their side or on the vendor's."""

import json
import multiprocessing
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
from bot.http_session import tls_context
from bot.im.client import IMClient
from bot.sandbox.request import Answer
from bot.sandbox.server import Sandbox
from bot.store.record import Store
from tests.support.changes_fixture import APPS, BY_WORD, EDDA, PROD, RULES, SLACK
from tests.support.entries import unaltered
from tests.support.sandbox import APP_ID, KEY, PATHS, hosted

NICK = BY_WORD["nick"]
WANTED = "Alicia"
PATIENCE = 30
"""Seconds after which a process that says nothing counts as stuck."""

FORKING = multiprocessing.get_context("forkserver")
# What every process would else do anew: load its database's dialect, and the authorities it trusts.
_DIALECTS = ["sqlalchemy.dialects.sqlite.pysqlite", "sqlalchemy.dialects.postgresql.psycopg"]
FORKING.set_forkserver_preload(["tests.support.crashing", *_DIALECTS])
tls_context()

Action: TypeAlias = Callable[[Changes, str], Iterator[str]]
"""What a process does about an account; says what a person would be shown."""


def set_nick(changes: Changes, account: str) -> Iterator[str]:
    """Propose to change an account's nickname to WANTED, and confirm it; says the change's id and outcome."""
    preview = changes.propose(EDDA, SetFields(PROD, account, {NICK: WANTED}))
    assert isinstance(preview, Preview)
    yield preview.change.id
    settled = changes.confirm(EDDA, preview.change.id)
    assert isinstance(settled, Settled)
    yield settled.change.outcome


def settle(changes: Changes, _: str) -> Iterator[str]:
    """Settle what is open; says the outcomes."""
    for settled in changes.settle_open(timedelta(0)):
        yield settled.change.outcome


@dataclass(frozen=True, slots=True)
class Task:
    """What a process is to do.

    Args:
        database: The record's address.
        im: The sandbox's address.
        account: Whose profile it is about.
        action: What is done.
        fatal_step: At which of its steps it dies, counted from 1; 0 lets it live.
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
        """Take a step; it may be the last."""
        self.taken += 1
        if self.taken == self._fatal:
            os.kill(os.getpid(), signal.SIGKILL)


def around(part: object, step: Callable[[], None]) -> Any:
    """Give a part whose every call is a step before it and another after it."""
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


class Watch(Sandbox):
    """A sandbox that looks into the record when a write arrives, and kills who is asking when told to.

    Args:
        record: The record, over connections that no other process has.
    """

    def __init__(self, record: Store) -> None:
        super().__init__(hosted())
        self.unrecorded: list[str] = []
        """The accounts of writes that arrived and had no intent in the record."""
        self.halves = 0
        """How many writes arrived in part, because who sent them died."""
        self._record = record
        self._steps = 0
        self._fatal = 0
        self._victim: Any = None

    def expect(self, victim: Any, fatal: int = 0) -> None:
        """Count the steps of a process: a request of its has arrived, and has been carried out."""
        self._steps, self._fatal, self._victim = 0, fatal, victim

    @property
    def steps(self) -> int:
        """How many steps the process took."""
        return self._steps

    def answer(self, method: str, path: str, query: str, body: bytes | None) -> Answer:
        """Answer a request; both its arrival and its having been carried out may be fatal."""
        if path == PATHS["portrait_set"] and body is None:
            self.halves += 1
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
            # Held on to: what tells of its death is closed with the last reference.
            victim = self._victim
            os.kill(victim.pid, signal.SIGKILL)
            assert wait([victim.sentinel], PATIENCE)


def make_changes(store: Store, im_url: str, steps: Steps | None = None) -> Changes:
    """Put changes together as a process does that has just started."""
    record: Any = store
    im: Any = IMClient(base_url=im_url, app_id=APP_ID, key=KEY, admin="administrator", workers=1)
    if steps:
        record, im = around(record, steps.take), around(im, steps.take)
    return Changes(APPS, {PROD.name: im}, RULES, SLACK, record, audited=True, waits=(0, 0.2, 0.5))


def run(task: Task, parent: Connection) -> None:
    """Run an task at a word; tells what it says, and then how many steps it took."""
    steps = Steps(task.fatal_step)
    changes = make_changes(Store(task.database), task.im, steps)
    # What lies between two statements is one step; a COMMIT is no statement to SQLAlchemy.
    for moment in ("before_cursor_execute", "commit"):
        event.listen(Engine, moment, steps.take)
    # A request leaves in two pieces; each is a step.
    sys.addaudithook(lambda moment, _: steps.take() if moment == "http.client.send" else None)
    parent.send("ready")
    parent.recv()
    for said in task.action(changes, task.account):
        parent.send(said)
    parent.send(steps.taken)


@contextmanager
def process(task: Task) -> Iterator[tuple[Any, Connection]]:
    """Start a process on an task; it waits for a word, and is killed when the context ends."""
    here, there = FORKING.Pipe()
    child = FORKING.Process(target=run, args=(task, there), daemon=True)
    child.start()
    there.close()
    try:
        assert hear(here) == "ready"
        yield child, here
    finally:
        child.kill()
        child.join()
        here.close()


def hear(child: Connection) -> Any:
    """Take the next word of a process; None when it is dead."""
    if not child.poll(PATIENCE):
        raise TimeoutError("the process is stuck")
    try:
        return child.recv()
    except (EOFError, OSError):
        # The second when it died before it had read its word, or within one of its own.
        return None


def hear_all(child: Connection) -> list[Any]:
    """Take all words of a process until it is dead."""
    return [*iter(partial(hear, child), None)]
