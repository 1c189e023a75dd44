"""The sandbox itself: apps, knobs and logs, and the path of a call through them."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from bot.sandbox.auth import Gate
from bot.sandbox.behavior import Fault, Knobs
from bot.sandbox.calls import CALLS, Call, command_of, envelope
from bot.sandbox.codes import NOTHING, TRANSPORT, Refusal
from bot.sandbox.data import DataFileError, HostedApp, save
from bot.sandbox.request import Answer, Request, Write

KEPT_LOG = 100_000
"""How many arrivals of each command, and how many writes, are remembered."""
SAVE_DELAY = 0.5
"""Seconds in which changes are gathered before the data file is written."""

_MALFORMED, _UNKNOWN_COMMAND = 60002, 60009

_log = logging.getLogger(__name__)


class Sandbox:
    """Apps of Tencent Chat behind the vendor's REST API.

    Args:
        apps: What it serves; free to be changed while it runs.
        keep: The data file that changes are written to.
    """

    def __init__(self, *apps: HostedApp, keep: Path | None = None) -> None:
        self.apps = {app.app_id: app for app in apps}
        self.writes: deque[Write] = deque(maxlen=KEPT_LOG)
        """What portrait_set wrote, oldest first."""
        self.knobs = Knobs()
        self._arrivals: dict[str, deque[float]] = {command_of(path): deque(maxlen=KEPT_LOG) for path in CALLS}
        self._gate = Gate(self.apps)
        self._keep = keep
        self._saving: asyncio.TimerHandle | None = None

    @property
    def knobs(self) -> Knobs:
        """How it answers; to be replaced at any time, which starts the count of a fault's calls anew."""
        return self._knobs

    @knobs.setter
    def knobs(self, knobs: Knobs) -> None:
        self._knobs = knobs
        self._counted = 0

    def arrivals(self, command: str) -> list[float]:
        """List when each call of a command came in (monotonic seconds), refused ones included."""
        return list(self._arrivals[command])

    def all_arrivals(self) -> dict[str, list[float]]:
        """List the arrivals of every command."""
        return {command: list(times) for command, times in self._arrivals.items()}

    def save(self) -> None:
        """Write the data file, if there is one; to be called once the server has stopped.

        Raises:
            DataFileError: It cannot be written.
        """
        if self._keep:
            save(self._keep, list(self.apps.values()))

    def arrive(self, path: str) -> Fault | None:
        """Note that a call came in, and tell the outage that strikes it."""
        command = command_of(path)
        if path in CALLS:
            self._arrivals[command].append(time.monotonic())
        fault = self._knobs.fault
        if fault is None or fault.command not in {"", command}:
            return None
        self._counted += 1
        return fault if not fault.calls or self._counted in fault.calls else None

    def answer(self, method: str, path: str, query: str, body: bytes | None) -> Answer:
        """Answer a request; the query is as in the URL, the body None if there is none to be had."""
        call = CALLS.get(path)
        if method != "POST" or body is None:
            return self.refuse(path, _MALFORMED)
        if call is None:
            return self.refuse(path, _UNKNOWN_COMMAND)
        knobs = self._knobs
        try:
            return envelope(0, self._serve(call, path, query, body, knobs), call.family, knobs)
        except Refusal as refusal:
            return self.refuse(path, refusal.code, refusal.answer)

    def refuse(self, path: str, code: int, answer: Mapping[str, Any] = NOTHING) -> Answer:
        """Answer a request with a code."""
        call = CALLS.get(path)
        return envelope(code, answer, call.family if call else TRANSPORT, self._knobs)

    def _serve(self, call: Call, path: str, query: str, body: bytes, knobs: Knobs) -> Answer:
        asked = dict(parse_qsl(query, keep_blank_values=True))
        app = self._gate.identify(asked, call.family, knobs, time.time())
        if knobs.rate:
            self._gate.count(app.app_id, path, call.rate, knobs.throttle_code, time.monotonic())
        try:
            parsed = msgspec.json.decode(body)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            parsed = None
        if not isinstance(parsed, dict):
            raise Refusal((TRANSPORT if knobs.bad_json == "public" else call.family).bad)
        if call.writes:
            self._save_soon()
        return call.serve(Request(app, parsed, call.family, knobs, self.writes))

    def _save_soon(self) -> None:
        if self._keep and self._saving is None:
            self._saving = asyncio.get_running_loop().call_later(SAVE_DELAY, self._save_now)

    def _save_now(self) -> None:
        self._saving = None
        try:
            self.save()
        except DataFileError as error:
            _log.error("%s", error)
