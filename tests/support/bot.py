"""Signed requests as Slack sends them, WSGI calls, and runs of the command line."""

import hmac
import io
import itertools
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import chdir, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest

from bot.__main__ import main
from bot.playground.interactions.payloads import make_action, make_block_actions, make_slash_command
from bot.playground.people import BOT, VIEWER, Person, make_channels, make_people
from bot.playground.state.messages import Message, MessageContent, list_elements, with_ids
from bot.settings import Settings
from tests.support.slack import ONCALL, SIGNING_SECRET

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

ROOT = Path(__file__).parents[2]
EVENTS = "/slack/events"
_TRIGGERS = itertools.count(1)
_OWN = ("SLACK_", "IM_", "ROLE", "AUDIT_", "HOST", "PORT", "LOG_")


@dataclass(frozen=True)
class WSGIResponse:
    """A response of a WSGI application."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def make_trigger_id() -> str:
    """Make a unique trigger id, so that no two payloads are equal."""
    return f"{next(_TRIGGERS)}.2.trigger-that-must-not-leak"


def slash_command(text: str, response_url: str = "http://127.0.0.1:9/", actor: Person = VIEWER) -> bytes:
    """Make the body of a slash command typed in a channel."""
    channel = make_channels(make_people())[ONCALL]
    return urlencode(
        make_slash_command(
            actor, channel, "/im", text, response_url=response_url, trigger_id=make_trigger_id()
        )
    ).encode()


def press(answer: bytes, action_id: str, response_url: str, actor: Person) -> bytes:
    """Make the body of a button press in an ephemeral answer."""
    channel, ts = make_channels(make_people())[ONCALL], f"{time.time():.6f}"
    content = json.loads(answer)
    blocks = with_ids(content["blocks"])
    message = Message(channel.id, ts, BOT, MessageContent(content["text"], blocks), only_for=actor.id)
    pressed = next(each for each in list_elements(blocks) if each[1]["action_id"] == action_id)
    payload = make_block_actions(
        actor,
        channel,
        message,
        make_action(*pressed, {}, ts),
        response_url=response_url,
        trigger_id=make_trigger_id(),
    )
    return urlencode({"payload": json.dumps(payload)}).encode()


def signed(body: bytes, secret: str = SIGNING_SECRET, at: float | None = None) -> dict[str, str]:
    """Make the headers that sign a body, now or at another time."""
    timestamp = str(int(time.time() if at is None else at))
    digest = hmac.new(secret.encode(), f"v0:{timestamp}:".encode() + body, sha256).hexdigest()
    return {
        "Content-Type": "application/x-www-form-urlencoded",
        "X-Slack-Request-Timestamp": timestamp,
        "X-Slack-Signature": f"v0={digest}",
    }


def call(
    site: "WSGIApplication",
    method: str,
    path: str,
    body: bytes = b"",
    headers: Mapping[str, str] | None = None,
) -> WSGIResponse:
    """Call a WSGI application."""
    environ: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body),
    }
    for name, value in (headers or {}).items():
        key = name.upper().replace("-", "_")
        environ[key if key == "CONTENT_TYPE" else f"HTTP_{key}"] = value
    begun: list[Any] = []
    content = b"".join(site(environ, lambda *parts: begun.extend(parts)))  # type: ignore[arg-type]
    return WSGIResponse(int(begun[0].split()[0]), dict(begun[1]), content)


def environment_of(settings: Settings) -> dict[str, str]:
    """Make the environment variables of settings."""
    ours = {
        "SLACK_BOT_TOKEN": settings.slack_bot_token.get_secret_value(),
        "SLACK_APP_TOKEN": settings.slack_app_token.get_secret_value(),
        "SLACK_SIGNING_SECRET": settings.slack_signing_secret.get_secret_value(),
        "SLACK_API_URL": settings.slack_api_url,
        "HOST": "127.0.0.1",
        "PORT": "0",
    }
    for name, app in settings.im_apps.items():
        prefix = f"IM_APPS__{name.upper()}__"
        ours[f"{prefix}SDK_APP_ID"] = str(app.sdk_app_id)
        ours[f"{prefix}SECRET_KEY"] = app.secret_key.get_secret_value()
        ours[f"{prefix}ADMIN"] = app.admin
        ours[f"{prefix}API_URL"] = str(app.api_url)
    return ours


def _bare(environment: Mapping[str, str]) -> dict[str, str]:
    others = {name: value for name, value in os.environ.items() if not name.upper().startswith(_OWN)}
    return {**others, "PYTHONPATH": str(ROOT), **environment}


@contextmanager
def bare_environment(environment: Mapping[str, str]) -> Iterator[None]:
    """Give this process these settings and no others."""
    with pytest.MonkeyPatch.context() as patch:
        for name in os.environ.keys() - _bare(environment).keys():
            patch.delenv(name)
        for name, value in environment.items():
            patch.setenv(name, value)
        yield


def im_bot(
    *arguments: str, cwd: Path, environment: Mapping[str, str] | None = None
) -> "subprocess.CompletedProcess[str]":
    """Run a sub-command to its end, in a folder without a `.env` file."""
    return subprocess.run(
        [sys.executable, "-m", "bot", *arguments],
        cwd=cwd,
        env=_bare(environment or {}),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def im_bot_here(
    *arguments: str, cwd: Path, environment: Mapping[str, str] | None = None
) -> "subprocess.CompletedProcess[str]":
    """Run a sub-command to its end in this process, which costs a tenth of a process of its own."""
    printed, said, interval = io.StringIO(), io.StringIO(), sys.getswitchinterval()
    code: str | int | None = None
    with (
        bare_environment(environment or {}),
        chdir(cwd),
        redirect_stdout(printed),
        redirect_stderr(said),
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setattr(sys, "argv", ["im-bot", *arguments])
        try:
            main()
        except SystemExit as ended:
            code = ended.code
        finally:
            sys.setswitchinterval(interval)
    if isinstance(code, str):
        print(code, file=said)
        code = 1
    return subprocess.CompletedProcess(arguments, code or 0, printed.getvalue(), said.getvalue())


@dataclass(frozen=True)
class RunningCommand:
    """A sub-command that runs until it is stopped."""

    process: "subprocess.Popen[str]"
    output: IO[str]
    first_line: str


@contextmanager
def running_command(
    *arguments: str,
    cwd: Path,
    environment: Mapping[str, str] | None = None,
    stops_within: float = 0.0,
    pings_every: float = 0.0,
) -> Iterator[RunningCommand]:
    """Run a sub-command until the context ends, and read the first line it prints.

    Args:
        arguments: The sub-command.
        cwd: The working directory; its log goes into the file `log` there.
        environment: Its settings.
        stops_within: Seconds it may take to stop; 0 for the usual limit.
        pings_every: Seconds between pings over Socket Mode; 0 for the usual ones.
    """
    program = ["tests.support.short_stop", str(stops_within)] if stops_within else ["bot"]
    if pings_every:
        program = ["tests.support.frequent_pings", str(pings_every)]
    with (
        (cwd / "log").open("w") as log,
        subprocess.Popen(
            [sys.executable, "-m", *program, *arguments],
            cwd=cwd,
            env=_bare(environment or {}),
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        ) as process,
    ):
        assert process.stdout
        try:
            yield RunningCommand(process, process.stdout, process.stdout.readline().strip())
        finally:
            process.kill()
