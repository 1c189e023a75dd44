import re
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from slack_sdk.web import WebClient

from bot.background import BackgroundServer
from bot.core.model import Entry
from bot.playground.server import make_app
from bot.playground.weather import Fault
from bot.slack.relay import Pace, Relay
from tests.support.far_end import Behavior, FarEnd, answer, hang, reset
from tests.support.outbox import FakeOutbox
from tests.support.sample_results import PROD, enter
from tests.support.slack import BOT_TOKEN, ONCALL, make_workspace, wait_until

SENT = answer({"ok": True, "ts": "1"})
HASTE = Pace(spacing=0.05, poll=0.1, first_wait=0.025, longest_wait=1.5)
"""The usual waits, a twentieth as long."""


def says(code: str, status: int = 200, headers: str = "") -> Behavior:
    return answer({"ok": False, "error": code}, status=status, headers=headers)


def entries(first: int, last: int) -> list[Entry]:
    return [enter(number) for number in range(first, last + 1)]


def make_relay(url: str, outbox: FakeOutbox, pace: Pace = HASTE) -> Relay:
    client = WebClient(BOT_TOKEN, base_url=f"{url}/api/", timeout=2, retry_handlers=[])
    return Relay(client, ONCALL, outbox, apps={"prod": PROD}, masked={}, pace=pace)


@contextmanager
def running(relay: Relay) -> Iterator[Relay]:
    relay.start()
    try:
        yield relay
    finally:
        relay.close()


class Channel(FarEnd):
    """A channel that does to each message what a script says."""

    @property
    def texts(self) -> list[str]:
        return [asked.json["text"] for asked in self.asked]

    @property
    def told(self) -> list[list[int]]:
        """The numbers of the entries in each message that came."""
        return [numbers(text) for text in self.texts]


def numbers(text: str) -> list[int]:
    return [int(number) for number in re.findall(r"#(\d+) · [0-9a-f]{32}", text)]


Telling = Callable[..., tuple[Relay, FakeOutbox, Channel]]


@pytest.fixture
def telling() -> Iterator[Telling]:
    with ExitStack() as stack:

        def begin(
            *script: Behavior, waiting: list[Entry], pace: Pace = HASTE
        ) -> tuple[Relay, FakeOutbox, Channel]:
            channel = stack.enter_context(Channel(*script))
            outbox = FakeOutbox(waiting)
            return stack.enter_context(running(make_relay(channel.url, outbox, pace))), outbox, channel

        yield begin


def emptied(outbox: FakeOutbox) -> Callable[[], bool]:
    return lambda: not outbox.waiting


def test_tells_what_waits_in_order_a_few_in_one_message(telling: Telling) -> None:
    _, outbox, channel = telling(SENT, waiting=entries(1, 12))
    wait_until(emptied(outbox))

    assert channel.told == [[1, 2, 3, 4, 5], [6, 7, 8, 9, 10], [11, 12]]


def test_keeps_to_the_pace_of_a_channel(telling: Telling) -> None:
    began = time.monotonic()

    _, outbox, _ = telling(SENT, waiting=entries(1, 12), pace=replace(HASTE, spacing=0.3))
    wait_until(emptied(outbox))

    assert time.monotonic() - began > 0.6


def test_finds_what_comes_later(telling: Telling) -> None:
    _, outbox, channel = telling(SENT, waiting=[])
    wait_until(lambda: outbox.takes > 0)

    outbox.put(enter(1))
    wait_until(emptied(outbox))

    assert channel.told == [[1]]


def test_waits_as_long_as_slack_asks(telling: Telling) -> None:
    began = time.monotonic()
    limited = says("ratelimited", 429, "Retry-After: 1\r\n")

    relay, outbox, channel = telling(limited, SENT, waiting=entries(1, 2))
    wait_until(lambda: bool(relay.status().problem))
    said = relay.status().problem
    wait_until(emptied(outbox))

    assert said == "Slack says ratelimited: the bot waits as long as Slack asks"
    assert time.monotonic() - began >= 1
    assert channel.told == [[1, 2], [1, 2]]


