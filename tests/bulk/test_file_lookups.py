"""File lookups of people, from start to the CSV, against a sandbox over HTTP."""

import sqlite3
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO
from typing import BinaryIO

import pytest

from bot.bulk.file_lookups import make_event
from bot.bulk.row_formats import CsvRows
from bot.core.commands import LookupCommand, make_lookup
from bot.core.file_lookups import SHOW_SECONDS, FileLookup, FileLookupState
from bot.core.lookups.kinds import ATTRIBUTES, FRIENDS
from bot.core.model import Entry, LookupStatus, Membership, Outcome, Surface
from bot.errors import (
    AuditError,
    BotError,
    ExpiredError,
    LimitError,
    PermissionDeniedError,
    SlackUnavailableError,
    UsageError,
)
from bot.sandbox.behavior import Fault
from bot.store.database.timeouts import StoreTimeouts
from tests.support.changes_fixture import EDDA, GUS, PROD, SLACK, VERA
from tests.support.file_lookup_time import pass_time
from tests.support.file_lookups import PROFILE, CountingSandbox, KeptNotices, Process, run_process, split_csv
from tests.support.sandbox import serving

S = FileLookupState
SLOW = 3000
"""Milliseconds in which little is answered."""
DOWN = Fault(kind="502")
LOCKED = StoreTimeouts(entry=20, use=15, lock=0.3)
"""A lock is what ends a wait, however busy the machine is."""
REFUSED = Fault(kind="code", code=70014)
IDS = [f"u{number:05}" for number in range(2500)]


@pytest.fixture
def sandbox() -> CountingSandbox:
    return CountingSandbox(len(IDS))


@pytest.fixture
def im_url(sandbox: CountingSandbox) -> Iterator[str]:
    with serving(sandbox) as caller:
        yield caller.url


class HeldNotices(KeptNotices):
    """Holds each file back until it may go on."""

    def __init__(self) -> None:
        super().__init__()
        self.began, self.go_on = threading.Event(), threading.Event()

    def send(self, lookup: FileLookup, csv: BinaryIO, size: int) -> None:
        self.began.set()
        assert self.go_on.wait(30)
        super().send(lookup, csv, size)


def entries(process: Process) -> list[Entry]:
    """List VERA's entries, oldest first."""
    found = [each for each in process.store.list_done(VERA, 1000) if isinstance(each, Entry)]
    return found[::-1]


def test_sends_a_row_for_each_id_in_the_files_order(url: str, im_url: str, sandbox: CountingSandbox) -> None:
    ids = [*reversed(IDS), "nobody", "x" * 33]
    with run_process(url, im_url) as process:
        started = process.start([*ids, *ids[:3]])
        done = process.wait_over()

        assert (started.state, started.total, started.done) == (S.WAITING, len(ids), 0)
        assert (done.state, done.problem, done.id) == (S.DONE, "", started.id)
        assert done.counts == {
            LookupStatus.FOUND: len(IDS),
            LookupStatus.NOT_IMPORTED: 1,
            LookupStatus.NOT_ASKED: 1,
        }
        ((_, state, content),) = process.notices.sent
        rows = split_csv(content)
        assert state is S.DONE
        assert list(rows) == ids
        assert rows["u00007"][1:5] == ["found", "", "", "prod"]
        assert sorted(sandbox.asked) == sorted(ids[:-1])
        *parts, end = entries(process)
        assert [event.event.surface for event in parts] == [Surface.FILE] * len(parts)
        assert sorted(account for entry in parts for account in entry.event.accounts) == sorted(ids[:-1])
        assert (end.event.outcome, end.event.accounts) == (Outcome.EXPORTED, ())
        assert f"2,502 ids, file {started.digest}: 2,500 found" in end.event.reason


def test_reads_attributes_and_friends(file_url: str, im_url: str, sandbox: CountingSandbox) -> None:
    (app,) = sandbox.apps.values()
    app.accounts["u00001"] = replace(app.accounts["u00001"], attributes={"tier": "gold"})
    commands: list[LookupCommand] = [
        make_lookup(ATTRIBUTES, PROD, ()),
        make_lookup(FRIENDS, PROD, (), owner="u00001"),
    ]
    with run_process(file_url, im_url) as process:
        for command in commands:
            process.start(["u00000", "u00001"], command=command)
            assert process.wait_over().state is S.DONE

        attributes, friends = (content.decode("utf-8-sig") for _, _, content in process.notices.sent)
    assert attributes.splitlines()[0].endswith('"tier"')
    assert split_csv(attributes.encode())["u00001"][-1] == "gold"
    assert split_csv(friends.encode())["u00000"][1] == "not a friend"


