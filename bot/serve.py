"""The bot over HTTP: Slack's payloads, and what a platform asks a process about itself."""

import logging
import re
import socket
import time
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, TypeAlias

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from slack_bolt import BoltRequest
from slack_sdk.signature import SignatureVerifier

from bot.app import Bot, make_bot
from bot.audit import Audit
from bot.core.model import Deadline
from bot.errors import IMError, UnavailableError
from bot.health import BackgroundCheck
from bot.http_server import HTTPServer
from bot.im.client import IMClient
from bot.process import cut_off, stop_signal
from bot.settings import Settings
from bot.slack.api.payloads import NotSlacksError, check_payload
from bot.slack.recent_ids import RecentIds
from bot.store.migrate import migrate_apart

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

SIGNATURES = 20_000
"""The number of the latest signatures that are known again: five minutes of 60 requests a second."""
PROBE_AFTER = 60.0
"""After how many seconds without an answer of the vendor's it is asked for one."""
PROBE_EVERY = 10.0
"""Seconds between two looks at whether an app answers."""
PROBE_SECONDS = 2.0
"""Seconds that an answer to that may take."""

Answer: TypeAlias = tuple[int, list[tuple[str, str]], bytes]
"""A status, headers and a body."""

_PLAIN = [("Content-Type", "text/plain; charset=utf-8")]
_NO_PAYLOAD: Answer = (400, _PLAIN, b"not a payload of Slack's\n")
_TIMESTAMP = re.compile("[0-9]{1,12}")

log = logging.getLogger(__name__)


class Metrics:
    """What /metrics shows; labels hold no ids and no values."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._asked = Counter(
            "im_bot_commands",
            "Commands and buttons answered.",
            ["command", "outcome"],
            registry=self.registry,
        )
        self._seconds = Histogram(
            "im_bot_command_seconds", "Time from the ack to the answer.", ["command"], registry=self.registry
        )

    def watch(self, audit: Audit) -> None:
        """Show how many entries the audit channel has yet to be told."""
        waiting = Gauge("im_bot_outbox", "Entries not told to the audit channel yet.", registry=self.registry)
        waiting.set_function(audit.count_waiting)

    def observe(self, asked: str, outcome: str, seconds: float) -> None:
        """Count something answered."""
        self._asked.labels(asked, outcome).inc()
        self._seconds.labels(asked).observe(seconds)


class Probe:
    """Tells whether one app can be reached, without asking the vendor more often than needed."""

    def __init__(self, name: str, im: IMClient, admin: str) -> None:
        self._name = name
        self._im = im
        self._admin = admin

    def why_unreachable(self) -> str:
        """Say why the app cannot be reached; empty when it can. It may have to be asked."""
        answered = self._im.answered_at
        if answered is not None and time.monotonic() - answered < PROBE_AFTER:
            return ""
        try:
            self._im.check_accounts([self._admin], Deadline.after(PROBE_SECONDS))
        except UnavailableError as error:
            return f"app {self._name}: {error}"
        except IMError as error:
            # It answers, so the bot can do its part; what is wrong with the app is for doctor to say.
            log.warning("app %s refuses calls: %s", self._name, error)
        return ""


class Site:
    """The WSGI application: Slack's path, and a table of pages.

    Args:
        bot: Where Slack's payloads go in.
        metrics: What /metrics shows.
        troubles: What /readyz asks; each says at once why the bot cannot do its part, empty when it can.
        signing_secret: What Slack signs its requests with.
    """

    def __init__(
        self, bot: Bot, metrics: Metrics, troubles: Iterable[Callable[[], str]], signing_secret: str
    ) -> None:
        self._bot = bot
        self._troubles = tuple(troubles)
        self._verifier = SignatureVerifier(signing_secret)
        self._seen = RecentIds(SIGNATURES)
        self._pages: Mapping[str, Callable[[], Answer]] = {
            "/healthz": lambda: (200, _PLAIN, b"alive\n"),
            "/readyz": self._ready,
            "/metrics": lambda: (200, _PLAIN, generate_latest(metrics.registry)),
        }

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer one HTTP request."""
        method, path = environ["REQUEST_METHOD"], environ.get("PATH_INFO", "/")
        if (method, path) == ("POST", "/slack/events"):
            status, headers, body = self._receive(environ)
        elif method in ("GET", "HEAD") and path in self._pages:
            status, headers, body = self._pages[path]()
        else:
            status, headers, body = 404, _PLAIN, b"not found\n"
        length = ("Content-Length", str(len(body)))
        start_response(f"{status} {HTTPStatus(status).phrase}", [*headers, length])
        return [b"" if method == "HEAD" else body]

    def _receive(self, environ: "WSGIEnvironment") -> Answer:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        signature = environ.get("HTTP_X_SLACK_SIGNATURE", "")
        try:
            text = body.decode()
        except UnicodeDecodeError:
            return _NO_PAYLOAD
        if not self._is_signed(text, environ.get("HTTP_X_SLACK_REQUEST_TIMESTAMP", ""), signature):
            return 401, _PLAIN, b"not signed by Slack\n"
        if self._seen.again(signature):
            # Slack signs nothing twice: it is a copy, and what it asks for has been done.
            return 200, _PLAIN, b""
        headers = {
            name[5:].replace("_", "-").lower(): environ[name] for name in environ if name[:5] == "HTTP_"
        }
        headers["content-type"] = environ.get("CONTENT_TYPE", "")
        try:
            request = BoltRequest(body=text, headers=headers)
            check_payload(request.body)
            response = self._bot.bolt.dispatch(request)
        except NotSlacksError as error:
            log.warning("a signed payload is none of Slack's: %s", error)
            return _NO_PAYLOAD
        except Exception as error:  # noqa: BLE001 - Bolt looks into a payload before it knows its shape
            # Neither the error's words nor its traceback: they may repeat what was typed.
            log.warning("a signed payload is none of Slack's (%s)", type(error).__name__)
            return _NO_PAYLOAD
        given = [(name, value) for name, values in response.headers.items() for value in values]
        return response.status, given, response.body.encode()

    def _is_signed(self, body: str, timestamp: str, signature: str) -> bool:
        # slack_sdk's verifier does not survive what is not a number, or not ASCII.
        if not _TIMESTAMP.fullmatch(timestamp) or not signature.isascii():
            return False
        return self._verifier.is_valid(body, timestamp, signature)

    def _ready(self) -> Answer:
        reasons = [reason for trouble in self._troubles if (reason := trouble())]
        if reasons:
            return 503, _PLAIN, "".join(f"{reason}\n" for reason in reasons).encode()
        return 200, _PLAIN, b"ready\n"


