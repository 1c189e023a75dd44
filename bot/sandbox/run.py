"""Run the sandbox by itself, from the command line."""

from pathlib import Path

from bot.background import BackgroundServer, make_port_error
from bot.core.fields import CUSTOM_PROFILE
from bot.process import stop_signal
from bot.sandbox.data import DataFileError, load
from bot.sandbox.demo import VIP, demo_app
from bot.sandbox.server import Sandbox
from bot.sandbox.web import WebApp

PORT = 8066
"""Where the sandbox listens unless told otherwise."""


def open_sandbox(data: Path | None = None, *, app_id: int | None = None, key: str | None = None) -> Sandbox:
    """Make a sandbox of a data file, which is created with the demo data when missing, or of the demo data.

    Args:
        data: The file, to which changes are written as well.
        app_id: The first app's SDKAppID, if it is to be another.
        key: The first app's secret key, if it is to be another.

    Raises:
        DataFileError: The file is not one, or cannot be read or written.
    """
    apps = load(data) if data and data.exists() else [demo_app()]
    apps[0].app_id = app_id or apps[0].app_id
    apps[0].key = key or apps[0].key
    sandbox = Sandbox(*apps, keep=data)
    sandbox.save()
    return sandbox


def format_settings(sandbox: Sandbox, url: str) -> str:
    """Write down the settings with which the bot asks this sandbox, one a line."""
    app = next(iter(sandbox.apps.values()))
    settings = {"SDK_APP_ID": app.app_id, "SECRET_KEY": app.key, "ADMIN": app.admins[0], "API_URL": url}
    if VIP in app.custom:
        settings["CUSTOM_FIELDS"] = VIP.removeprefix(CUSTOM_PROFILE)
    return "\n".join(f"IM_APPS__DEMO__{name}={value}" for name, value in settings.items())


def run(
    port: int = PORT, data: Path | None = None, app_id: int | None = None, key: str | None = None
) -> None:
    """Serve a sandbox on loopback until a signal to stop comes, after printing where and how to use it.

    Raises:
        SystemExit: The port is taken or the data file is of no use; the text says so.
    """
    stop = stop_signal()
    try:
        sandbox = open_sandbox(data, app_id=app_id, key=key)
        with BackgroundServer(WebApp(sandbox), port) as server:
            print(f"Tencent Chat sandbox on {server.url}")  # noqa: T201 - the command's answer
            print(format_settings(sandbox, server.url), flush=True)  # noqa: T201
            stop.wait()
        sandbox.save()
    except DataFileError as error:
        raise SystemExit(str(error)) from None
    except OSError as error:
        raise make_port_error(port, error) from None
