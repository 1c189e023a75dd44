"""Bounded worker threads for the work after the ack, with a queue that is fair between people."""

import logging
import math
import time
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import partial
from threading import Condition, Event, Thread

THREADS = 16
"""The most commands that run at once."""
QUEUE_LENGTH = 64
"""The most commands that wait for a thread; beyond that the bot is busy."""
QUICK_THREADS = 4
"""The most quick commands, which ask only Slack, that run at once beside the others."""
CLOSING_SECONDS = 25.0
"""The usual seconds for running jobs to end."""

_held: ContextVar[list[Callable[[], object]] | None] = ContextVar("held", default=None)

log = logging.getLogger(__name__)


@contextmanager
def held_jobs() -> Iterator[None]:
    """Hold back the jobs that this thread submits until the context ends: a request is acknowledged first."""
    held: list[Callable[[], object]] = []
    token = _held.set(held)
    try:
        yield
    finally:
        _held.reset(token)
        for begin in held:
            begin()


@dataclass(eq=False, slots=True)
class Job:
    """An accepted job: waiting, begun or cancelled.

    Args:
        owner: The owner.
        run: Runs it; must handle its own errors.
        reject: Answers instead if the workers close; called in a thread of its own.
        queued: Whether it had to wait.
    """

    owner: Hashable
    run: Callable[[], object]
    reject: Callable[[], object]
    queued: bool = False

    def drop(self) -> None:
        """Release the callables of a finished job, which a button may keep for a day."""
        self.run = self.reject = _ignore


def _ignore() -> None:
    """Do nothing."""


@dataclass(eq=False, slots=True)
class Workers:
    """Runs jobs on a bounded number of threads.

    Waiting jobs take turns by owner. No owner gets more than three quarters of the threads, nor more places
    in the queue than remain free, so that others get in. A job without an owner counts as its own.

    Args:
        threads: The most jobs that run at once.
        queue_length: The most jobs that wait.
    """

    threads: int = THREADS
    queue_length: int = QUEUE_LENGTH
    _queues: OrderedDict[Hashable, deque[Job]] = field(default_factory=OrderedDict, init=False)
    _running: Counter[Hashable] = field(default_factory=Counter, init=False)
    _begun: deque[Job] = field(default_factory=deque, init=False)
    _changed: Condition = field(default_factory=Condition, init=False)
    _unused: Event = field(default_factory=Event, init=False)
    _unused_at: float = field(default=-math.inf, init=False)
    _started: int = field(default=0, init=False)
    _idle: int = field(default=0, init=False)
    _closed: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        self._unused.set()

    def submit(
        self,
        run: Callable[[], object],
        owner: Hashable = None,
        reject: Callable[[], object] = _ignore,
    ) -> Job | None:
        """Accept a job; return None if there is no room.

        Args:
            run: Runs it; must handle its own errors.
            owner: The owner; None for a job that counts as its own.
            reject: Answers instead if the workers close before it begins.
        """
        job = Job(object() if owner is None else owner, run, reject)
        with self._changed:
            if self._closed:
                return None
            if self._may_begin(job.owner):
                self._begin(job)
                return job
            # No owner takes more places than it leaves to others.
            free = self.queue_length - sum(map(len, self._queues.values()))
            if free <= len(self._queues.get(job.owner, ())):
                return None
            job.queued = True
            self._queues.setdefault(job.owner, deque()).append(job)
        return job

    def cancel(self, job: Job) -> bool:
        """Cancel a waiting job; return False if it has begun or was cancelled."""
        with self._changed:
            queue = self._queues.get(job.owner, deque())
            if job not in queue:
                return False
            queue.remove(job)
            if not queue:
                del self._queues[job.owner]
        job.drop()
        return True

    def close(self, seconds: float = CLOSING_SECONDS) -> None:
        """Accept no more jobs, reject waiting ones, and wait up to `seconds` for running ones."""
        until = time.monotonic() + seconds
        with self._changed:
            self._closed = True
            left = [job for queue in self._queues.values() for job in queue]
            self._queues.clear()
            self._changed.notify_all()
        # Each in a thread of its own, so that a slow Slack delays no other.
        turning = [Thread(target=job.reject, name="rejecting", daemon=True) for job in left]
        for thread in turning:
            thread.start()
        for thread in turning:
            thread.join(max(0.0, until - time.monotonic()))
        with self._changed:
            self._changed.wait_for(lambda: not self._running, max(0.0, until - time.monotonic()))

    @property
    def is_busy(self) -> bool:
        """True while a job is running."""
        return not self._unused.is_set()

    def wait_until_idle(self, seconds: float) -> bool:
        """Wait until no job is running; False if one still is after some seconds."""
        return self._unused.wait(seconds)

    @property
    def seconds_idle(self) -> float:
        """The seconds since the last job ended; 0 while one runs, and no end of them before the first."""
        return time.monotonic() - self._unused_at if self._unused.is_set() else 0.0

    def _may_begin(self, owner: Hashable) -> bool:
        free = self._running.total() < self.threads
        return free and self._running[owner] < max(1, self.threads - self.threads // 4)

    def _begin(self, job: Job) -> None:
        self._running[job.owner] += 1
        self._unused.clear()
        held = _held.get()
        if held is None:
            self._hand_over(job)
        else:
            held.append(partial(self._hand_over, job))

    def _hand_over(self, job: Job) -> None:
        """Give a job to an idle thread, or to a new one."""
        with self._changed:
            self._begun.append(job)
            # An idle thread takes the next job.
            if len(self._begun) > self._idle and self._started < self.threads:
                self._started += 1
                # Daemons: the process's exit waits for no job, since `close` has given them time.
                Thread(target=self._work, name=f"worker-{self._started}", daemon=True).start()
            else:
                self._changed.notify()

    def _work(self) -> None:
        while job := self._next():
            try:
                job.run()
            except Exception:
                log.exception("a job did not handle its error")
            finally:
                job.drop()
                self._end(job)
                # Otherwise this thread would keep the job in memory while it waits.
                del job

    def _next(self) -> Job | None:
        with self._changed:
            while not self._begun:
                if self._closed:
                    return None
                self._idle += 1
                self._changed.wait()
                self._idle -= 1
            return self._begun.popleft()

    def _end(self, job: Job) -> None:
        with self._changed:
            self._running[job.owner] -= 1
            self._running += Counter()  # forgets owners that have nothing running
            for owner in list(self._queues):
                if self._may_begin(owner):
                    queue = self._queues[owner]
                    self._begin(queue.popleft())
                    # To the end of the line, or out of it.
                    self._queues.move_to_end(owner)
                    if not queue:
                        del self._queues[owner]
                    break
            if not self._running:
                self._unused_at = time.monotonic()
                self._unused.set()
            if self._closed:
                self._changed.notify_all()
