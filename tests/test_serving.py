import signal
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from bot.app import Bot, make_bot
from bot.background import BackgroundServer
from bot.logs import set_up_logs
from bot.playground.people import STRANGER
from bot.playground.server import make_app
from bot.playing import make_settings
from bot.sandbox.knobs import Knobs
from bot.sandbox.run import open_sandbox
from bot.sandbox.server import Sandbox
from bot.serving import LONGEST_BODY, Metrics, Probe, Site, make_site
from bot.settings import Settings
from tests.support.bot import EVENTS, call, environment_of, running, signed, slash_command
from tests.support.far_end import FarEnd, answer, hang, reset
from tests.support.im_side import OK, client_for, facing
from tests.support.slack import make_workspace, wait_until

TAKEN = answer(b"ok")


@dataclass
class Scene:
    settings: Settings
    sandbox: Sandbox
    bot: Bot
    site: Site


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    sandbox, workspace = open_sandbox(), make_workspace()
    with BackgroundServer(sandbox.app) as im, BackgroundServer(make_app(workspace)) as slack:
        settings = make_settings(
            workspace, slack.url, sandbox, im.url, tmp_path_factory.mktemp("record") / "im-bot.db"
        )
        metrics = Metrics()
        with closing(make_bot(settings, metrics.observe)) as bot:
            bot.audit.start()
            yield Scene(settings, sandbox, bot, make_site(bot, metrics, settings))


@contextmanager
def response_url() -> Iterator[FarEnd]:
    with FarEnd(TAKEN) as far_end:
        yield far_end


def test_is_alive_whatever_is_behind_it(scene: Scene) -> None:
    answered = call(scene.site, "GET", "/healthz")

    assert (answered.status, answered.body) == (200, b"alive\n")


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_answers_head_with_the_headers_of_get_alone(scene: Scene, path: str) -> None:
    got, headed = call(scene.site, "GET", path), call(scene.site, "HEAD", path)

    assert (headed.status, headed.body) == (got.status, b"")
    assert headed.headers == got.headers
    assert int(got.headers["Content-Length"]) == len(got.body)


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/"), ("GET", EVENTS), ("POST", "/healthz"), ("PUT", EVENTS), ("GET", "/metrics/")],
)
def test_knows_no_other_page(scene: Scene, method: str, path: str) -> None:
    assert call(scene.site, method, path).status == 404


def test_answers_a_signed_command(scene: Scene) -> None:
    with response_url() as far_end:
        body = slash_command("profile alice", far_end.url)

        answered = call(scene.site, "POST", EVENTS, body, signed(body))

        assert (answered.status, answered.body) == (200, b"")
        wait_until(lambda: bool(far_end.asked))
        assert "alice" in far_end.asked[0].json["text"]


def test_counts_what_was_answered_without_naming_anybody(scene: Scene) -> None:
    with response_url() as far_end:
        for body in (
            slash_command("whoami", far_end.url),
            slash_command("profile alice", far_end.url, STRANGER),
        ):
            call(scene.site, "POST", EVENTS, body, signed(body))
        wait_until(lambda: len(far_end.asked) == 2)
        wait_until(lambda: b'command="ShowRole"' in call(scene.site, "GET", "/metrics").body)

    shown = call(scene.site, "GET", "/metrics").body.decode()
    assert 'im_bot_commands_total{command="ShowRole",outcome="answered"}' in shown
    assert "im_bot_command_seconds_bucket" in shown
    for secret in ("alice", STRANGER.id, "U07", "C07", "T07", "administrator"):
        assert secret not in shown


def test_refuses_what_slack_did_not_sign(scene: Scene) -> None:
    with response_url() as far_end:
        body = slash_command("profile alice", far_end.url)
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
            name: call(scene.site, "POST", EVENTS, body, headers) for name, headers in forgeries.items()
        }

        assert {name: told.status for name, told in answered.items()} == dict.fromkeys(forgeries, 401)
        assert far_end.asked == []


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", b"{"),
        ("application/json", b"\xff\xfe"),
        ("application/x-www-form-urlencoded", b"payload=%7B"),
        ("application/x-www-form-urlencoded", b"text=\xff"),
    ],
)
def test_calls_garbage_a_bad_request(scene: Scene, kind: str, body: bytes) -> None:
    answered = call(scene.site, "POST", EVENTS, body, {**signed(body), "Content-Type": kind})

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
    scene: Scene, caplog: pytest.LogCaptureFixture, kind: str, body: bytes
) -> None:
    set_up_logs("INFO")

    answered = call(scene.site, "POST", EVENTS, body, {**signed(body, "a guess"), "Content-Type": kind})

    assert 400 <= answered.status < 500
    assert caplog.messages == []


