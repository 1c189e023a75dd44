import math
import threading
import time
import weakref
from contextlib import closing, suppress
from functools import partial

from bot.slack.workers import Workers, held_jobs
from tests.support.slack import TIMEOUT, wait_until


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

    with closing(Workers(threads=2, queue_length=3)) as workers:
        taken = [bool(workers.submit(work)) for _ in range(7)]
        released.set()
        assert all(done.acquire(timeout=30) for _ in range(5))

        assert taken == [True] * 5 + [False] * 2
        wait_until(lambda: bool(workers.submit(lambda: None)))


def test_starts_no_more_threads_than_its_crew() -> None:
    before = set(threading.enumerate())
    done = threading.Semaphore(0)

    def work() -> None:
        time.sleep(0.001)
        done.release()

    with closing(Workers(threads=4, queue_length=1000)) as workers:
        for number in range(400):
            assert workers.submit(work, number % 50)
        for _ in range(400):
            assert done.acquire(timeout=TIMEOUT)

        assert len(set(threading.enumerate()) - before) <= 4


def test_has_room_again_after_a_job_that_failed() -> None:
    def fail() -> None:
        raise ValueError

    with closing(Workers(threads=1, queue_length=0)) as workers:
        for _ in range(3):
            wait_until(lambda: bool(workers.submit(fail)))


def test_takes_turns_between_people() -> None:
    released = threading.Event()
    done: list[str] = []
    with closing(Workers(threads=1, queue_length=40)) as workers:
        workers.submit(released.wait)
        for owner, name in (*[("vera", "v")] * 3, *[("ed", "e")] * 2, ("gus", "g")):
            assert workers.submit(partial(done.append, name), owner)
        released.set()
        wait_until(lambda: len(done) == 6)

    assert "".join(done) == "vegvev"


def test_keeps_a_quarter_of_the_crew_free_of_one_persons_jobs() -> None:
    released = threading.Event()
    done: list[str] = []
    with closing(Workers(threads=4, queue_length=60)) as workers:
        for _ in range(30):
            assert workers.submit(released.wait, "vera")
        other = workers.submit(partial(done.append, "ed"), "ed")
        wait_until(lambda: done == ["ed"])
        released.set()

    assert other
    assert not other.queued


def test_one_person_cannot_fill_the_queue() -> None:
    released = threading.Event()
    with closing(Workers(threads=1, queue_length=4)) as workers:
        workers.submit(released.wait)
        by_one = [bool(workers.submit(released.wait, "vera")) for _ in range(5)]
        by_another = [bool(workers.submit(released.wait, "ed")) for _ in range(3)]
        by_a_third = workers.submit(released.wait, "grace")
        released.set()

    assert by_one == [True, True, False, False, False]
    assert by_another == [True, False, False]
    assert by_a_third


def test_takes_back_what_waits_and_nothing_else() -> None:
    released = threading.Event()
    done: list[str] = []
    with closing(Workers(threads=1, queue_length=1)) as workers:
        running = workers.submit(released.wait)
        waiting = workers.submit(partial(done.append, "waiting"), "vera")
        assert running
        assert waiting
        assert not workers.submit(partial(done.append, "no room"), "ed")

        assert workers.cancel(waiting)
        assert not workers.cancel(waiting)
        assert not workers.cancel(running)
        assert workers.submit(partial(done.append, "room again"), "ed")
        released.set()
        wait_until(lambda: done == ["room again"])


class Referent:
    """An object that a job references."""

    def do(self) -> None:
        """Do nothing."""


def test_lets_go_of_what_a_job_held_when_it_is_over() -> None:
    released = threading.Event()
    with closing(Workers(threads=1, queue_length=4)) as workers:
        workers.submit(released.wait)
        referents = [Referent(), Referent()]
        gone = [weakref.ref(each) for each in referents]
        ran, cancelled = [workers.submit(each.do, "vera") for each in referents]
        referents.clear()
        assert ran
        assert cancelled
        assert workers.cancel(cancelled)
        released.set()
        wait_until(lambda: [each() for each in gone] == [None, None])


