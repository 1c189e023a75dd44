"""The local Slack as a command, for another app."""

import secrets
import sys
from collections.abc import Sequence
from pathlib import Path

from bot.logs import set_up_logs
from bot.playground.installed_app import InstalledApp
from bot.playground.interactions.events import SCOPES
from bot.playground.manifest import Manifest, ManifestError, read_manifest
from bot.playground.server import make_app
from bot.playground.starters import Starter
from bot.playground.workspace import Workspace
from bot.process import stop_signal
from bot.serving.background_server import BackgroundServer, make_port_error

PORT = 8067
"""Default port."""


def install(
    manifest: Manifest,
    request_url: str | None = None,
    *,
    hint: str = "",
    starters: Sequence[Starter] = (),
    rate_limits: bool = True,
) -> Workspace:
    """Make a workspace with an app installed; it uses Socket Mode if there is no request URL."""
    app_home = manifest.features.app_home
    app = InstalledApp(
        bot_token=f"xoxb-{secrets.token_hex(16)}",
        app_token=f"xapp-{secrets.token_hex(16)}",
        signing_secret=secrets.token_hex(16),
        scopes=frozenset(manifest.oauth_config.scopes.bot),
        commands=manifest.features.slash_commands,
        shortcuts=manifest.features.shortcuts,
        events=frozenset(manifest.events),
        request_url=request_url,
        home_enabled=app_home.home_tab_enabled,
        messages_enabled=app_home.messages_tab_enabled,
        messages_read_only=app_home.messages_tab_read_only_enabled,
        interactive=manifest.settings.interactivity.is_enabled,
        name=manifest.app_name,
    )
    return Workspace(app, hint=hint, starters=starters, rate_limits=rate_limits)


def format_settings(workspace: Workspace, url: str) -> str:
    """Format an app's settings for this workspace, one per line."""
    settings = {
        "SLACK_API_URL": f"{url}/api/",
        "SLACK_BOT_TOKEN": workspace.app.bot_token,
        "SLACK_APP_TOKEN": workspace.app.app_token,
        "SLACK_SIGNING_SECRET": workspace.app.signing_secret,
    }
    return "\n".join(f"{name}={value}" for name, value in settings.items())


def list_warnings(manifest: Manifest) -> list[str]:
    """List what the manifest asks for and will not happen here."""
    scopes = manifest.oauth_config.scopes.bot
    unplayed = [name for name in manifest.events if name not in SCOPES]
    needed = {name: SCOPES[name] for name in manifest.events if SCOPES.get(name)}
    return [
        *(f"{path} is not played by this local Slack" for path in manifest.list_unplayed()),
        *(f"the event {name} is not played by this local Slack: it never comes" for name in unplayed),
        *(
            f"the event {name} never comes without the scope {needed[name]}"
            for name in needed
            if needed[name] not in scopes
        ),
        *(
            ["shortcuts never come without settings.interactivity.is_enabled"]
            if manifest.features.shortcuts and not manifest.settings.interactivity.is_enabled
            else []
        ),
    ]


def run(port: int, manifest_file: Path, request_url: str | None = None, *, rate_limits: bool = True) -> None:
    """Print the workspace's address and settings, and serve it on loopback until a stop signal.

    Raises:
        SystemExit: The port is taken or the manifest is invalid; the message says which.
    """
    try:
        manifest = read_manifest(manifest_file)
    except OSError as error:
        raise SystemExit(f"{manifest_file} cannot be read: {error.strerror}") from None
    except ManifestError as error:
        lines = "".join(f"\n  {mistake}" for mistake in error.mistakes)
        raise SystemExit(f"{manifest_file} is not an app manifest:{lines}") from None
    for warning in list_warnings(manifest):
        print(f"warning: {warning}", file=sys.stderr, flush=True)  # noqa: T201
    workspace = install(manifest, request_url, rate_limits=rate_limits)
    stop = stop_signal()
    set_up_logs("INFO")
    try:
        with BackgroundServer(make_app(workspace), port) as server:
            print(f"A local Slack on {server.url}")  # noqa: T201 - the command's output
            print(format_settings(workspace, server.url), flush=True)  # noqa: T201
            stop.wait()
    except OSError as error:
        raise make_port_error(port, error) from None
