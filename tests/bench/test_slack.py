"""Latency of the bot: acks over HTTP, and answers at response URLs."""

import http.client
import json
import statistics
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from threading import Barrier
from urllib.parse import urlencode, urlsplit

import certifi
import pytest
import requests
from slack_bolt import Respond

from bot.core.fields import Domain, defaults
from bot.http_client.tls import tls_context
from bot.sandbox.demo import demo_app
from bot.sandbox.server import Sandbox
from bot.slack.api.client import SlackClient
from bot.slack.delivery.response_url import Responder
from bot.slack.messages.render import render
from bot.store.verify import verify_url
from tests.bench.conftest import Start
from tests.support.bench import BOT, ratios, show
from tests.support.plot import plot
from tests.support.sample_results import ALICE, found, profiles
from tests.support.sandbox import PATHS, Caller
from tests.support.slack_process import BARE_BOLT, RequestSender, SlackProcess

pytestmark = pytest.mark.bench

FIGURES = Path(__file__).parents[2] / "docs/figures"
ROUNDS = 7
IN_A_ROUND = 40
GAP = 0.01
"""Seconds between an answer and the next command."""
AT_ONCE = 12
ACCOUNTS = ["alice", "bob_k", "carol"]


@pytest.fixture
def bot(start: Start, slack: SlackProcess) -> int:
    """Start the bot and let it cache the person; returns its port."""
    port = start(*BOT, "serve")
    with closing(RequestSender(port)) as sender:
        for _ in range(10):
            sender.send("profile alice", slack.responses)
            slack.next_post()
    return port


@contextmanager
def slow(im_url: str, seconds: float) -> Iterator[None]:
    """Delay each answer of IM."""

    def turn(latency_ms: int) -> None:
        behavior = {"latency_ms": latency_ms}
        requests.post(f"{im_url}/sandbox/knobs", json=behavior, timeout=5).raise_for_status()

    turn(round(seconds * 1000))
    try:
        yield
    finally:
        turn(0)


def test_ack(bot: int, start: Start, slack: SlackProcess, tmp_path: Path) -> None:
    ports = {
        "im-bot": bot,
        "bare Bolt, process_before_response": start(BARE_BOLT, "process-first"),
        "bare Bolt, as in its README": start(BARE_BOLT, "readme"),
    }
    medians: dict[str, list[float]] = {name: [] for name in ports}
    with ExitStack() as stack:
        senders = {
            name: stack.enter_context(
                closing(RequestSender(port, keep_alive=name != "bare Bolt, as in its README"))
            )
            for name, port in ports.items()
        }
        for _ in range(ROUNDS):
            acks: dict[str, list[float]] = {name: [] for name in ports}
            for _ in range(IN_A_ROUND):
                for name, sender in senders.items():
                    sent, acknowledged = sender.send("profile alice", slack.responses)
                    acks[name].append((acknowledged - sent) * 1000)
                    if name == "im-bot":
                        slack.next_post()
                    time.sleep(GAP)
            for name, figures in acks.items():
                medians[name].append(statistics.median(figures))

    assert verify_url(f"sqlite:///{tmp_path / 'im-bot.db'}").count >= ROUNDS * IN_A_ROUND
    ours, first, readme = medians.values()
    show(
        f"Slash command to ack over HTTP, every lookup recorded, ms, p50 of {IN_A_ROUND} commands",
        {**medians, "to process_before_response": ratios(ours, first), "to README": ratios(ours, readme)},
        {"to process_before_response": 1.5, "to README": 0.1},
    )
    plot(FIGURES / "ack.svg", f"Slash command to ack over HTTP, p50 of {IN_A_ROUND} commands", "ms", medians)


