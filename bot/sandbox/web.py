"""ASGI application of the sandbox, with fault injection and control paths."""

import asyncio
from collections.abc import Iterable
from typing import Any

import msgspec

from bot.sandbox.behavior import Fault, update_behavior
from bot.sandbox.faults import BAD_GATEWAY, LOST_RESPONSES, Receive, Scope, Send, drop_response
from bot.sandbox.server import Sandbox

# As in the vendor's sample response, without a Content-Type.
_HEADERS = (
    (b"access-control-allow-origin", b"*"),
    (b"access-control-allow-headers", b"X-Requested-With"),
    (b"access-control-allow-methods", b"POST"),
)
_JSON = ((b"content-type", b"application/json"),)


class WebApp:
    """ASGI application of a sandbox.

    Beside the API, `GET` and `POST /sandbox/knobs` read and set the behavior as JSON (omitted settings stay),
    and `GET /sandbox/arrivals` lists the call times of every command.

    Bare ASGI, because Starlette hides the connection that a fault has to break, and adds an eighth to the
    time of a small call.
    """

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one HTTP request."""
        sandbox, path = self._sandbox, scope["path"]
        body = await _read(receive, sandbox.behavior.max_body)
        if path.startswith("/sandbox/"):
            status, answer = self._control(scope["method"], path, body)
            await _respond(send, status, msgspec.json.encode(answer), _JSON)
            return
        fault = sandbox.record_call(path)
        status, payload = self._answer(scope, body, fault)
        if sandbox.behavior.latency_ms:
            await asyncio.sleep(sandbox.behavior.latency_ms / 1000)
        if fault and fault.kind in LOST_RESPONSES:
            await drop_response(fault.kind, payload, receive, send)
        else:
            await _respond(send, status, payload, _HEADERS)

    def _answer(self, scope: Scope, body: bytes | None, fault: Fault | None) -> tuple[int, bytes]:
        sandbox, path = self._sandbox, scope["path"]
        if fault and fault.kind == "502":
            return 502, BAD_GATEWAY
        if fault and fault.kind == "code":
            return 200, msgspec.json.encode(sandbox.refuse(path, fault.code))
        query = scope["query_string"].decode("latin-1")
        return 200, msgspec.json.encode(sandbox.answer(scope["method"], path, query, body))

    def _control(self, method: str, path: str, body: bytes | None) -> tuple[int, Any]:
        sandbox = self._sandbox
        match method, path:
            case "GET", "/sandbox/knobs":
                return 200, sandbox.behavior
            case "POST", "/sandbox/knobs":
                try:
                    sandbox.behavior = update_behavior(sandbox.behavior, body or b"")
                except ValueError as error:
                    return 400, {"error": str(error)}
                return 200, sandbox.behavior
            case "GET", "/sandbox/arrivals":
                return 200, sandbox.call_log()
            case _:
                return 404, {"error": "known paths: GET and POST /sandbox/knobs, GET /sandbox/arrivals"}


async def _read(receive: Receive, max_bytes: int) -> bytes | None:
    """Read the body; None if it is too long or the caller disconnects."""
    pieces, size, more = [], 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        size += len(message["body"])
        if size <= max_bytes:
            pieces.append(message["body"])
        more = message["more_body"]
    return b"".join(pieces) if size <= max_bytes else None


async def _respond(send: Send, status: int, payload: bytes, headers: Iterable[tuple[bytes, bytes]]) -> None:
    length = (b"content-length", str(len(payload)).encode())
    await send({"type": "http.response.start", "status": status, "headers": [*headers, length]})
    await send({"type": "http.response.body", "body": payload})
