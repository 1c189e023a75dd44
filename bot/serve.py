"""The `serve` and `socket` sub-commands: the bot over HTTP, or over Socket Mode with a port for probes."""

import logging
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial

from bot.app import Bot, connect_socket_mode, make_bot
from bot.process import exit_unfinished, stop_signal
from bot.serving.health import BackgroundCheck, find_app_trouble
from bot.serving.http_app import HTTPApp, ProbeApp
from bot.serving.http_server import HTTPServer
from bot.serving.metrics import Metrics
from bot.settings import DEFAULT_PORT, Settings
from bot.slack.api.socket_mode import PING_SECONDS, SocketClient, token_refused
from bot.store.database.migrate import migrate_in_subprocess

APP_CHECK_EVERY = 10.0
"""Seconds between two checks of a Tencent Chat app."""
SOCKET_CHECK_EVERY = 1.0
"""Seconds between two checks of the connection to Slack."""
GREETING_CHECK_EVERY = 0.1
"""Seconds between two checks until Slack has said hello for the first time."""

log = logging.getLogger(__name__)


def serve(settings: Settings) -> None:
    """Serve the bot over HTTP until SIGINT or SIGTERM; running requests and commands are finished."""
    stop = stop_signal()
    migrate_in_subprocess(settings.database_url)
    metrics = Metrics()
    listener = _listen(settings.host, DEFAULT_PORT if settings.port is None else settings.port)
    bot = make_bot(settings, metrics.observe)
    bot.start()
    secret = settings.slack_signing_secret.get_secret_value()
    with (
        _watch(bot, settings, metrics) as troubles,
        HTTPServer(HTTPApp(bot.bolt, metrics, troubles, secret, _list_limits(bot)), listener),
    ):
        _say_port(listener)
        stop.wait()
    bot.close()
    if bot.is_busy:
        exit_unfinished()


def run_socket(settings: Settings, ping_interval: float = PING_SECONDS) -> int:
    """Run the bot over Socket Mode until SIGINT or SIGTERM, or until it cannot reach Slack.

    Running commands are finished, and the exit code is returned.

    Args:
        settings: The settings.
        ping_interval: The seconds between pings; five without an answer make it unready.
    """
    stop = stop_signal()
    migrate_in_subprocess(settings.database_url)
    metrics = Metrics()
    listener = None if settings.port is None else _listen(settings.host, settings.port)
    bot = make_bot(settings, metrics.observe)
    with ExitStack() as stack:
        client = stack.enter_context(connect_socket_mode(bot, settings, ping_interval))
        if listener is not None:
            troubles = stack.enter_context(_watch(bot, settings, metrics))
            probes = ProbeApp(metrics, [client.trouble, *troubles], _list_limits(bot))
            stack.enter_context(HTTPServer(probes, listener))
            _say_port(listener)
        failed = _wait_for_end(stop, client, settings.slack_silence_seconds)
    if bot.is_busy:
        exit_unfinished()
    return int(failed)


def _wait_for_end(stop: threading.Event, client: SocketClient, seconds: float) -> bool:
    """Wait for a signal, or stop and say why when Slack refuses the token or is silent for too long."""
    greeted = False
    while not stop.wait(SOCKET_CHECK_EVERY if greeted else GREETING_CHECK_EVERY):
        if client.greeted.is_set() and not greeted:
            greeted = True
            print("im-bot is connected to Slack", flush=True)  # noqa: T201 - the command's answer
        if client.refusal:
            log.error(token_refused(client.refusal))
        elif client.seconds_silent > seconds:
            log.error(
                "no sign of life from Slack for %g s: the bot ends, to be started anew by its supervisor; "
                "if that does not help, run im-bot doctor to find out why",
                seconds,
            )
        else:
            continue
        # Begins the time limit of a stop.
        signal.raise_signal(signal.SIGTERM)
        return True
    return False


@contextmanager
def _watch(bot: Bot, settings: Settings, metrics: Metrics) -> Iterator[list[Callable[[], str]]]:
    """Check the apps, and count the outbox, until the context ends; yields what /readyz asks."""
    metrics.watch_outbox(bot.audit.count_waiting)
    checks = [
        BackgroundCheck(
            f"app {name}", partial(find_app_trouble, name, im, settings.im_apps[name].admin), APP_CHECK_EVERY
        )
        for name, im in bot.ims.items()
    ]
    for check in checks:
        check.start()
    try:
        yield [bot.audit.trouble, *(check.trouble for check in checks)]
    finally:
        for check in checks:
            check.close(0)


def _list_limits(bot: Bot) -> list[Callable[[], str]]:
    return [im.limit_trouble for im in bot.ims.values()]


def _say_port(listener: socket.socket) -> None:
    print(f"im-bot listens on port {listener.getsockname()[1]}", flush=True)  # noqa: T201 - the command's answer


def _listen(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port), backlog=1024)
    except OSError as error:
        # socket.create_server repeats the address in brackets.
        reason = str(error.strerror).partition(" (")[0]
        raise SystemExit(f"cannot listen on {host}, port {port}: {reason}") from None