def make_site(bot: Bot, metrics: Metrics, settings: Settings, checks: Iterable[BackgroundCheck] = ()) -> Site:
    """Make the site of a bot, with the record, the audit channel and more checks behind /readyz."""
    metrics.watch(bot.audit)
    secret = settings.slack_signing_secret.get_secret_value()
    return Site(bot, metrics, (bot.audit.trouble, *(check.trouble for check in checks)), secret)


def serve(settings: Settings) -> None:
    """Serve the bot over HTTP until a signal to stop comes; requests and commands under way are finished."""
    stop = stop_signal()
    migrate_apart(settings.database_url)
    metrics = Metrics()
    listener = _listen(settings.host, settings.port)
    bot = make_bot(settings, metrics.observe)
    checks = [
        BackgroundCheck(
            f"app {name}", Probe(name, im, settings.im_apps[name].admin).why_unreachable, PROBE_EVERY
        )
        for name, im in bot.ims.items()
    ]
    bot.audit.start()
    for check in checks:
        check.start()
    port = listener.getsockname()[1]
    with HTTPServer(make_site(bot, metrics, settings, checks), listener):
        print(f"im-bot listens on port {port}", flush=True)  # noqa: T201 - the command's answer
        stop.wait()
    for check in checks:
        check.close(0)
    bot.close()
    if bot.is_at_work:
        cut_off()


def _listen(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port), backlog=1024)
    except OSError as error:
        # socket.create_server repeats the address in brackets.
        reason = str(error.strerror).partition(" (")[0]
        raise SystemExit(f"cannot listen on {host}, port {port}: {reason}") from None
