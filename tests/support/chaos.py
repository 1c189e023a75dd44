"""Two bots over HTTP on one PostgreSQL database, people who use them, and a fault every second."""

import json
import random
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import psycopg
import requests

from bot.playground.people import AUDIT_CHANNEL_ID, EDITOR, GROUP_EDITOR, VIEWER, Person
from bot.playground.server import make_app
from bot.playground.state.messages import Message
from bot.playground.state.workspace_events import WorkspaceEvent
from bot.playground.workspace import Workspace
from bot.playground_app import make_settings, make_workspace
from bot.sandbox.data import Account
from bot.sandbox.run import open_sandbox
from bot.sandbox.server import Sandbox
from bot.sandbox.web import WebApp
from bot.serving.background_server import BackgroundServer
from bot.settings import Settings
from bot.store.database.migrate import migrate
from tests.support.postgresql import new_server
from tests.support.processes import STOPPED_WITHIN, Balancer, BotProcess, FaultyProxy
from tests.support.record_checks import BEFORE, NICK
from tests.support.slack import Page, open_page
from tests.support.small_disk import SmallDisk

LONGEST_FAULT = 9.0
"""Seconds that a fault lasts at the most."""
ANSWERED_WITHIN = 45.0
"""Seconds after which a person counts as unanswered: 20 for the command, the rest for faults."""
GIVEN_UP_AFTER = 21.0
"""Seconds after which a person asks again, if a process has died meanwhile."""
ACK_LIMIT = 3.0
"""Seconds that Slack waits for an acknowledgement."""
PROBED_EVERY = 0.5
RED_WITHIN = 5.0
"""Seconds within which /readyz fails when the database does not answer."""

