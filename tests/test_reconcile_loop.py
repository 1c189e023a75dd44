import threading
from collections.abc import Sequence
from dataclasses import replace

import pytest

from bot.core.model import Outcome
from bot.core.results import Settled
from bot.errors import AuditError
from bot.reconcile_loop import ReconcileLoop
from tests.support.sample_results import CHANGE, PROD, enter

DONE = Settled(PROD, replace(CHANGE, outcome=Outcome.SUCCEEDED), enter(1))


class ScriptedRounds:
    """The result of each round: changes settled or an error; nothing after the last."""

    def __init__(self, *rounds: Sequence[Settled] | Exception) -> None:
        self._rounds = list(rounds)
        self.over = threading.Event()

    def settle(self) -> Sequence[Settled]:
        if not self._rounds:
            self.over.set()
            return ()
        result = self._rounds.pop(0)
        if isinstance(result, Exception):
            raise result
        return result


def run_rounds(rounds: ScriptedRounds) -> list[Settled]:
    settled: list[Settled] = []
    loop = ReconcileLoop(rounds.settle, settled.append, every=0.01)
    loop.start()
    try:
        assert rounds.over.wait(30)
    finally:
        loop.close()
    return settled


def test_reports_settled_changes_from_the_first_round() -> None:
    assert run_rounds(ScriptedRounds([DONE], [], [DONE])) == [DONE, DONE]


@pytest.mark.parametrize("trouble", [AuditError("the record is locked"), RuntimeError("a fault")])
def test_goes_on_after_an_error(trouble: Exception) -> None:
    assert run_rounds(ScriptedRounds(trouble, [DONE])) == [DONE]


def test_closes_though_it_never_began() -> None:
    ReconcileLoop(tuple, lambda _: None).close()


def test_leaves_a_round_that_hangs_to_the_next_process() -> None:
    begun, released = threading.Event(), threading.Event()

    def hang() -> Sequence[Settled]:
        begun.set()
        released.wait()
        return ()

    loop = ReconcileLoop(hang, lambda _: None)
    loop.start()
    try:
        assert begun.wait(30)
        loop.close(seconds=0.05)
    finally:
        released.set()
