"""The `serve` sub-command: the bot over HTTP."""

import socket
from functools import partial

from bot.app import make_bot
from bot.health import BackgroundCheck, find_app_trouble
from bot.http_app import HTTPApp
from bot.http_server import HTTPServer
from bot.metrics import Metrics
from bot.process import exit_unfinished, stop_signal
from bot.settings import Settings
from bot.store.migrate import migrate_in_subprocess

APP_CHECK_EVERY = 10.0
"""Seconds between two checks of a Tencent Chat app."""


def serve(settings: Settings) -> None:
    """Serve the bot over HTTP until SIGINT or SIGTERM; running requests and commands are finished."""
    stop = stop_signal()
    migrate_in_subprocess(settings.database_url)
    metrics = Metrics()
    listener = _listen(settings.host, settings.port)
    bot = make_bot(settings, metrics.observe)
    metrics.watch_outbox(bot.audit.count_waiting)
    checks = [
        BackgroundCheck(
            f"app {name}", partial(find_app_trouble, name, im, settings.im_apps[name].admin), APP_CHECK_EVERY
        )
        for name, im in bot.ims.items()
    ]
    bot.audit.start()
    for check in checks:
        check.start()
    troubles = [bot.audit.trouble, *(check.trouble for check in checks)]
    app = HTTPApp(bot.bolt, metrics, troubles, settings.slack_signing_secret.get_secret_value())
    port = listener.getsockname()[1]
    with HTTPServer(app, listener):
        print(f"im-bot listens on port {port}", flush=True)  # noqa: T201 - the command's answer
        stop.wait()
    for check in checks:
        check.close(0)
    bot.close()
    if bot.is_busy:
        exit_unfinished()


def _listen(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port), backlog=1024)
    except OSError as error:
        # socket.create_server repeats the address in brackets.
        reason = str(error.strerror).partition(" (")[0]
        raise SystemExit(f"cannot listen on {host}, port {port}: {reason}") from None
