"""Bots in processes of their own behind a balancer, and people who notice nothing of their ends."""

import os
import random
import re
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import count, pairwise
from pathlib import Path
from statistics import quantiles

import psycopg
import pytest
import requests

from bot.core.model import Entry, Outcome
from bot.playground.people import AUDIT_CHANNEL_ID, EDITOR, GROUP_EDITOR, VIEWER, Person
from bot.playground.server import make_app
from bot.playground.state.messages import Message
from bot.playground.state.rate_limits import CallLimit
from bot.playground.state.workspace_events import WorkspaceEvent
from bot.playground.workspace import Workspace
from bot.playground_app import make_settings, make_workspace
from bot.sandbox.behavior import Behavior, Fault
from bot.sandbox.data import Account
from bot.sandbox.demo import FAILURE
from bot.sandbox.run import open_sandbox
from bot.sandbox.server import Sandbox
from bot.sandbox.web import WebApp
from bot.serving.background_server import BackgroundServer
from bot.settings import Settings
from bot.store.database.migrate import migrate
from bot.store.record import Store
from bot.store.verify import RecordStatus, verify_url
from tests.support.migrated import migrated_file, migrated_schema
from tests.support.pacing_process import LIMIT, most_in_a_second
from tests.support.people_at_work import LostError, PersonAtWork, at_work
from tests.support.postgresql import new_server
from tests.support.processes import STOPPED_WITHIN, Balancer, BotProcess
from tests.support.record_checks import BEFORE, DONE, NICK, check_account, read_outbox, settle
from tests.support.redis_server import run_redis
from tests.support.slack import ONCALL, wait_until

SECONDS = float(os.environ.get("DEPLOY_SECONDS", "3"))
"""Seconds of work between two ends of processes."""
SEED = int(os.environ.get("DEPLOY_SEED", "20261130"))
ROWS = 100
"""Rows of a page."""
POSTED_WITHIN = 90.0
"""Seconds until all is in the audit channel, the lease of a killed process included."""
QUIET = 2.0
"""Seconds at the end in which no further answer may come."""
POOL = [f"reader_{number}" for number in range(2 * ROWS - 2)]
"""Accounts that nobody changes."""
READERS = (
    Person("U07READER01", "rosa", "Rosa Blum", "Viewer"),
    Person("U07READER02", "rui", "Rui Alves", "Viewer"),
)
"""Viewers beside those of the playground, so that several look up at once."""


