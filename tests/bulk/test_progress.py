import io

from freezegun import freeze_time

from bot.bulk.progress import LINE_SECONDS, Progress, describe
from bot.core.model import LookupStatus

COUNTS = {
    LookupStatus.FOUND: 2500,
    LookupStatus.NOT_IMPORTED: 3,
    LookupStatus.FAILED: 2,
    LookupStatus.NOT_ASKED: 1,
}


def test_writes_a_line_every_few_seconds_where_there_is_no_terminal() -> None:
    stream = io.StringIO()
    with freeze_time() as clock:
        progress = Progress(5000, 6, stream)
        progress.show(COUNTS)
        assert stream.getvalue() == ""
        clock.tick(LINE_SECONDS)
        progress.show(COUNTS)
        progress.tick()

    (line,) = stream.getvalue().splitlines()
    assert line == "2,506 of 5,000 · 2,500 found · 3 missing · 3 failed · 4 s left"


def test_says_how_long_it_takes_by_the_pace_of_this_run() -> None:
    stream = io.StringIO()
    with freeze_time() as clock:
        progress = Progress(1_000_000, 0, stream)
        clock.tick(60)
        progress.show({LookupStatus.FOUND: 10_000})

    assert stream.getvalue().endswith("1 h 39 min left\n")


def test_counts_what_people_ask_for() -> None:
    assert describe({}) == ""
    assert describe({LookupStatus.NOT_A_FRIEND: 1}) == "0 found · 1 missing"
