import re
import resource
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest
import requests

from bot.app import Bot, make_bot, make_im_clients
from bot.logs import set_up_logs
from bot.playground.faults.faults import SlackFault
from bot.playground.people import STRANGER, VIEWER
from bot.playground.server import make_app
from bot.playground.workspace import Workspace
from bot.playground_app import make_settings
from bot.sandbox.behavior import Behavior
from bot.sandbox.run import open_sandbox
from bot.sandbox.server import Sandbox
from bot.sandbox.web import WebApp
from bot.serving.background_server import BackgroundServer
from bot.serving.health import BackgroundCheck, find_app_trouble
from bot.serving.http_app import HTTPApp
from bot.serving.metrics import Metrics
from bot.settings import Settings
from tests.support.bot import (
    EVENTS,
    RunningCommand,
    call,
    environment_of,
    running_command,
    signed,
    slash_command,
)
from tests.support.migrated import migrated_file
from tests.support.redis_server import run_redis
from tests.support.scripted_im import OK, make_im_client, scripted_im
from tests.support.scripted_server import ScriptedServer, answer, hang
from tests.support.slack import SIGNING_SECRET, make_workspace, open_page, wait_until

TAKEN = answer(b"ok")
SHARE = (
    "app demo: this process keeps to 25% of Tencent Chat's limit, because Redis cannot be used: "
    "there is no connection"
)


@dataclass
class BotFixture:
    settings: Settings
    sandbox: Sandbox
    bot: Bot
    app: HTTPApp


@pytest.fixture(scope="module")
def fixture(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BotFixture]:
    sandbox, workspace = open_sandbox(), make_workspace()
    with BackgroundServer(WebApp(sandbox)) as im, BackgroundServer(make_app(workspace)) as slack:
        settings = make_settings(
            workspace, slack.url, sandbox, im.url, tmp_path_factory.mktemp("record") / "im-bot.db"
        )
        metrics = Metrics()
        with closing(make_bot(settings, metrics.observe)) as bot:
            bot.start()
            metrics.watch_outbox(bot.audit.count_waiting)
            app = HTTPApp(bot.bolt, metrics, [bot.audit.trouble], workspace.app.signing_secret)
            wait_until(lambda: call(app, "GET", "/readyz").status == 200)
            yield BotFixture(settings, sandbox, bot, app)


@contextmanager
def response_url() -> Iterator[ScriptedServer]:
    with ScriptedServer(TAKEN) as scripted_server:
        yield scripted_server


def test_healthz_says_alive(fixture: BotFixture) -> None:
    answered = call(fixture.app, "GET", "/healthz")

    assert (answered.status, answered.body) == (200, b"alive\n")


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_answers_head_with_the_headers_of_get_alone(fixture: BotFixture, path: str) -> None:
    got, headed = call(fixture.app, "GET", path), call(fixture.app, "HEAD", path)

    assert (headed.status, headed.body) == (got.status, b"")
    assert headed.headers == got.headers
    assert int(got.headers["Content-Length"]) == len(got.body)


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/"), ("GET", EVENTS), ("POST", "/healthz"), ("PUT", EVENTS), ("GET", "/metrics/")],
)
def test_knows_no_other_page(fixture: BotFixture, method: str, path: str) -> None:
    assert call(fixture.app, method, path).status == 404


def test_answers_a_signed_command(fixture: BotFixture) -> None:
    with response_url() as scripted_server:
        body = slash_command("profile alice", scripted_server.url)

        answered = call(fixture.app, "POST", EVENTS, body, signed(body))

        assert (answered.status, answered.body) == (200, b"")
        wait_until(lambda: bool(scripted_server.requests))
        assert "alice" in scripted_server.requests[0].json["text"]


def test_counts_requests_without_names_of_people(fixture: BotFixture) -> None:
    with response_url() as scripted_server:
        for body in (
            slash_command("whoami", scripted_server.url),
            slash_command("profile alice", scripted_server.url, STRANGER),
        ):
            call(fixture.app, "POST", EVENTS, body, signed(body))
        wait_until(lambda: len(scripted_server.requests) == 2)
        wait_until(lambda: b'command="ShowRole"' in call(fixture.app, "GET", "/metrics").body)

    shown = call(fixture.app, "GET", "/metrics").body.decode()
    assert 'im_bot_commands_total{command="ShowRole",outcome="answered"}' in shown
    assert "im_bot_command_seconds_bucket" in shown
    for secret in ("alice", STRANGER.id, "U07", "C07", "T07", "administrator"):
        assert secret not in shown


