import threading
from concurrent.futures import CancelledError, Executor

import pytest

from bot.core.scheduling.executor import FairExecutor
from bot.core.scheduling.turns import BULK_COST


class Gate:
    """Holds an executor's only thread until it opens."""

    def __init__(self, executor: Executor) -> None:
        self._open = threading.Event()
        self._holding = executor.submit(self._open.wait, 30)

    def open(self) -> None:
        self._open.set()
        assert self._holding.result(30)


def test_results_come_in_order() -> None:
    with FairExecutor(4) as executor:
        assert list(executor.map(pow, range(50), [2] * 50)) == [number**2 for number in range(50)]


def test_a_thousand_calls_hold_up_nobody_elses_one() -> None:
    done: list[str] = []
    with FairExecutor(1) as executor:
        gate = Gate(executor)
        many = executor.map(done.append, ["many"] * 1000)
        one = executor.map(done.append, ["one"])
        gate.open()
        assert list(one) == [None]
        assert len(list(many)) == 1000

    assert done.index("one") == 1


def test_a_big_job_yields_to_commands() -> None:
    done: list[str] = []
    with FairExecutor(1) as executor:
        gate = Gate(executor)
        job = executor.group(bulk=True).map(done.append, ["job"] * 3)
        command = executor.map(done.append, ["command"] * BULK_COST)
        gate.open()
        assert len([*command, *job]) == BULK_COST + 3

    assert done[: BULK_COST + 1].count("command") == BULK_COST
    assert "job" not in done[: BULK_COST - 1]


def test_an_error_is_raised_to_its_caller_alone() -> None:
    with FairExecutor(1) as executor:
        failing = executor.submit(int, "no number")
        with pytest.raises(ValueError, match="no number"):
            failing.result(30)
        assert executor.submit(int, "7").result(30) == 7


def test_takes_nothing_once_shut() -> None:
    executor = FairExecutor(1)
    gate = Gate(executor)
    waiting = executor.submit(int, "7")
    executor.shutdown(wait=False, cancel_futures=True)

    with pytest.raises(RuntimeError):
        executor.submit(int, "8")
    gate.open()
    with pytest.raises(CancelledError):
        waiting.result(30)
    executor.shutdown()


def test_begins_one_call_after_the_other_once_each_has_waited() -> None:
    steps: list[str] = []
    waiting = threading.Semaphore(0)

    def wait() -> None:
        steps.append("wait")
        assert waiting.acquire(timeout=30)
        steps.append("over")

    with FairExecutor(4, wait) as executor:
        calls = [executor.submit(int) for _ in range(3)]
        waiting.release()
        assert calls[0].result(30) == 0
        assert not any(call.done() for call in calls[1:])
        waiting.release(2)
        assert [call.result(30) for call in calls] == [0] * 3

    assert steps == ["wait", "over"] * 3
