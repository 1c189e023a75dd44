import threading
from contextlib import closing

from bot.slack.workers import Workers
from tests.support.slack import wait_until


def test_does_what_it_takes_on() -> None:
    done: list[int] = []

    with closing(Workers()) as workers:
        assert all(workers.submit(lambda number=number: done.append(number)) for number in range(10))  # type: ignore[misc]

    assert sorted(done) == list(range(10))


def test_takes_on_no_more_than_it_has_room_for() -> None:
    released, done = threading.Event(), threading.Semaphore(0)

    def work() -> None:
        released.wait()
        done.release()

    with closing(Workers(crew=2, waiting=3)) as workers:
        taken = [workers.submit(work) for _ in range(7)]
        released.set()
        assert all(done.acquire(timeout=30) for _ in range(5))

        assert taken == [True] * 5 + [False] * 2
        wait_until(lambda: workers.submit(lambda: None))


def test_has_room_again_after_a_job_that_failed() -> None:
    def fail() -> None:
        raise ValueError

    with closing(Workers(crew=1, waiting=0)) as workers:
        for _ in range(3):
            wait_until(lambda: workers.submit(fail))


def test_finishes_what_waits_when_it_closes() -> None:
    released = threading.Event()
    done: list[str] = []
    workers = Workers(crew=1, waiting=1)
    workers.submit(released.wait)  # type: ignore[arg-type]
    workers.submit(lambda: done.append("waiting"))

    threading.Timer(0.02, released.set).start()
    workers.close()

    assert done == ["waiting"]


def test_takes_on_nothing_after_it_closed() -> None:
    workers = Workers(crew=1, waiting=0)
    workers.close()

    # Asked more often than there is room: a refusal takes none.
    assert [workers.submit(lambda: None) for _ in range(3)] == [False] * 3