def test_refuses_what_slack_did_not_sign(fixture: BotFixture) -> None:
    with response_url() as scripted_server:
        body = slash_command("profile alice", scripted_server.url)
        forgeries = {
            "another secret": signed(body, "somebody-else's"),
            "another body": signed(body + b"&more=1"),
            "too old": signed(body, at=time.time() - 301),
            "from the future": signed(body, at=time.time() + 301),
            "no signature": {"Content-Type": "application/x-www-form-urlencoded"},
            "digits without end": {**signed(body), "X-Slack-Request-Timestamp": "9" * 5000},
            "no timestamp": {**signed(body), "X-Slack-Request-Timestamp": ""},
            "a word for a timestamp": {**signed(body), "X-Slack-Request-Timestamp": "yesterday"},
        }

        answered = {
            name: call(fixture.app, "POST", EVENTS, body, headers) for name, headers in forgeries.items()
        }

        assert {name: each.status for name, each in answered.items()} == dict.fromkeys(forgeries, 401)
        assert scripted_server.requests == []


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", b"{"),
        ("application/json", b"\xff\xfe"),
        ("application/x-www-form-urlencoded", b"payload=%7B"),
        ("application/x-www-form-urlencoded", b"text=\xff"),
    ],
)
def test_calls_garbage_a_bad_request(fixture: BotFixture, kind: str, body: bytes) -> None:
    answered = call(fixture.app, "POST", EVENTS, body, {**signed(body), "Content-Type": kind})

    assert answered.status == 400


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", b""),
        ("application/json", b"[]"),
        ("application/json", b"null"),
        ("application/x-www-form-urlencoded", b""),
        ("application/x-www-form-urlencoded", b"payload=[]"),
        ("application/x-www-form-urlencoded", b"payload=1"),
        ("", b"command=%2Fim"),
    ],
)
def test_survives_what_is_no_payload(
    fixture: BotFixture, caplog: pytest.LogCaptureFixture, kind: str, body: bytes
) -> None:
    set_up_logs("INFO")

    answered = call(fixture.app, "POST", EVENTS, body, {**signed(body, "a guess"), "Content-Type": kind})

    assert 400 <= answered.status < 500
    assert caplog.messages == []


