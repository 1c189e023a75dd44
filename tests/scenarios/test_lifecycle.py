import re
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pytest

from bot.playground.faults.faults import RESPONSE_URL, SlackFault
from bot.playground.people import EDITOR, VIEWER
from bot.playground.server import make_app
from bot.playground.transport.socket_mode import CONNECTIONS
from bot.playground.workspace import Workspace
from bot.playground_app import make_settings
from bot.process import EXIT_UNFINISHED
from bot.sandbox.behavior import Behavior, Fault
from bot.sandbox.run import open_sandbox
from bot.sandbox.server import Sandbox
from bot.sandbox.web import WebApp
from bot.serving.background_server import BackgroundServer
from bot.settings import RoleSettings
from tests.support.bot import RunningCommand, environment_of, running_command
from tests.support.held_answers import HeldAnswers
from tests.support.migrated import migrated_file
from tests.support.running_bot import SlackUser, Transport, run_bot
from tests.support.slack import make_workspace, open_page, open_socket_mode, wait_until

TIMEOUT = 60
"""Seconds within which a process has to end."""
LATE = 7.0
"""Seconds; longer than one attempt to connect takes."""


@dataclass
class LifecycleFixture:
    """A bot in a process of its own, with its Slack, its sandbox and a viewer."""

    workspace: Workspace
    slack: BackgroundServer
    sandbox: Sandbox
    vendor: HeldAnswers
    bot: RunningCommand
    vera: SlackUser
    log: Path


@contextmanager
def run_bot_process(
    transport: Transport, folder: Path, stops_within: float = 0.0, **more: str
) -> Iterator[LifecycleFixture]:
    workspace, sandbox = make_workspace(), open_sandbox()
    vendor = HeldAnswers(WebApp(sandbox))
    folder.mkdir(exist_ok=True)
    with BackgroundServer(vendor) as im, BackgroundServer(make_app(workspace)) as slack:
        migrated_file(folder / "im-bot.db")
        environment = environment_of(
            make_settings(workspace, slack.url, sandbox, im.url, folder / "im-bot.db")
        )
        with (
            running_command(
                "serve" if transport == "http" else transport,
                cwd=folder,
                environment={**environment, **more},
                stops_within=stops_within,
            ) as bot,
            open_page(slack.url, VIEWER) as page,
        ):
            if transport == "http":
                workspace.app.request_url = f"http://127.0.0.1:{bot.first_line.split()[-1]}/slack/events"
            vera = SlackUser(page)
            vera.ask("/im whoami")
            yield LifecycleFixture(workspace, slack, sandbox, vendor, bot, vera, folder / "log")


@pytest.fixture(params=["socket", "http"])
def transport(request: pytest.FixtureRequest) -> Transport:
    return cast("Transport", request.param)


def test_finishes_its_command_after_several_stop_signals(transport: Transport, tmp_path: Path) -> None:
    with run_bot_process(transport, tmp_path) as fixture:
        with fixture.vendor.hold():
            assert "Looking up" in fixture.vera.begin("/im profile alice")["text"]
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGTERM, signal.SIGTERM, signal.SIGINT):
                fixture.bot.process.send_signal(number)
                time.sleep(0.1)

        assert "1 of 1 found" in fixture.vera.answer()["text"]
        assert fixture.bot.process.wait(TIMEOUT) == 0
    assert "did not stop in time" not in fixture.log.read_text()


@pytest.mark.parametrize("hanging", ["vendor", "Slack"])
def test_ends_in_time_and_says_so_though_something_hangs(
    transport: Transport, tmp_path: Path, hanging: str
) -> None:
    with run_bot_process(transport, tmp_path, stops_within=1) as fixture:
        if hanging == "vendor":
            fixture.sandbox.behavior = Behavior(fault=Fault(kind="hang"))
            assert "Looking up" in fixture.vera.begin("/im profile alice")["text"]
        else:
            fixture.workspace.faults.fail(RESPONSE_URL, SlackFault.HANG)
            fixture.vera.page.send("/im profile alice")
            wait_until(lambda: not fixture.workspace.faults._faults[RESPONSE_URL])
        fixture.bot.process.send_signal(signal.SIGTERM)

        assert fixture.bot.process.wait(TIMEOUT) == EXIT_UNFINISHED
    assert "the bot did not stop in time and exits now; still running: " in fixture.log.read_text()
    assert re.search(r"\d worker", fixture.log.read_text())


def test_answers_only_those_who_are_listed() -> None:
    roles = RoleSettings(viewers=EDITOR.id, editors="")
    with (
        run_bot("socket", roles=roles) as running_bot,
        running_bot.act_as() as vera,
        running_bot.act_as(EDITOR) as ed,
    ):
        refused, answered = vera.ask("/im profile alice"), ed.ask("/im profile alice")

    assert refused["text"].startswith("Only viewers can look up accounts. Ask ")
    assert "1 of 1 found" in answered["text"]


