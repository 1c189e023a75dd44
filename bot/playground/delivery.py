"""Payloads on their way to a bot in HTTP mode, and how Slack words a failed delivery in either mode."""

import asyncio
import json
import time
from urllib.parse import urlencode

import requests
from slack_sdk.signature import SignatureVerifier

from bot.playground.messages import Json

DISPATCH_FAILED = "dispatch_failed"
OPERATION_TIMEOUT = "operation_timeout"
SLASH_COMMANDS = "slash_commands"
INTERACTIVE = "interactive"

_SENTENCES = {OPERATION_TIMEOUT: "Operation timed out. Apps need to respond within 3 seconds."}


class NotDeliveredError(Exception):
    """A payload was not acknowledged with success.

    Args:
        word: Slack's word for what went wrong.
        sentence: What Slack tells somebody who pressed a button; one is found for the word when empty.
    """

    def __init__(self, word: str, sentence: str = "") -> None:
        super().__init__(word)
        self.word = word
        self.sentence = sentence or _SENTENCES.get(word, f'This app failed with the error "{word}"')


async def post_signed(kind: str, payload: Json, *, url: str, secret: str, ack_limit: float) -> object:
    """Post a payload to a request URL as Slack does, and return the body of its acknowledgement.

    Raises:
        NotDeliveredError: Nobody answered, not in time, or not with 200.
    """
    body = urlencode(payload if kind == SLASH_COMMANDS else {"payload": json.dumps(payload)})
    try:
        async with asyncio.timeout(ack_limit):
            response = await asyncio.to_thread(_post, url, body, secret, ack_limit)
    except (TimeoutError, requests.Timeout):
        raise NotDeliveredError(OPERATION_TIMEOUT) from None
    except requests.RequestException:
        raise NotDeliveredError(DISPATCH_FAILED) from None
    if response.status_code != requests.codes.ok:
        word = (
            "http_service_error"
            if response.status_code >= requests.codes.server_error
            else "http_client_error"
        )
        raise NotDeliveredError(word, f"This app responded with Status Code {response.status_code}.")
    return _read_body(response)


def _post(url: str, body: str, secret: str, ack_limit: float) -> requests.Response:
    timestamp = str(int(time.time()))
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "X-Slack-Request-Timestamp": timestamp,
        "X-Slack-Signature": SignatureVerifier(secret).generate_signature(timestamp=timestamp, body=body),
    }
    with requests.Session() as session:
        session.trust_env = False
        return session.post(url, body, headers=headers, timeout=ack_limit, allow_redirects=False)


def _read_body(response: requests.Response) -> object:
    if not response.content:
        return None
    if response.headers.get("Content-Type", "").startswith("application/json"):
        try:
            return response.json()
        except ValueError:
            return response.content
    return {"text": response.text}