def test_says_that_a_text_is_far_too_long(scene: Scene) -> None:
    body = slash_command("profile " + "a" * LONGEST_BODY)

    answered = call(scene.site, "POST", EVENTS, body, signed(body))

    assert answered.status == 200
    assert b"far too much text" in answered.body
    assert answered.headers["Content-Type"].startswith("application/json")


def test_is_ready_while_the_app_answers(scene: Scene) -> None:
    answered = call(scene.site, "GET", "/readyz")

    assert (answered.status, answered.body) == (200, b"ready\n")


def test_is_not_ready_while_an_app_cannot_be_reached(scene: Scene) -> None:
    with closing(client_for("http://127.0.0.1:9")) as nowhere:
        site = Site(scene.bot, Metrics(), [Probe("prod", nowhere, "administrator").why_unreachable])

        answered = call(site, "GET", "/readyz")

    assert answered.status == 503
    assert answered.body.startswith(b"app prod: ")
    assert b"127.0.0.1" not in answered.body


def test_is_ready_when_an_app_answers_with_a_refusal(scene: Scene) -> None:
    with facing(answer({**OK, "ActionStatus": "FAIL", "ErrorCode": 70003, "ErrorInfo": "bad"})) as (im, _):
        site = Site(scene.bot, Metrics(), [Probe("prod", im, "administrator").why_unreachable])

        assert call(site, "GET", "/readyz").status == 200


def test_asks_once_for_many_who_want_to_know() -> None:
    released = threading.Event()

    def fail_when_released(connection: socket.socket, *others: Any) -> None:
        released.wait()
        reset()(connection, *others)

    with facing(fail_when_released) as (im, far_end), ThreadPoolExecutor(8) as callers:
        probe = Probe("prod", im, "administrator")
        first = callers.submit(probe.why_unreachable)
        wait_until(lambda: bool(far_end.asked))

        assert [callers.submit(probe.why_unreachable).result() for _ in range(20)] == [""] * 20
        assert len(far_end.asked) == 1
        released.set()
        assert "prod" in first.result()
        assert "prod" in probe.why_unreachable()


def test_believes_a_failure_for_a_while() -> None:
    with closing(client_for("http://127.0.0.1:9")) as nowhere:
        probe = Probe("prod", nowhere, "administrator")

        assert probe.why_unreachable() == probe.why_unreachable() != ""


def test_asks_nothing_after_a_lookup_was_answered() -> None:
    with facing(answer({**OK, "ResultItem": []}), hang()) as (im, far_end):
        probe = Probe("prod", im, "administrator")

        assert [probe.why_unreachable() for _ in range(3)] == ["", "", ""]
        assert len(far_end.asked) == 1


def test_finishes_the_command_under_way_when_told_to_stop(tmp_path: Path) -> None:
    sandbox, workspace = open_sandbox(), make_workspace()
    sandbox.knobs = Knobs(latency_ms=500)
    with (
        BackgroundServer(sandbox.app) as im,
        BackgroundServer(make_app(workspace)) as slack,
        response_url() as far_end,
    ):
        environment = environment_of(
            make_settings(workspace, slack.url, sandbox, im.url, tmp_path / "im-bot.db")
        )
        with running("serve", cwd=tmp_path, environment=environment) as bot:
            body = slash_command("profile alice", far_end.url)
            url = f"http://127.0.0.1:{bot.first_line.split()[-1]}"
            acknowledged = requests.post(url + EVENTS, body, headers=signed(body), timeout=30)
            bot.process.send_signal(signal.SIGTERM)

            assert bot.process.wait(timeout=30) == 0

        assert (acknowledged.status_code, acknowledged.content) == (200, b"")
        assert [asked.json["response_type"] for asked in far_end.asked] == ["ephemeral"]
        assert "alice" in far_end.asked[0].json["text"]


def test_is_not_ready_while_nothing_can_be_recorded(scene: Scene) -> None:
    database = Path(scene.settings.database_url.removeprefix("sqlite:///"))
    away = database.rename(database.with_suffix(".away"))
    try:
        answered = call(scene.site, "GET", "/readyz")
        metrics = call(scene.site, "GET", "/metrics")
    finally:
        away.rename(database)

    assert answered.status == 503
    assert b"record: the record's file is gone" in answered.body
    assert b"im_bot_outbox -1.0" in metrics.body
    assert call(scene.site, "GET", "/readyz").status == 200
    assert b"im_bot_outbox 0.0" in call(scene.site, "GET", "/metrics").body
