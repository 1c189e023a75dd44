import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from bot.core.model import Actor, AlteredEntry, Entry, Outcome, OutdatedPost
from bot.errors import SlackUnavailableError
from bot.playground.faults.faults import SlackFault
from bot.playground.server import make_app
from bot.serving.background_server import BackgroundServer
from bot.slack.api.client import Limits, SlackClient
from bot.slack.delivery.audit.audit_relay import Relay, RelayTiming
from bot.slack.delivery.audit.seal import is_genuine, make_post
from tests.support.outbox import FakeOutbox
from tests.support.sample_results import CHANGE, PROD, UNDO, enter
from tests.support.scripted_server import ScriptedServer, ServerResponse, answer, hang, reset
from tests.support.slack import BOT_TOKEN, ONCALL, make_workspace, wait_until

SENT = answer({"ok": True, "ts": "1"})
FAST_TIMING = RelayTiming(spacing=0.05, poll=0.1, first_wait=0.025, longest_wait=1.5)
"""The default timing, twenty times as fast."""


def says(code: str, status: int = 200, headers: str = "") -> ServerResponse:
    return answer({"ok": False, "error": code}, status=status, headers=headers)


def entries(first: int, last: int) -> list[Entry]:
    return [enter(number) for number in range(first, last + 1)]


def never_shared(channel_id: str) -> bool:
    """Return that no other organization reads a channel."""
    assert channel_id == ONCALL
    return False


def make_relay(
    url: str,
    outbox: FakeOutbox,
    timing: RelayTiming = FAST_TIMING,
    is_shared_outside: Callable[[str], bool] = never_shared,
    timeout: int = 2,
) -> Relay:
    client = SlackClient(BOT_TOKEN, f"{url}/api/", Limits(call=timeout))
    return Relay(
        client,
        ONCALL,
        outbox,
        apps={"prod": PROD},
        masked={},
        is_shared_outside=is_shared_outside,
        timing=timing,
    )


@contextmanager
def started(relay: Relay) -> Iterator[Relay]:
    relay.start()
    try:
        yield relay
    finally:
        relay.close()


class ScriptedChannel(ScriptedServer):
    """A channel with scripted responses to messages."""

    @property
    def texts(self) -> list[str]:
        return [request.json["text"] for request in self.requests]

    @property
    def posted(self) -> list[list[int]]:
        """The numbers of the entries in each message received."""
        return [numbers(text) for text in self.texts]


def numbers(text: str) -> list[int]:
    return [int(number) for number in re.findall(r"#(\d+) · [0-9a-f]{32}", text)]


StartRelay = Callable[..., tuple[Relay, FakeOutbox, ScriptedChannel]]


@pytest.fixture
def start_relay() -> Iterator[StartRelay]:
    with ExitStack() as stack:

        def start(
            *script: ServerResponse,
            waiting: Sequence[Entry | AlteredEntry],
            timing: RelayTiming = FAST_TIMING,
            **more: Any,
        ) -> tuple[Relay, FakeOutbox, ScriptedChannel]:
            channel = stack.enter_context(ScriptedChannel(*script))
            outbox = FakeOutbox(list(waiting))
            relay = make_relay(channel.url, outbox, timing, **more)
            return stack.enter_context(started(relay)), outbox, channel

        yield start


def is_empty(outbox: FakeOutbox) -> Callable[[], bool]:
    return lambda: not outbox.waiting


def test_posts_waiting_entries_in_order_a_few_in_one_message(start_relay: StartRelay) -> None:
    _, outbox, channel = start_relay(SENT, waiting=entries(1, 12))
    wait_until(is_empty(outbox))

    assert channel.posted == [[1, 2, 3, 4, 5], [6, 7, 8, 9, 10], [11, 12]]


def test_keeps_to_the_pace_of_a_channel(start_relay: StartRelay) -> None:
    began = time.monotonic()

    _, outbox, _ = start_relay(SENT, waiting=entries(1, 12), timing=replace(FAST_TIMING, spacing=0.3))
    wait_until(is_empty(outbox))

    assert time.monotonic() - began > 0.6


def test_finds_what_comes_later(start_relay: StartRelay) -> None:
    _, outbox, channel = start_relay(SENT, waiting=[])
    wait_until(lambda: outbox.takes > 0)

    outbox.put(enter(1))
    wait_until(is_empty(outbox))

    assert channel.posted == [[1]]


