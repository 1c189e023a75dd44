"""Run the local Slack by itself, for any app."""

import secrets
from pathlib import Path

import yaml

from bot.background import BackgroundServer, make_port_error
from bot.playground.manifest import Manifest, read_manifest
from bot.playground.server import make_app
from bot.playground.workspace import Workspace
from bot.process import stop_signal

PORT = 8067
"""Where the local Slack listens unless told otherwise."""


def install(manifest: Manifest, request_url: str | None = None) -> Workspace:
    """Make a workspace in which an app is installed; without a request URL it is reached by Socket Mode."""
    return Workspace(
        bot_token=f"xoxb-{secrets.token_hex(16)}",
        app_token=f"xapp-{secrets.token_hex(16)}",
        signing_secret=secrets.token_hex(16),
        scopes=manifest.scopes,
        commands=manifest.commands,
        shortcuts=manifest.shortcuts,
        events=manifest.events,
        home_enabled=manifest.home_enabled,
        request_url=request_url,
    )


def format_settings(workspace: Workspace, url: str) -> str:
    """Write down the settings with which an app talks to this workspace, one a line."""
    settings = {
        "SLACK_API_URL": f"{url}/api/",
        "SLACK_BOT_TOKEN": workspace.bot_token,
        "SLACK_APP_TOKEN": workspace.app_token,
        "SLACK_SIGNING_SECRET": workspace.signing_secret,
    }
    return "\n".join(f"{name}={value}" for name, value in settings.items())


def run(port: int, manifest: Path, request_url: str | None = None) -> None:
    """Serve a workspace on loopback until a signal to stop comes, after printing where and how to use it.

    Raises:
        SystemExit: The port is taken or the manifest is of no use; the text says so.
    """
    try:
        workspace = install(read_manifest(manifest), request_url)
    except (OSError, ValueError, KeyError, AttributeError, TypeError, yaml.YAMLError) as error:
        raise SystemExit(f"{manifest} is no app manifest ({type(error).__name__}: {error})") from None
    stop = stop_signal()
    try:
        with BackgroundServer(make_app(workspace), port) as server:
            print(f"A local Slack on {server.url}")  # noqa: T201 - the command's answer
            print(format_settings(workspace, server.url), flush=True)  # noqa: T201
            stop.wait()
    except OSError as error:
        raise make_port_error(port, error) from None
