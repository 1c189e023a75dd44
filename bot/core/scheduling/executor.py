"""An executor whose threads the commands share by turns."""

import threading
from collections.abc import Callable, Hashable, Iterable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from functools import partial
from typing import Any, ParamSpec, TypeVar

from bot.core.scheduling.turns import Turns

P = ParamSpec("P")
R = TypeVar("R")


class FairExecutor(Executor):
    """Runs calls in threads; the calls of one `map` take turns with those of every other.

    Args:
        threads: The most calls at once.
        wait: Called before each call begins, by one thread at a time; it must end.
    """

    def __init__(self, threads: int, wait: Callable[[], object] | None = None) -> None:
        self._wait = wait
        self._waiting = threading.Lock()
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="call")
        self._lock = threading.Lock()
        self._turns: Turns[tuple[Future[Any], Callable[[], Any]]] = Turns()

    def group(self, *, bulk: bool = False) -> Executor:
        """Return an executor with these threads, whose calls take turns as one owner's.

        Args:
            bulk: Whether they belong to a big job, which yields to commands.
        """
        return _Group(partial(self._submit, object(), bulk))

    def submit(self, fn: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> Future[R]:
        """Run a call when its turn comes."""
        return self.group().submit(fn, *args, **kwargs)

    def map(
        self,
        fn: Callable[..., R],
        *iterables: Iterable[Any],
        timeout: float | None = None,
        chunksize: int = 1,
    ) -> Iterator[R]:
        """Run calls, which take turns as one owner's; return their results in order."""
        return self.group().map(fn, *iterables, timeout=timeout, chunksize=chunksize)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: FBT001, FBT002 - Executor's signature
        """Accept no more calls."""
        self._pool.shutdown(wait=False)
        while cancel_futures and (waiting := self._take()):
            waiting[0].cancel()
        self._pool.shutdown(wait=wait, cancel_futures=cancel_futures)

    def _submit(self, owner: Hashable, bulk: bool, call: Callable[[], R]) -> Future[R]:  # noqa: FBT001 - bound by `group`
        future: Future[R] = Future()
        with self._lock:
            turn = self._turns.add((future, call), owner, bulk=bulk)
        try:
            # One ticket for each call: a thread that takes it runs the call whose turn it is.
            self._pool.submit(self._run_next)
        except RuntimeError:
            with self._lock:
                self._turns.remove(turn)
            raise
        return future

    def _take(self) -> tuple[Future[Any], Callable[[], Any]] | None:
        with self._lock:
            turn = self._turns.first()
            return self._turns.take(turn) if turn else None

    def _run_next(self) -> None:
        if self._wait:
            with self._waiting:
                self._wait()
        taken = self._take()
        if taken is None or not taken[0].set_running_or_notify_cancel():
            return
        future, call = taken
        try:
            future.set_result(call())
        except BaseException as error:  # noqa: BLE001 - raised by the future, as in every executor
            future.set_exception(error)


class _Group(Executor):
    def __init__(self, submit: Callable[[Callable[[], Any]], Future[Any]]) -> None:
        self._submit = submit

    def submit(self, fn: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> Future[R]:
        return self._submit(partial(fn, *args, **kwargs))