def test_posts_at_once_when_an_entry_is_announced(start_relay: StartRelay) -> None:
    relay, outbox, channel = start_relay(SENT, waiting=[], timing=replace(FAST_TIMING, poll=3600))
    wait_until(lambda: outbox.takes > 0)

    outbox.put(enter(1))
    relay.look()
    wait_until(is_empty(outbox))

    assert channel.posted == [[1]]


def test_keeps_to_the_pace_of_a_channel_whatever_is_announced(start_relay: StartRelay) -> None:
    relay, outbox, channel = start_relay(SENT, waiting=[enter(1)], timing=replace(FAST_TIMING, spacing=3600))
    wait_until(is_empty(outbox))

    outbox.put(enter(2))
    relay.look()
    time.sleep(0.3)

    assert channel.posted == [[1]]


def test_waits_as_long_as_slack_asks(start_relay: StartRelay) -> None:
    began = time.monotonic()
    limited = says("ratelimited", 429, "Retry-After: 1\r\n")

    relay, outbox, channel = start_relay(limited, SENT, waiting=entries(1, 2))
    wait_until(lambda: bool(relay.status().problem))
    said = relay.status().problem
    wait_until(is_empty(outbox))

    assert said == "Slack says ratelimited: the bot waits as long as Slack asks"
    assert time.monotonic() - began >= 1
    assert channel.posted == [[1, 2], [1, 2]]


BROKEN = answer(b"<html>", status=500)


def test_drains_in_order_when_slack_comes_back(start_relay: StartRelay) -> None:
    outages = [reset(), BROKEN, says("internal_error"), answer(b"[]"), answer(b""), reset()]
    _, outbox, channel = start_relay(*outages, SENT, waiting=entries(1, 3))
    wait_until(lambda: len(channel.requests) > 3)
    outbox.put(*entries(4, 9))
    wait_until(is_empty(outbox))

    posted = [number for message in channel.posted[len(outages) :] for number in message]
    assert posted == list(range(1, 10))


def test_waits_longer_after_each_failure_up_to_a_limit(start_relay: StartRelay) -> None:
    moments: list[float] = []

    def fail(*args: Any) -> None:
        moments.append(time.monotonic())
        says("internal_error", 500)(*args)

    start_relay(fail, waiting=entries(1, 1), timing=replace(FAST_TIMING, first_wait=0.05, longest_wait=0.1))
    wait_until(lambda: len(moments) > 5)

    waits = [after - before for before, after in pairwise(moments)]
    assert waits[0] >= 0.05
    assert all(wait >= 0.1 for wait in waits[1:])


def test_sends_plain_text_when_slack_refuses_the_blocks(start_relay: StartRelay) -> None:
    _, outbox, channel = start_relay(says("invalid_blocks"), SENT, waiting=entries(1, 2))
    wait_until(is_empty(outbox))

    assert channel.posted == [[1, 2], [1, 2]]
    assert ["blocks" in request.json for request in channel.requests] == [True, False]
    assert all("Changed  bob_k" in text for text in channel.texts)


@pytest.mark.parametrize(
    ("behavior", "words"),
    [
        (
            says("channel_not_found"),
            "Slack says channel_not_found: invite the bot to the channel or correct AUDIT_CHANNEL",
        ),
        (says("something_new"), "Slack says something_new"),
        (BROKEN, "Slack says HTTP 500"),
        (reset(), "Slack could not be reached (ConnectionError)"),
    ],
)
def test_reports_the_problem_until_a_post_succeeds(
    start_relay: StartRelay, behavior: ServerResponse, words: str
) -> None:
    relay, outbox, channel = start_relay(behavior, waiting=entries(1, 1))
    wait_until(lambda: bool(relay.status().problem))

    assert relay.status().problem == words
    assert relay.status().waiting == 1
    assert relay.status().running

    channel.set_script(SENT)
    wait_until(lambda: not relay.status().problem)

    assert outbox.waiting == []


def test_calls_an_entry_stuck_that_waits_for_long(start_relay: StartRelay) -> None:
    fresh, old = (
        replace(enter(number), at=datetime.now(UTC) - timedelta(seconds=age))
        for number, age in ((1, 5), (1, 600))
    )
    relay, outbox, _ = start_relay(says("is_archived"), waiting=[fresh])
    wait_until(lambda: bool(relay.status().problem))
    before = relay.trouble()
    outbox.waiting = [old, enter(2)]

    assert before == ""
    assert re.fullmatch(
        "2 entries wait, the oldest for 60[0-9] s; Slack says is_archived: "
        "unarchive the channel or correct AUDIT_CHANNEL",
        relay.trouble(),
    )