def test_marks_the_jobs_that_wait_as_queued() -> None:
    released = threading.Event()
    with closing(Workers(threads=2, queue_length=2)) as workers:
        jobs = [workers.submit(released.wait) for _ in range(4)]
        released.set()

    assert [job and job.queued for job in jobs] == [False, False, True, True]


def test_finishes_what_runs_and_turns_away_what_waits_when_it_closes() -> None:
    released, begun = threading.Event(), threading.Event()
    done: list[str] = []

    def run() -> None:
        begun.set()
        released.wait()
        done.append("running")

    workers = Workers(threads=1, queue_length=2)
    workers.submit(run)
    workers.submit(partial(done.append, "waiting"), "vera", partial(done.append, "turned away"))
    assert begun.wait(TIMEOUT)
    threading.Timer(0.05, released.set).start()
    workers.close(TIMEOUT)

    assert done == ["turned away", "running"]


def test_closes_in_time_though_jobs_hang() -> None:
    released = threading.Event()
    turned_away = threading.Semaphore(0)
    workers = Workers(threads=1, queue_length=4)
    workers.submit(released.wait)
    workers.submit(released.wait, "vera", released.wait)
    workers.submit(released.wait, "ed", turned_away.release)

    started = time.monotonic()
    workers.close(0.2)
    released.set()

    assert time.monotonic() - started < TIMEOUT / 2
    assert turned_away.acquire(timeout=0)


def test_takes_on_nothing_after_it_closed() -> None:
    workers = Workers(threads=1, queue_length=0)
    workers.close()

    # More often than the queue has room: a refusal takes none.
    assert [workers.submit(lambda: None) for _ in range(3)] == [None] * 3


def test_leaves_a_place_for_the_next_person() -> None:
    release = threading.Event()
    with closing(Workers(threads=1, queue_length=16)) as workers:
        workers.submit(release.wait, "nobody")

        def fill(owner: str) -> int:
            return sum(workers.submit(_pass, owner) is not None for _ in range(20))

        assert [fill(owner) for owner in ("vera", "ed", "grace")] == [8, 4, 2]
        assert workers.submit(_pass, "somebody new")
        release.set()


def test_begins_what_is_held_back_once_its_request_is_acknowledged() -> None:
    done: list[str] = []
    with closing(Workers(threads=1, queue_length=1)) as workers:
        with suppress(ConnectionError), held_jobs():
            taken = [workers.submit(partial(done.append, name), "vera") for name in ("first", "next", "more")]
            assert [job and job.queued for job in taken] == [False, True, None]
            time.sleep(0.05)
            assert (done, workers.is_busy) == ([], True)
            raise ConnectionError  # the client is gone, and its work is done all the same
        wait_until(lambda: done == ["first", "next"])


def _pass() -> None:
    """Do nothing."""


def test_says_when_no_job_runs_any_more() -> None:
    released = threading.Event()
    found: list[bool] = []

    with closing(Workers(threads=1)) as workers:
        assert workers.wait_until_idle(0)
        assert workers.submit(released.wait)
        # It begins as the other one ends.
        assert workers.submit(released.wait)
        assert not workers.wait_until_idle(0.01)
        waiting = threading.Thread(target=lambda: found.append(workers.wait_until_idle(TIMEOUT)), daemon=True)
        waiting.start()
        released.set()
        waiting.join(TIMEOUT)

        assert found == [True]
        assert not workers.is_busy


def test_says_how_long_no_job_has_run() -> None:
    released = threading.Event()

    with closing(Workers(threads=1)) as workers:
        assert workers.seconds_idle == math.inf
        assert workers.submit(released.wait)
        assert workers.seconds_idle == 0
        released.set()
        assert workers.wait_until_idle(TIMEOUT)
        before = workers.seconds_idle

        wait_until(lambda: workers.seconds_idle > before)
        assert workers.seconds_idle < TIMEOUT
