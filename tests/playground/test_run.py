"""The `slack` sub-command, with the bot of docs/playground.md."""

import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import requests
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.playground.interactions.events import SCOPES
from bot.playground.people import VIEWER
from bot.playground.run import run
from bot.playground.web_api.methods import METHODS
from bot.sandbox.behavior import Behavior
from tests.support.bot import ROOT, im_bot, running_command
from tests.support.slack import open_page, wait_until

DOCS = (ROOT / "docs/playground.md").read_text(encoding="utf-8")


def code(language: str) -> str:
    (found,) = re.findall(rf"```{language}\n(.*?)```", DOCS, re.DOTALL)
    return str(found)


@contextmanager
def local_slack(folder: Path, *arguments: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Run the command for the app of the docs; yields the page's URL and the settings printed."""
    manifest = folder / "manifest.yml"
    manifest.write_text(code("yaml"), encoding="utf-8")
    with running_command("slack", "--port=0", f"--manifest={manifest}", *arguments, cwd=folder) as process:
        lines = [process.output.readline().strip() for _ in range(4)]
        yield process.first_line.split()[-1], dict(line.split("=", 1) for line in lines)


@contextmanager
def bot_of_the_docs(settings: dict[str, str]) -> Iterator[None]:
    with subprocess.Popen([sys.executable, "-c", code("python")], env={**os.environ, **settings}) as bot:
        try:
            yield
        finally:
            bot.kill()


def list_calls(url: str) -> list[str]:
    records = requests.get(f"{url}/page/inspector", timeout=30).json()["records"]
    return [record["name"] for record in records]


def test_runs_the_bot_of_the_docs(tmp_path: Path) -> None:
    with (
        local_slack(tmp_path) as (url, settings),
        bot_of_the_docs(settings),
        open_page(url, VIEWER) as vera,
    ):
        wait_until(lambda: "apps.connections.open" in list_calls(url))
        answer: dict[str, Any] = {"error": True}
        while answer["error"]:  # the socket opens a moment after the call
            vera.send("/hello world")
            answer = vera.next_message()

    assert (answer["text"], answer["from"]["name"]) == ("Hello, world!", "Hello")
    assert list(settings) == [
        "SLACK_API_URL",
        "SLACK_BOT_TOKEN",
        "SLACK_APP_TOKEN",
        "SLACK_SIGNING_SECRET",
    ]


def test_limits_no_calls_where_it_is_asked_for(tmp_path: Path) -> None:
    with local_slack(tmp_path, "--no-rate-limits") as (_, settings):
        slack = WebClient(settings["SLACK_BOT_TOKEN"], base_url=settings["SLACK_API_URL"], retry_handlers=[])
        view = {"type": "home", "blocks": []}
        refusals = [refuse(slack, user_id=VIEWER.id, view=view) for _ in range(101)]

    assert set(refusals) == {"not_enabled"}


def refuse(slack: WebClient, **arguments: Any) -> str:
    with pytest.raises(SlackApiError) as caught:
        slack.views_publish(**arguments)
    return str(caught.value.response["error"])


def test_posts_to_a_request_url(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"http://127.0.0.1:{listener.getsockname()[1]}/slack/events"
        with (
            local_slack(tmp_path, f"--request-url={address}") as (url, _),
            open_page(url, VIEWER) as vera,
        ):
            vera.send("/hello world")
            listener.settimeout(30)
            connection, _ = listener.accept()
            with connection:
                first_line = connection.recv(65536).split(b"\r\n")[0]

    assert first_line == b"POST /slack/events HTTP/1.1"


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("", "the file must be an object"),
        ("[]", "the file must be an object"),
        ("{", "the file is not YAML"),
        ("features: {}", "display_information is missing"),
    ],
)
def test_says_that_a_file_is_no_manifest(tmp_path: Path, content: str, why: str) -> None:
    path = tmp_path / "manifest.yml"
    path.write_text(content, encoding="utf-8")

    with pytest.raises(SystemExit, match=rf"is not an app manifest:\n  {why}"):
        run(0, path)


def test_says_that_a_file_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="cannot be read: No such file"):
        run(0, tmp_path / "manifest.yml")


def test_warns_of_an_event_that_never_comes(tmp_path: Path) -> None:
    manifest = tmp_path / "manifest.yml"
    events = "settings: {event_subscriptions: {bot_events: [reaction_added]}}"
    manifest.write_text(code("yaml") + events, encoding="utf-8")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = im_bot("slack", f"--port={port}", f"--manifest={manifest}", cwd=tmp_path)

    assert "warning: the event reaction_added is not played by this local Slack" in ended.stderr


def test_says_that_its_port_is_taken(tmp_path: Path) -> None:
    manifest = tmp_path / "manifest.yml"
    manifest.write_text(code("yaml"), encoding="utf-8")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = im_bot("slack", f"--port={port}", f"--manifest={manifest}", cwd=tmp_path)

    assert ended.returncode == 1
    assert "choose another with --port" in ended.stderr


@pytest.mark.parametrize(
    "names",
    [list(METHODS), list(SCOPES), [field.name for field in fields(Behavior)]],
    ids=["methods", "events", "the sandbox's settings"],
)
def test_the_docs_name_all_that_is_played(names: list[str]) -> None:
    assert [name for name in names if f"`{name}`" not in DOCS] == []