_UNDER_WAY = re.compile(r"Looking up|Contacting|Waiting|The answer follows|Sending the CSV")
_OF_THE_DATABASE = {"lock", "read-only", "full disk"}
_UNDONE = 0.3
"""The share of changes that are undone."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """A command or press of a person, and its answer.

    Args:
        asked: The text, or the action id of the button.
        at: When (monotonic seconds).
        seconds: Until the answer.
        answer: The message; None when none came.
    """

    asked: str
    at: float
    seconds: float
    answer: Mapping[str, Any] | None


@dataclass
class Chaos:
    """A run: its parts, what it counted, and what went wrong."""

    workspace: Workspace
    slack_url: str
    sandbox: Sandbox
    processes: Sequence[BotProcess]
    balancer: Balancer
    disk: SmallDisk
    settings: Settings
    chance: random.Random
    exchanges: list[Exchange] = field(default_factory=list)
    faults: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    posted: list[int] = field(default_factory=list)
    """The numbers of the entries in the audit channel, in the order posted."""
    accounts: list[str] = field(default_factory=list)
    stops: list[float] = field(default_factory=list)
    """Seconds that processes took to end after SIGTERM."""
    probes: Counter[str] = field(default_factory=Counter)
    _numbers: Iterator[int] = field(default_factory=count)
    _over: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _lasting: set[str] = field(default_factory=set)
    _stalled: dict[str, float] = field(default_factory=dict)
    """The time since which a process's database does not answer (monotonic seconds), by its name."""

    def run(self, seconds: float) -> None:
        """Draw faults for some seconds, while people go on with their work."""
        work = [
            (self._look_up, VIEWER),
            (self._look_up, GROUP_EDITOR),
            (self._change, EDITOR),
        ]
        threads = [threading.Thread(target=self._work, args=each, daemon=True) for each in work]
        threads += [
            threading.Thread(target=self._probe, args=(process,), daemon=True) for process in self.processes
        ]
        for thread in threads:
            thread.start()
        until = time.monotonic() + seconds
        faults: list[threading.Thread] = []
        while time.monotonic() < until:
            time.sleep(1)
            faults = [fault for fault in faults if fault.is_alive()]
            if len(faults) < len(self.processes) + 1:
                faults.append(self._draw())
        self._over.set()
        for thread in (*faults, *threads):
            thread.join(ANSWERED_WITHIN + LONGEST_FAULT + STOPPED_WITHIN)

    # Faults

    def _draw(self) -> threading.Thread:
        kinds: dict[str, Callable[[float, BotProcess], None]] = {
            "kill": self._kill,
            "stop": self._stop,
            "terminate": self._terminate,
            **{
                f"{mode} {end}": self._make_network_fault(end, mode)
                for end in ("database", "vendor", "slack")
                for mode in ("hold", "drip", "reset")
            },
            "lock": self._lock_table,
            "read-only": self._make_read_only,
            **({"full disk": self._fill} if self.disk.mounted else {}),
            "clock": self._shift_clock,
        }
        # Each fault of the whole database happens once at a time.
        free = [name for name in kinds if name not in self._lasting]
        # Each kind happens before one happens again.
        fewest = min(self.faults[name] for name in free)
        kind = self.chance.choice([name for name in free if self.faults[name] == fewest])
        process = self.chance.choice(self.processes)
        seconds = self.chance.uniform(1, LONGEST_FAULT)
        self.faults[kind] += 1

        def run_fault() -> None:
            try:
                kinds[kind](seconds, process)
            finally:
                self._lasting.discard(kind)

        if kind in _OF_THE_DATABASE:
            self._lasting.add(kind)
        fault = threading.Thread(target=run_fault, daemon=True)
        fault.start()
        return fault

    def _kill(self, seconds: float, process: BotProcess, skew: int = 0) -> None:
        with self._only_one_down(process) as free:
            if free:
                process.kill()
                time.sleep(min(seconds, 2))
                process.start(skew)
                self._wait_for(process)

    def _shift_clock(self, seconds: float, process: BotProcess) -> None:
        self._kill(seconds, process, self.chance.choice((-240, -61, 61, 240)))

    def _terminate(self, _: float, process: BotProcess) -> None:
        with self._only_one_down(process) as free:
            if free:
                self.stops.append(process.terminate())
                process.start()
                self._wait_for(process)

    def _stop(self, seconds: float, process: BotProcess) -> None:
        with self._only_one_down(process) as free:
            if free:
                process.stop()
                time.sleep(seconds)
                process.go_on()

    def _make_network_fault(self, end: str, mode: str) -> Callable[[float, BotProcess], None]:
        def fault(seconds: float, process: BotProcess) -> None:
            proxy: FaultyProxy = getattr(process, end)
            if mode == "reset":
                proxy.reset()
                return
            if proxy.mode != "pass":
                return
            proxy.mode = mode
            if (end, mode) == ("database", "hold"):
                self._stalled[process.name] = time.monotonic()
            time.sleep(seconds)
            self._stalled.pop(process.name, None) if end == "database" else None
            proxy.mode = "pass"

        return fault

    def _lock_table(self, seconds: float, _: BotProcess) -> None:
        # Another fault may end this connection, and the lock with it.
        with suppress(psycopg.Error), psycopg.connect(self.disk.address) as connection:
            connection.execute("LOCK TABLE entries IN ACCESS EXCLUSIVE MODE")
            time.sleep(min(seconds, 6))

    def _make_read_only(self, seconds: float, _: BotProcess) -> None:
        setting = f"ALTER DATABASE {self.disk.name} SET default_transaction_read_only ="
        ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
        with psycopg.connect(f"{self.disk.server}/postgres", autocommit=True) as admin:
            admin.execute(f"{setting} on".encode())
            # Connections that are opened from now on stay read-only.
            admin.execute(ended, [self.disk.name])
            time.sleep(min(seconds, 5))
            admin.execute(f"{setting} off".encode())

    def _fill(self, seconds: float, _: BotProcess) -> None:
        with self.disk.full():
            time.sleep(min(seconds, 5))

    @contextmanager
    def _only_one_down(self, process: BotProcess) -> Iterator[bool]:
        """Take the turn to take one process down while the other runs; yields whether it was free."""
        free = self._lock.acquire(blocking=False)
        try:
            yield free and process.running.is_set()
        finally:
            if free:
                self._lock.release()

    def _wait_for(self, process: BotProcess) -> None:
        until = time.monotonic() + 60
        while not process.running.is_set() and time.monotonic() < until:
            time.sleep(0.2)
            if not process.alive:
                # Its database may have been away while it started; its supervisor starts it again.
                process.start()
                time.sleep(1)
        if not process.running.is_set():
            self.wrong.append(f"{process.name} did not come back")

    # People

    def _work(self, ask: Callable[[Page], None], person: Person) -> None:
        with open_page(self.slack_url, person) as page:
            while not self._over.wait(0.2):
                ask(page)

    def _look_up(self, page: Page) -> None:
        pool = [f"reader_{number}" for number in range(40)]
        wanted = self.chance.sample(pool, self.chance.randint(1, 8))
        answer = self._ask(page, f"/im profile {' '.join([*wanted, 'nobody'])}")
        if answer and re.search(r"of \d+ found", said := json.dumps(answer["blocks"])):
            named = re.findall(r'"(reader_\d+|nobody)"', said)
            if sorted(named) != sorted([*wanted, "nobody"]):
                self.wrong.append(f"asked {wanted}, answered {named}")

    def _change(self, page: Page) -> None:
        account = f"changed_{next(self._numbers)}"
        self.sandbox.apps[next(iter(self.sandbox.apps))].accounts[account] = Account(
            profile={NICK.tag: BEFORE}
        )
        self.accounts.append(account)
        preview = self._ask(page, f'/im set {account} nick="New {account}" --reason "ticket 4711"')
        done = self._press(page, preview, self.chance.choices(("confirm_change", "cancel_change"), (9, 1))[0])
        if self.chance.random() < _UNDONE:
            self._press(page, self._press(page, done, "undo_change"), "confirm_change")

    def _ask(self, page: Page, text: str) -> dict[str, Any] | None:
        began = time.monotonic()
        page.send(text)
        return self._next_answer(page, text, began)

    def _press(self, page: Page, message: dict[str, Any] | None, action_id: str) -> dict[str, Any] | None:
        """Press a button of a message, if it has it."""
        for block in (message or {}).get("blocks") or ():
            pressed = next(
                (each for each in block.get("elements", ()) if each.get("action_id") == action_id), None
            )
            if message and pressed:
                began = time.monotonic()
                place = {"channel": message["channel"], "ts": message["ts"], "block_id": block["block_id"]}
                page._post("press", {**place, "action_id": action_id, "value": pressed["value"]})
                return self._next_answer(page, action_id, began)
        return None

    def _next_answer(self, page: Page, asked: str, began: float) -> dict[str, Any] | None:
        """Wait for the answer past progress messages, and past Slack's notice of a late ack."""
        answer: dict[str, Any] | None = None
        notice: dict[str, Any] | None = None
        noticed = 0.0
        while answer is None and time.monotonic() < began + (
            GIVEN_UP_AFTER if self._died_since(began) else ANSWERED_WITHIN
        ):
            try:
                news = json.loads(page._socket.recv(1))
            except TimeoutError:
                continue
            message = news.get("message")
            if message is None or (message["channel"] == AUDIT_CHANNEL_ID and not message["ephemeral"]):
                continue
            if message["error"]:
                notice, noticed = message, time.monotonic()
            elif not _UNDER_WAY.search(message["text"]):
                answer = message
        ended = noticed if notice and not answer else time.monotonic()
        answer = answer or notice
        self.exchanges.append(Exchange(asked, began, ended - began, answer))
        for never in ("broke inside the bot", "the database was altered"):
            if answer and never in answer["text"]:
                self.wrong.append(f"{never}: {asked}")
        if answer is None and not self._died_since(began):
            self.wrong.append(f"no answer to {asked}")
        return answer

    def _died_since(self, moment: float) -> bool:
        return any(ended >= moment - 1 for process in self.processes for ended in process.ended)

    # Probes

    def _probe(self, process: BotProcess) -> None:
        while not self._over.is_set():
            time.sleep(PROBED_EVERY)
            if not process.running.is_set():
                continue
            began, stalled = time.monotonic(), self._stalled.get(process.name)
            states = [self._get(process, path) for path in ("/healthz", "/readyz")]
            steady = process.running.is_set() and process.restored < began - 5
            if not steady or process.ended[-1:] > [began - 1]:
                continue
            alive, ready = states
            self.probes["healthz", alive] += 1  # type: ignore[index]
            self.probes["readyz", ready] += 1  # type: ignore[index]
            if alive != requests.codes.ok:
                self.wrong.append(f"/healthz of {process.name}: {alive}")
            if not ready:
                self.wrong.append(f"/readyz of {process.name} did not answer")
            # One second of slack: everything here shares two cores.
            if stalled and began - stalled > RED_WITHIN + 1 and self._stalled.get(process.name) == stalled:
                if ready == requests.codes.ok:
                    self.wrong.append(f"/readyz of {process.name} was green with a stalled database")
                self.probes["stalled"] += 1

    def _get(self, process: BotProcess, path: str) -> int:
        try:
            return requests.get(f"http://127.0.0.1:{process.port}{path}", timeout=ACK_LIMIT).status_code
        except requests.RequestException:
            return 0

    # The audit channel

    def note_posted(self, news: WorkspaceEvent, message: Message) -> None:
        """Note the entries that are posted in the audit channel."""
        public = message.channel == AUDIT_CHANNEL_ID and message.only_for is None
        if news is WorkspaceEvent.POSTED and public:
            if message.content.text.startswith("Alarm"):
                self.wrong.append(message.content.text)
            if not message.content.text.startswith("Checkpoint"):
                labels = message.content.text.rpartition("\n")[2]
                self.posted += map(int, re.findall(r"#(\d+) ·", labels))

    # Figures

    def figures(self) -> Iterator[tuple[str, str]]:
        """Yield the names and values of the figures."""
        answered = [each for each in self.exchanges if each.answer is not None]
        seconds = sorted(each.seconds for each in answered) or [0.0]
        acks = sorted(ack.seconds for ack in self.balancer.acks if ack.given) or [0.0]
        late = sum(ack > ACK_LIMIT for ack in acks)
        yield "faults", f"{self.faults.total()} of {len(self.faults)} kinds"
        yield "asked and pressed", f"{len(self.exchanges)}"
        yield "left without a word as their process died", f"{len(self.exchanges) - len(answered)}"
        yield "seconds to an answer", f"median {median(seconds):.2f}, longest {seconds[-1]:.1f}"
        p99 = quantiles(acks, n=100)[-1] if len(acks) > 1 else acks[0]
        yield (
            "seconds to an ack",
            f"median {median(acks):.3f}, p99 {p99:.2f}, over three: {late} of {len(acks)}",
        )
        yield "seconds to end after SIGTERM", ", ".join(f"{each:.1f}" for each in self.stops) or "none"
        firsts = Counter(_summary(each.answer) for each in answered)
        yield "answers", ", ".join(f"{number} × {words}" for words, number in firsts.most_common(12))
        yield "changes begun", f"{len(self.accounts)}"
        yield (
            "entries in the audit channel",
            f"{len(set(self.posted))}, {len(self.posted) - len(set(self.posted))} twice",
        )


