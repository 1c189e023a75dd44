"""A guided run through a workspace: what it sends, what the person does, and what Slack says to it."""

import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from queue import Empty, SimpleQueue
from threading import Thread
from types import TracebackType
from typing import Any, NamedTuple, Self, TypeAlias

import msgspec
from slack_sdk.socket_mode.builtin import SocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse
from slack_sdk.web import SlackResponse

from bot.http_client.errors import CallError
from bot.http_client.session import Session
from bot.slack.api.client import SlackClient
from bot.slack.api.errors import SlackCallError
from bot.slack.api.socket_mode import SocketClient
from bot.slack.delivery.response_url import MOST_BYTES, read_refusal
from bot.slack.recent_ids import RecentIds
from tests.support.slack import make_buttons

QUIET_SECONDS = 3.0
"""Seconds in which a payload must come, once the person has done what it is about."""
OK = "ok"

_SKIP = "s"
_ENVELOPES = 1000
_UNRELATED = {
    "channel_not_found",
    "invalid_auth",
    "is_archived",
    "missing_scope",
    "not_in_channel",
    "unknown_method",
    "user_not_in_channel",
}
"""Error codes that tell nothing about the fact that is checked."""

Payload: TypeAlias = dict[str, Any]


class SkippedError(Exception):
    """A check could not be made; the text is why, for the report."""


class Observed(NamedTuple):
    """Slack's response to the steps of a check, and whether the fact may be true after that."""

    said: str
    fits: bool = True


@dataclass(frozen=True, slots=True)
class Check:
    """A fact, and how to find out whether it is one.

    Args:
        fact: As in docs/slack-facts.md.
        steps: Sends what has to be sent, and returns what Slack said.
        question: What only the person can tell; empty if Slack has said all.
        choices: The answers.
        confirming: The number of the answer that confirms the fact.
    """

    fact: str
    steps: Callable[["FieldRun"], Observed]
    question: str = ""
    choices: Sequence[str] = ()
    confirming: int = 1


@dataclass(frozen=True, slots=True)
class Result:
    """The verdict on a fact: confirmed, refuted or skipped, and why."""

    fact: str
    verdict: str
    said: str
    seen: str = ""