def test_parses_nothing_that_slack_did_not_sign(fixture: BotFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    def parse(*_: Any, **__: Any) -> None:
        raise AssertionError

    monkeypatch.setattr("bot.serving.http_app.BoltRequest", parse)
    body = b"[" * 100_000

    assert call(fixture.app, "POST", EVENTS, body, signed(body, "a guess")).status == 401


def test_runs_a_signed_request_once_however_often_it_comes(fixture: BotFixture) -> None:
    with response_url() as scripted_server:
        body = slash_command("whoami", scripted_server.url)
        headers = signed(body)
        answered = [call(fixture.app, "POST", EVENTS, body, headers) for _ in range(5)]
        wait_until(lambda: bool(scripted_server.requests))
        call(fixture.app, "POST", EVENTS, last := slash_command("help", scripted_server.url), signed(last))
        wait_until(lambda: len(scripted_server.requests) > 1)

        assert [(each.status, each.body) for each in answered] == [(200, b"")] * 5
        assert "You are a viewer" in scripted_server.requests[0].json["text"]
        assert "You are a viewer" not in scripted_server.requests[1].json["text"]


def test_knows_a_copy_though_its_signature_is_written_differently(fixture: BotFixture) -> None:
    body = slash_command("whoami")
    headers = signed(body)
    shouted = {**headers, "X-Slack-Signature": headers["X-Slack-Signature"].upper()}

    assert call(fixture.app, "POST", EVENTS, body, shouted).status == 401


def test_takes_slacks_check_of_the_certificate(fixture: BotFixture) -> None:
    body = b"ssl_check=1&token=x"

    assert call(fixture.app, "POST", EVENTS, body, signed(body)).status == 200
    assert call(fixture.app, "POST", EVENTS, body, signed(body, "a guess")).status == 401


def test_is_ready_while_the_app_answers(fixture: BotFixture) -> None:
    answered = call(fixture.app, "GET", "/readyz")

    assert (answered.status, answered.body) == (200, b"ready\n")


def test_is_ready_and_says_so_while_it_keeps_to_a_share(fixture: BotFixture) -> None:
    settings = fixture.settings.model_copy(update={"redis_url": "redis://:hush@127.0.0.1:9/0"})
    (im,) = make_im_clients(settings).values()
    with closing(im):
        app = HTTPApp(fixture.bot.bolt, Metrics(), [], SIGNING_SECRET, [im.limit_trouble])
        wait_until(lambda: call(app, "GET", "/readyz").body != b"ready\n")

        answered = call(app, "GET", "/readyz")

    assert answered.status == 200
    assert answered.body.decode().splitlines() == [
        "ready",
        SHARE,
    ]


def test_is_not_ready_while_an_app_cannot_be_reached(fixture: BotFixture) -> None:
    with closing(make_im_client("http://127.0.0.1:9")) as nowhere:
        check = BackgroundCheck("prod", lambda: find_app_trouble("prod", nowhere, "administrator"))
        app = HTTPApp(fixture.bot.bolt, Metrics(), [check.trouble], SIGNING_SECRET)
        check.start()
        wait_until(lambda: check.trouble() != "not checked yet")

        answered = call(app, "GET", "/readyz")
        check.close()

    assert answered.status == 503
    assert answered.body.startswith(b"app prod: ")
    assert b"127.0.0.1" not in answered.body


def test_counts_an_app_that_answers_with_a_refusal_as_reached() -> None:
    with scripted_im(answer({**OK, "ActionStatus": "FAIL", "ErrorCode": 70003, "ErrorInfo": "bad"})) as (
        im,
        _,
    ):
        assert find_app_trouble("prod", im, "administrator") == ""


def test_asks_nothing_after_a_lookup_was_answered() -> None:
    with scripted_im(answer({**OK, "ResultItem": []}), hang()) as (im, scripted_server):
        assert [find_app_trouble("prod", im, "administrator") for _ in range(3)] == ["", "", ""]
        assert len(scripted_server.requests) == 1


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_answers_probes_without_checks_in_its_own_thread(
    fixture: BotFixture, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    called: list[str] = []
    here = threading.get_ident()
    for part, name in (
        (fixture.bot.audit.store, "check"),
        (fixture.bot.audit.store, "count_waiting"),
        (fixture.bot.ims["demo"], "check_accounts"),
    ):
        real = getattr(part, name)

        def ask(*args: Any, real: Any = real, name: str = name) -> Any:
            if threading.get_ident() == here:
                called.append(name)
            return real(*args)

        monkeypatch.setattr(part, name, ask)

    assert call(fixture.app, "GET", path).status == 200
    assert called == []


def test_is_red_soon_and_answers_at_once_while_the_record_says_nothing(fixture: BotFixture) -> None:
    released = threading.Event()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fixture.bot.audit.store, "check", released.wait)
        began = time.monotonic()
        wait_until(lambda: call(fixture.app, "GET", "/readyz").status == 503)
        assert time.monotonic() - began < 10

        answered = call(fixture.app, "GET", "/readyz")
        acknowledged = call(fixture.app, "POST", EVENTS, body := slash_command("whoami"), signed(body))
        released.set()

    assert answered.body.startswith(b"record: no answer for ")
    assert (acknowledged.status, acknowledged.body) == (200, b"")
    wait_until(lambda: call(fixture.app, "GET", "/readyz").status == 200)


def test_finishes_the_running_command_on_sigterm(tmp_path: Path) -> None:
    sandbox, workspace = open_sandbox(), make_workspace()
    sandbox.behavior = Behavior(latency_ms=500)
    with (
        BackgroundServer(WebApp(sandbox)) as im,
        BackgroundServer(make_app(workspace)) as slack,
        response_url() as scripted_server,
    ):
        environment = environment_of(
            make_settings(workspace, slack.url, sandbox, im.url, tmp_path / "im-bot.db")
        )
        with running_command("serve", cwd=tmp_path, environment=environment) as bot:
            body = slash_command("profile alice", scripted_server.url)
            url = f"http://127.0.0.1:{bot.first_line.split()[-1]}"
            acknowledged = requests.post(url + EVENTS, body, headers=signed(body), timeout=30)
            bot.process.send_signal(signal.SIGTERM)

            assert bot.process.wait(timeout=30) == 0

        assert (acknowledged.status_code, acknowledged.content) == (200, b"")
        assert [request.json["response_type"] for request in scripted_server.requests] == ["ephemeral"]
        assert "alice" in scripted_server.requests[0].json["text"]


@dataclass
class SocketFixture:
    """A bot over Socket Mode in a process of its own."""

    bot: RunningCommand
    workspace: Workspace
    slack_url: str
    url: str = ""

    def get(self, path: str) -> str:
        return requests.get(self.url + path, timeout=30).text


@contextmanager
def run_socket_bot(folder: Path, pings_every: float = 0.0, **more: str) -> Iterator[SocketFixture]:
    sandbox, workspace = open_sandbox(), make_workspace()
    with BackgroundServer(WebApp(sandbox)) as im, BackgroundServer(make_app(workspace)) as slack:
        environment = environment_of(
            make_settings(workspace, slack.url, sandbox, im.url, folder / "im-bot.db")
        )
        del environment["PORT"]
        environment |= more
        with running_command("socket", cwd=folder, environment=environment, pings_every=pings_every) as bot:
            fixture = SocketFixture(bot, workspace, slack.url)
            connected = bot.first_line
            if more:
                fixture.url = f"http://127.0.0.1:{bot.first_line.split()[-1]}"
                connected = bot.output.readline().strip()
                wait_until(lambda: fixture.get("/readyz") == "ready\n")
            assert connected == "im-bot is connected to Slack"
            yield fixture


def test_serves_probes_and_nothing_else_beside_socket_mode(tmp_path: Path) -> None:
    migrated_file(tmp_path / "im-bot.db")
    with (
        run_socket_bot(tmp_path, PORT="0") as fixture,
        open_page(fixture.slack_url, VIEWER) as page,
    ):
        body = slash_command("whoami")

        assert fixture.get("/healthz") == "alive\n"
        assert requests.post(fixture.url + EVENTS, body, headers=signed(body), timeout=30).status_code == 404
        page.send("/im whoami")
        wait_until(lambda: 'command="ShowRole"' in fixture.get("/metrics"))


def test_says_while_ready_that_redis_cannot_be_used(tmp_path: Path) -> None:
    migrated_file(tmp_path / "im-bot.db")
    with run_redis() as server, run_socket_bot(tmp_path, PORT="0", REDIS_URL=server.url) as fixture:
        server.stop()
        wait_until(lambda: fixture.get("/readyz") != "ready\n")

        share = r"ready\napp demo: this process keeps to \d+% of .*: there is no connection\n"
        assert re.fullmatch(share, fixture.get("/readyz"))
        server.start()
        wait_until(lambda: fixture.get("/readyz") == "ready\n")


def test_is_not_ready_while_slack_cannot_be_heard(tmp_path: Path) -> None:
    migrated_file(tmp_path / "im-bot.db")
    with run_socket_bot(tmp_path, pings_every=0.4, PORT="0") as fixture:
        fixture.workspace.faults.set_lasting_fault("apps.connections.open", SlackFault.BROKEN)
        fixture.workspace.sockets.drop()

        wait_until(lambda: fixture.get("/readyz").startswith("Slack: no sign of life for "))


def test_opens_no_port_beside_socket_mode_unless_one_is_set(tmp_path: Path) -> None:
    with run_socket_bot(tmp_path) as fixture:
        connections = psutil.Process(fixture.bot.process.pid).net_connections()

    assert connections
    assert [each for each in connections if each.status == psutil.CONN_LISTEN] == []


def test_is_not_ready_while_nothing_can_be_recorded(fixture: BotFixture) -> None:
    database = Path(fixture.settings.database_url.removeprefix("sqlite:///"))
    away = database.rename(database.with_suffix(".away"))
    try:
        wait_until(lambda: b"record: the record's file is gone" in call(fixture.app, "GET", "/readyz").body)
        assert call(fixture.app, "GET", "/readyz").status == 503
        wait_until(lambda: b"im_bot_outbox -1.0" in call(fixture.app, "GET", "/metrics").body)
    finally:
        away.rename(database)

    wait_until(lambda: call(fixture.app, "GET", "/readyz").status == 200)
    wait_until(lambda: b"im_bot_outbox 0.0" in call(fixture.app, "GET", "/metrics").body)


def test_acknowledges_though_thousands_of_connections_drip(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    count = min(5000, (hard - 500) // 2)
    workspace, sandbox = make_workspace(), open_sandbox()
    with ExitStack() as stack:
        stack.callback(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        im = stack.enter_context(BackgroundServer(WebApp(sandbox)))
        slack = stack.enter_context(BackgroundServer(make_app(workspace)))
        migrated_file(tmp_path / "im-bot.db")
        settings = make_settings(workspace, slack.url, sandbox, im.url, tmp_path / "im-bot.db")
        bot = stack.enter_context(
            running_command("serve", cwd=tmp_path, environment=environment_of(settings))
        )
        scripted_server = stack.enter_context(response_url())
        port = int(bot.first_line.split()[-1])
        dripping = [
            stack.enter_context(socket.create_connection(("127.0.0.1", port), 30)) for _ in range(count)
        ]
        slowest = 0.0
        for number, connection in enumerate(dripping * 2):
            with suppress(OSError):
                connection.sendall(b"POST / HTTP/1.1\r\nX: x" if number < count else b"x")
            if number % (count // 5) == 0:
                body = slash_command("whoami", scripted_server.url)
                began = time.monotonic()
                acknowledged = requests.post(
                    f"http://127.0.0.1:{port}{EVENTS}", body, headers=signed(body), timeout=30
                )
                alive = requests.get(f"http://127.0.0.1:{port}/healthz", timeout=30)
                slowest = max(slowest, time.monotonic() - began)
                assert (acknowledged.status_code, alive.status_code) == (200, 200)

        assert slowest < 3
        print(f"{count} dripping connections: the slowest ack and /healthz together {slowest * 1000:.0f} ms")
        assert dripping[0].recv(1) == b""
        wait_until(lambda: len(scripted_server.requests) >= 10)