BROKEN = answer(b"<html>", status=500)


def test_drains_in_order_when_slack_comes_back(telling: Telling) -> None:
    outages = [reset(), BROKEN, says("internal_error"), answer(b"[]"), answer(b""), reset()]
    _, outbox, channel = telling(*outages, SENT, waiting=entries(1, 3))
    wait_until(lambda: len(channel.asked) > 3)
    outbox.put(*entries(4, 9))
    wait_until(emptied(outbox))

    told = [number for message in channel.told[len(outages) :] for number in message]
    assert told == list(range(1, 10))


def test_waits_longer_after_each_failure_up_to_a_limit(telling: Telling) -> None:
    moments: list[float] = []

    def fail(*args: Any) -> None:
        moments.append(time.monotonic())
        says("internal_error")(*args)

    telling(fail, waiting=entries(1, 1), pace=replace(HASTE, first_wait=0.05, longest_wait=0.1))
    wait_until(lambda: len(moments) > 5)

    waits = [after - before for before, after in pairwise(moments)]
    assert waits[0] >= 0.05
    assert all(wait >= 0.1 for wait in waits[1:])


def test_sends_plain_text_when_slack_refuses_the_blocks(telling: Telling) -> None:
    _, outbox, channel = telling(says("invalid_blocks"), SENT, waiting=entries(1, 2))
    wait_until(emptied(outbox))

    assert channel.told == [[1, 2], [1, 2]]
    assert ["blocks" in asked.json for asked in channel.asked] == [True, False]
    assert all("Changed  bob_k" in text for text in channel.texts)


@pytest.mark.parametrize(
    ("behavior", "words"),
    [
        (
            says("channel_not_found"),
            "Slack says channel_not_found: invite the bot to the channel or mend AUDIT_CHANNEL",
        ),
        (says("something_new"), "Slack says something_new"),
        (BROKEN, "Slack says HTTP 500"),
        (reset(), "Slack could not be reached (ConnectionResetError)"),
    ],
)
def test_says_what_went_wrong_until_it_goes_well(telling: Telling, behavior: Behavior, words: str) -> None:
    relay, outbox, channel = telling(behavior, waiting=entries(1, 1))
    wait_until(lambda: bool(relay.status().problem))

    assert relay.status().problem == words
    assert relay.status().waiting == 1
    assert relay.status().running

    channel.follow(SENT)
    wait_until(lambda: not relay.status().problem)

    assert outbox.waiting == []


def test_calls_an_entry_stuck_that_waits_for_long(telling: Telling) -> None:
    fresh, old = (
        replace(enter(number), at=datetime.now(UTC) - timedelta(seconds=age))
        for number, age in ((1, 5), (1, 600))
    )
    relay, outbox, _ = telling(says("is_archived"), waiting=[fresh])
    wait_until(lambda: bool(relay.status().problem))
    before = relay.trouble()
    outbox.waiting = [old, enter(2)]

    assert before == ""
    assert re.fullmatch(
        "2 entries wait, the oldest for 60[0-9] s; Slack says is_archived: "
        "unarchive the channel or mend AUDIT_CHANNEL",
        relay.trouble(),
    )


def test_tells_a_double_by_its_number_after_a_crash(telling: Telling) -> None:
    relay, outbox, channel = telling(SENT, waiting=[])
    outbox.broken = {"done"}
    outbox.put(*entries(1, 2))
    wait_until(lambda: bool(channel.asked))
    relay.close()
    outbox.broken = set()

    with running(make_relay(channel.url, outbox)):
        wait_until(emptied(outbox))

    assert channel.told == [[1, 2], [1, 2]]


def test_tells_once_what_it_cannot_note_at_once(telling: Telling) -> None:
    relay, outbox, channel = telling(SENT, waiting=[])
    outbox.broken = {"done"}
    outbox.put(*entries(1, 2))
    wait_until(lambda: "cannot be written" in relay.status().problem)
    outbox.put(enter(3))
    wait_until(lambda: len(channel.asked) > 1)
    outbox.broken = set()
    wait_until(emptied(outbox))

    assert channel.told == [[1, 2], [3]]