def test_posts_a_double_with_the_same_number_after_a_crash(start_relay: StartRelay) -> None:
    relay, outbox, channel = start_relay(SENT, waiting=[])
    outbox.broken = {"mark_delivered"}
    outbox.put(*entries(1, 2))
    wait_until(lambda: bool(channel.requests))
    relay.close()
    outbox.broken = set()

    with started(make_relay(channel.url, outbox)):
        wait_until(is_empty(outbox))

    assert channel.posted == [[1, 2], [1, 2]]


def test_posts_once_what_it_cannot_mark_delivered_at_once(start_relay: StartRelay) -> None:
    relay, outbox, channel = start_relay(SENT, waiting=[])
    outbox.broken = {"mark_delivered"}
    outbox.put(*entries(1, 2))
    wait_until(lambda: "cannot be written" in relay.status().problem)
    outbox.put(enter(3))
    wait_until(lambda: len(channel.requests) > 1)
    outbox.broken = set()
    wait_until(is_empty(outbox))

    assert channel.posted == [[1, 2], [3]]


def test_two_relays_post_everything_once(start_relay: StartRelay) -> None:
    _, outbox, channel = start_relay(SENT, waiting=entries(1, 10))
    with started(make_relay(channel.url, outbox)):
        for number in range(11, 40):
            outbox.put(enter(number))
            time.sleep(0.01)
        wait_until(is_empty(outbox))

    assert [number for message in channel.posted for number in message] == list(range(1, 40))


def test_leaves_the_rest_to_another_when_closed(start_relay: StartRelay) -> None:
    relay, outbox, channel = start_relay(SENT, waiting=entries(1, 12))
    wait_until(lambda: bool(channel.requests))
    relay.close()
    left = len(outbox.waiting)

    with started(make_relay(channel.url, outbox)):
        wait_until(is_empty(outbox))

    assert left in (7, 2, 0)
    assert [number for message in channel.posted for number in message] == list(range(1, 13))


@pytest.mark.parametrize("waiting", [[], entries(1, 1)])
def test_stops_promptly_however_long_it_would_wait(start_relay: StartRelay, waiting: list[Entry]) -> None:
    limited = says("ratelimited", 429, "Retry-After: 60\r\n")
    relay, outbox, _ = start_relay(limited, waiting=waiting)
    wait_until(lambda: outbox.takes > 0 and bool(relay.status().problem) == bool(waiting))
    began = time.monotonic()

    relay.close()

    assert time.monotonic() - began < 0.5
    assert outbox.holder == ""


def test_outlives_slack_hanging(start_relay: StartRelay) -> None:
    relay, outbox, channel = start_relay(hang(), SENT, waiting=entries(1, 1))
    wait_until(is_empty(outbox))

    assert len(channel.requests) == 2
    assert relay.status().running


@pytest.mark.parametrize("method", ["lease_next", "mark_delivered", "release"])
def test_outlives_an_outbox_that_does_not_work(start_relay: StartRelay, method: str) -> None:
    relay, outbox, channel = start_relay(SENT, waiting=[])
    outbox.broken = {method}
    outbox.put(enter(1))
    wait_until(lambda: bool(relay.status().problem) or bool(channel.requests))
    outbox.broken = set()
    wait_until(is_empty(outbox))

    assert relay.status().running


def test_outlives_its_own_faults(start_relay: StartRelay, caplog: pytest.LogCaptureFixture) -> None:
    relay, outbox, _ = start_relay(SENT, waiting=[])
    outbox.crashing = KeyError("a fault")
    wait_until(lambda: relay.status().problem == "the bot failed (KeyError); see its log")
    outbox.crashing = None
    outbox.put(enter(1))
    wait_until(is_empty(outbox))

    assert "entries could not be posted" in caplog.text


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_says_so_when_nothing_runs_any_more(start_relay: StartRelay) -> None:
    relay, outbox, _ = start_relay(SENT, waiting=[])
    before = relay.trouble()
    outbox.crashing = SystemExit()
    wait_until(lambda: not relay.status().running)

    assert before == ""
    assert relay.trouble() == "the relay has stopped: restart the bot"


