"""Delivery of payloads in HTTP mode, and the delivery errors of both modes."""

import asyncio
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

import requests
from slack_sdk.signature import SignatureVerifier

from bot.playground.json_types import Json

DISPATCH_FAILED = "dispatch_failed"
OPERATION_TIMEOUT = "operation_timeout"
SLASH_COMMANDS = "slash_commands"
INTERACTIVE = "interactive"
EVENTS = "events_api"

_FINE = 2  # first digit of the HTTP statuses that acknowledge an event
_SENTENCES = {OPERATION_TIMEOUT: "Operation timed out. Apps need to respond within 3 seconds."}


class NotDeliveredError(Exception):
    """A payload was not acknowledged.

    Args:
        code: Slack's error code.
        sentence: Slack's message after a button press; derived from the code if empty.
        final: The bot asked for no retry.
    """

    def __init__(self, code: str, sentence: str = "", *, final: bool = False) -> None:
        super().__init__(code)
        self.code = code
        self.final = final
        self.sentence = sentence or _SENTENCES.get(code, f'This app failed with the error "{code}"')


@dataclass(frozen=True, slots=True)
class EventRetry:
    """A retry of an event.

    Args:
        number: Retry number, from 1.
        reason: Error of the previous attempt.
    """

    number: int
    reason: str


async def post_signed(
    kind: str, payload: Json, *, url: str, secret: str, ack_limit: float, retry: EventRetry | None = None
) -> object:
    """Post a signed payload to a request URL, and return the body of the acknowledgement.

    Raises:
        NotDeliveredError: There was no response in time, or not with 200.
    """
    content_type, body = _write(kind, payload)
    headers = {"Content-Type": content_type}
    if retry:
        headers |= {"X-Slack-Retry-Num": str(retry.number), "X-Slack-Retry-Reason": retry.reason}
    try:
        async with asyncio.timeout(ack_limit):
            response = await asyncio.to_thread(_post, url, body, headers, secret, ack_limit)
    except (TimeoutError, requests.Timeout):
        raise NotDeliveredError(OPERATION_TIMEOUT) from None
    except requests.RequestException:
        raise NotDeliveredError(DISPATCH_FAILED) from None
    if response.status_code != requests.codes.ok and (kind != EVENTS or response.status_code // 100 != _FINE):
        code = (
            "http_service_error"
            if response.status_code >= requests.codes.server_error
            else "http_client_error"
        )
        sentence = f"This app responded with Status Code {response.status_code}."
        raise NotDeliveredError(code, sentence, final=response.headers.get("X-Slack-No-Retry") == "1")
    return _read_body(response)


def _write(kind: str, payload: Json) -> tuple[str, str]:
    """Encode a payload; returns the content type and the body."""
    if kind == EVENTS:
        return "application/json", json.dumps(payload)
    fields = payload if kind == SLASH_COMMANDS else {"payload": json.dumps(payload)}
    return "application/x-www-form-urlencoded", urlencode(fields)


def _post(
    url: str, body: str, headers: Mapping[str, str], secret: str, ack_limit: float
) -> requests.Response:
    timestamp = str(int(time.time()))
    signed = {
        **headers,
        "X-Slack-Request-Timestamp": timestamp,
        "X-Slack-Signature": SignatureVerifier(secret).generate_signature(timestamp=timestamp, body=body),
    }
    with requests.Session() as session:
        session.trust_env = False
        return session.post(url, body.encode(), headers=signed, timeout=ack_limit, allow_redirects=False)


def _read_body(response: requests.Response) -> object:
    if not response.content:
        return None
    if response.headers.get("Content-Type", "").startswith("application/json"):
        try:
            return response.json()
        except ValueError:
            return response.content
    return {"text": response.text}
