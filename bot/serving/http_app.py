"""The WSGI application: Slack's payloads, probes and metrics."""

import logging
import re
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, TypeAlias

from slack_bolt import App, BoltRequest
from slack_sdk.signature import SignatureVerifier

from bot.serving.metrics import Metrics
from bot.slack.api.payloads import NotSlacksError, check_payload
from bot.slack.recent_ids import RecentIds

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

REMEMBERED_SIGNATURES = 20_000
"""The latest signatures kept to recognize copies: five minutes of 60 requests a second."""

Response: TypeAlias = tuple[int, list[tuple[str, str]], bytes]
"""A status, headers and a body."""

_PLAIN = [("Content-Type", "text/plain; charset=utf-8")]
_BAD_REQUEST: Response = (400, _PLAIN, b"not a Slack payload\n")
_TIMESTAMP = re.compile("[0-9]{1,12}")

log = logging.getLogger(__name__)


class ProbeApp:
    """The WSGI application of probes and metrics.

    Args:
        metrics: Served at /metrics.
        troubles: Asked by /readyz; each returns at once why the bot is not ready, empty when it is.
        limits: The same; each returns what slows the bot down, which is ready all the same.
    """

    def __init__(
        self,
        metrics: Metrics,
        troubles: Iterable[Callable[[], str]],
        limits: Iterable[Callable[[], str]] = (),
    ) -> None:
        self._troubles = tuple(troubles)
        self._limits = tuple(limits)
        self._pages: Mapping[str, Callable[[], Response]] = {
            "/healthz": lambda: (200, _PLAIN, b"alive\n"),
            "/readyz": self._ready,
            "/metrics": lambda: (200, _PLAIN, metrics.text()),
        }

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer one HTTP request."""
        method = environ["REQUEST_METHOD"]
        status, headers, body = self._answer(method, environ.get("PATH_INFO", "/"), environ)
        length = ("Content-Length", str(len(body)))
        start_response(f"{status} {HTTPStatus(status).phrase}", [*headers, length])
        return [b"" if method == "HEAD" else body]

    def _answer(self, method: str, path: str, environ: "WSGIEnvironment") -> Response:  # noqa: ARG002 - for HTTPApp
        if method in ("GET", "HEAD") and path in self._pages:
            return self._pages[path]()
        return 404, _PLAIN, b"not found\n"

    def _ready(self) -> Response:
        reasons = [reason for trouble in self._troubles if (reason := trouble())]
        slower = [reason for limit in self._limits if (reason := limit())]
        lines = "".join(f"{reason}\n" for reason in [*(reasons or ["ready"]), *slower])
        return (503 if reasons else 200), _PLAIN, lines.encode()


class HTTPApp(ProbeApp):
    """The WSGI application of HTTP mode: probes, metrics, and `POST /slack/events`.

    Args:
        bolt: Receives Slack's payloads.
        metrics: As in ProbeApp.
        troubles: As in ProbeApp.
        signing_secret: The secret that Slack signs its requests with.
        limits: As in ProbeApp.
    """

    def __init__(
        self,
        bolt: App,
        metrics: Metrics,
        troubles: Iterable[Callable[[], str]],
        signing_secret: str,
        limits: Iterable[Callable[[], str]] = (),
    ) -> None:
        super().__init__(metrics, troubles, limits)
        self._bolt = bolt
        self._verifier = SignatureVerifier(signing_secret)
        self._signatures = RecentIds(REMEMBERED_SIGNATURES)

    def _answer(self, method: str, path: str, environ: "WSGIEnvironment") -> Response:
        if (method, path) == ("POST", "/slack/events"):
            return self._receive(environ)
        return super()._answer(method, path, environ)

    def _receive(self, environ: "WSGIEnvironment") -> Response:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        signature = environ.get("HTTP_X_SLACK_SIGNATURE", "")
        try:
            text = body.decode()
        except UnicodeDecodeError:
            return _BAD_REQUEST
        if not self._is_signed(text, environ.get("HTTP_X_SLACK_REQUEST_TIMESTAMP", ""), signature):
            return 401, _PLAIN, b"not signed by Slack\n"
        if self._signatures.add(signature):
            # Slack signs nothing twice: this is a copy of a request that was handled.
            return 200, _PLAIN, b""
        headers = {
            name[5:].replace("_", "-").lower(): environ[name] for name in environ if name[:5] == "HTTP_"
        }
        headers["content-type"] = environ.get("CONTENT_TYPE", "")
        try:
            request = BoltRequest(body=text, headers=headers)
            check_payload(request.body)
            response = self._bolt.dispatch(request)
        except NotSlacksError as error:
            log.warning("a signed request is not a Slack payload: %s", error)
            return _BAD_REQUEST
        except Exception as error:  # noqa: BLE001 - Bolt looks into a payload before it knows its shape
            # No message and no traceback: they may repeat what was typed.
            log.warning("a signed request is not a Slack payload (%s)", type(error).__name__)
            return _BAD_REQUEST
        response_headers = [(name, value) for name, values in response.headers.items() for value in values]
        return response.status, response_headers, response.body.encode()

    def _is_signed(self, body: str, timestamp: str, signature: str) -> bool:
        # slack_sdk's verifier raises for a timestamp that is no number, or a signature that is not ASCII.
        if not _TIMESTAMP.fullmatch(timestamp) or not signature.isascii():
            return False
        return self._verifier.is_valid(body, timestamp, signature)
