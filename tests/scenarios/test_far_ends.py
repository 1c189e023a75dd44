"""Every outgoing connection of the bot with every fault of its server, and the answers people get.

test_socket_mode.py has a table of its own for the WebSocket; test_session.py has all that can drip.
"""

import http.client
import json
import re
import socket
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from threading import Event
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from slack_bolt import BoltRequest

from bot.app import Bot, make_bot
from bot.core.changes.service import Changes
from bot.playground.interactions.payloads import make_slash_command
from bot.playground.people import EDITOR, VIEWER, Person, make_channels, make_people
from bot.playground.server import make_app
from bot.playground.workspace import Workspace
from bot.playground_app import make_settings, make_workspace
from bot.sandbox.run import open_sandbox
from bot.sandbox.web import WebApp
from bot.serving.background_server import BackgroundServer
from bot.slack.api.client import Limits
from bot.store.export import export
from tests.support import scripted_server as responses
from tests.support.bot import make_trigger_id, press, signed
from tests.support.scripted_server import DRIPS, ReceivedRequest, ScriptedServer, ServerResponse, answer
from tests.support.slack import ONCALL, wait_until

LONG = b"x" * 20_000_000
FAULTS: Mapping[str, ServerResponse] = {
    "says nothing": responses.hang(),
    "drips a header": DRIPS["header"],
    "resets": responses.reset(),
    "closes": responses.raw(b""),
    "sends half": responses.half(b'{"ok": true, "ErrorCode": 0}'),
    "speaks no HTTP": responses.raw(b"220 smtp ready\r\n\r\n"),
    "is moved": answer(b"", status=302, headers="Location: http://127.0.0.1:9/\r\n"),
    "is broken": answer(b"<html>", status=500),
    "sends no JSON": answer(b"<html>", status=404),
    "sends too much": answer(LONG),
    "sends deep JSON": answer(b'{"a":' * 5_000, status=404),
}


class FaultInjectingProxy(ScriptedServer):
    """Passes requests on to a server, and answers those to one path with a fault."""

    def __init__(self, target: str) -> None:
        super().__init__(self._pass)
        self._target = target
        self._path, self._fault = "", responses.reset()

    def inject(self, path: str, fault: ServerResponse) -> None:
        self._path, self._fault = path, fault
        self.requests.clear()

    def recover(self) -> None:
        self._path = ""

    def bodies(self, path: str) -> list[str]:
        return [request.body.decode() for request in list(self.requests) if path in request.path]

    def _pass(self, connection: socket.socket, request: ReceivedRequest, stopped: Event) -> None:
        if self._path and self._path in request.path:
            self._fault(connection, request, stopped)
            return
        with closing(http.client.HTTPConnection(urlsplit(self._target).netloc, timeout=30)) as onward:
            dropped = {"host", "content-length", "accept-encoding", "connection"}
            headers = {name: value for name, value in request.headers.items() if name not in dropped}
            onward.request(request.method, request.target, request.body, headers)
            reply = onward.getresponse()
            content = reply.read().replace(self._target.encode(), self.url.encode())
            answer(content, status=reply.status)(connection, request, stopped)


@dataclass
class BotFixture:
    bot: Bot
    workspace: Workspace
    slack: FaultInjectingProxy
    vendor: FaultInjectingProxy
    hooks: ScriptedServer
    database: str

    def new_person(self, like: Person = VIEWER) -> Person:
        """Add a person whom the bot has not cached."""
        person = replace(like, id=f"U07NEW{len(self.workspace.people)}")
        self.workspace.people[person.id] = person
        return person

    def send(self, text: str, actor: Person) -> None:
        channel = make_channels(make_people())[ONCALL]
        payload = make_slash_command(
            actor, channel, "/im", text, response_url=self.hooks.url, trigger_id=make_trigger_id()
        )
        self._post(urlencode(payload).encode())

    def press(self, content: bytes, action_id: str, actor: Person) -> None:
        self._post(press(content, action_id, self.hooks.url, actor))

    def wait_for_answer(self, expected: str) -> bytes:
        """Wait for an answer that matches, at the response URL or in a direct message."""
        seen: list[bytes] = []

        def look() -> bool:
            posted = [request.body for request in list(self.hooks.requests)]
            posted += [
                request.body for request in list(self.slack.requests) if "chat.postMessage" in request.path
            ]
            seen[:] = [body for body in posted if re.search(expected, str(json.loads(body)))]
            return bool(seen)

        try:
            wait_until(look)
        except TimeoutError:
            texts = [request.body[:200] for request in (*self.hooks.requests, *self.slack.requests)]
            raise AssertionError(texts) from None
        return seen[-1]

    def read_outcomes(self, account: str) -> list[str]:
        """Read the outcomes of the entries about an account, the oldest first."""
        entries = map(json.loads, export(self.database, "jsonl"))
        return [str(each["outcome"]) for each in entries if account in each["accounts"]]

    def _post(self, body: bytes) -> None:
        headers: Any = signed(body, self.workspace.app.signing_secret)
        assert self.bot.bolt.dispatch(BoltRequest(body=body.decode(), headers=headers)).status == 200


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BotFixture]:
    sandbox, workspace = open_sandbox(), make_workspace()
    record = tmp_path_factory.mktemp("record") / "im-bot.db"
    with (
        BackgroundServer(WebApp(sandbox)) as im,
        BackgroundServer(make_app(workspace)) as local,
        FaultInjectingProxy(local.url) as slack,
        FaultInjectingProxy(im.url) as vendor,
        ScriptedServer(answer(b"ok")) as hooks,
    ):
        settings = make_settings(workspace, slack.url, sandbox, vendor.url, Path(record))
        settings = settings.model_copy(update={"audit_channel": "none"})
        quick = Limits(call=2.0, people=2.0, attempt=2.0, answer=4.5)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("bot.app.Changes", partial(Changes, waits=(0, 0.05)))
            bot = make_bot(settings, lambda *_: None, quick)
        with closing(bot):
            yield BotFixture(bot, workspace, slack, vendor, hooks, settings.database_url)