@dataclass
class Deployment:
    """Processes of the bot with one record, their far ends, and the people who use them."""

    workspace: Workspace
    url: str
    sandbox: Sandbox
    settings: Settings
    database: str
    processes: Sequence[BotProcess]
    skews: Sequence[int]
    balancer: Balancer
    people: list[PersonAtWork] = field(default_factory=list)
    accounts: list[str] = field(default_factory=list)
    kills: list[tuple[str, float]] = field(default_factory=list)
    posted: list[int] = field(default_factory=list)
    """The numbers of the entries in the audit channel, in the order posted."""
    crashes: list[BaseException] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=count)
    _over: threading.Event = field(default_factory=threading.Event)

    def new_id(self) -> str:
        """Return an id that nothing else names."""
        return f"n{next(self._numbers):04}x"

    def new_account(self) -> str:
        account = self.new_id()
        next(iter(self.sandbox.apps.values())).accounts[account] = Account(profile={NICK.tag: BEFORE})
        self.accounts.append(account)
        return account

    def was_killed(self, person: str, since: float) -> bool:
        """Whether the process that had a person's request since a moment was killed with it."""
        return any(
            ack.person == person and ack.at >= since and ack.process == name and at >= ack.at
            for ack in list(self.balancer.acks)
            for name, at in self.kills
        )

    def kill(self, process: BotProcess) -> None:
        self.kills.append((process.name, time.monotonic()))
        process.kill()

    def start(self, process: BotProcess) -> None:
        """Start a process, and wait until it takes requests."""
        process.start(self.skews[self.processes.index(process)])
        assert process.running.wait(60), "a bot did not start"

    def listen(self, news: WorkspaceEvent, message: Message) -> None:
        """Note the entries that are posted in the audit channel."""
        public = message.channel == AUDIT_CHANNEL_ID and message.only_for is None
        if news is WorkspaceEvent.POSTED and public and not message.content.text.startswith("Checkpoint"):
            labels = message.content.text.rpartition("\n")[2]
            self.posted += map(int, re.findall(r"#(\d+) ·", labels))

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Let people work until the context ends; then each has finished what they were at."""
        work: list[tuple[Person, Sequence[Callable[[Deployment, PersonAtWork], None]]]] = [
            (VIEWER, (turn_pages, share, cancel)),
            (READERS[0], (retry, turn_pages, read_history)),
            (READERS[1], (look_up_many,)),
            (EDITOR, (change_by_command, read_history)),
            (GROUP_EDITOR, (change_by_form, change_by_command)),
        ]
        with ExitStack() as stack:
            threads = []
            for person, errands in work:
                chosen = stack.enter_context(at_work(self.url, person, partial(self.was_killed, person.id)))
                self.people.append(chosen)
                threads.append(threading.Thread(target=self._work, args=(chosen, errands), daemon=True))
            for thread in threads:
                thread.start()
            try:
                yield
            finally:
                self._over.set()
                for thread in threads:
                    thread.join(90)

    def _work(
        self, person: PersonAtWork, errands: Sequence[Callable[["Deployment", PersonAtWork], None]]
    ) -> None:
        chance = random.Random(f"{SEED} {person.id}")
        while not self._over.is_set():
            try:
                chance.choice(errands)(self, person)
            except LostError:
                continue
            except BaseException as error:  # noqa: BLE001 - raised again by the test
                self.crashes.append(error)
                return
        person.drain(QUIET)


def turn_pages(run: Deployment, person: PersonAtWork) -> None:
    """Look up more than a page, turn the pages, and take the CSV."""
    first, last = run.new_account(), run.new_account()
    asked = [first, *POOL, last]
    page = person.ask(f"/im profile {' '.join(asked)}", "200 of 200 found", first)
    page = person.press(page, "Next 100", last)
    page = person.press(page, "Previous 100", first)
    assert person.download(page, "CSV of all 200") == asked, "a CSV with other accounts"


def share(run: Deployment, person: PersonAtWork) -> None:
    """Look up an account, and share the answer."""
    account = run.new_account()
    answer = person.ask(f"/im profile {account} nobody", "1 of 2 found", account)
    person.press(answer, "Share", "1 of 2 found", account)


def retry(run: Deployment, person: PersonAtWork) -> None:
    """Look up an account that fails, and retry once it does not."""
    account = run.new_account()
    held = next(iter(run.sandbox.apps.values())).accounts[account]
    held.fails = FAILURE
    answer = person.ask(f"/im profile alice {account}", "1 of 2 found", account)
    held.fails = 0
    person.press(answer, "Retry 1 failed", "1 of 1 found", account)


def cancel(run: Deployment, person: PersonAtWork) -> None:
    """Cancel a lookup that the vendor does not answer."""
    person.cancel(f"/im friends alice {run.new_account()}")


def look_up_many(run: Deployment, person: PersonAtWork) -> None:
    """Look up as many accounts as one command takes."""
    account = run.new_account()
    asked = [account, *(f"z{number}" for number in range(999))]
    person.ask(f"/im profile {','.join(asked)}", "1 of 1,000 found", account)


def read_history(run: Deployment, person: PersonAtWork) -> None:
    """Read an account's history."""
    account = run.new_account()
    person.ask(f"/im history {account}", "History of", account)


def change_by_command(run: Deployment, person: PersonAtWork) -> None:
    """Change an account, read its history, and undo the change."""
    account = run.new_account()
    preview = person.ask(f'/im set {account} nick="New {account}" --reason "ticket 4711"', account)
    done = person.press(preview, "Confirm 1 change", account, "Done")
    person.press(done, "History", account)
    preview = person.press(done, "Undo…", account)
    person.press(preview, "Confirm 1 change", account, "Done")


def change_by_form(run: Deployment, person: PersonAtWork) -> None:
    """Change an account in a form."""
    account = run.new_account()
    form = person.open_form(f"/im set {account}", account, "What to change")
    try:
        form = person.choose(form, NICK.tag)
        review = person.submit(form, {NICK.tag: f"New {account}"}, "nothing is changed yet")
        person.submit(review, {}, "Done.")
    finally:
        person.close(form)