def test_says_so_when_the_outbox_cannot_be_read(start_relay: StartRelay) -> None:
    relay, outbox, _ = start_relay(SENT, waiting=[])
    outbox.broken = {"count_waiting"}

    assert relay.trouble() == "the outbox cannot be read: the record cannot be written"


def altered(numbers: Sequence[int], last: int) -> list[Entry | AlteredEntry]:
    return [AlteredEntry(number) if number in numbers else enter(number) for number in range(1, last + 1)]


def test_raises_an_alarm_in_the_place_of_an_altered_entry(
    start_relay: StartRelay, caplog: pytest.LogCaptureFixture
) -> None:
    relay, outbox, channel = start_relay(SENT, waiting=altered([2], 3))
    wait_until(is_empty(outbox))

    (text,) = channel.texts
    places = [text.index(words) for words in ("#1 · ", "#2 · altered", "#3 · ")]
    assert places == sorted(places)
    assert "Alarm: entry #2 has been altered." in text
    assert "im-bot audit verify" in text
    assert text.count("Changed  bob_k") == 2
    said = "entry #2 has been altered: tell the bot's operator to run im-bot audit verify"
    assert relay.trouble() == said
    assert "entry #2 has been altered: run im-bot audit verify" in caplog.text


def test_forgets_an_alarm_in_time(start_relay: StartRelay, monkeypatch: pytest.MonkeyPatch) -> None:
    relay, outbox, _ = start_relay(SENT, waiting=altered([2, 3], 5))
    wait_until(is_empty(outbox))
    assert relay.trouble().startswith("entries #2, #3 have been altered")

    monkeypatch.setattr("bot.slack.delivery.audit.audit_relay.ALARM_SECONDS", 0)

    assert relay.trouble() == ""


def test_posts_consecutive_altered_entries_as_one_alarm(start_relay: StartRelay) -> None:
    _, outbox, channel = start_relay(SENT, waiting=altered(range(2, 902), 902))
    wait_until(is_empty(outbox))

    assert len(channel.texts) == 1
    assert "#2 · altered to #901 · altered" in channel.texts[0]


def refusal(number: int, user_id: str = "U01GUEST") -> Entry:
    return enter(number, actor=Actor(user_id, "T01HOME"), outcome=Outcome.DENIED, problem="you are a guest")


def test_posts_a_change_amid_a_flood_of_refusals_at_once(start_relay: StartRelay) -> None:
    flood = [refusal(number) for number in range(1, 902) if number != 451]
    waiting = sorted([*flood, enter(451)], key=lambda entry: entry.sequence)

    _, outbox, channel = start_relay(SENT, waiting=waiting)
    wait_until(is_empty(outbox))

    assert channel.posted == [[1, 450, 451, 452, 901]]
    assert channel.texts[0].count("Refused 450 times") == 2
    assert "Changed  bob_k" in channel.texts[0]


def test_posts_all_of_several_floods_at_once_after_failures(start_relay: StartRelay) -> None:
    people = [f"U0{number}" for number in range(8)]
    waiting = [refusal(number, people[number % 8]) for number in range(1, 801)]

    _, outbox, channel = start_relay(SENT, reset(), SENT, says("internal_error"), SENT, waiting=waiting)
    wait_until(is_empty(outbox))

    assert [len(numbers) for numbers in channel.posted] == [10, 6, 6]
    taken = [text for text, failed in zip(channel.texts, (False, True, False), strict=True) if not failed]
    assert sum(text.count("Refused 100 times") for text in taken) == 8


@pytest.mark.parametrize("retry_after", ["86400", "9" * 320, "9" * 5000])
def test_waits_no_longer_than_a_limit_however_long_slack_asks(
    start_relay: StartRelay, retry_after: str
) -> None:
    limited = says("ratelimited", 429, f"Retry-After: {retry_after}\r\n")
    timing = replace(FAST_TIMING, longest_asked=0.2)

    relay, outbox, channel = start_relay(limited, SENT, waiting=entries(1, 2), timing=timing)
    wait_until(lambda: bool(relay.status().problem))
    leased = outbox.leased_for()
    wait_until(is_empty(outbox))

    assert leased < 60
    assert channel.posted == [[1, 2], [1, 2]]
    assert relay.status().running


