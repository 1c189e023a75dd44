"""The bot over HTTP: Slack's payloads, and what a platform asks a process about itself."""

import logging
import re
import signal
import socket
import time
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from threading import Lock
from typing import TYPE_CHECKING, NoReturn, TypeAlias

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from slack_bolt import BoltRequest
from waitress.server import create_server

from bot.app import Bot, make_bot
from bot.auditing import Audit
from bot.core.model import Deadline
from bot.errors import IMError, UnavailableError
from bot.im.client import IMClient
from bot.settings import Settings
from bot.store.migrating import migrate_apart

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

LONGEST_BODY = 256 * 1024
"""The longest request that is read, in bytes; Slack's own are far shorter."""
LONGEST_ACCEPTED = 4 * 1024 * 1024
"""The longest request that still gets a sentence for an answer, in bytes; beyond, only a status."""
THREADS = 8
"""How many payloads are acknowledged at once; each takes well under a millisecond."""
PROBE_AFTER = 60.0
"""After how many seconds without an answer of the vendor's /readyz asks for one."""
PROBE_AGAIN = 10.0
"""Seconds for which a failure is believed without asking again."""
PROBE_SECONDS = 2.0
"""How long that may take."""

Answer: TypeAlias = tuple[int, list[tuple[str, str]], bytes]
"""A status, headers and a body."""

_PLAIN = [("Content-Type", "text/plain; charset=utf-8")]
_JSON = [("Content-Type", "application/json; charset=utf-8")]

_TOO_LONG = (
    b'{"response_type":"ephemeral","text":"That is far too much text, so nothing was looked up. '
    b'A command takes at most 5,000 characters: split the ids over several."}'
)

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
    """Tells whether one app can be reached, without asking the vendor more often than needed.

    Of many callers at once one asks; the others get what was known before, so that no flood of questions
    keeps threads from Slack's payloads.
    """

    def __init__(self, name: str, im: IMClient, admin: str) -> None:
        self._name = name
        self._im = im
        self._admin = admin
        self._asking = Lock()
        self._reason = ""
        self._asked_at = float("-inf")

    def why_unreachable(self) -> str:
        """Say why the app cannot be reached; empty when it can."""
        now, answered = time.monotonic(), self._im.answered_at
        if answered is not None and now - answered < PROBE_AFTER:
            return ""
        if now - self._asked_at > PROBE_AGAIN and self._asking.acquire(blocking=False):
            try:
                self._reason = self._ask()
                self._asked_at = time.monotonic()
            finally:
                self._asking.release()
        return self._reason

    def _ask(self) -> str:
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
        troubles: What /readyz asks; each says why the bot cannot do its part, empty when it can.
    """

    def __init__(self, bot: Bot, metrics: Metrics, troubles: Iterable[Callable[[], str]]) -> None:
        self._bot = bot
        self._troubles = tuple(troubles)
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
        # Bolt parses a body before it checks the signature: what nobody types is not parsed at all.
        length = int(environ.get("CONTENT_LENGTH") or 0)
        if length > LONGEST_BODY:
            return 200, _JSON, _TOO_LONG
        headers = {
            name[5:].replace("_", "-").lower(): environ[name] for name in environ if name[:5] == "HTTP_"
        }
        headers["content-type"] = environ.get("CONTENT_TYPE", "")
        # Bolt's verifier does not survive what is not a number.
        if not re.fullmatch("[0-9]{1,12}", headers.get("x-slack-request-timestamp", "")):
            return 401, _PLAIN, b"not signed by Slack\n"
        try:
            request = BoltRequest(body=environ["wsgi.input"].read(length).decode(), headers=headers)
        except Exception:  # noqa: BLE001 - Bolt looks into a body before it knows its shape and its sender
            return 400, _PLAIN, b"not a payload of Slack's\n"
        response = self._bot.bolt.dispatch(request)
        given = [(name, value) for name, values in response.headers.items() for value in values]
        return response.status, given, response.body.encode()

    def _ready(self) -> Answer:
        reasons = [reason for trouble in self._troubles if (reason := trouble())]
        if reasons:
            return 503, _PLAIN, "".join(f"{reason}\n" for reason in reasons).encode()
        return 200, _PLAIN, b"ready\n"


def make_site(bot: Bot, metrics: Metrics, settings: Settings) -> Site:
    """Make the site of a bot, with everything that it stands on behind /readyz."""
    probes = [Probe(name, im, settings.im_apps[name].admin) for name, im in bot.ims.items()]
    metrics.watch(bot.audit)
    return Site(bot, metrics, (bot.audit.trouble, *(probe.why_unreachable for probe in probes)))


def serve(settings: Settings) -> None:
    """Serve the bot over HTTP until a signal to stop comes; requests and commands under way are finished."""
    migrate_apart(settings.database_url)
    metrics = Metrics()
    bot = make_bot(settings, metrics.observe)
    site = make_site(bot, metrics, settings)
    listener = _listen(settings.host, settings.port)
    server = create_server(
        site,
        sockets=[listener],
        threads=THREADS,
        max_request_body_size=LONGEST_ACCEPTED,
        ident=None,
    )
    print(f"im-bot listens on port {listener.getsockname()[1]}", flush=True)  # noqa: T201 - the command's answer
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGINT, _stop)
    bot.audit.start()
    server.run()
    server.close()
    bot.close()


def _listen(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port), backlog=1024)
    except OSError as error:
        # socket.create_server repeats the address in brackets.
        reason = str(error.strerror).partition(" (")[0]
        raise SystemExit(f"cannot listen on {host}, port {port}: {reason}") from None


def _stop(*_: object) -> NoReturn:
    # waitress leaves its loop on this, and drains its threads.
    raise SystemExit
