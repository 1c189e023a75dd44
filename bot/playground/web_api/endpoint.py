"""HTTP endpoint of the Web API: checks tokens, scopes and arguments, and runs the method."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, Response

from bot.playground.blockkit.checks import decode_json_arguments
from bot.playground.errors import SlackError
from bot.playground.inspector.arguments import Arguments
from bot.playground.inspector.inspector import Exchange
from bot.playground.web_api.calls import Method, MethodCall
from bot.playground.web_api.methods import METHODS
from bot.playground.workspace import Workspace

APP_SCOPES = frozenset({"connections:write"})
"""Scopes of the app-level token."""


async def receive(workspace: Workspace, request: Request) -> Response:
    """Handle a call of a Web API method."""
    name = request.path_params["method"]
    with workspace.inspector.recording("from_bot", name, name) as exchange:
        response = await _answer(workspace, name, request, exchange)
        exchange.outcome, exchange.answer = str(response.status_code), json.loads(bytes(response.body))
    return response


async def _answer(workspace: Workspace, name: str, request: Request, exchange: Exchange) -> Response:
    await request.body()  # Starlette caches it, so that a hanging call is a complete one too
    headers: dict[str, str] = {}
    try:
        given = await _read_arguments(request)
        exchange.sent = decode_json_arguments(given)
        if fault := await workspace.faults.inject(name, request):
            return fault
        method = _find_method(name)
        _check_token(workspace, method, _read_token(request, given), headers)
        if method.a_minute:
            workspace.call_limit.acquire(name, method.a_minute, workspace.clock())
        arguments = Arguments(given)
        answer = method.run(MethodCall(workspace, arguments, find_address(request)))
        exchange.ignored = arguments.list_ignored()
    except SlackError as error:
        return JSONResponse(error.body, error.status or 200, {**headers, **(error.headers or {})})
    return JSONResponse({"ok": True, **answer}, headers=headers)


def find_address(connection: HTTPConnection) -> str:
    """Return the server's own address, whatever name or forwarded port the caller used."""
    host, port = connection.scope["server"]
    return f"http://{host}:{port}"


def _find_method(name: str) -> Method:
    if (method := METHODS.get(name)) is None:
        played = f"[ERROR] {name} is not played by this local Slack; it plays {', '.join(sorted(METHODS))}"
        raise SlackError("unknown_method", req_method=name, response_metadata={"messages": [played]})
    return method


async def _read_arguments(request: Request) -> dict[str, Any]:
    body = await request.body()
    if request.headers.get("Content-Type", "").startswith("application/json") and body:
        try:
            content = json.loads(body)
        except ValueError:
            raise SlackError("invalid_json") from None
        if not isinstance(content, dict):
            raise SlackError("json_not_object")
        return {**request.query_params, **content}
    return {**request.query_params, **dict(parse_qsl(body.decode(errors="replace"), keep_blank_values=True))}


def _read_token(request: Request, arguments: Mapping[str, Any]) -> str:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    token = token.strip() if scheme == "Bearer" else arguments.get("token", "")
    if not token:
        raise SlackError("not_authed")
    return str(token)


def _check_token(workspace: Workspace, method: Method, token: str, headers: dict[str, str]) -> None:
    """Reject a token that must not call the method; adds Slack's scope headers to `headers`."""
    granted = {workspace.app.bot_token: workspace.app.scopes, workspace.app.app_token: APP_SCOPES}.get(token)
    if granted is None:
        raise SlackError("invalid_auth")
    headers["x-oauth-scopes"] = provided = ",".join(sorted(granted))
    headers["x-accepted-oauth-scopes"] = needed = ",".join(method.scopes)
    if method.scopes and method.app_level != (token == workspace.app.app_token):
        raise SlackError("not_allowed_token_type")
    if method.scopes and not granted.intersection(method.scopes):
        raise SlackError("missing_scope", needed=needed, provided=provided)
