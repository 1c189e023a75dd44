"""Bounded worker threads for the work after the ack, with a queue that is fair between people."""

import logging
import time
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from threading import Condition, Thread

THREADS = 16
"""The number of commands that run at once."""
QUEUE_LENGTH = 64
"""The number that may wait for a free thread; beyond, the bot is busy."""
QUICK_THREADS = 4
"""The most answers made at once that ask nobody but Slack, beside the commands."""
CLOSING_SECONDS = 25.0
"""The usual seconds for running jobs to end."""

log = logging.getLogger(__name__)


@dataclass(eq=False, slots=True)
class Job:
    """An accepted job: it waits for a thread, and then it has begun or was cancelled.

    Args:
        owner: The owner.
        run: Runs it; it must handle its own errors.
        reject: Answers in its stead; called from a thread of its own.
        queued: Whether it had to wait.
    """

    owner: Hashable
    run: Callable[[], object]
    reject: Callable[[], object]
    queued: bool = False

    def drop(self) -> None:
        """Let go of what it holds: it is over, and may be known to a button for a day."""
        self.run = self.reject = _ignore


def _ignore() -> None:
    """Do nothing."""


@dataclass(eq=False, slots=True)
class Workers:
    """Runs jobs on a bounded number of threads.

    Jobs that wait take turns by owner. No owner has more than three quarters of the threads, nor more places
    in the queue than are free, so that the others get in; a job without an owner counts as an owner.

    Args:
        threads: The number of jobs that run at once.
        queue_length: The number of jobs that may wait.
    """

    threads: int = THREADS
    queue_length: int = QUEUE_LENGTH
    _queues: OrderedDict[Hashable, deque[Job]] = field(default_factory=OrderedDict, init=False)
    _running: Counter[Hashable] = field(default_factory=Counter, init=False)
    _begun: deque[Job] = field(default_factory=deque, init=False)
    _changed: Condition = field(default_factory=Condition, init=False)
    _started: int = field(default=0, init=False)
    _idle: int = field(default=0, init=False)
    _closed: bool = field(default=False, init=False)

    def submit(
        self,
        run: Callable[[], object],
        owner: Hashable = None,
        reject: Callable[[], object] = _ignore,
    ) -> Job | None:
        """Accept a job; None when there is no room for it.

        Args:
            run: Runs it; it must handle its own errors.
            owner: The owner; None for a job that counts as one of its own.
            reject: Answers in its stead, should the workers close before it has begun.
        """
        job = Job(object() if owner is None else owner, run, reject)
        with self._changed:
            if self._closed:
                return None
            if self._may_begin(job.owner):
                self._begin(job)
                return job
            # No owner has more places than are left to others, so that there is one for the next.
            free = self.queue_length - sum(map(len, self._queues.values()))
            if free <= len(self._queues.get(job.owner, ())):
                return None
            job.queued = True
            self._queues.setdefault(job.owner, deque()).append(job)
        return job

    def cancel(self, job: Job) -> bool:
        """Cancel a job that has not begun; False when it has, or was cancelled before."""
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
        """Accept no more jobs, reject those that have not begun, and wait for the rest; all within a time."""
        until = time.monotonic() + seconds
        with self._changed:
            self._closed = True
            left = [job for queue in self._queues.values() for job in queue]
            self._queues.clear()
            self._changed.notify_all()
        # Each in a thread of its own: one that Slack holds up keeps no other back.
        turning = [Thread(target=job.reject, name="rejecting", daemon=True) for job in left]
        for thread in turning:
            thread.start()
        for thread in turning:
            thread.join(max(0.0, until - time.monotonic()))
        with self._changed:
            self._changed.wait_for(lambda: not self._running, max(0.0, until - time.monotonic()))

    @property
    def is_busy(self) -> bool:
        """Whether a job is running."""
        with self._changed:
            return bool(self._running.total())

    def _may_begin(self, owner: Hashable) -> bool:
        free = self._running.total() < self.threads
        return free and self._running[owner] < max(1, self.threads - self.threads // 4)

    def _begin(self, job: Job) -> None:
        self._running[job.owner] += 1
        self._begun.append(job)
        # A thread that has just ended its job comes for the next one.
        if len(self._begun) > self._idle and self._started < self.threads:
            self._started += 1
            # Exit waits for no thread: jobs that have not ended by then were given their time.
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
                # Kept while this thread waits for another, it would keep all that it holds.
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
                    # To the end of the turns, or out of them.
                    self._queues.move_to_end(owner)
                    if not queue:
                        del self._queues[owner]
                    break
            if self._closed:
                self._changed.notify_all()
