"""Notices of lookups, and what their Cancel buttons stand for."""

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Event, Thread
from types import SimpleNamespace
from typing import Any

import pytest

from bot.core.commands import LookupCommand
from bot.core.lookups.kinds import PROFILES
from bot.core.model import Actor, Surface
from bot.core.results import Lookup
from bot.errors import CancelledError
from bot.slack.admission import Admission
from bot.slack.delivery.progress import showing_progress
from bot.slack.delivery.reply import Audience, Reply
from bot.slack.delivery.request import SlackRequest
from bot.slack.interaction_store import Interactions
from bot.slack.interactions import FinishedLookup, RunningLookup, Showing, WaitingRequest
from bot.slack.messages.blocks import Message
from bot.slack.workers import Job, Workers
from tests.support.interactions import make_interactions
from tests.support.sample_results import PROD, found, profiles
from tests.support.slack import wait_until

ACTOR = Actor("U07VERA1", "T07")


@dataclass
class RecordingDelivery:
    """Records what is sent, and can be held up by Slack."""

    public: bool = False
    editable: bool = False
    is_view: bool = False
    updates: tuple[float, ...] = ()
    held: Event | None = None
    entered: Event = field(default_factory=Event)
    sent: list[str] = field(default_factory=list)

    def send(self, message: Message, audience: Audience = Audience.USUAL, *, in_place: bool = False) -> bool:  # noqa: ARG002 - the protocol's
        self.entered.set()
        if self.held:
            self.held.wait(10)
        self.sent.append(message.text)
        return True

    def show_status(self, status: str) -> bool:  # noqa: ARG002 - the protocol's
        return False

    def update(self, message: Message) -> None:
        self.sent.append(message.text)


@dataclass
class ScriptedJob:
    """A lookup that runs until it is cancelled."""

    command: LookupCommand = LookupCommand(PROFILES, PROD, ("alice",), ())  # noqa: RUF009 - frozen
    began: Event = field(default_factory=Event)
    stopped: Event = field(default_factory=Event)

    def run(self) -> None:
        self.began.set()
        self.stopped.wait(10)
        raise CancelledError("you cancelled it")

    def cancel(self) -> Any:
        if self.stopped.is_set():
            return None
        self.stopped.set()
        return profiles(found("alice"))

    def progress(self) -> Any:
        return SimpleNamespace(seconds=5.0, asked=1, counts={}, done=0, seconds_left=None)


FIRST_PAGE = Showing(0, 20, public=False)


def answer_nothing(_: Lookup) -> None:
    """Leave a cancelled lookup to its button."""


def make_request(delivery: Any, working_after: float = 0.01) -> SlackRequest:
    return SlackRequest(ACTOR, Surface.COMMAND, Reply(delivery, working_after))


def look_up(interactions: Interactions, request: SlackRequest, job: Any) -> None:
    with suppress(CancelledError), showing_progress(interactions, request, job, FIRST_PAGE, answer_nothing):
        job.run()


@pytest.fixture
def interactions() -> Interactions:
    return make_interactions()


@pytest.fixture
def job() -> Iterator[ScriptedJob]:
    job = ScriptedJob()
    yield job
    job.stopped.set()


def kept(interactions: Interactions) -> list[object]:
    return [entry.what for entry in interactions._kept.values()]


def test_keeps_the_button_of_a_finished_lookup_whose_notice_stays(interactions: Interactions) -> None:
    delivery = RecordingDelivery()
    with showing_progress(interactions, make_request(delivery), ScriptedJob(), FIRST_PAGE, answer_nothing):  # type: ignore[arg-type]
        wait_until(lambda: bool(delivery.sent))

    assert kept(interactions) == [FinishedLookup()]


def test_forgets_the_button_of_a_cancelled_lookup_whose_answer_has_replaced_it(
    interactions: Interactions, job: ScriptedJob
) -> None:
    delivery = RecordingDelivery()
    thread = Thread(target=look_up, args=(interactions, make_request(delivery), job))
    thread.start()
    wait_until(lambda: bool(delivery.sent))
    (running,) = kept(interactions)
    assert isinstance(running, RunningLookup)

    assert running.stop()
    thread.join()

    assert kept(interactions) == []


def test_keeps_nothing_of_a_lookup_that_ended_while_another_notice_was_sent(
    interactions: Interactions, job: ScriptedJob
) -> None:
    held = Event()
    delivery = RecordingDelivery(public=True, editable=True, held=held)
    request = make_request(delivery)
    request.reply.announce_waiting(lambda: Message("waiting", ()), Event())
    assert delivery.entered.wait(10)
    with showing_progress(interactions, request, job, FIRST_PAGE, answer_nothing):  # type: ignore[arg-type]
        time.sleep(0.05)  # its own notice is due by now, and waits

    held.set()
    wait_until(lambda: bool(delivery.sent))
    time.sleep(0.05)

    assert kept(interactions) == []
    assert delivery.sent == ["waiting"]


class EarlyWorkers(Workers):
    """Workers that begin a queued job before its submission returns."""

    def __init__(self, free: Event, began: Event) -> None:
        super().__init__(threads=1)
        self._free, self._began = free, began

    def submit(self, run: Callable[[], object], owner: object = None, *more: Any) -> Job | None:
        job = super().submit(run, owner, *more)
        if job and job.queued:
            self._free.set()
            assert self._began.wait(10)
        return job


def begin_early(interactions: Interactions, job: ScriptedJob, request: SlackRequest) -> WaitingRequest:
    """Admit a lookup that has to wait, and begins before its waiting notice is made."""
    free = Event()
    workers = EarlyWorkers(free, job.began)
    admission = Admission(interactions, workers, workers, workers)
    workers.submit(lambda: free.wait(10), Actor("U0OTHER", "T07"))

    assert admission.admit_command(request, lambda: look_up(interactions, request, job), "profile alice")

    (waiting,) = kept(interactions)
    assert isinstance(waiting, WaitingRequest)
    return waiting


def test_cancels_by_the_waiting_notice_a_lookup_that_began_before_the_notice_was_made(
    interactions: Interactions, job: ScriptedJob
) -> None:
    waiting = begin_early(interactions, job, make_request(RecordingDelivery()))

    assert not waiting.cancel()
    lookup = waiting.find_lookup()
    assert isinstance(lookup, RunningLookup)
    assert lookup.stop()


def test_says_at_a_waiting_notice_beside_a_page_that_the_page_has_come(interactions: Interactions) -> None:
    request = make_request(RecordingDelivery(), working_after=10)
    request.reply.replace_pressed()
    with showing_progress(interactions, request, ScriptedJob(), FIRST_PAGE, answer_nothing):  # type: ignore[arg-type]
        pass

    assert request.lookup == FinishedLookup()


def test_leaves_a_public_lookup_to_the_button_of_its_own_notice(
    interactions: Interactions, job: ScriptedJob
) -> None:
    request = make_request(RecordingDelivery(public=True, editable=True), working_after=10)

    assert begin_early(interactions, job, request).find_lookup() is None
