import signal
import socket
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from importlib import metadata
from pathlib import Path

import pytest
import requests

from bot.__main__ import main, make_parser
from bot.playground.server import make_app
from bot.serving.background_server import BackgroundServer
from tests.support.bot import ROOT, bare_environment, im_bot, im_bot_here, running_command
from tests.support.migrated import migrated_file
from tests.support.slack import make_workspace

HEAVY = ("slack_bolt", "slack_sdk", "requests", "urllib3", "pydantic", "waitress", "uvicorn", "starlette")
COMPLETE = {
    "SLACK_BOT_TOKEN": "xoxb-that-must-not-leak",
    "SLACK_SIGNING_SECRET": "secret-that-must-not-leak",
    "SLACK_APP_TOKEN": "xapp-that-must-not-leak",
    "IM_APPS__DEMO__SDK_APP_ID": "1400000000",
    "IM_APPS__DEMO__SECRET_KEY": "key-that-must-not-leak",
    "IM_APPS__DEMO__REGION": "singapore",
    "HOST": "127.0.0.1",
}


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str, **environment: str) -> object:
    """Run a command line that ends by itself; returns its exit code or its last words."""
    monkeypatch.setattr(sys, "argv", ["im-bot", *arguments])
    with bare_environment(environment), pytest.raises(SystemExit) as ended:
        main()
    return ended.value.code


@pytest.mark.parametrize(
    ("command", "mentions"),
    [
        ("", ("playground", "sandbox", "serve", "socket", "doctor")),
        ("playground", ("--port", "8065", "--no-browser", "--data")),
        ("sandbox", ("--port", "8066", "--data", "--sdk-app-id", "--secret-key")),
        ("slack", ("--port", "8067", "--manifest", "--request-url")),
        ("serve", ("HTTP",)),
        ("socket", ("Socket Mode",)),
        ("doctor", ("fix",)),
    ],
)
def test_explains_itself(
    command: str,
    mentions: tuple[str, ...],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(monkeypatch, *command.split(), "--help") == 0

    shown = capsys.readouterr().out
    assert shown.startswith(f"usage: im-bot {command}".rstrip())
    assert [word for word in mentions if word not in shown] == []


@pytest.mark.parametrize("arguments", [[], ["fly"], ["serve", "now"], ["--versions"]])
def test_refuses_a_command_line_it_does_not_know(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, *arguments) == 2

    assert "usage: im-bot" in capsys.readouterr().err


def test_prints_the_version_of_the_package(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "--version") == 0

    assert capsys.readouterr().out == f"im-bot {metadata.version('im-bot')}\n"


def test_prints_the_version_of_a_checkout_that_is_not_installed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", refuse)

    assert run(monkeypatch, "--version") == 0

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert capsys.readouterr().out == f"im-bot {project['version']}\n"


@pytest.mark.parametrize("command", ["playground", "sandbox"])
@pytest.mark.parametrize("port", ["65536", "-1", "http", "80.5", "", "²"])
def test_refuses_what_is_no_port(
    command: str, port: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, command, f"--port={port}") == 2

    assert "must be a whole number up to 65535" in capsys.readouterr().err


@pytest.mark.parametrize("port", [0, 1, 65535])
def test_takes_every_port_there_is(port: int) -> None:
    assert make_parser().parse_args(["sandbox", "--port", str(port)]).port == port


@pytest.mark.parametrize(
    ("command", "changes", "mistakes"),
    [
        ("serve", {"SLACK_SIGNING_SECRET": ""}, ["SLACK_SIGNING_SECRET is not set; im-bot serve needs it"]),
        ("socket", {"SLACK_APP_TOKEN": ""}, ["SLACK_APP_TOKEN is not set; im-bot socket needs it"]),
        (
            "serve",
            {"SLACK_BOT_TOKEN": "", "PORT": "65536", "IM_APPS__DEMO__REGION": "atlantis"},
            ["SLACK_BOT_TOKEN is not set", "IM_APPS__DEMO__REGION must be one of", "PORT must be"],
        ),
        ("socket", {"SLACK_APP_TOKEN": "xoxb-that-must-not-leak"}, ["SLACK_APP_TOKEN is a bot token"]),
    ],
)
def test_lists_every_mistake_in_the_settings(
    command: str, changes: Mapping[str, str], mistakes: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    words = str(run(monkeypatch, command, **{**COMPLETE, **changes}))

    first, *rest = words.splitlines()
    assert first == f"im-bot {command} cannot start. Correct these settings:"
    assert len(rest) == len(mistakes)
    assert [mistake for mistake in mistakes if mistake not in words] == []
    assert "that-must-not-leak" not in words


def test_says_so_when_its_port_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])

        for command in ("playground", "sandbox"):
            words = run(monkeypatch, command, "--port", port)
            assert (
                words == f"cannot listen on port {port} (Address already in use): choose another with --port"
            )
        words = run(monkeypatch, "serve", **COMPLETE, PORT=port)
        assert words == f"cannot listen on 127.0.0.1, port {port}: Address already in use"


