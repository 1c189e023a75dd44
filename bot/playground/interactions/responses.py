"""Response URLs, with which the bot responds to commands and interactions without a token."""

import json
import secrets
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from bot.playground.errors import SlackError
from bot.playground.faults.faults import RESPONSE_URL
from bot.playground.inspector.inspector import Exchange
from bot.playground.people import BOT
from bot.playground.state.messages import read_content
from bot.playground.state.response_urls import ResponseUrl
from bot.playground.workspace import Workspace

USES = 5
"""Uses of a response URL at most."""
LIFETIME = 30 * 60
"""Seconds for which a response URL is valid."""


def create_response_url(workspace: Workspace, url: ResponseUrl, address: str) -> str:
    """Register a response URL, and return its address."""
    ticket = secrets.token_urlsafe(18)
    workspace.response_urls[ticket] = url
    return f"{address}/response/{ticket}"


async def receive(workspace: Workspace, request: Request) -> Response:
    """Handle a post to a response URL."""
    with workspace.inspector.recording("from_bot", RESPONSE_URL, RESPONSE_URL) as exchange:
        response = await _answer(workspace, request, exchange)
        exchange.outcome, exchange.answer = str(response.status_code), bytes(response.body).decode()
    return response


async def _answer(workspace: Workspace, request: Request, exchange: Exchange) -> Response:
    content = await request.body()
    try:
        body = exchange.sent = _read_body(content)
        if fault := await workspace.faults.inject(RESPONSE_URL, request):
            return fault
        url = _find(workspace, request.path_params["ticket"])
        respond(workspace, url, body)
    except SlackError as error:
        return JSONResponse(error.body, error.status or 400, error.headers)
    url.uses += 1
    return PlainTextResponse("ok")


def respond(workspace: Workspace, url: ResponseUrl, body: Mapping[str, Any]) -> None:
    """Apply the bot's response to a slash command or an interaction.

    Raises:
        SlackError: The message is invalid.
    """
    source = url.source if url.source in workspace.messages else None
    if source and url.pressed and _is_true(body.get("delete_original")):
        workspace.delete(source)
        return
    content = read_content(body, workspace.faults.refused_blocks)
    replaceable = url.pressed or workspace.faults.replace_answers
    if source and replaceable and _is_true(body.get("replace_original", url.pressed)):
        workspace.change(source, content)
        return
    public = body.get("response_type") == "in_channel"
    if public:
        workspace.posting_limit.acquire(url.channel.id, workspace.clock())
    message = workspace.post(
        url.channel,
        BOT,
        content,
        only_for=None if public else url.actor.id,
        command=url.command if public else None,
        thread_ts=body.get("thread_ts"),
    )
    if public:
        url.command = None
    if not url.pressed:
        url.source = message


def _find(workspace: Workspace, ticket: str) -> ResponseUrl:
    url = workspace.response_urls.get(ticket)
    if url is None or workspace.clock() - url.made_at > LIFETIME:
        raise SlackError("expired_url", status=404)
    if url.uses >= USES:
        raise SlackError("used_url", status=404)
    return url


def _read_body(content: bytes) -> Mapping[str, Any]:
    try:
        body = json.loads(content)
    except ValueError:
        raise SlackError("invalid_payload") from None
    if not isinstance(body, dict):
        raise SlackError("invalid_payload")
    return body


def _is_true(value: object) -> bool:
    return value in (True, "true", "1")
