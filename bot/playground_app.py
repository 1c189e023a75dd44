"""The playground: the sandbox, a local Slack and the bot, all on loopback."""

import shlex
import sys
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bot.app import connect_socket_mode, make_bot
from bot.logs import set_up_logs
from bot.playground.faults.controls import FaultControl
from bot.playground.manifest import read_manifest
from bot.playground.people import AUDIT_CHANNEL_ID, EDITOR, EDITORS_GROUP_ID
from bot.playground.run import install
from bot.playground.server import make_app
from bot.playground.starters import Starter
from bot.playground.workspace import Workspace
from bot.process import stop_signal
from bot.sandbox.behavior import Fault
from bot.sandbox.data import DataFileError
from bot.sandbox.demo import VIP
from bot.sandbox.run import open_sandbox
from bot.sandbox.server import Sandbox
from bot.sandbox.web import WebApp
from bot.serving.background_server import BackgroundServer, make_port_error
from bot.settings import AppSettings, FixedSettings, RoleSettings, Settings

_MANIFESTS = (Path(__file__).parents[1] / "manifest.yml", Path(sys.prefix) / "share/im-bot/manifest.yml")
"""Paths of the app manifest: in a checkout, and installed."""

_HINT = "/im profile alice bob_k nobody"
"""A command that the demo accounts answer."""


_STARTERS = (
    Starter("Look up three accounts", "One does not exist, and the answer says so.", _HINT),
    Starter(
        "Change an account",
        "A form and a preview; nothing is sent before you confirm.",
        "/im set bob_k",
        EDITOR.id,
    ),
    Starter(
        "See what was done",
        "Who changed what, when and why, with a button to undo it. #im-audit shows it too.",
        "/im history bob_k",
        EDITOR.id,
    ),
)

_IM_SETTINGS = {
    "fine": "Fine",
    "slow": "Slow (3 s a call)",
    "busy": "Over the frequency limit",
    "down": "Down (502)",
    "hanging": "Hanging",
}
_IM_FAULTS: dict[str, dict[str, Any]] = {
    "fine": {"latency_ms": 0, "fault": None},
    "slow": {"latency_ms": 3000},
    "busy": {"fault": Fault(kind="code", code=60007)},
    "down": {"fault": Fault(kind="502")},
    "hanging": {"fault": Fault(kind="hang")},
}


def make_workspace() -> Workspace:
    """Make a local workspace with the app of manifest.yml installed."""
    manifest = read_manifest(next(path for path in _MANIFESTS if path.exists()))
    return install(manifest, hint=_HINT, starters=_STARTERS)


def make_im_control(sandbox: Sandbox) -> FaultControl:
    """Make the page's fault control for Tencent Chat."""

    def apply(setting: str) -> None:
        sandbox.behavior = replace(sandbox.behavior, **{**_IM_FAULTS["fine"], **_IM_FAULTS[setting]})

    return FaultControl("im", "Tencent Chat", _IM_SETTINGS, apply)


def make_settings(
    workspace: Workspace, slack_url: str, sandbox: Sandbox, im_url: str, record: Path
) -> Settings:
    """Make the settings of a bot between a local workspace and a sandbox, with its record in a file."""
    app = next(iter(sandbox.apps.values()))
    return FixedSettings(
        slack_bot_token=workspace.app.bot_token,
        slack_app_token=workspace.app.app_token,
        slack_signing_secret=workspace.app.signing_secret,
        slack_api_url=f"{slack_url}/api/",
        im_apps={
            "demo": AppSettings(
                sdk_app_id=app.app_id,
                secret_key=app.key,
                admin=app.admins[0],
                api_url=im_url,
                custom_fields="Vip:VIP tier" if VIP in app.custom else "",
                presets="reset-profile: nick=, avatar=, signature=; unblock: forbid=allowed",
            )
        },
        roles=RoleSettings(editors=f"{EDITOR.id},{EDITORS_GROUP_ID}"),
        audit_channel=AUDIT_CHANNEL_ID,
        database_url=f"sqlite:///{record}",
    )


@contextmanager
def open_playground(
    workspace: Workspace, sandbox: Sandbox, port: int = 0, record: Path | None = None
) -> Iterator[str]:
    """Run a sandbox, a local Slack and a bot between them; yields the page's address.

    Args:
        workspace: The local Slack.
        sandbox: The Tencent Chat.
        port: The page's port; 0 takes a free one.
        record: The record's file; a temporary one if None.

    Raises:
        OSError: The port is taken.
    """
    with (
        TemporaryDirectory(prefix="im-bot-") as folder,
        BackgroundServer(WebApp(sandbox)) as im,
        BackgroundServer(make_app(workspace), port) as slack,
    ):
        workspace.fault_controls.add(make_im_control(sandbox))
        file = record or Path(folder) / "im-bot.db"
        settings = make_settings(workspace, slack.url, sandbox, im.url, file)
        with connect_socket_mode(make_bot(settings), settings):
            yield slack.url


def run_playground(port: int, *, open_browser: bool, data: Path | None) -> None:
    """Run the playground until SIGINT or SIGTERM; the first line printed is its page's address.

    Raises:
        SystemExit: The port is taken, or the data file cannot be used.
    """
    stop = stop_signal()
    set_up_logs("WARNING")
    try:
        sandbox = open_sandbox(data)
        with (
            TemporaryDirectory(prefix="im-bot-") as folder,
            open_playground(make_workspace(), sandbox, port, record := _choose_record(data, folder)) as url,
        ):
            print(url, format_instructions(record), sep="\n", flush=True)  # noqa: T201 - the command's answer
            if open_browser:
                webbrowser.open(url)
            stop.wait()
        sandbox.save()
    except DataFileError as error:
        raise SystemExit(str(error)) from None
    except OSError as error:
        raise make_port_error(port, error) from None


def format_instructions(record: Path) -> str:
    """Format what to do next; each command has a line of its own, to paste as it is."""
    database = shlex.quote(f"DATABASE_URL=sqlite:///{record}")
    called = Path(sys.argv[0]).absolute()
    program = [str(called)] if called.name == "im-bot" else [sys.executable, "-m", "bot"]
    return (
        f"Type in the page:\n{_HINT}\n"
        f"Check the record, in another terminal:\nenv {database} {shlex.join(program)} audit verify\n"
        "Ctrl+C stops."
    )


def _choose_record(data: Path | None, folder: str) -> Path:
    """Choose a file beside the data file, or a temporary one without that."""
    return data.with_name(f"{data.name}.db").absolute() if data else Path(folder) / "im-bot.db"
