"""The one signed POST under every call: paced, timed, repeated where that helps, and silent about secrets."""

import logging
import random
import secrets
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Generic, TypeVar
from urllib.parse import quote

import msgspec
import requests

from bot.core.model import Deadline
from bot.errors import (
    IMError,
    InvalidResponseError,
    NotAskedError,
    OutcomeUnknownError,
    UnavailableError,
)
from bot.im.codes import Retry, error_for, retry_after
from bot.im.failures import LIBRARY_ERRORS, unreachable
from bot.im.pacer import Pacer
from bot.im.usersig import Signature, Signer
from bot.im.wire import Answer, decode
from bot.sessions import open_session

A = TypeVar("A", bound=Answer)

CONNECT_SECONDS = 3.0
"""How long a connection may take."""
READ_SECONDS = 5.0
"""How long the vendor may be silent; it gives up by itself after 3 seconds, and then says so."""
MAX_BYTES = 16 * 1024 * 1024
"""The longest answer read: 100 accounts with every field full are about 4 MB."""
PACE = 0.98
"""The share of the vendor's limit that is used: room for calls sent evenly to arrive 20 ms unevenly."""

_CHUNK = 128 * 1024
_PAUSES: Mapping[Retry, tuple[float, ...]] = {
    Retry.TRANSIENT: (0.1, 0.4, 1.6),
    Retry.BACK_OFF: (0.5, 1, 2, 4),
}

# urllib3 writes the URL, and so the UserSig, into DEBUG lines and into a warning about odd headers.
for _name in ("urllib3", "urllib3.connection", "urllib3.connectionpool"):
    logging.getLogger(_name).setLevel(logging.ERROR)


@dataclass(frozen=True, slots=True)
class Call(Generic[A]):
    """One call of the vendor's API.

    Args:
        command: Service and command, as in the URL.
        answer: What it answers.
        per_second: How often the vendor lets one app make it.
        writes: Whether it changes anything.
    """

    command: str
    answer: type[A]
    per_second: int = 200
    writes: bool = False


class Transport:
    """Makes the calls of one app; safe between threads.

    Args:
        base_url: Where the vendor's API is, without a slash at the end.
        app_id: The SDKAppID.
        key: The app's secret key.
        admin: The admin account in whose name calls are made.
        workers: The most calls under way at once.
        calls: The calls that will be made; each is paced on its own, as the vendor counts.
    """

    def __init__(
        self, *, base_url: str, app_id: int, key: str, admin: str, workers: int, calls: Iterable[Call[Any]]
    ) -> None:
        self.answered_at: float | None = None
        """When the vendor last gave a readable answer, good or bad (monotonic seconds)."""
        self._signer = Signer(app_id, key, admin)
        self._pacers = {call: Pacer(call.per_second * PACE) for call in calls}
        self._base = f"{base_url}/v4/"
        self._query = f"sdkappid={app_id}&identifier={quote(admin, safe='')}&contenttype=json"
        self._session = open_session(base_url, workers)
        headers = {"Content-Type": "application/json"}
        # Prepared once and copied: preparing costs more than sending does.
        self._template = self._session.prepare_request(requests.Request("POST", base_url, headers=headers))

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def post(self, call: Call[A], body: Mapping[str, Any], deadline: Deadline) -> A:
        """Make a call and give its answer; what may pass is tried again, never beyond the deadline.

        Raises:
            IMError: The call failed as a whole; OutcomeUnknownError when it may have changed something.
        """
        content = msgspec.json.encode(body)
        first = signature = self._signer.get()
        problem: IMError = NotAskedError(
            "there was no time left to ask the vendor", advice="Ask for fewer ids"
        )
        tries = 0
        while self._pacers[call].wait(deadline):
            try:
                return self._ask(call, content, signature, deadline)
            except IMError as error:
                problem = error
            if retry_after(problem)[0] is Retry.SIGN and signature is first:
                signature = self._signer.renew(first)
                continue
            pause = _pause(problem, tries)
            if pause is None or pause >= deadline.left():
                break
            deadline.pause(pause)
            tries += 1
        raise problem

    def _ask(self, call: Call[A], content: bytes, signature: Signature, deadline: Deadline) -> A:
        problem: IMError
        sent = True
        try:
            answer = decode(call.answer, self._exchange(call, content, signature, deadline))
            self.answered_at = time.monotonic()
            if not answer.code:
                return answer
            problem = error_for(answer.code)
        except LIBRARY_ERRORS as error:
            problem, sent = unreachable(error)
        except IMError as error:
            problem = error
        # Raised out here, where no library's error, with the URL in its text, can be its context.
        if call.writes and sent and isinstance(problem, UnavailableError | InvalidResponseError):
            problem = OutcomeUnknownError(
                f"the change was sent, but {problem}: it may or may not have happened",
                code=problem.code,
                advice="Look the account up before you try again",
                detail=problem.detail,
            )
        raise problem

    def _exchange(self, call: Call[A], content: bytes, signature: Signature, deadline: Deadline) -> bytearray:
        request = self._template.copy()
        nonce = secrets.randbits(32)
        request.url = f"{self._base}{call.command}?{self._query}&usersig={signature.text}&random={nonce}"
        request.body = content
        request.headers["Content-Length"] = str(len(content))
        left = max(deadline.left(), 0.001)
        timeout = (min(CONNECT_SECONDS, left), min(READ_SECONDS, left))
        with self._session.send(request, stream=True, allow_redirects=False, timeout=timeout) as response:
            _check_status(response.status_code)
            return _read(response, deadline)


def _check_status(status: int) -> None:
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise UnavailableError(f"the vendor's server failed (HTTP {status})", advice="Try again in a minute")
    if status != HTTPStatus.OK:
        # Whatever the vendor has to say comes with 200: this is a proxy, or another server.
        raise InvalidResponseError(
            f"something else answered in the vendor's place (HTTP {status})",
            advice="An operator should check the vendor's address and the proxy",
        )


def _read(response: requests.Response, deadline: Deadline) -> bytearray:
    body = bytearray()
    # One receive at a time: the library's time-out is for each, and a server that drips would never end.
    while chunk := response.raw.read1(_CHUNK, decode_content=True):
        body += chunk
        if len(body) > MAX_BYTES:
            raise InvalidResponseError("the vendor's answer is too long", advice="Ask for fewer ids")
        if (left := deadline.left()) <= 0:
            raise requests.Timeout
        connection = response.raw.connection
        if connection is not None and connection.sock is not None:
            connection.sock.settimeout(min(READ_SECONDS, left))
    return body


def _pause(problem: IMError, tries: int) -> float | None:
    retry, least = retry_after(problem)
    pauses = _PAUSES.get(retry, ())
    if tries >= len(pauses):
        return None
    return least + pauses[tries] * random.uniform(0.75, 1.25)  # noqa: S311 - spreads callers, hides nothing