def test_refuses_before_anything_is_kept(file_url: str, im_url: str) -> None:
    with run_process(file_url, im_url) as process:
        with pytest.raises(PermissionDeniedError):
            process.start(IDS, GUS)
        with pytest.raises(UsageError, match="no ids"):
            process.start([])
        with pytest.raises(UsageError, match="both"):
            process.start(IDS, command=replace(make_lookup(FRIENDS, PROD, (), owner="a"), both=True))
        with pytest.raises(UsageError, match="no column"):
            process.lookups.start(VERA, PROFILE, BytesIO(b"id,nick\na,b\n"), "a.csv", "uid")

        assert process.kept.list_open(VERA) == []
        assert entries(process) == []


def test_claims_a_file_only_once_it_is_read(file_url: str, im_url: str) -> None:
    said = list[str]()

    @contextmanager
    def claim(*, started: bool) -> Iterator[None]:
        said.append("claimed")
        if started:
            raise ExpiredError("started already")
        yield

    with run_process(file_url, im_url, is_running=False) as process:

        def start(content: bytes, *, started: bool) -> None:
            claimed = claim(started=started)
            process.lookups.start(VERA, PROFILE, BytesIO(content), "a.csv", "id", claim=claimed)

        with pytest.raises(UsageError, match="no ids"):
            start(b"id\n", started=False)
        assert said == []
        with pytest.raises(ExpiredError):
            start(b"id\na\n", started=True)
        assert process.kept.list_open(VERA) == []
        start(b"id\na\n", started=False)
        assert len(process.kept.list_open(VERA)) == 1


def test_shows_a_file_lookup_to_its_actor_alone(file_url: str, im_url: str) -> None:
    with run_process(file_url, im_url, is_running=False) as process:
        started = process.start(IDS)

        assert process.lookups.find(VERA, started.id).id == started.id
        for ask in (
            process.lookups.find,
            process.lookups.cancel,
            process.lookups.resume,
            process.lookups.send_part,
        ):
            with pytest.raises(ExpiredError):
                ask(EDDA, started.id)
            with pytest.raises(ExpiredError):
                ask(VERA, "another")


def test_a_cancel_in_another_process_stops_it_and_a_resume_goes_on(
    url: str, im_url: str, sandbox: CountingSandbox
) -> None:
    sandbox.break_with(latency_ms=300)
    with run_process(url, im_url) as runs, run_process(url, im_url, is_running=False) as other:
        started = runs.start(IDS)
        runs.notices.wait(lambda lookup: lookup.done > 0)
        sandbox.break_with(latency_ms=SLOW)
        cancelled = other.lookups.cancel(VERA, started.id)

        assert cancelled.state is S.CANCELLED
        assert 0 < cancelled.done < cancelled.total
        with pytest.raises(ExpiredError):
            other.lookups.cancel(VERA, started.id)
        assert entries(other)[-1].event.outcome is Outcome.CANCELLED
        assert f"after {cancelled.done:,} of 2,500" in entries(other)[-1].event.problem
        wait_until_idle(runs)
        assert runs.lookups.find(VERA, started.id) == cancelled

        runs.lookups.send_part(VERA, started.id)
        part = runs.wait_over()
        assert (part.state, part.done) == (S.CANCELLED, cancelled.done)
        ((_, state, content),) = runs.notices.sent
        assert state is S.CANCELLED
        assert list(split_csv(content)) == IDS[: cancelled.done]

        sandbox.break_with(latency_ms=0)
        asked = len(sandbox.asked)
        other.lookups.resume(VERA, started.id)
        with pytest.raises(ExpiredError):
            other.lookups.resume(VERA, started.id)
        assert runs.wait_over().state is S.DONE
        assert list(split_csv(runs.notices.sent[-1][2])) == IDS
        assert sorted(sandbox.asked[asked:]) == IDS[cancelled.done :]


def wait_until_idle(process: Process) -> None:
    for leased in list(process.loop._leased):
        assert leased.run.ended.wait(30)