def test_two_relays_tell_everything_once(telling: Telling) -> None:
    _, outbox, channel = telling(SENT, waiting=entries(1, 10))
    with running(make_relay(channel.url, outbox)):
        for number in range(11, 40):
            outbox.put(enter(number))
            time.sleep(0.01)
        wait_until(emptied(outbox))

    assert [number for message in channel.told for number in message] == list(range(1, 40))


def test_leaves_the_rest_to_another_when_closed(telling: Telling) -> None:
    relay, outbox, channel = telling(SENT, waiting=entries(1, 12))
    wait_until(lambda: bool(channel.asked))
    relay.close()
    left = len(outbox.waiting)

    with running(make_relay(channel.url, outbox)):
        wait_until(emptied(outbox))

    assert left in (7, 2, 0)
    assert [number for message in channel.told for number in message] == list(range(1, 13))


@pytest.mark.parametrize("waiting", [[], entries(1, 1)])
def test_stops_promptly_however_long_it_would_wait(telling: Telling, waiting: list[Entry]) -> None:
    limited = says("ratelimited", 429, "Retry-After: 60\r\n")
    relay, outbox, _ = telling(limited, waiting=waiting)
    wait_until(lambda: outbox.takes > 0 and bool(relay.status().problem) == bool(waiting))
    began = time.monotonic()

    relay.close()

    assert time.monotonic() - began < 0.5
    assert outbox.holder == ""


def test_outlives_slack_hanging(telling: Telling) -> None:
    relay, outbox, channel = telling(hang(), SENT, waiting=entries(1, 1))
    wait_until(emptied(outbox))

    assert len(channel.asked) == 2
    assert relay.status().running


@pytest.mark.parametrize("method", ["take", "done", "release"])
def test_outlives_an_outbox_that_does_not_work(telling: Telling, method: str) -> None:
    relay, outbox, channel = telling(SENT, waiting=[])
    outbox.broken = {method}
    outbox.put(enter(1))
    wait_until(lambda: bool(relay.status().problem) or bool(channel.asked))
    outbox.broken = set()
    wait_until(emptied(outbox))

    assert relay.status().running


def test_outlives_its_own_faults(telling: Telling, caplog: pytest.LogCaptureFixture) -> None:
    relay, outbox, _ = telling(SENT, waiting=[])
    outbox.crashing = KeyError("a fault")
    wait_until(lambda: relay.status().problem == "a fault in the bot (KeyError); its log says more")
    outbox.crashing = None
    outbox.put(enter(1))
    wait_until(emptied(outbox))

    assert "entries could not be told" in caplog.text


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_says_so_when_nothing_runs_any_more(telling: Telling) -> None:
    relay, outbox, _ = telling(SENT, waiting=[])
    before = relay.trouble()
    outbox.crashing = SystemExit()
    wait_until(lambda: not relay.status().running)

    assert before == ""
    assert relay.trouble() == "nothing tells it of entries any more: restart the bot"


def test_says_so_when_the_outbox_cannot_be_read(telling: Telling) -> None:
    relay, outbox, _ = telling(SENT, waiting=[])
    outbox.broken = {"count_waiting"}

    assert relay.trouble() == "the outbox cannot be read: the record cannot be written"


def test_tells_a_real_channel_through_bad_weather() -> None:
    workspace = make_workspace()
    workspace.weather.fail("chat.postMessage", Fault.BROKEN, 2)
    workspace.weather.fail("chat.postMessage", Fault.RATE_LIMITED)
    outbox = FakeOutbox(entries(1, 7))
    with BackgroundServer(make_app(workspace)) as server, running(make_relay(server.url, outbox)):
        wait_until(emptied(outbox))

    posted = [message for message in workspace.messages if message.channel == ONCALL]
    assert [numbers(message.draft.text) for message in posted] == [[1, 2, 3, 4, 5], [6, 7]]
    assert all(message.draft.blocks for message in posted)
