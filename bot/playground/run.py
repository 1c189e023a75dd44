"""The local Slack as a command, for any app."""

import secrets
from pathlib import Path

import yaml

from bot.background import BackgroundServer, make_port_error
from bot.logs import set_up_logs
from bot.playground.manifest import Manifest, read_manifest
from bot.playground.server import make_app
from bot.playground.workspace import Workspace
from bot.process import stop_signal

PORT = 8067
"""Default port."""


def install(manifest: Manifest, request_url: str | None = None) -> Workspace:
    """Make a workspace with an app installed; it uses Socket Mode if there is no request URL."""
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
    """Format an app's settings for this workspace, one per line."""
    settings = {
        "SLACK_API_URL": f"{url}/api/",
        "SLACK_BOT_TOKEN": workspace.bot_token,
        "SLACK_APP_TOKEN": workspace.app_token,
        "SLACK_SIGNING_SECRET": workspace.signing_secret,
    }
    return "\n".join(f"{name}={value}" for name, value in settings.items())


def run(port: int, manifest: Path, request_url: str | None = None) -> None:
    """Print the workspace's address and settings, and serve it on loopback until a stop signal.

    Raises:
        SystemExit: The port is taken or the manifest is invalid; the message says which.
    """
    try:
        workspace = install(read_manifest(manifest), request_url)
    except (OSError, ValueError, KeyError, AttributeError, TypeError, yaml.YAMLError) as error:
        raise SystemExit(f"{manifest} is not an app manifest ({type(error).__name__}: {error})") from None
    stop = stop_signal()
    set_up_logs("INFO")
    try:
        with BackgroundServer(make_app(workspace), port) as server:
            print(f"A local Slack on {server.url}")  # noqa: T201 - the command's output
            print(format_settings(workspace, server.url), flush=True)  # noqa: T201
            stop.wait()
    except OSError as error:
        raise make_port_error(port, error) from None