def test_waits_while_the_vendor_is_down_and_goes_on_by_itself(
    url: str, im_url: str, sandbox: CountingSandbox
) -> None:
    with run_process(url, im_url) as process:
        sandbox.break_with(DOWN)
        started = process.start(IDS[:300])
        waits = process.notices.wait(lambda lookup: lookup.retry_at is not None)
        assert (waits.state, waits.done, "down" in waits.problem) == (S.WAITING, 0, True)

        sandbox.break_with()
        pass_time(url, 31)
        done = process.wait_over()
        assert (done.id, done.state, done.problem) == (started.id, S.DONE, "")
        assert list(split_csv(process.notices.sent[0][2])) == IDS[:300]


def test_an_outage_at_the_end_becomes_no_rows(file_url: str, im_url: str, sandbox: CountingSandbox) -> None:
    with run_process(file_url, im_url, is_running=False) as process:
        started = process.start(IDS[:1050])
        process.kept.lease_next("gone", 30)
        first = replace(PROFILE, accounts=tuple(IDS[:1000]))
        rows = process.lookups.services.begin(VERA, first).run().rows
        kept = CsvRows(PROFILE).write(rows, datetime.now(UTC))
        process.kept.append(started.id, "gone", kept, {LookupStatus.FOUND: 1000})
        process.kept.release(started.id, "gone", S.WAITING)
        sandbox.break_with(DOWN)
        process.loop.start()
        waits = process.notices.wait(lambda lookup: lookup.retry_at is not None)
        assert (waits.state, waits.done, "down" in waits.problem) == (S.WAITING, 1000, True)

        sandbox.break_with()
        pass_time(file_url, 31)
        assert process.wait_over().counts == {LookupStatus.FOUND: 1050}


def test_fails_what_waits_when_it_is_about_to_expire(
    file_url: str, im_url: str, sandbox: CountingSandbox
) -> None:
    sandbox.break_with(DOWN)
    with run_process(file_url, im_url, is_running=False) as process:
        process.start(IDS[:100])
        pass_time(file_url, 23.5 * 3600 - 20)
        process.loop.start()

        failed = process.wait_over()

        assert (failed.state, "down" in failed.problem) == (S.FAILED, True)
        assert entries(process)[-1].event.outcome is Outcome.FAILED


def test_stops_what_runs_when_it_is_about_to_expire(
    file_url: str, im_url: str, sandbox: CountingSandbox
) -> None:
    sandbox.break_with(latency_ms=300)
    with run_process(file_url, im_url, threads=1, is_running=False) as process:
        started = process.start(IDS)
        pass_time(file_url, 23.5 * 3600 - 2)
        process.loop.start()

        failed = process.wait_over()

        assert (failed.state, "too little time" in failed.problem) == (S.FAILED, True)
        assert entries(process)[-1].event.outcome is Outcome.FAILED
        with pytest.raises(ExpiredError, match="about to expire"):
            process.lookups.resume(VERA, started.id)
        process.lookups.send_part(VERA, started.id)
        assert process.wait_over().state is S.FAILED
        assert len(split_csv(process.notices.sent[0][2])) == failed.done


def test_fails_at_once_where_credentials_are_refused_and_can_be_resumed(
    file_url: str, im_url: str, sandbox: CountingSandbox
) -> None:
    sandbox.break_with(REFUSED)
    with run_process(file_url, im_url) as process:
        started = process.start(IDS[:100])
        failed = process.wait_over()
        assert failed.state is S.FAILED
        assert "operator" in failed.problem
        assert entries(process)[-1].event.outcome is Outcome.FAILED
        with pytest.raises(ExpiredError):
            process.lookups.send_part(VERA, started.id)

        sandbox.break_with()
        process.lookups.resume(VERA, started.id)
        assert process.wait_over().state is S.DONE


def test_fails_one_whose_leases_run_out_again_and_again(
    url: str, im_url: str, sandbox: CountingSandbox
) -> None:
    with run_process(url, im_url, is_running=False) as process:
        started = process.start(IDS[:10])
        for number in range(6):
            process.kept.lease_next(str(number), 30)
            pass_time(url, 31)
        process.loop.start()

        failed = process.wait_over()

        assert (failed.state, "Resume it" in failed.problem, sandbox.asked) == (S.FAILED, True, [])
        assert entries(process)[-1].event.outcome is Outcome.FAILED
        process.lookups.resume(VERA, started.id)
        assert process.wait_over().state is S.DONE


