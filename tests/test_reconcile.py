import threading
from collections.abc import Sequence
from dataclasses import replace

import pytest

from bot.core.model import Outcome
from bot.core.results import Settled
from bot.errors import AuditError
from bot.reconcile import ReconcileLoop
from tests.support.sample_results import CHANGE, PROD, enter

DONE = Settled(PROD, replace(CHANGE, outcome=Outcome.SUCCEEDED), enter(1))


class Rounds:
    """What each round comes to; once it is used up, nothing."""

    def __init__(self, *rounds: Sequence[Settled] | Exception) -> None:
        self._rounds = list(rounds)
        self.over = threading.Event()

    def settle(self) -> Sequence[Settled]:
        if not self._rounds:
            self.over.set()
            return ()
        come = self._rounds.pop(0)
        if isinstance(come, Exception):
            raise come
        return come


def told_of(rounds: Rounds) -> list[Settled]:
    told: list[Settled] = []
    loop = ReconcileLoop(rounds.settle, told.append, every=0.01)
    loop.start()
    try:
        assert rounds.over.wait(30)
    finally:
        loop.close()
    return told


def test_tells_of_what_it_settles_from_the_start() -> None:
    assert told_of(Rounds([DONE], [], [DONE])) == [DONE, DONE]


@pytest.mark.parametrize("trouble", [AuditError("the record is locked"), RuntimeError("a fault")])
def test_goes_on_after_trouble(trouble: Exception) -> None:
    assert told_of(Rounds(trouble, [DONE])) == [DONE]


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
