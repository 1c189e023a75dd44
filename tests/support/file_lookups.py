"""A process that starts and runs file lookups, between a database and a sandbox, and its notices."""

import csv
import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from io import BytesIO, StringIO
from typing import Any, BinaryIO

from sqlalchemy import Engine, event

from bot.bulk.file_lookup_loop import FileLookupLoop
from bot.bulk.file_lookup_run import FileLookupTools
from bot.bulk.file_lookups import FileLookups
from bot.core.changes.service import Changes
from bot.core.commands import LookupCommand, make_lookup
from bot.core.file_lookups import OVER, FileLookup, FileLookupState
from bot.core.limits import LookupLimits
from bot.core.lookups.kinds import PROFILES
from bot.core.model import Actor
from bot.core.scheduling.executor import FairExecutor
from bot.core.services import Services
from bot.encryption import Cipher
from bot.im.client import IMClient
from bot.sandbox.behavior import Fault
from bot.sandbox.rest_api.request import Answer
from bot.sandbox.server import Sandbox
from bot.store.database.statements import Statement
from bot.store.database.timeouts import USUAL_TIMEOUTS, StoreTimeouts
from bot.store.files.file_lookups import StoredFileLookups
from bot.store.record import Store
from tests.support.changes_fixture import APPS, BY_WORD, PROD, RULES, SLACK, VERA
from tests.support.crashing import Steps
from tests.support.fakes import FakePeople
from tests.support.sandbox import APP_ID, KEY, PATHS, crowd
from tests.support.scripted_im import SHORT_PAUSES

THREADS = 4
PROFILE = make_lookup(PROFILES, PROD, (), (BY_WORD["nick"], BY_WORD["level"]))


@dataclass
class KeptNotices:
    """Keeps what people would see.

    Attributes:
        shown: Every state that was shown.
        sent: The files, by the file lookup and the state.
        failing: The errors of the next files; None for one that is sent.
    """

    shown: list[FileLookup] = field(default_factory=list)
    sent: list[tuple[str, FileLookupState, bytes]] = field(default_factory=list)
    failing: list[BaseException | None] = field(default_factory=list)
    moved: threading.Condition = field(default_factory=threading.Condition)

    def show(self, lookup: FileLookup, seconds_left: float | None = None) -> None:
        assert seconds_left is None or seconds_left >= 0
        with self.moved:
            self.shown.append(lookup)
            self.moved.notify_all()

    def send(self, lookup: FileLookup, csv: BinaryIO, size: int) -> None:
        content = csv.read()
        assert len(content) == size
        if self.failing and (problem := self.failing.pop(0)):
            raise problem
        with self.moved:
            self.sent.append((lookup.id, lookup.state, content))

    def wait(self, is_there: Callable[[FileLookup], bool], seconds: float = 60) -> FileLookup:
        """Wait until a state is shown, after all that were waited for; return it."""
        with self.moved:
            found: list[FileLookup] = []

            def look() -> bool:
                while self.shown and not found:
                    if is_there(shown := self.shown.pop(0)):
                        found.append(shown)
                return bool(found)

            assert self.moved.wait_for(look, seconds), "it was not shown in time"
            return found[0]

    def wait_for(self, *states: FileLookupState) -> FileLookup:
        """Wait until one of some states is shown."""
        return self.wait(lambda lookup: lookup.state in states)


@dataclass
class Process:
    """The parts of one process."""

    store: Store
    kept: StoredFileLookups
    notices: KeptNotices
    loop: FileLookupLoop
    lookups: FileLookups

    def start(
        self, ids: Sequence[str], actor: Actor = VERA, command: LookupCommand = PROFILE, **options: str
    ) -> FileLookup:
        """Start the lookup of a file with one id a line."""
        source = BytesIO("".join(f"{account}\n" for account in ids).encode())
        return self.lookups.start(actor, command, source, "ids.txt", options.get("column", "1"))

    def wait_over(self) -> FileLookup:
        """Wait until a file lookup is over."""
        return self.notices.wait_for(*OVER)


@contextmanager
def run_process(
    url: str,
    im_url: str,
    *,
    token: str = "xoxb-1",
    people: FakePeople = SLACK,
    ids_per_hour: int | None = None,
    at_once: int | None = None,
    lease_seconds: float = 30.0,
    look_every: float = 0.05,
    timeouts: StoreTimeouts = USUAL_TIMEOUTS,
    threads: int = THREADS,
    is_running: bool = True,
    notices: KeptNotices | None = None,
) -> Iterator[Process]:
    """Run a process; without a loop that runs, it only starts and cancels."""
    store = Store(url, timeouts)
    im = IMClient(
        base_url=im_url,
        app_id=APP_ID,
        key=KEY,
        admin="administrator",
        workers=threads,
        pauses=SHORT_PAUSES,
    )
    ims = {PROD.name: im}
    changes = Changes(APPS, ims, RULES, people, store, audited=True)
    pool = FairExecutor(threads)
    limits = LookupLimits(store, ids_per_hour, at_once)
    services = Services(APPS, ims, RULES, people, pool, store, changes, limits)
    kept, notices = store.open_file_lookups(APPS.by_name, Cipher(token)), notices or KeptNotices()
    loop = FileLookupLoop(
        FileLookupTools(services, kept, notices, pool, pauses=()), lease_seconds, look_every
    )
    if is_running:
        loop.start()
    try:
        yield Process(store, kept, notices, loop, FileLookups(services, kept, notices, loop))
    finally:
        loop.close()
        store.close()
        im.close()


def run_to_step(_: int, url: str, im_url: str, fatal: int) -> None:
    """Run file lookups until they are over, and die at a step, counted from 1."""
    steps = Steps(fatal)
    run = Statement._run

    def run_as_step(*given: Any) -> Any:
        steps.take()
        return run(*given)

    Statement._run = run_as_step  # type: ignore[method-assign, assignment]  # the process ends with it
    with run_process(url, im_url, is_running=False) as process:
        # Each statement is a step; so is each COMMIT, which is no statement to SQLAlchemy.
        for moment in ("before_cursor_execute", "commit"):
            event.listen(Engine, moment, steps.take)
        process.loop.start()
        process.wait_over()


class CountingSandbox(Sandbox):
    """A sandbox that notes the accounts of each call for profiles."""

    def __init__(self, size: int) -> None:
        super().__init__(crowd(size))
        self.asked: list[str] = []

    def answer(self, method: str, path: str, query: str, body: bytes | None) -> Answer:
        """Answer a request."""
        if path == PATHS["portrait_get"] and body:
            self.asked += json.loads(body)["To_Account"]
        return super().answer(method, path, query, body)

    def break_with(self, fault: Fault | None = None, **behavior: int) -> None:
        """Let calls fail, or be slow, from now on."""
        self.behavior = replace(self.behavior, fault=fault, **behavior)  # type: ignore[arg-type]  # checked there


def split_csv(content: bytes) -> Mapping[str, Sequence[str]]:
    """Return the cells of a CSV by account, in order; each account must be there once."""
    _, *rows = csv.reader(StringIO(content.decode("utf-8-sig")))
    found = {row[0]: row for row in rows}
    assert len(found) == len(rows)
    return found