def test_tries_again_to_send_and_then_fails_with_the_reason(file_url: str, im_url: str) -> None:
    with run_process(file_url, im_url) as process:
        process.notices.failing = [BotError("the disk is full")] * 5
        started = process.start(IDS[:100])
        for _ in range(4):
            process.notices.wait(lambda lookup: lookup.retry_at is not None)
            pass_time(file_url, 301)
        failed = process.wait_over()
        assert (failed.state, failed.problem) == (S.FAILED, "the disk is full")

        process.lookups.resume(VERA, started.id)
        assert process.wait_over().state is S.DONE
        assert list(split_csv(process.notices.sent[0][2])) == IDS[:100]


def test_sends_after_a_long_outage_of_slack(file_url: str, im_url: str) -> None:
    with run_process(file_url, im_url) as process:
        process.notices.failing = [SlackUnavailableError("Slack took no file")] * 8
        process.start(IDS[:100])
        for _ in range(8):
            process.notices.wait(lambda lookup: lookup.retry_at is not None)
            pass_time(file_url, 301)

        assert process.wait_over().state is S.DONE


def test_gives_a_reference_where_the_bot_breaks(
    file_url: str, im_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    with run_process(file_url, im_url) as process:
        process.notices.failing = [RuntimeError("a bug")]
        process.start(IDS[:10])
        waits = process.notices.wait(lambda lookup: lookup.retry_at is not None)

        *_, reference = waits.problem.split()
        assert f"reference {reference}" in caplog.text


def test_sends_a_file_once_though_the_database_fails_after_it(file_url: str, im_url: str) -> None:
    lock = lock_database(file_url)
    sent = threading.Event()

    class Locking(KeptNotices):
        def send(self, lookup: FileLookup, csv: BinaryIO, size: int) -> None:
            super().send(lookup, csv, size)
            lock.execute("BEGIN IMMEDIATE")
            sent.set()

    with run_process(file_url, im_url, notices=Locking(), timeouts=LOCKED) as process:
        process.start(IDS[:50])
        assert sent.wait(30)
        with pytest.raises(AuditError):
            process.kept.set_message("one", "D1", "1.2")
        lock.execute("ROLLBACK")

        assert process.wait_over().state is S.DONE
        pass_time(file_url, 31)
        assert process.kept.lease_next("another", 30) is None
        assert len(process.notices.sent) == 1
    lock.close()


def test_cancels_none_whose_csv_is_being_sent(file_url: str, im_url: str) -> None:
    notices = HeldNotices()
    with run_process(file_url, im_url, notices=notices) as process:
        started = process.start(IDS[:50])
        assert notices.began.wait(30)
        with pytest.raises(ExpiredError, match="being sent") as caught:
            process.lookups.cancel(VERA, started.id)
        notices.go_on.set()

        assert "Wait" in caught.value.advice
        assert process.wait_over().state is S.DONE


def lock_database(url: str) -> sqlite3.Connection:
    """Connect as another program that may lock the database."""
    path = url.removeprefix("sqlite:///")
    return sqlite3.connect(path, isolation_level=None, check_same_thread=False)


def test_sends_nothing_to_a_person_who_lost_the_role(
    file_url: str, im_url: str, sandbox: CountingSandbox
) -> None:
    people = replace(SLACK, standings=dict(SLACK.standings))
    with run_process(file_url, im_url, people=people) as process:
        sandbox.break_with(latency_ms=300)
        process.start(IDS[:200])
        people.standings = {VERA.user_id: Membership.GUEST}

        failed = process.wait_over()

        assert (failed.state, "guest" in failed.problem) == (S.FAILED, True)
        assert process.notices.sent == []
        with pytest.raises(PermissionDeniedError):
            process.lookups.resume(VERA, failed.id)


def test_says_so_where_the_rows_cannot_be_decrypted(
    file_url: str, im_url: str, sandbox: CountingSandbox
) -> None:
    sandbox.break_with(latency_ms=100)
    with run_process(file_url, im_url) as process:
        process.start(IDS)
        process.notices.wait(lambda lookup: lookup.done > 0)
    asked = len(sandbox.asked)

    with run_process(file_url, im_url, token="xoxb-2") as process:
        failed = process.wait_over()

        assert failed.state is S.FAILED
        assert "token has changed" in failed.problem
        assert "Send the file again" in failed.problem
        assert len(sandbox.asked) == asked


def test_gives_its_lease_back_when_the_process_ends(url: str, im_url: str, sandbox: CountingSandbox) -> None:
    sandbox.break_with(latency_ms=500)
    with run_process(url, im_url) as process:
        started = process.start(IDS)
        process.notices.wait(lambda lookup: lookup.done > 0)
        sandbox.break_with(latency_ms=SLOW)
        process.loop.close()

        left = process.lookups.find(VERA, started.id)
        assert (left.state, left.retry_at, 0 < left.done < left.total) == (S.WAITING, None, True)
        asked = len(sandbox.asked)
    sandbox.break_with(latency_ms=0)
    with run_process(url, im_url) as process:
        assert process.wait_over().state is S.DONE
        assert list(split_csv(process.notices.sent[0][2])) == IDS
        assert sorted(sandbox.asked[asked:]) == IDS[left.done :]


def test_goes_on_when_the_database_can_be_written_again(
    file_url: str, im_url: str, sandbox: CountingSandbox
) -> None:
    sandbox.break_with(latency_ms=300)
    with run_process(file_url, im_url, lease_seconds=2, timeouts=LOCKED) as process:
        process.start(IDS)
        process.notices.wait(lambda lookup: lookup.done > 0)
        lock = lock_database(file_url)
        lock.execute("BEGIN IMMEDIATE")
        for leased in process.loop._leased:
            # It ends: neither rows nor the lease can be written.
            assert leased.run.ended.wait(60)
        lock.execute("ROLLBACK")
        lock.close()
        sandbox.break_with(latency_ms=0)

        assert process.wait_over().state is S.DONE
        assert list(split_csv(process.notices.sent[0][2])) == IDS


def test_asks_nothing_again_after_a_short_lock(file_url: str, im_url: str, sandbox: CountingSandbox) -> None:
    sandbox.break_with(latency_ms=100)
    with run_process(file_url, im_url, timeouts=LOCKED) as process:
        process.start(IDS)
        process.notices.wait(lambda lookup: lookup.done > 0)
        lock = lock_database(file_url)
        lock.execute("BEGIN IMMEDIATE")
        with pytest.raises(AuditError):
            process.kept.set_message("one", "D1", "1.2")
        lock.execute("ROLLBACK")
        lock.close()

        assert process.wait_over().state is S.DONE
        assert sorted(sandbox.asked) == IDS


def test_keeps_its_lease_while_a_process_ends(file_url: str, im_url: str) -> None:
    notices = HeldNotices()
    with run_process(file_url, im_url, notices=notices, lease_seconds=1.5) as process:
        process.start(IDS[:50])
        assert notices.began.wait(30)
        process.loop.stop()
        # Longer than the lease holds without being renewed.
        for _ in range(20):
            assert process.kept.lease_next("another", 30) is None
            time.sleep(0.1)
        notices.go_on.set()
        assert process.wait_over().state is S.DONE


def test_ends_with_the_last_that_runs(file_url: str, im_url: str) -> None:
    notices = HeldNotices()
    with run_process(file_url, im_url, notices=notices, look_every=3600) as process:
        process.start(IDS[:50])
        assert notices.began.wait(30)
        process.loop.stop()
        notices.go_on.set()
        process.loop.close(60)

        assert "file lookups" not in {thread.name for thread in threading.enumerate()}


def test_gives_back_what_no_thread_can_run(
    file_url: str, im_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = threading.Thread.start

    def refuse(thread: threading.Thread) -> None:
        if thread.name == "file lookup":
            monkeypatch.undo()
            raise RuntimeError("can't start new thread")
        start(thread)

    with run_process(file_url, im_url, is_running=False) as process:
        process.start(IDS[:10])
        monkeypatch.setattr(threading.Thread, "start", refuse)
        process.loop.start()
        process.notices.wait(lambda lookup: lookup.retry_at is not None)
        pass_time(file_url, 31)

        assert process.wait_over().state is S.DONE


def test_says_that_the_record_lacks_it_and_goes_on(file_url: str, im_url: str) -> None:
    with run_process(file_url, im_url, is_running=False) as process:
        started = process.start(IDS[:50])
        other = lock_database(file_url)
        other.execute("CREATE TRIGGER full BEFORE INSERT ON entries BEGIN SELECT RAISE(ABORT, 'full'); END")
        process.loop.start()
        done = process.wait_over()
        other.execute("DROP TRIGGER full")
        other.close()

        assert (done.state, done.is_recorded) == (S.DONE, False)
        assert not process.lookups.find(VERA, started.id).is_recorded
        assert process.start(IDS[:50]).is_recorded
        assert process.wait_over().is_recorded


def test_waits_where_there_is_no_temporary_folder(
    file_url: str, im_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/nonexistent")
    with run_process(file_url, im_url) as process:
        process.start(IDS[:10])
        waits = process.notices.wait(lambda lookup: lookup.retry_at is not None)
        assert "temporary folder" in waits.problem
        assert "TMPDIR" in waits.problem

        monkeypatch.undo()
        pass_time(file_url, 31)
        assert process.wait_over().state is S.DONE


def test_runs_two_at_once_and_all_in_the_end(file_url: str, im_url: str) -> None:
    with run_process(file_url, im_url) as process:
        started = {process.start(IDS[number : number + 150]).id for number in range(5)}

        done = {process.wait_over().id for _ in range(5)}

        assert done == started
        assert {id_ for id_, _, _ in process.notices.sent} == started


def test_keeps_to_the_limit_of_open_ones_in_all_processes(url: str, im_url: str) -> None:
    with (
        run_process(url, im_url, at_once=2, is_running=False) as one,
        run_process(url, im_url, at_once=2, is_running=False) as two,
    ):
        first, _ = one.start(IDS), two.start(IDS)

        with pytest.raises(LimitError, match="2 file lookups") as caught:
            two.start(IDS)
        assert "once one of them has ended" in caught.value.advice
        assert entries(one)[-1].event.outcome is Outcome.DENIED
        two.start(IDS, EDDA)

        two.lookups.cancel(VERA, first.id)
        one.start(IDS)
        with pytest.raises(LimitError):
            one.lookups.resume(VERA, first.id)


def test_counts_no_ids_that_are_not_looked_up(url: str, im_url: str) -> None:
    with run_process(url, im_url, ids_per_hour=2000, is_running=False) as process:
        first = process.start(IDS[:500])
        process.lookups.cancel(VERA, first.id)
        asked, barrier = make_event(VERA, PROFILE), threading.Barrier(3)
        caught: list[BotError] = []

        def resume() -> None:
            barrier.wait()
            try:
                process.lookups.resume(VERA, first.id)
            except BotError as error:
                caught.append(error)

        presses = [threading.Thread(target=resume) for _ in range(3)]
        for press in presses:
            press.start()
        for press in presses:
            press.join()

        assert len(caught) == 2
        assert all(error.advice for error in caught)
        process.lookups.services.spend(asked, 1000)
        with pytest.raises(LimitError):
            process.lookups.services.spend(asked, 1)


def test_says_which_limit_refuses_a_resume_or_a_part(url: str, im_url: str) -> None:
    with run_process(url, im_url, at_once=1, is_running=False) as process:
        first = process.start(IDS[:500])
        process.kept.lease_next("holder", 30)
        process.kept.append(first.id, "holder", b"a\n", {LookupStatus.FOUND: 1})
        process.lookups.cancel(VERA, first.id)
        process.start(IDS[:10])

        for ask in (process.lookups.resume, process.lookups.send_part):
            with pytest.raises(LimitError, match="at once"):
                ask(VERA, first.id)


def test_counts_the_ids_of_an_hour_in_all_processes(url: str, im_url: str) -> None:
    with (
        run_process(url, im_url, ids_per_hour=2000, is_running=False) as one,
        run_process(url, im_url, ids_per_hour=2000, is_running=False) as two,
    ):
        one.start(IDS[:1500])
        typed = replace(PROFILE, accounts=tuple(IDS[:500]))
        two.lookups.services.begin(VERA, typed).run()

        with pytest.raises(LimitError, match="2,000 ids in an hour") as caught:
            one.lookups.services.begin(VERA, replace(typed, accounts=("u00001",))).run()
        assert "UTC" in caught.value.advice
        with pytest.raises(LimitError, match="these are 2,500") as caught:
            one.start(IDS)
        assert "2,000 ids or fewer" in caught.value.advice
        denied, answered = [Outcome.DENIED] * 2, [Outcome.ANSWERED]
        assert [entry.event.outcome for entry in entries(one)] == answered + denied
        two.start(IDS[:10], EDDA)


def test_shows_an_end_that_a_killed_process_did_not(url: str, im_url: str) -> None:
    with run_process(url, im_url, is_running=False) as killed:
        lookup = killed.start(IDS[:10])
        killed.kept.set_state(lookup.id, [S.WAITING], S.CANCELLED)
    pass_time(url, SHOW_SECONDS)

    with run_process(url, im_url) as other:
        assert other.wait_over().id == lookup.id
