"""Publication of Home tabs: how often, and after a refusal by Slack."""

import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from bot.core.commands import LookupCommand
from bot.core.fields import PROFILE_FIELDS
from bot.core.lookups.kinds import PROFILES
from bot.core.services import Services
from bot.errors import ExpiredError, SlackUnavailableError
from bot.slack.api.client import SlackClient
from bot.slack.interactions import SavedLookup
from bot.slack.listeners.home import HomeTabs
from tests.support.changes_fixture import APPS, EDDA, ERIK, PROD, RULES, VERA, ChangesFixture
from tests.support.interactions import make_interactions
from tests.support.scripted_server import ReceivedRequest, ScriptedServer, answer
from tests.support.slack import TIMEOUT, wait_until

TAKEN = answer({"ok": True})


class HeldResponse:
    """A response that waits for its release."""

    def __init__(self) -> None:
        self.arrived = threading.Event()
        self.released = threading.Event()

    def respond(self, connection: socket.socket, request: ReceivedRequest, stopped: threading.Event) -> None:
        self.arrived.set()
        assert self.released.wait(TIMEOUT)
        TAKEN(connection, request, stopped)


@pytest.fixture
def workers() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(4) as workers:
        yield workers


def make_homes(slack: ScriptedServer, fixture: ChangesFixture, pool: ThreadPoolExecutor) -> HomeTabs:
    services = Services(
        APPS, {"prod": fixture.im}, RULES, fixture.people, pool, fixture.record, fixture.changes
    )
    client = SlackClient("xoxb-1", slack.url)
    return HomeTabs(client, "/im", services, make_interactions(), lambda: "up to date")


def test_publishes_once_more_after_a_burst_and_with_what_happened_meanwhile(
    workers: ThreadPoolExecutor,
) -> None:
    held, fixture = HeldResponse(), ChangesFixture()
    with ScriptedServer(held.respond, TAKEN) as scripted_server:
        homes = make_homes(scripted_server, fixture, workers)
        first = workers.submit(homes.publish, EDDA)
        assert held.arrived.wait(TIMEOUT)
        fixture.preview()
        for _ in range(20):
            assert homes.publish(EDDA) == "ShowHome"

        held.released.set()
        first.result(TIMEOUT)

        before, after = (request.json["view"] for request in scripted_server.requests)
    assert "Waiting for your confirmation" not in str(before)
    assert "Waiting for your confirmation" in str(after)


def test_remembers_the_buttons_of_the_last_home_alone(workers: ThreadPoolExecutor) -> None:
    refused = answer({"ok": False, "error": "fatal_error"})
    fixture = ChangesFixture()
    with ScriptedServer(TAKEN, TAKEN, refused) as scripted_server:
        homes = make_homes(scripted_server, fixture, workers)
        homes.services.begin(VERA, LookupCommand(PROFILES, PROD, ("alice",), PROFILE_FIELDS)).run()
        homes.publish(VERA)
        homes.publish(VERA)
        with pytest.raises(SlackUnavailableError):
            homes.publish(VERA)
        first, second, third = (ids_in(request.json["view"]) for request in scripted_server.requests)

    assert len(second) == 1
    for key in (*first, *third):
        with pytest.raises(ExpiredError):
            homes.interactions.find(key, VERA, SavedLookup)
    assert homes.interactions.find(second[0], VERA, SavedLookup).command.accounts == ("alice",)


def ids_in(view: dict[str, Any]) -> list[str]:
    named = ("look_up_again", "show_history")
    found = [block["accessory"] for block in view["blocks"] if "accessory" in block]
    return [each["value"] for each in found if str(each.get("action_id")).startswith(named)]


def test_holds_up_no_home_for_another_persons(workers: ThreadPoolExecutor) -> None:
    held = HeldResponse()
    with ScriptedServer(held.respond, TAKEN) as scripted_server:
        homes = make_homes(scripted_server, ChangesFixture(), workers)
        first = workers.submit(homes.publish, EDDA)
        assert held.arrived.wait(TIMEOUT)

        homes.publish(ERIK)

        assert [request.json["user_id"] for request in scripted_server.requests] == [
            EDDA.user_id,
            ERIK.user_id,
        ]
        held.released.set()
        first.result(TIMEOUT)


def test_publishes_again_after_one_that_slack_did_not_take(workers: ThreadPoolExecutor) -> None:
    refused = answer({"ok": False, "error": "ratelimited"}, status=429, headers="Retry-After: 1\r\n")
    with ScriptedServer(refused, TAKEN) as scripted_server:
        homes = make_homes(scripted_server, ChangesFixture(), workers)

        with pytest.raises(SlackUnavailableError, match="did not update your Home tab"):
            homes.publish(VERA)
        homes.publish(VERA)

        wait_until(lambda: len(scripted_server.requests) == 2)
