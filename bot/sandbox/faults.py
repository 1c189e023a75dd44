"""Network faults: responses that hang, break off or come from a gateway."""

import socket
import struct
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeAlias

Scope: TypeAlias = Mapping[str, Any]
"""ASGI connection scope."""
Receive: TypeAlias = Callable[[], Awaitable[Mapping[str, Any]]]
"""ASGI receive callable."""
Send: TypeAlias = Callable[[Mapping[str, Any]], Awaitable[None]]
"""ASGI send callable."""

BAD_GATEWAY = b"<html><head><title>502 Bad Gateway</title></head><body>502 Bad Gateway</body></html>"
"""Body of a gateway's 502 response."""

LOST_RESPONSES = frozenset({"hang", "reset", "truncated"})
"""Fault kinds that lose the response of an executed call."""

# With this SO_LINGER value, closing discards unsent data and resets the connection.
_ABORT = struct.pack("ii", 1, 0)


async def drop_response(kind: str, payload: bytes, receive: Receive, send: Send) -> None:
    """Break the connection, or send nothing until the caller disconnects."""
    # ASGI cannot break a connection; uvicorn's `send` is a method of the object that holds the transport.
    transport = getattr(send, "__self__").transport  # noqa: B009 - no type knows it
    if kind == "reset":
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _ABORT)
        transport.abort()
    if kind == "truncated":
        length = (b"content-length", str(len(payload)).encode())
        await send({"type": "http.response.start", "status": 200, "headers": [length]})
        await send({"type": "http.response.body", "body": payload[: len(payload) // 2], "more_body": True})
        transport.close()
    # The body has been read, so the next message is the disconnect.
    await receive()