@pytest.fixture(autouse=True)
def signals() -> Iterator[None]:
    """Restore the signal handlers that commands in this process replaced."""
    kept = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in kept.items():
        signal.signal(number, handler)
    signal.set_wakeup_fd(-1)


def test_ends_without_a_traceback(tmp_path: Path) -> None:
    migrated_file(tmp_path / "im-bot.db")
    # The last one's Slack refuses connections.
    nowhere = {**COMPLETE, "SLACK_API_URL": "http://127.0.0.1:9/api/"}
    runs = [
        ("serve", {}),
        ("socket", {}),
        ("serve", {**COMPLETE, "HOST": "nowhere.invalid"}),
        ("socket", nowhere),
    ]

    with ThreadPoolExecutor() as pool:
        ended = list(pool.map(lambda one: im_bot(one[0], cwd=tmp_path, environment=one[1]), runs))

    for done in ended:
        assert (done.returncode, done.stdout) == (1, ""), done
        assert "Traceback" not in done.stderr
        assert "that-must-not-leak" not in done.stderr
    assert "cannot start" in ended[0].stderr
    assert "cannot listen" in ended[2].stderr
    assert "im-bot doctor" in ended[3].stderr


def test_says_in_one_line_that_slack_refuses_the_token(tmp_path: Path) -> None:
    migrated_file(tmp_path / "im-bot.db")
    with BackgroundServer(make_app(make_workspace())) as slack:
        done = im_bot("socket", cwd=tmp_path, environment={**COMPLETE, "SLACK_API_URL": f"{slack.url}/api/"})

    assert (done.returncode, done.stdout) == (1, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("Slack refuses the app-level token (invalid_auth). Copy an app-level token")
    assert line.endswith("into SLACK_APP_TOKEN")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_playground_runs_until_stopped(number: signal.Signals, tmp_path: Path) -> None:
    with running_command("playground", "--port=0", "--no-browser", cwd=tmp_path) as playground:
        assert "<!doctype html>" in requests.get(playground.first_line, timeout=30).text
        playground.process.send_signal(number)

        assert playground.process.wait(timeout=30) == 0
        assert "Traceback" not in playground.output.read()


def test_playground_prints_commands_that_paste_as_they_are(tmp_path: Path) -> None:
    (folder := tmp_path / "my data").mkdir()
    options = ("--port=0", "--no-browser", f"--data={folder / 'accounts.json'}")
    with running_command("playground", *options, cwd=tmp_path) as playground:
        lines = iter(playground.output.readline().rstrip("\n") for _ in range(5))
        printed = dict(zip(lines, lines, strict=False))
        (verify,) = (line for line in printed.values() if line.endswith("audit verify"))
        done = subprocess.run(
            verify, shell=True, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True
        )

    assert "/im profile alice bob_k nobody" in printed.values()
    assert done.stdout.startswith("sound: ")


def test_explains_itself_without_loading_what_a_command_needs() -> None:
    program = (
        "import sys; from bot.__main__ import make_parser; make_parser().format_help(); "
        "print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    )

    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=20, check=True
    )

    assert set(HEAVY) & set(done.stdout.split()) == set()


def test_loads_the_client_of_redis_only_where_it_is_set() -> None:
    program = "import sys, bot.app, bot.doctor; print('redis' in sys.modules)"

    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )

    assert done.stdout == "False\n"


@pytest.mark.parametrize("command", ["serve", "socket"])
def test_starts_on_no_record_it_cannot_use(tmp_path: Path, command: str) -> None:
    gone = {**COMPLETE, "DATABASE_URL": "sqlite:////nowhere/im-bot.db"}

    done = im_bot_here(command, cwd=tmp_path, environment=gone)

    assert done.returncode == 1
    assert done.stderr.startswith("there is no folder /nowhere for the record. Create it")
    assert "Traceback" not in done.stderr