@pytest.mark.parametrize("method", ["lease_next", "mark_delivered", "release", "lease_checkpoint"])
def test_nothing_ends_the_thread(
    start_relay: StartRelay, caplog: pytest.LogCaptureFixture, method: str
) -> None:
    limited = says("ratelimited", 429, "Retry-After: 0\r\n")
    relay, outbox, channel = start_relay(limited, SENT, waiting=[])
    outbox.faulty = {method}
    outbox.put(enter(1))
    # The next step may already have cleared the problem.
    wait_until(lambda: "the bot failed" in caplog.text)
    outbox.faulty = set()
    wait_until(is_empty(outbox))
    wait_until(lambda: not relay.status().problem)

    assert relay.status().running
    assert channel.posted[-1] == [1]


def test_closes_in_time_while_slack_hangs() -> None:
    with ScriptedChannel(hang()) as channel:
        relay = make_relay(channel.url, FakeOutbox([*entries(1, 1)]), FAST_TIMING, timeout=60)
        relay.start()
        wait_until(lambda: bool(channel.requests))
        began = time.monotonic()

        relay.close(0.1)

        assert time.monotonic() - began < 10


class FakeSharing:
    """Slack's answer whether a channel is shared.

    Args:
        outside: Whether people of other organizations can read it; None fails.
    """

    def __init__(self, *, outside: bool | None) -> None:
        self.outside = outside
        self.calls = 0

    def __call__(self, channel_id: str) -> bool:
        assert channel_id == ONCALL
        self.calls += 1
        if self.outside is None:
            raise SlackUnavailableError("Slack refused to answer", detail="channel_not_found")
        return self.outside


OUTSIDE = "people from other organizations can read it, so nothing is posted"


def test_posts_nothing_to_a_channel_that_outsiders_can_read(start_relay: StartRelay) -> None:
    sharing = FakeSharing(outside=True)
    relay, outbox, channel = start_relay(SENT, waiting=[], is_shared_outside=sharing)
    outbox.put(*(replace(entry, at=datetime.now(UTC)) for entry in entries(1, 3)))
    wait_until(lambda: sharing.calls > 2)

    assert channel.requests == []
    assert re.fullmatch(
        f"3 entries wait, the oldest for [0-9] s; {OUTSIDE}: "
        "stop sharing it, or set another channel in AUDIT_CHANNEL",
        relay.trouble(),
    )

    sharing.outside = False
    wait_until(is_empty(outbox))
    assert channel.posted == [[1, 2, 3]]
    wait_until(lambda: relay.trouble() == "")


def test_notices_outsiders_before_anything_waits(start_relay: StartRelay) -> None:
    sharing = FakeSharing(outside=False)
    relay, _, channel = start_relay(
        SENT, waiting=[], is_shared_outside=sharing, timing=replace(FAST_TIMING, private=0.1)
    )
    wait_until(lambda: sharing.calls > 1)
    assert relay.trouble() == ""
    sharing.outside = True

    wait_until(lambda: relay.trouble().startswith(OUTSIDE))

    assert channel.requests == []


def test_says_that_outsiders_read_until_slack_says_otherwise(start_relay: StartRelay) -> None:
    sharing = FakeSharing(outside=True)
    relay, _, _ = start_relay(
        SENT, waiting=[], is_shared_outside=sharing, timing=replace(FAST_TIMING, private=1.0)
    )
    wait_until(lambda: relay.trouble().startswith(OUTSIDE))

    while sharing.calls < 2:
        assert relay.trouble().startswith(OUTSIDE)
        time.sleep(0.005)

    sharing.outside = False
    wait_until(lambda: relay.trouble() == "")


def test_posts_nothing_while_slack_does_not_say_who_reads(start_relay: StartRelay) -> None:
    sharing = FakeSharing(outside=None)
    relay, outbox, channel = start_relay(SENT, waiting=entries(1, 2), is_shared_outside=sharing)
    wait_until(lambda: sharing.calls > 2)

    assert channel.requests == []
    assert relay.status().problem == (
        "Slack did not say whether people from other organizations can read it"
        ": invite the bot to the channel or correct AUDIT_CHANNEL"
    )

    sharing.outside = False
    wait_until(is_empty(outbox))
    assert channel.posted == [[1, 2]]


def test_asks_again_who_reads_after_a_while(start_relay: StartRelay) -> None:
    sharing = FakeSharing(outside=False)
    _, outbox, _ = start_relay(SENT, waiting=entries(1, 50), is_shared_outside=sharing)
    wait_until(is_empty(outbox))
    assert sharing.calls == 1

    _, outbox, _ = start_relay(
        SENT, waiting=entries(1, 50), is_shared_outside=sharing, timing=replace(FAST_TIMING, private=0.01)
    )
    wait_until(is_empty(outbox))
    assert sharing.calls > 5


