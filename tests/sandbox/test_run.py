"""The `sandbox` sub-command: its output, its data file, its end."""

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bot.sandbox.data import DataFileError, load
from bot.sandbox.demo import APP_ID, KEY, demo_app
from bot.sandbox.run import format_settings, open_sandbox, run
from bot.sandbox.server import Sandbox
from tests.support.sandbox import Caller, hosted

ROOT = Path(__file__).parents[2]


@contextmanager
def running(arguments: str) -> Iterator[tuple["subprocess.Popen[str]", list[str]]]:
    """Run the command on a free port, and read its first lines."""
    program = f"from pathlib import Path; from bot.sandbox.run import run; run(0, {arguments})"
    process = subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    with process:
        assert process.stdout
        try:
            yield process, [process.stdout.readline().strip() for _ in range(6)]
        finally:
            process.kill()


def test_serves_until_stopped_and_keeps_changes(tmp_path: Path) -> None:
    path = tmp_path / "data.json"

    with running(f"Path({str(path)!r}), 7, 'k'") as (process, printed):
        url = printed[0].split()[-1]
        caller = Caller(Sandbox(hosted(app_id=7, key="k")), url)
        with caller.session:
            assert caller.code("account_import", {"UserID": "zoe"}) == 0
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == 0

    assert url.startswith("http://127.0.0.1:")
    assert printed[1:] == [
        "IM_APPS__DEMO__SDK_APP_ID=7",
        "IM_APPS__DEMO__SECRET_KEY=k",
        "IM_APPS__DEMO__ADMIN=administrator",
        f"IM_APPS__DEMO__API_URL={url}",
        "IM_APPS__DEMO__CUSTOM_FIELDS=Vip",
    ]
    assert "zoe" in load(path)[0].accounts


def test_keeps_the_demo_data_when_nothing_was_changed(tmp_path: Path) -> None:
    path = tmp_path / "data.json"

    with running(f"Path({str(path)!r})") as (process, printed):
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0

    assert printed[0].startswith("Tencent Chat sandbox on http://127.0.0.1:")
    assert load(path) == [demo_app()]


def test_says_that_the_port_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(SystemExit, match=f"cannot listen on port {port} .Address already in use."):
            run(port)


def test_says_that_the_data_file_is_of_no_use(tmp_path: Path) -> None:
    (tmp_path / "data.json").write_text("{", encoding="utf-8")

    with pytest.raises(SystemExit, match="not a data file"):
        run(0, tmp_path / "data.json")


def test_opens_the_demo_data_unless_there_is_a_file(tmp_path: Path) -> None:
    path = tmp_path / "data.json"

    assert open_sandbox().apps == {APP_ID: demo_app()}
    assert open_sandbox(path).apps == {APP_ID: demo_app()}
    assert load(path) == [demo_app()]


def test_opens_a_file_of_ones_own_under_another_id_and_key(tmp_path: Path) -> None:
    path = tmp_path / "data.json"
    path.write_text('{"apps": [{"app_id": 7, "key": "k", "accounts": {"a": {}}}]}', encoding="utf-8")

    sandbox = open_sandbox(path, app_id=8, key="l")

    assert [(app.app_id, app.key, list(app.accounts)) for app in sandbox.apps.values()] == [(8, "l", ["a"])]
    assert sandbox.apps.keys() == {8}


def test_refuses_a_file_that_it_could_not_keep(tmp_path: Path) -> None:
    with pytest.raises(DataFileError, match="cannot write"):
        open_sandbox(tmp_path / "nowhere" / "data.json")


def test_names_custom_fields_only_where_there_are_the_demos() -> None:
    assert "CUSTOM_FIELDS" not in format_settings(Sandbox(hosted()), "http://127.0.0.1:1")
    assert f"SECRET_KEY={KEY}" in format_settings(open_sandbox(), "http://127.0.0.1:1")
