"""The sandbox: apps, behavior and logs, and the handling of calls."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from bot.sandbox.behavior import Behavior, Fault
from bot.sandbox.data import DataFileError, HostedApp, save
from bot.sandbox.rest_api.auth import Authenticator
from bot.sandbox.rest_api.calls import ENDPOINTS, Endpoint, command_name, envelope
from bot.sandbox.rest_api.codes import EMPTY, TRANSPORT, ApiError
from bot.sandbox.rest_api.request import Answer, Request, Write

LOG_SIZE = 100_000
"""Calls of each command, and writes, that are kept in the logs."""
SAVE_DELAY = 0.5
"""Seconds between a change and the next save of the data file."""

_MALFORMED, _UNKNOWN_COMMAND = 60002, 60009

_log = logging.getLogger(__name__)


class Sandbox:
    """Apps of Tencent Chat behind the vendor's REST API.

    Args:
        apps: The hosted apps; may be changed at any time.
        keep: The data file for changes.
    """

    def __init__(self, *apps: HostedApp, keep: Path | None = None) -> None:
        self.apps = {app.app_id: app for app in apps}
        self.writes: deque[Write] = deque(maxlen=LOG_SIZE)
        """Writes of portrait_set, oldest first."""
        self.behavior = Behavior()
        self._call_log: dict[str, deque[float]] = {
            command_name(path): deque(maxlen=LOG_SIZE) for path in ENDPOINTS
        }
        self._authenticator = Authenticator(self.apps)
        self._keep = keep
        self._saving: asyncio.TimerHandle | None = None

    @property
    def behavior(self) -> Behavior:
        """Current behavior; replacing it restarts the call count of a fault."""
        return self._behavior

    @behavior.setter
    def behavior(self, behavior: Behavior) -> None:
        self._behavior = behavior
        self._counted = 0

    def call_times(self, command: str) -> list[float]:
        """List the times of a command's calls in monotonic seconds, failed ones included."""
        return list(self._call_log[command])

    def call_log(self) -> dict[str, list[float]]:
        """Return the call times of every command."""
        return {command: list(times) for command, times in self._call_log.items()}

    def save(self) -> None:
        """Write the data file, if any; call it once the server has stopped.

        Raises:
            DataFileError: The file cannot be written.
        """
        if self._keep:
            save(self._keep, list(self.apps.values()))

    def record_call(self, path: str) -> Fault | None:
        """Log a call, and return the fault that affects it."""
        command = command_name(path)
        if path in ENDPOINTS:
            self._call_log[command].append(time.monotonic())
        fault = self._behavior.fault
        if fault is None or fault.command not in {"", command}:
            return None
        self._counted += 1
        return fault if not fault.calls or self._counted in fault.calls else None

    def answer(self, method: str, path: str, query: str, body: bytes | None) -> Answer:
        """Answer a request; `body` is None if it is too long or incomplete."""
        endpoint = ENDPOINTS.get(path)
        if method != "POST" or body is None:
            return self.refuse(path, _MALFORMED)
        if endpoint is None:
            return self.refuse(path, _UNKNOWN_COMMAND)
        behavior = self._behavior
        try:
            return envelope(0, self._serve(endpoint, path, query, body, behavior), endpoint.family, behavior)
        except ApiError as error:
            return self.refuse(path, error.code, error.answer)

    def refuse(self, path: str, code: int, answer: Mapping[str, Any] = EMPTY) -> Answer:
        """Build an error response."""
        endpoint = ENDPOINTS.get(path)
        return envelope(code, answer, endpoint.family if endpoint else TRANSPORT, self._behavior)

    def _serve(self, endpoint: Endpoint, path: str, query: str, body: bytes, behavior: Behavior) -> Answer:
        asked = dict(parse_qsl(query, keep_blank_values=True))
        app = self._authenticator.authenticate(asked, endpoint.family, behavior, time.time())
        if behavior.rate:
            self._authenticator.check_rate(
                app.app_id, path, endpoint.rate, behavior.throttle_code, time.monotonic()
            )
        try:
            parsed = msgspec.json.decode(body)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            parsed = None
        if not isinstance(parsed, dict):
            raise ApiError((TRANSPORT if behavior.bad_json == "public" else endpoint.family).bad)
        if endpoint.writes:
            self._save_soon()
        return endpoint.serve(Request(app, parsed, endpoint.family, behavior, self.writes))

    def _save_soon(self) -> None:
        if self._keep and self._saving is None:
            self._saving = asyncio.get_running_loop().call_later(SAVE_DELAY, self._save_now)

    def _save_now(self) -> None:
        self._saving = None
        try:
            self.save()
        except DataFileError as error:
            _log.error("%s", error)