def invite(workspace: Workspace, people: Sequence[Person]) -> None:
    """Add people to the workspace, with the direct messages of each."""
    viewers = workspace.channels[f"D{VIEWER.id[1:]}"]
    for person in people:
        workspace.people[person.id] = person
        workspace.channels[ONCALL].members.add(person.id)
        members = {person.id, *viewers.members} - {VIEWER.id}
        workspace.channels[f"D{person.id[1:]}"] = replace(viewers, id=f"D{person.id[1:]}", members=members)


@contextmanager
def deploy(
    database: str, redis_url: str, folder: Path, skews: Sequence[int] = (0, 0, 0)
) -> Iterator[Deployment]:
    """Run a process for each of some clocks, in seconds ahead of this one."""
    with ExitStack() as stack:
        workspace, sandbox = make_workspace(), open_sandbox()
        # Only the lookups to cancel ask for friends.
        sandbox.behavior = Behavior(fault=Fault(kind="hang", command="friend_get_list"))
        # Nobody but a program confirms twenty changes a minute, for each of which Slack is asked.
        workspace.call_limit = CallLimit(enabled=False)
        held = next(iter(sandbox.apps.values())).accounts
        held |= {account: Account(profile={NICK.tag: BEFORE}) for account in POOL}
        invite(workspace, READERS)
        vendor = stack.enter_context(BackgroundServer(WebApp(sandbox)))
        slack = stack.enter_context(BackgroundServer(make_app(workspace)))
        settings = make_settings(workspace, slack.url, sandbox, vendor.url, folder / "unused.db")
        processes = [
            BotProcess(f"process {number}", settings, database, folder, REDIS_URL=redis_url)
            for number in range(len(skews))
        ]
        for process in processes:
            stack.callback(process.close)
        balancer = Balancer(processes)
        stack.callback(balancer.close)
        workspace.app.request_url = balancer.url
        run = Deployment(workspace, slack.url, sandbox, settings, database, processes, skews, balancer)
        listener = workspace.listener

        def listen(news: WorkspaceEvent, message: Message) -> None:
            run.listen(news, message)
            if listener:
                listener(news, message)

        workspace.listener = listen
        for process, skew in zip(processes, skews, strict=True):
            process.start(skew)
        assert all(process.running.wait(60) for process in processes), "a bot did not start"
        yield run


def check_people(run: Deployment) -> None:
    """Check that each person got each answer, once; only what a killed process had may be lost."""
    assert run.crashes == []
    assert [wrong for person in run.people for wrong in person.wrong] == []
    requests = [request for person in run.people for request in person.requests]
    lost = [request for request in requests if not request.answered]
    assert [each for each in lost if not run.was_killed(each.person, each.began)] == []
    assert len(lost) <= len(run.kills) * len(run.people), "more than each person's request under way"
    assert len(requests) > 10 * len(run.people), "hardly any work was done"


def check_record(run: Deployment) -> list[int]:
    """Check the record against what the vendor was sent; returns the numbers of the settled entries."""
    with closing(Store(run.database)) as store:
        settle(run.settings, store)
        entries = {
            account: [e for e in store.list_history("demo", account, None, 100) if isinstance(e, Entry)]
            for account in run.accounts
        }
    for account, found in entries.items():
        check_account(run.sandbox, account, found[::-1])
    assert verify_url(run.database).status is RecordStatus.SOUND
    ends = {*DONE, Outcome.UNKNOWN}
    every = [entry for found in entries.values() for entry in found if entry.event.change_id]
    return [entry.sequence for entry in every if entry.event.outcome in ends]


def check_channel(run: Deployment, settled: Sequence[int]) -> None:
    """Check that the channel or the outbox has each settled entry, in order."""
    assert {*run.posted, *read_outbox(run.database)} >= {*settled}
    firsts = list(dict.fromkeys(run.posted))
    assert all(early < late for early, late in pairwise(firsts)), "out of order"
    # A process that dies between Slack's answer and its own commit repeats a message.
    assert len(run.posted) - len(firsts) <= 20 * len(run.kills)


