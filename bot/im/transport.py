"""The signed POST under every call: paced, bounded, retried where that helps, silent about secrets."""

import random
import secrets
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Generic, TypeAlias, TypeVar
from urllib.parse import quote

import msgspec

from bot.core.model import Deadline
from bot.errors import (
    IMError,
    InvalidResponseError,
    NotAskedError,
    OutcomeUnknownError,
    UnavailableError,
)
from bot.http_client.errors import CallError, TooLongError
from bot.http_client.session import Session, prepare
from bot.im.codes import Retry, error_for, retry_after
from bot.im.errors import from_library_error
from bot.im.pacer import LocalPacer, Pacer
from bot.im.usersig import Signature, Signer
from bot.im.wire import Response, decode

R = TypeVar("R", bound=Response)

READ_SECONDS = 5.0
"""Seconds that the vendor may be silent; it reports its own time-out after 3."""
MAX_BYTES = 16 * 1024 * 1024
"""The longest response read: 100 accounts with every field full are about 4 MB."""
PACE = 0.98
"""The share of the vendor's limit that is used: calls may arrive 20 ms unevenly."""
PacerFactory: TypeAlias = Callable[[str, float], Pacer]
"""Makes the pacer of an endpoint, by its command and the vendor's limit (calls a second)."""

Pauses: TypeAlias = Mapping[Retry, Sequence[float]]
"""Seconds before the first, second, … further try of a call."""
PAUSES: Pauses = {
    Retry.TRANSIENT: (0.1, 0.4, 1.6),
    Retry.BACK_OFF: (0.5, 1, 2, 4),
}
"""The usual pauses."""


@dataclass(frozen=True, slots=True)
class Endpoint(Generic[R]):
    """One endpoint of the vendor's API.

    Args:
        command: Service and command, as in the URL.
        response: The shape of its response.
        per_second: The vendor's limit for one app.
        writes: True when a call changes data.
    """

    command: str
    response: type[R]
    per_second: int = 200
    writes: bool = False


def make_local_pacer(command: str, per_second: float) -> Pacer:  # noqa: ARG001 - a PacerFactory
    """Make the pacer of an endpoint that no other process calls."""
    return LocalPacer(per_second * PACE)


class Transport:
    """Makes the calls of one app; safe between threads.

    Args:
        base_url: The base URL of the vendor's API, without a slash at the end.
        app_id: The SDKAppID.
        key: The app's secret key.
        admin: The admin account that makes the calls.
        workers: The most concurrent calls.
        endpoints: The endpoints; each is paced on its own, as the vendor counts.
        make_pacer: Makes their pacers.
        pauses: The pauses before further tries.
    """

    def __init__(
        self,
        *,
        base_url: str,
        app_id: int,
        key: str,
        admin: str,
        workers: int,
        endpoints: Iterable[Endpoint[Any]],
        make_pacer: PacerFactory = make_local_pacer,
        pauses: Pauses = PAUSES,
    ) -> None:
        self.answered_at: float | None = None
        """The time of the last readable answer, good or bad (monotonic seconds)."""
        self._signer = Signer(app_id, key, admin)
        self._pacers = {endpoint: make_pacer(endpoint.command, endpoint.per_second) for endpoint in endpoints}
        self._pauses = pauses
        self._base = f"{base_url}/v4/"
        self._query = f"sdkappid={app_id}&identifier={quote(admin, safe='')}&contenttype=json"
        self._session = Session(base_url, workers)
        # Prepared once and copied: preparing costs more than sending.
        self._template = prepare(base_url, {"Content-Type": "application/json"})

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def post(self, endpoint: Endpoint[R], body: Mapping[str, Any], deadline: Deadline) -> R:
        """Call an endpoint and return its response; temporary failures are retried until the deadline.

        Raises:
            IMError: The call failed as a whole; OutcomeUnknownError when it may have changed something.
        """
        content = msgspec.json.encode(body)
        first = signature = self._signer.get()
        problem: IMError = NotAskedError(
            "there was no time left to ask Tencent Chat", advice="Ask for fewer ids"
        )
        tries = 0
        while self._pacers[endpoint].wait(deadline):
            try:
                return self._post_once(endpoint, content, signature, deadline)
            except IMError as error:
                problem = error
            if retry_after(problem)[0] is Retry.SIGN and signature is first:
                signature = self._signer.renew(first)
                continue
            pause = self._pause(problem, tries)
            if pause is None or pause >= deadline.left():
                break
            deadline.pause(pause)
            tries += 1
        raise problem

    def _post_once(
        self, endpoint: Endpoint[R], content: bytes, signature: Signature, deadline: Deadline
    ) -> R:
        problem: IMError
        sent = True
        try:
            answer = decode(endpoint.response, self._exchange(endpoint, content, signature, deadline))
            self.answered_at = time.monotonic()
            if not answer.code:
                return answer
            problem = error_for(answer.code)
        except CallError as error:
            if isinstance(error.cause, TooLongError):
                problem = InvalidResponseError(
                    "Tencent Chat's answer is too long", advice="Ask for fewer ids"
                )
            else:
                problem, sent = from_library_error(error), error.sent
        except IMError as error:
            problem = error
        # Raised outside the handlers: a library's error, whose text holds the URL, must not be its context.
        if endpoint.writes and sent and isinstance(problem, UnavailableError | InvalidResponseError):
            problem = OutcomeUnknownError(
                f"the change was sent, but {problem}, so it may or may not have been applied",
                code=problem.code,
                advice="Look up the account before you try again",
                detail=problem.detail,
            )
        raise problem

    def _pause(self, problem: IMError, tries: int) -> float | None:
        retry, least = retry_after(problem)
        pauses = self._pauses.get(retry, ())
        if tries >= len(pauses):
            return None
        return least + pauses[tries] * random.uniform(0.75, 1.25)  # noqa: S311 - spreads callers, hides nothing

    def _exchange(
        self, endpoint: Endpoint[R], content: bytes, signature: Signature, deadline: Deadline
    ) -> bytearray:
        request = self._template.copy()
        nonce = secrets.randbits(32)
        request.url = f"{self._base}{endpoint.command}?{self._query}&usersig={signature.text}&random={nonce}"
        request.body = content
        request.headers["Content-Length"] = str(len(content))
        answer = self._session.send(
            request, seconds=deadline.left(), max_bytes=MAX_BYTES, read_seconds=READ_SECONDS
        )
        _check_status(answer.status)
        return answer.body


def _check_status(status: int) -> None:
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise UnavailableError(f"Tencent Chat is down (HTTP {status})", advice="Try again in a minute")
    if status != HTTPStatus.OK:
        # The vendor always answers with 200: this is a proxy, or another server.
        raise InvalidResponseError(
            f"another server answered instead of Tencent Chat (HTTP {status})",
            advice="Tell the bot's operator to check the API's address and the proxy",
        )
