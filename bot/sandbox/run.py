"""The sandbox as a command."""

from pathlib import Path

from bot.core.fields import CUSTOM_PROFILE
from bot.process import stop_signal
from bot.sandbox.data import DataFileError, load
from bot.sandbox.demo import VIP, demo_app
from bot.sandbox.server import Sandbox
from bot.sandbox.web import WebApp
from bot.serving.background_server import BackgroundServer, make_port_error

PORT = 8066
"""Default port."""


def open_sandbox(data: Path | None = None, *, app_id: int | None = None, key: str | None = None) -> Sandbox:
    """Open a sandbox on a data file, or on the demo data; a missing file is created with the demo data.

    Args:
        data: The data file; changes are written to it.
        app_id: Replaces the first app's SDKAppID.
        key: Replaces the first app's secret key.

    Raises:
        DataFileError: The file is invalid, or cannot be read or written.
    """
    apps = load(data) if data and data.exists() else [demo_app()]
    apps[0].app_id = app_id or apps[0].app_id
    apps[0].key = key or apps[0].key
    sandbox = Sandbox(*apps, keep=data)
    sandbox.save()
    return sandbox


def format_settings(sandbox: Sandbox, url: str) -> str:
    """Format the bot's settings for this sandbox, one per line."""
    app = next(iter(sandbox.apps.values()))
    settings = {"SDK_APP_ID": app.app_id, "SECRET_KEY": app.key, "ADMIN": app.admins[0], "API_URL": url}
    if VIP in app.custom:
        settings["CUSTOM_FIELDS"] = VIP.removeprefix(CUSTOM_PROFILE)
    return "\n".join(f"IM_APPS__DEMO__{name}={value}" for name, value in settings.items())


def run(
    port: int = PORT, data: Path | None = None, app_id: int | None = None, key: str | None = None
) -> None:
    """Print the sandbox's address and settings, and serve it on loopback until a stop signal.

    Raises:
        SystemExit: The port is taken or the data file is invalid; the message says which.
    """
    stop = stop_signal()
    try:
        sandbox = open_sandbox(data, app_id=app_id, key=key)
        with BackgroundServer(WebApp(sandbox), port) as server:
            print(f"Tencent Chat sandbox on {server.url}")  # noqa: T201 - the command's output
            print(format_settings(sandbox, server.url), flush=True)  # noqa: T201
            stop.wait()
        sandbox.save()
    except DataFileError as error:
        raise SystemExit(str(error)) from None
    except OSError as error:
        raise make_port_error(port, error) from None