def report(run: Deployment) -> None:
    requests = [request for person in run.people for request in person.requests]
    acks = [ack.seconds for ack in run.balancer.acks if ack.given]
    lost = [each.asked[:40] for each in requests if not each.answered]
    print(f"requests: {len(requests)}, slowest {max(each.seconds for each in requests):.1f} s, lost: {lost}")
    print(f"ack p99: {quantiles(acks, n=100)[-1]:.3f} s, changes: {len(run.sandbox.writes)}")
    most = {name: most_in_a_second(times) for name, times in run.sandbox.call_log().items() if times}
    print(f"most calls in a second: {most}; posted twice: {len(run.posted) - len(set(run.posted))}")


@pytest.fixture(params=["postgresql", "sqlite"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "postgresql":
        return migrated_schema(request.getfixturevalue("server"))
    return migrated_file(tmp_path / "im-bot.db")


def test_nobody_notices_the_ends_and_starts_of_processes(database: str, tmp_path: Path) -> None:
    # On a file, two processes of one machine, so with one clock; on a server three, a minute apart.
    skews = (
        (0, 0)
        if database.startswith("sqlite")
        else tuple(map(int, os.environ.get("SKEWS", "0,60,-60").split(",")))
    )
    with run_redis() as redis, deploy(database, redis.url, tmp_path, skews) as run:
        with run.at_work():
            time.sleep(SECONDS)
            run.kill(run.processes[0])
            time.sleep(SECONDS / 2)
            run.start(run.processes[0])
            time.sleep(SECONDS)
            for process in run.processes[1:]:
                assert process.terminate() <= STOPPED_WITHIN
                run.start(process)
            time.sleep(SECONDS)
        report(run)
        wait_until(lambda: not read_outbox(run.database), POSTED_WITHIN)
        check_people(run)
        check_channel(run, check_record(run))
        most = [most_in_a_second(times) for times in run.sandbox.call_log().values() if times]
        assert max(most) <= LIMIT
        assert [notice for person in run.people for notice in person.notices] == []
        assert [refusal for person in run.people for refusal in person.refusals] == []
        assert [line for process in run.processes for line in process.tracebacks()] == []
        assert [process.process.returncode for process in run.processes if process.process] == [None] * len(
            skews
        )


def end_sessions(admin: psycopg.Connection[tuple[int]]) -> None:
    """End every session of the bots."""
    admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'bot'")


def crash(admin: psycopg.Connection[tuple[int]]) -> None:
    """Kill a session's process: the server ends all others, and recovers as after a crash."""
    found = admin.execute("SELECT pid FROM pg_stat_activity WHERE datname = 'bot'").fetchone()
    assert found
    os.kill(found[0], signal.SIGKILL)


def make_read_only(admin: psycopg.Connection[tuple[int]]) -> None:
    """Make the database read-only for a while, as a standby is after a failover.

    Connections that are opened meanwhile stay read-only.
    """
    admin.execute("ALTER DATABASE bot SET default_transaction_read_only = on")
    end_sessions(admin)
    time.sleep(SECONDS)
    admin.execute("ALTER DATABASE bot SET default_transaction_read_only = off")


def test_loses_nothing_while_its_database_ends_sessions_restarts_and_is_read_only(tmp_path: Path) -> None:
    with run_redis() as redis, new_server() as server:
        with psycopg.connect(f"{server}/postgres", autocommit=True) as admin:
            admin.execute("CREATE DATABASE bot")
        migrate(f"{server}/bot")
        with deploy(f"{server}/bot", redis.url, tmp_path) as run:
            with run.at_work():
                for disturb in (end_sessions, crash, make_read_only):
                    time.sleep(SECONDS)
                    # A crash ends this connection, too.
                    with (
                        suppress(psycopg.OperationalError),
                        psycopg.connect(f"{server}/postgres", autocommit=True) as admin,
                    ):
                        disturb(admin)
                wait_until(lambda: all(is_ready(process) for process in run.processes))
                # What was answered before is not pressed any more.
                time.sleep(SECONDS)
                for person in run.people:
                    person.refusals.clear()
                time.sleep(SECONDS)
            report(run)
            wait_until(lambda: not read_outbox(run.database), POSTED_WITHIN)
            check_people(run)
            check_channel(run, check_record(run))
            assert [refusal for person in run.people for refusal in person.refusals] == []
            assert [process.process.poll() for process in run.processes if process.process] == [None] * 3


def is_ready(process: BotProcess) -> bool:
    """Whether a process says that its record can be written."""
    return requests.get(f"http://127.0.0.1:{process.port}/readyz", timeout=5).ok