def _summary(message: Mapping[str, Any] | None) -> str:
    said = str((message or {}).get("text", "")).partition("\n")[0]
    return re.sub(r"\w*\d\w*", "N", said)[:60]


@contextmanager
def chaos(folder: Path, seed: int) -> Iterator[Chaos]:
    """Run two bots and everything around them."""
    with ExitStack() as stack:
        disk = stack.enter_context(SmallDisk(stack.enter_context(new_server())))
        migrate(disk.address)
        workspace, sandbox = make_workspace(), open_sandbox()
        app = next(iter(sandbox.apps.values()))
        app.accounts |= {f"reader_{number}": Account(profile={NICK.tag: BEFORE}) for number in range(40)}
        vendor = stack.enter_context(BackgroundServer(WebApp(sandbox)))
        slack = stack.enter_context(BackgroundServer(make_app(workspace)))
        settings = make_settings(workspace, slack.url, sandbox, vendor.url, folder / "unused.db")
        processes = [BotProcess(name, settings, disk.address, folder) for name in ("one", "two")]
        for process in processes:
            stack.callback(process.close)
            process.start()
        balancer = Balancer(processes)
        stack.callback(balancer.close)
        workspace.app.request_url = balancer.url
        run = Chaos(workspace, slack.url, sandbox, processes, balancer, disk, settings, random.Random(seed))
        listener = workspace.listener

        def listen(news: WorkspaceEvent, message: Message) -> None:
            run.note_posted(news, message)
            if listener:
                listener(news, message)

        workspace.listener = listen
        for process in processes:
            if not process.running.wait(60):
                raise TimeoutError("a bot did not start")
        yield run