class FieldRun:
    """One connection to Slack, and one person who uses the workspace and types into the terminal.

    Args:
        slack: The client of the Web API.
        app_token: The app-level token.
        channel: The id of the channel that everything happens in.
        command: The slash command's name.
        show: Shows a line to the person.
        quiet: The seconds in which a payload must come.
    """

    def __init__(
        self,
        slack: SlackClient,
        app_token: str,
        *,
        channel: str,
        command: str,
        show: Callable[[str], None],
        quiet: float = QUIET_SECONDS,
    ) -> None:
        self.slack = slack
        self.channel = channel
        self.command = command
        self.show = show
        self.person = ""
        self.repeated = 0
        """Envelopes that came once more."""
        self.received = 0
        """Different envelopes."""
        self._quiet = quiet
        self._inbox: SimpleQueue[str | Payload | None] = SimpleQueue()
        self._recent = RecentIds(_ENVELOPES)
        self._responses = Session("https://hooks.slack.com", 1)
        self._socket = SocketClient(app_token, slack)
        self._socket.socket_mode_request_listeners.append(self._receive)  # type: ignore[arg-type]  # as Bolt's

    def __enter__(self) -> Self:
        """Connect.

        Raises:
            SlackCallError: Slack gave no connection.
        """
        self._socket.connect()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._socket.close()
        self._responses.close()

    def read(self, lines: Iterable[str]) -> None:
        """Read what the person types, in a thread."""
        Thread(target=self._read, args=(lines,), daemon=True).start()

    def meet(self) -> None:
        """Find out which person does all the rest.

        Raises:
            SkippedError: The person does not type the command into the channel.
        """
        met = self.need("command", f"Type {self.command} hello into the channel")
        if met["channel_id"] != self.channel:
            raise SkippedError("the command was typed elsewhere")
        self.person = _read_person(met)

    def check_all(self, checks: Sequence[Check]) -> list[Result]:
        """Make all checks, until the person ends it."""
        results = list[Result]()
        try:
            for number, check in enumerate(checks, 1):
                self.show(f"\n[{number}/{len(checks)}] {check.fact}")
                results.append(self.check(check))
                self.show(f"  {results[-1].verdict}: {results[-1].said}")
        except (KeyboardInterrupt, EOFError):
            self.show("\nThe run ends here.")
        rest = [Result(check.fact, "skipped", "the run ended before") for check in checks[len(results) :]]
        return results + rest

    def check(self, check: Check) -> Result:
        """Make a check."""
        self._forget()
        try:
            observed = check.steps(self)
            if not (observed.fits and check.question):
                return Result(check.fact, _VERDICTS[observed.fits], observed.said)
            number = self._ask(check.question, check.choices)
        except (SkippedError, SlackCallError) as error:
            reason = error.reason if isinstance(error, SlackCallError) else str(error)
            return Result(check.fact, "skipped", reason)
        verdict = _VERDICTS[number == check.confirming]
        return Result(check.fact, verdict, observed.said, check.choices[number - 1])

    def call(self, method: str, **arguments: Any) -> SlackResponse:
        """Call a method of the Web API; wait once if Slack asks for it.

        Raises:
            SlackCallError: Slack refused it, or did not answer.
        """
        try:
            return self.slack.call(method, **arguments)
        except SlackCallError as error:
            if error.retry_after is None:
                raise
            self.show(f"  (Slack asks to wait {error.retry_after:g} s)")
            time.sleep(error.retry_after)
        return self.slack.call(method, **arguments)

    def try_call(self, method: str, **arguments: Any) -> str:
        """Call a method; return Slack's error code, or `ok`.

        Raises:
            SlackCallError: The code tells nothing about a fact, or there is none.
        """
        try:
            self.call(method, **arguments)
        except SlackCallError as error:
            return _read_refusal(error)
        return OK

    def post(self, text: str, **more: Any) -> str:
        """Post a message into the channel; return its timestamp."""
        return str(self.call("chat.postMessage", channel=self.channel, text=text, **more)["ts"])

    def try_post(self, text: str, **more: Any) -> str:
        """Post a message and delete it at once; return as `try_call` does."""
        try:
            ts = self.post(text, **more)
        except SlackCallError as error:
            return _read_refusal(error)
        self.call("chat.delete", channel=self.channel, ts=ts)
        return OK

    def post_ephemeral(self, text: str, **more: Any) -> str:
        """Post a message for the person alone; return as `try_call` does."""
        return self.try_call("chat.postEphemeral", channel=self.channel, user=self.person, text=text, **more)

    def respond(self, url: str, text: str, **more: Any) -> str:
        """Post to a response URL, for the person alone; return `ok`, or Slack's error code or HTTP status.

        Raises:
            SkippedError: There was no answer.
        """
        body = msgspec.json.encode({"text": text, "response_type": "ephemeral", **more})
        kind = {"Content-Type": "application/json; charset=utf-8"}
        try:
            answer = self._responses.post(url, body, kind, seconds=5, max_bytes=MOST_BYTES)
        except CallError as error:
            raise SkippedError(str(error)) from None
        return read_refusal(answer) or OK

    def press(self) -> Payload:
        """Give the person a button, and return the payload of its press."""
        self.post_ephemeral("A button", blocks=make_buttons("press"))
        return self.need("block_actions", "Press the new button")

    def need(self, kind: str, instruction: str) -> Payload:
        """Let the person do something, and return its payload.

        Raises:
            SkippedError: None came.
        """
        if payload := self.wait_for(kind, instruction):
            return payload
        raise SkippedError(f"no {kind} came: does another process of the app run?")

    def wait_for(self, kind: str, instruction: str) -> Payload | None:
        """Let the person do something; return its payload, None if they press Enter and none comes.

        Raises:
            SkippedError: The person skips it.
        """
        self.show(f"  → {instruction}.  [goes on by itself; Enter if it does not, s to skip]")
        deadline = None
        while True:
            got = self._next(deadline)
            if isinstance(got, str):
                deadline = time.monotonic() + self._quiet
            elif got is None or _read_kind(got) == kind:
                return got

    def let(self, instruction: str, kind: str = "") -> list[Payload]:
        """Let the person do something and press Enter; return the payloads of a kind that came of it.

        Raises:
            SkippedError: The person skips it.
        """
        self.show(f"  → {instruction}.  [then Enter; s to skip]")
        deadline, found = None, list[Payload]()
        while (got := self._next(deadline)) is not None:
            if isinstance(got, str):
                deadline = time.monotonic() + (self._quiet if kind else 0)
            elif _read_kind(got) == kind:
                found.append(got)
        return found

    def _ask(self, question: str, choices: Sequence[str]) -> int:
        """Ask the person; return the number of the answer."""
        self.show(f"  ? {question}")
        for number, choice in enumerate(choices, 1):
            self.show(f"      {number}  {choice}")
        self.show(f"  → A number from 1 to {len(choices)}, or s to skip.")
        while True:
            got = self._next()
            if isinstance(got, str) and got.isdecimal() and 1 <= int(got) <= len(choices):
                return int(got)

    def _next(self, deadline: float | None = None) -> str | Payload | None:
        """Return the next line or payload; None at the deadline.

        Raises:
            SkippedError: The person skips.
            EOFError: There are no more lines.
        """
        try:
            left = None if deadline is None else max(deadline - time.monotonic(), 0)
            got = self._inbox.get(timeout=left)
        except Empty:
            return None
        if got is None:
            raise EOFError
        if got == _SKIP:
            raise SkippedError("by the person")
        return got

    def _forget(self) -> None:
        """Forget what came since the last check."""
        with suppress(Empty):
            while True:
                if self._inbox.get_nowait() is None:
                    raise EOFError

    def _read(self, lines: Iterable[str]) -> None:
        for line in lines:
            self._inbox.put(line.strip())
        self._inbox.put(None)

    def _receive(self, client: SocketModeClient, request: SocketModeRequest) -> None:
        if self._recent.add(request.envelope_id):
            self.repeated += 1
        else:
            self.received += 1
            if self.person in ("", _read_person(request.payload)):
                self._inbox.put(request.payload)
        client.send_socket_mode_response(SocketModeResponse(request.envelope_id))


_VERDICTS = {True: "confirmed", False: "refuted"}


def _read_refusal(error: SlackCallError) -> str:
    """Return the code with which Slack refused a call.

    Raises:
        SlackCallError: The same, as it is an outage or tells nothing about a fact.
    """
    if error.status != HTTPStatus.OK or not error.code or error.code in _UNRELATED:
        raise error
    return error.code


def _read_kind(payload: Payload) -> str:
    if "command" in payload:
        return "command"
    return str(payload["event"]["type"] if "event" in payload else payload.get("type"))


def _read_person(payload: Payload) -> str:
    event, user = payload.get("event") or {}, payload.get("user") or {}
    return str(payload.get("user_id") or event.get("user") or user.get("id"))