def test_twelve_at_once(bot: int, slack: SlackProcess, im_url: str) -> None:
    slowest, complete = [], []
    with ExitStack() as stack, ThreadPoolExecutor(AT_ONCE) as pool, slow(im_url, 2):
        senders = [stack.enter_context(closing(RequestSender(bot))) for _ in range(AT_ONCE)]
        for _ in range(5):
            together = Barrier(AT_ONCE)

            def send(number: int, together: Barrier = together) -> tuple[float, float]:
                together.wait()
                return senders[number].send("profile alice", f"{slack.responses}/{number}")

            times = list(pool.map(send, range(AT_ONCE)))
            answered: dict[str, float] = {}
            while len(answered) < AT_ONCE:
                post = slack.next_post()
                if b"Alice" in post.body:  # the progress message names no account
                    answered[post.path] = post.at
            slowest.append(max(acknowledged - sent for sent, acknowledged in times) * 1000)
            complete.append(max(answered.values()) - min(sent for sent, _ in times))

    show(
        f"{AT_ONCE} commands at once while IM takes 2 s, all answered",
        {"the slowest ack, ms": slowest, "the last answer, s": complete},
        {"the slowest ack, ms": 50},
    )


def test_from_command_to_answer(bot: int, slack: SlackProcess, im_url: str) -> None:
    caller = Caller(Sandbox(demo_app()), im_url)
    caller.session.close()
    asked = f"{PATHS['portrait_get']}?{urlencode(caller.query)}"
    tags = [field.tag for field in defaults(Domain.PROFILE, ())]
    question = json.dumps({"To_Account": ACCOUNTS, "TagList": tags}).encode()
    command = f"profile {' '.join(ACCOUNTS)}"
    with (
        closing(RequestSender(bot)) as sender,
        closing(http.client.HTTPConnection(urlsplit(im_url).netloc)) as im,
        closing(http.client.HTTPConnection(urlsplit(slack.responses).netloc)) as responses,
        slow(im_url, 0.03),
    ):
        sender.send(command, slack.responses)
        answer = slack.next_post().body

        def whole() -> float:
            sent, _ = sender.send(command, slack.responses)
            return slack.next_post().at - sent

        def asking() -> float:
            began = time.monotonic()
            im.request("POST", asked, question)
            assert json.loads(im.getresponse().read())["ErrorCode"] == 0
            return time.monotonic() - began

        def posting() -> float:
            began = time.monotonic()
            responses.request("POST", "/", answer)
            responses.getresponse().read()
            return slack.next_post().at - began

        measured = {"im-bot": whole, "IM, asked bare": asking, "one bare POST": posting}
        figures: dict[str, list[float]] = {name: [] for name in measured}
        for _ in range(60):
            for name, measure in measured.items():
                figures[name].append(measure() * 1000)
                time.sleep(GAP)

    added = [all_of_it - im - post for all_of_it, im, post in zip(*figures.values(), strict=True)]
    show(
        "From /im profile of 3 ids to the answer at the response URL, ms",
        {**figures, "what the bot adds": added},
        {"what the bot adds": 10},
    )


@pytest.fixture
def trusting(slack: SlackProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Trust this Slack's authority beside the hundred of a system, which take time to load."""
    bundle = tmp_path / "trusted.pem"
    bundle.write_bytes(Path(certifi.where()).read_bytes() + slack.authority)
    for variable in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"):
        monkeypatch.setenv(variable, str(bundle))
    tls_context.cache_clear()
    yield
    tls_context.cache_clear()


def test_answering_over_tls(slack: SlackProcess, trusting: None) -> None:
    lookup = profiles(*(found(account, ALICE) for account in ACCOUNTS))
    message = render(lookup, command="/im", actor_id="U1")
    options = {"response_type": "ephemeral", "replace_original": False}
    ours: list[float] = []
    bolts: list[float] = []
    with closing(Responder(SlackClient("", slack.secure_responses), connections=1)) as responder:

        def answer() -> None:
            responder.send(slack.secure_responses, message, options)

        def respond() -> None:
            Respond(response_url=slack.secure_responses)(
                text=message.text, blocks=message.blocks, response_type="ephemeral"
            )

        answer()
        slack.next_post()
        for _ in range(31):
            for post, figures in ((answer, ours), (respond, bolts)):
                began = time.perf_counter()
                post()
                figures.append((time.perf_counter() - began) * 1000)
                slack.next_post()
                time.sleep(GAP)

    show(
        "Posting an answer to a response URL over TLS, ms",
        {"Responder.send": ours, "Bolt's respond()": bolts, "ratio": ratios(ours, bolts)},
        {"ratio": 0.1},
    )
    plot(
        FIGURES / "answer.svg",
        "One answer to a response URL over TLS",
        "ms",
        {"im-bot": ours, "Bolt's respond()": bolts},
    )