HOURLY = replace(FAST_TIMING, checkpoint=1.0)


def heads(channel: ScriptedChannel) -> list[str]:
    """List the heads of the checkpoints received."""
    return [head for text in channel.texts for head in re.findall('--head "(.*)"', text)]


def head_of(number: int) -> str:
    return f"#{number} · {enter(number).hash}"


def test_posts_the_head_when_only_lookups_came(start_relay: StartRelay) -> None:
    relay, outbox, channel = start_relay(SENT, waiting=[])
    outbox.add_unposted(enter(7))
    wait_until(lambda: outbox.seen == 7)

    assert heads(channel) == [head_of(7)]
    assert "the record holds 7 entries" in channel.texts[0]
    assert relay.trouble() == ""


def test_posts_no_checkpoint_when_a_posted_entry_covers_all(start_relay: StartRelay) -> None:
    _, outbox, channel = start_relay(SENT, waiting=[], timing=replace(FAST_TIMING, checkpoint=0))
    outbox.put(*entries(1, 3))
    wait_until(is_empty(outbox))
    takes = outbox.takes
    wait_until(lambda: outbox.takes > takes + 3)

    assert heads(channel) == []


def test_posts_no_checkpoint_more_often_than_it_should(start_relay: StartRelay) -> None:
    moments: list[float] = []

    def note(*args: Any) -> None:
        moments.append(time.monotonic())
        SENT(*args)

    _, outbox, channel = start_relay(note, waiting=[], timing=HOURLY)
    with started(make_relay(channel.url, outbox, HOURLY)):
        number = 0
        while len(moments) < 3:
            number += 1
            outbox.add_unposted(enter(number))
            time.sleep(0.01)

    assert all(after - before > 0.9 for before, after in pairwise(moments))
    assert len(set(heads(channel))) == len(heads(channel))


def test_posts_the_newest_head_after_an_outage(start_relay: StartRelay) -> None:
    relay, outbox, channel = start_relay(BROKEN, waiting=[])
    outbox.add_unposted(enter(1))
    wait_until(lambda: bool(relay.status().problem))
    outbox.add_unposted(enter(2))
    # A retry that took the first head before may be on its way.
    wait_until(lambda: heads(channel)[-1] == head_of(2))
    channel.set_script(SENT)
    wait_until(lambda: outbox.seen == 2)

    assert heads(channel)[-1] == head_of(2)


def test_calls_a_checkpoint_stuck_that_waits_for_long(
    start_relay: StartRelay, monkeypatch: pytest.MonkeyPatch
) -> None:
    relay, outbox, _ = start_relay(BROKEN, waiting=[])
    outbox.add_unposted(enter(1))
    wait_until(lambda: bool(relay.status().problem))
    before = relay.trouble()
    monkeypatch.setattr("bot.slack.delivery.audit.audit_relay.STUCK_SECONDS", 0.1)
    wait_until(lambda: relay.trouble() != "")

    assert before == ""
    assert re.fullmatch("a checkpoint has waited for [0-9]+ s; Slack says HTTP 500", relay.trouble())


def test_posts_a_checkpoint_once_that_it_cannot_note_at_once(start_relay: StartRelay) -> None:
    relay, outbox, channel = start_relay(SENT, waiting=[])
    outbox.broken = {"mark_delivered"}
    outbox.add_unposted(enter(1))
    wait_until(lambda: "cannot be written" in relay.status().problem)
    outbox.add_unposted(enter(2))
    outbox.broken = set()
    wait_until(lambda: outbox.seen == 1)
    wait_until(lambda: not relay.status().problem)

    assert heads(channel) == [head_of(1)]


def test_posts_no_checkpoint_to_outsiders(start_relay: StartRelay) -> None:
    sharing = FakeSharing(outside=True)
    relay, outbox, channel = start_relay(SENT, waiting=[], is_shared_outside=sharing)
    outbox.add_unposted(enter(1))
    wait_until(lambda: sharing.calls > 1)

    assert channel.requests == []
    assert OUTSIDE in relay.trouble()