@pytest.fixture
def fixture(running: BotFixture, monkeypatch: pytest.MonkeyPatch) -> Iterator[BotFixture]:
    for limit, seconds in (
        ("bot.core.lookups.job.ASKING_SECONDS", 2.0),
        ("bot.core.changes.service.WRITE_SECONDS", 2.0),
        ("bot.slack.api.people.UNREACHABLE_SECONDS", 0.0),
    ):
        monkeypatch.setattr(limit, seconds)
    running.hooks.requests.clear()
    yield running
    running.slack.recover()
    running.vendor.recover()
    running.hooks.set_script(answer(b"ok"))


numbers = iter(range(1000))


def account() -> str:
    return f"account-{next(numbers)}"


@pytest.mark.parametrize("fault", FAULTS)
def test_a_question_about_people(fixture: BotFixture, fault: str) -> None:
    fixture.slack.inject("users.info", FAULTS[fault])
    id_ = account()

    fixture.send(f"profile {id_}", fixture.new_person())

    fixture.wait_for_answer("Slack could not confirm who you are.*Try again in a minute")
    assert fixture.read_outcomes(id_) == ["denied"]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_response_url(fixture: BotFixture, fault: str) -> None:
    fixture.slack.inject("", responses.reset())
    fixture.hooks.set_script(FAULTS[fault])
    id_, actor = account(), fixture.new_person()

    fixture.send(f"profile {id_}", actor)

    wait_until(lambda: bool(fixture.slack.bodies("chat.postMessage")))
    (posted,) = map(json.loads, fixture.slack.bodies("chat.postMessage"))
    assert (posted["channel"], id_ in posted["text"]) == (actor.id, True)
    assert fixture.read_outcomes(id_) == ["answered"]


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("step", ["conversations.open", "getUploadURL", "/upload/", "completeUpload"])
def test_a_step_of_sending_a_file(fixture: BotFixture, step: str, fault: str) -> None:
    fixture.slack.inject(step, FAULTS[fault])
    id_ = account()

    fixture.send(f"profile {id_} --csv", fixture.new_person())

    fixture.wait_for_answer("could not be sent to your direct messages.*Try again in a minute")
    assert fixture.read_outcomes(id_) == ["exported"]


@pytest.mark.parametrize("fault", FAULTS)
def test_opening_a_form(fixture: BotFixture, fault: str) -> None:
    fixture.slack.inject("views.open", FAULTS[fault])

    fixture.send("set alice", EDITOR)

    fixture.wait_for_answer("Slack did not open the form.*type the fields")


@pytest.mark.parametrize("fault", FAULTS)
def test_a_lookup_of_the_vendor(fixture: BotFixture, fault: str) -> None:
    fixture.vendor.inject("portrait_get", FAULTS[fault])
    id_ = account()

    fixture.send(f"profile {id_}", fixture.new_person())

    fixture.wait_for_answer(r"0 of 1 found.*(1 failed|1 not asked)")
    assert fixture.read_outcomes(id_) == ["failed"]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_write_of_the_vendor(fixture: BotFixture, fault: str) -> None:
    fixture.send('set alice nick="Somebody else"', EDITOR)
    preview = fixture.wait_for_answer("confirm_change")
    before = len(fixture.read_outcomes("alice"))
    fixture.hooks.requests.clear()
    fixture.vendor.inject("portrait_set", FAULTS[fault])

    fixture.press(preview, "confirm_change", EDITOR)

    fixture.wait_for_answer("did not confirm the change, and the profile is unchanged")
    assert fixture.read_outcomes("alice")[before:] == ["attempted", "failed"]
    assert len(fixture.vendor.bodies("portrait_set")) == 1


def test_whoami_waits_for_slack_once_however_many_questions_it_has(
    fixture: BotFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.slack.api.people.UNREACHABLE_SECONDS", 5.0)
    fixture.slack.inject("/api/", DRIPS["header"])

    for text in ("whoami", "help"):
        fixture.hooks.requests.clear()
        fixture.send(text, fixture.new_person())
        fixture.wait_for_answer("could not confirm|whoami")

    assert len(fixture.slack.requests) == 1
    fixture.bot.people._unreachable = (0.0, "")