def test_answers_an_envelope_that_comes_twice() -> None:
    with run_bot("socket") as running_bot, running_bot.act_as() as vera:
        running_bot.workspace.sockets.repeat()
        message = vera.ask("/im profile alice")

    assert "1 of 1 found" in message["text"]


def test_comes_back_when_its_socket_is_dropped() -> None:
    with run_bot("socket") as running_bot, running_bot.act_as() as vera:
        vera.ask("/im whoami")
        running_bot.workspace.sockets.drop()
        answers = [vera.ask("/im whoami")["text"] for _ in range(3)]

    assert all(answers)


def refuse_connections(fixture: LifecycleFixture) -> None:
    fixture.slack.__exit__(None, None, None)


def hang(fixture: LifecycleFixture) -> None:
    fixture.workspace.faults.set_lasting_fault("apps.connections.open", SlackFault.HANG)
    fixture.workspace.sockets.drop()


@contextmanager
def run_bot_without_place(folder: Path, silence_seconds: int) -> Iterator[tuple[RunningCommand, ExitStack]]:
    """Run a bot that Slack turns away, until the stack of the other connections is closed."""
    workspace, sandbox = make_workspace(), open_sandbox()
    with (
        BackgroundServer(WebApp(sandbox)) as im,
        BackgroundServer(make_app(workspace)) as slack,
        ExitStack() as places,
    ):
        folder.mkdir(exist_ok=True)
        migrated_file(folder / "im-bot.db")
        for _ in range(CONNECTIONS):
            places.enter_context(open_socket_mode(slack.url))
        settings = make_settings(workspace, slack.url, sandbox, im.url, folder / "im-bot.db")
        environment = {**environment_of(settings), "SLACK_SILENCE_SECONDS": str(silence_seconds)}
        with running_command("socket", cwd=folder, environment=environment) as bot:
            yield bot, places


def test_ends_and_says_why_when_slack_stays_away(tmp_path: Path) -> None:
    # At once, for the least silence that may be set takes ten seconds.
    with ExitStack() as bots:
        running = dict[Path, RunningCommand]()
        for lose in (refuse_connections, hang):
            folder = tmp_path / lose.__name__
            fixture = bots.enter_context(run_bot_process("socket", folder, SLACK_SILENCE_SECONDS="10"))
            lose(fixture)
            running[folder] = fixture.bot
        without_place, _ = bots.enter_context(run_bot_without_place(tmp_path / "no place", 10))
        running[tmp_path / "no place"] = without_place

        for folder, bot in running.items():
            assert bot.process.wait(TIMEOUT) == 1
            log = (folder / "log").read_text()
            assert log.count("no sign of life from Slack for 10 s") == 1
            assert "run im-bot doctor" in log
            assert "Traceback" not in log
        assert "connected" not in without_place.first_line + without_place.output.read()


def test_stays_when_slack_comes_back_in_time(tmp_path: Path) -> None:
    with run_bot_process("socket", tmp_path, SLACK_SILENCE_SECONDS="20") as fixture:
        hang(fixture)
        wait_until(lambda: "no connection to Slack" in fixture.log.read_text())
        fixture.workspace.faults.set_lasting_fault("apps.connections.open", None)
        wait_until(lambda: len(fixture.workspace.sockets) == 1)

        assert "You are a viewer" in fixture.vera.ask("/im whoami")["text"]
        assert "Traceback" not in fixture.log.read_text()


def test_ends_at_once_with_its_command_answered_when_its_token_is_revoked(tmp_path: Path) -> None:
    with run_bot_process("socket", tmp_path) as fixture:
        with fixture.vendor.hold():
            assert "Looking up" in fixture.vera.begin("/im profile alice")["text"]
            fixture.workspace.app.app_token = "xapp-another"
            fixture.workspace.sockets.drop()
            wait_until(lambda: "app-level token" in fixture.log.read_text())

        assert "1 of 1 found" in fixture.vera.answer()["text"]
        assert fixture.bot.process.wait(TIMEOUT) == 1
    (line,) = fixture.log.read_text().splitlines()
    assert "Slack refuses the app-level token (invalid_auth). Copy" in line


def test_says_that_it_is_connected_however_late_slack_greets(tmp_path: Path) -> None:
    with run_bot_without_place(tmp_path, 30) as (bot, places):
        assert bot.first_line.startswith("im-bot listens on port ")
        time.sleep(LATE)
        places.close()
        assert bot.output.readline() == "im-bot is connected to Slack\n"