def test_posts_to_a_real_channel_through_faults() -> None:
    workspace = make_workspace()
    workspace.faults.fail("chat.postMessage", SlackFault.BROKEN, 2)
    workspace.faults.fail("chat.postMessage", SlackFault.RATE_LIMITED)
    outbox = FakeOutbox([*entries(1, 7)])
    with BackgroundServer(make_app(workspace)) as server, started(make_relay(server.url, outbox)):
        wait_until(is_empty(outbox))

    posted = [message for message in workspace.messages if message.channel == ONCALL]
    assert [numbers(message.content.text) for message in posted] == [[1, 2, 3, 4, 5], [6, 7]]
    assert all(message.content.blocks for message in posted)


def an_outdated(channel: str = ONCALL, token: str = BOT_TOKEN, said: Sequence[Entry] = ()) -> OutdatedPost:
    """Make the outdated message of two changes, of which the first was undone."""
    held = (enter(1), enter(2, replace(CHANGE, id="op_other")))
    post = make_post(token, channel, "17.5", held)
    return OutdatedPost(CHANGE.id, 9, post, tuple(said) or held, {CHANGE.id: enter(9, UNDO)})


def updates(channel: ScriptedChannel) -> list[dict[str, Any]]:
    return [request.json for request in channel.requests if request.path.endswith("chat.update")]


def test_updates_the_message_of_a_change_that_was_undone(start_relay: StartRelay) -> None:
    _, outbox, channel = start_relay(SENT, waiting=[])
    outbox.outdated = [an_outdated()]
    wait_until(lambda: not outbox.outdated)

    (update,) = updates(channel)
    undone, other = [block for block in update["blocks"] if block["type"] == "section"]
    assert (update["channel"], update["ts"]) == (ONCALL, "17.5")
    assert "Undone by U02ED, entry #9" in undone["text"]["text"]
    assert "accessory" not in undone
    assert other["accessory"]["value"] == "op_other"
    assert numbers(update["text"]) == [1, 2]


@pytest.mark.parametrize(
    "outdated",
    [
        an_outdated(token="xoxb-another"),
        an_outdated(said=[enter(1), enter(3)]),
        an_outdated(channel="C0ANOTHER"),
        OutdatedPost("op_1", 9),
    ],
    ids=["forged seal", "other entries", "another channel", "never posted"],
)
def test_never_writes_over_a_message_that_it_did_not_post_so(
    start_relay: StartRelay, outdated: OutdatedPost
) -> None:
    _, outbox, channel = start_relay(SENT, waiting=[])
    outbox.outdated = [outdated]
    wait_until(lambda: not outbox.outdated)

    assert updates(channel) == []


def test_gives_up_an_update_that_slack_will_never_take(start_relay: StartRelay) -> None:
    _, outbox, channel = start_relay(says("message_not_found"), waiting=[])
    outbox.outdated = [an_outdated()]
    wait_until(lambda: not outbox.outdated)

    assert len(updates(channel)) == 1


def test_posts_at_once_while_an_update_fails(start_relay: StartRelay) -> None:
    timing = replace(FAST_TIMING, longest_wait=60.0)
    relay, outbox, channel = start_relay(BROKEN, SENT, waiting=[], timing=timing)
    outbox.outdated = [an_outdated()]
    wait_until(lambda: bool(channel.requests))
    outbox.put(enter(5))
    wait_until(is_empty(outbox))

    assert len(updates(channel)) == 1
    assert outbox.outdated
    assert relay.trouble() == ""


@pytest.mark.parametrize(
    "script",
    [
        (BROKEN, reset(), SENT),
        (says("channel_not_found"), says("not_in_channel"), SENT),
    ],
    ids=["an outage", "the bot was out of the channel"],
)
def test_tries_an_update_again_when_slack_may_take_it_later(
    start_relay: StartRelay, script: Sequence[ServerResponse]
) -> None:
    timing = replace(FAST_TIMING, longest_wait=0.1)
    _, outbox, channel = start_relay(*script, waiting=[], timing=timing)
    outbox.outdated = [an_outdated()]
    wait_until(lambda: not outbox.outdated)

    assert len(updates(channel)) == 3


def test_keeps_the_message_of_each_entry(start_relay: StartRelay) -> None:
    _, outbox, _ = start_relay(SENT, waiting=entries(1, 7))
    wait_until(is_empty(outbox))

    assert [post.sequences for post in outbox.posts] == [(1, 2, 3, 4, 5), (6, 7)]
    assert all(
        is_genuine(BOT_TOKEN, post, entries(*post.sequences[:: len(post.sequences) - 1]))
        for post in outbox.posts
    )
