"""A process that proposes a change and confirms it, and can be killed at any step of doing so."""

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

from sqlalchemy import Engine, event

from bot.core.changes import Changes
from bot.core.commands import SetFields
from bot.core.fields import PROFILE_FIELDS
from bot.core.results import Preview
from bot.im.client import IMClient
from bot.store.record import Store
from tests.support.changing import APPS, EDDA, PROD, RULES, SLACK
from tests.support.sandbox import APP_ID, KEY

NICK = next(field for field in PROFILE_FIELDS if field.word == "nick")
WANTED = "Alicia"
PATIENCE = 30
"""Seconds after which a process that says nothing counts as stuck."""

FORKING = multiprocessing.get_context("forkserver")
FORKING.set_forkserver_preload(["tests.support.crashing"])


@dataclass(frozen=True, slots=True)
class Errand:
    """What a process is to do.

    Args:
        database: The record's address.
        im: The sandbox's address.
        account: Whose nickname it changes to WANTED.
        fatal_step: At which of its steps it dies, counted from 1; 0 lets it live.
    """

    database: str
    im: str
    account: str
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

    def around(self, part: object) -> Any:
        """Give a part whose every call is a step before it and another after it."""
        return _Stepping(part, self)


class _Stepping:
    def __init__(self, part: object, steps: Steps) -> None:
        self._part = part
        self._steps = steps

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(*args: Any, **more: Any) -> Any:
            self._steps.take()
            result = getattr(self._part, name)(*args, **more)
            self._steps.take()
            return result

        return call


def make_changes(database: str, im_url: str, steps: Steps | None = None) -> tuple[Changes, Store]:
    """Put changes together as a process does that has just started."""
    store = Store(database)
    im = IMClient(base_url=im_url, app_id=APP_ID, key=KEY, admin="administrator", workers=1)
    if steps is None:
        return Changes(APPS, {"prod": im}, RULES, SLACK, store, audited=True, waits=(0, 0.2, 0.5)), store
    record, ims = steps.around(store), {"prod": steps.around(im)}
    return Changes(APPS, ims, RULES, SLACK, record, audited=True, waits=(0, 0.2, 0.5)), store


def run(errand: Errand, parent: Connection) -> None:
    """Propose and confirm; tells the parent when it is ready, the change's id, and the steps it took."""
    steps = Steps(errand.fatal_step)
    changes, _ = make_changes(errand.database, errand.im, steps)
    for moment in ("before_cursor_execute", "after_cursor_execute", "commit"):
        event.listen(Engine, moment, steps.take)
    parent.send("ready")
    parent.recv()
    preview = changes.propose(EDDA, SetFields(PROD, errand.account, {NICK: WANTED}))
    assert isinstance(preview, Preview)
    parent.send(preview.change.id)
    changes.confirm(EDDA, preview.change.id)
    parent.send(steps.taken)


@contextmanager
def process(errand: Errand) -> Iterator[tuple[Any, Connection]]:
    """Start a process on an errand; it waits for a word, and is killed when the context ends."""
    here, there = FORKING.Pipe()
    child = FORKING.Process(target=run, args=(errand, there), daemon=True)
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
    except EOFError:
        return None
