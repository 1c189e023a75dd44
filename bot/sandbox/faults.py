"""Outages on the wire: an answer that never comes, breaks off, or is somebody else's."""

import socket
import struct
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeAlias

Scope: TypeAlias = Mapping[str, Any]
"""What the web server knows of a request."""
Receive: TypeAlias = Callable[[], Awaitable[Mapping[str, Any]]]
"""Gives a piece of the request's body, or the news that the caller has gone."""
Send: TypeAlias = Callable[[Mapping[str, Any]], Awaitable[None]]
"""Takes a piece of the answer."""

BAD_GATEWAY = b"<html><head><title>502 Bad Gateway</title></head><body>502 Bad Gateway</body></html>"
"""What a gateway says for a server behind it that is gone."""

LOST_RESPONSES = frozenset({"hang", "reset", "truncated"})
"""The kinds of fault that lose the answer to a call that was carried out."""

# Closing then discards what is unsent and resets the connection.
_ABORT = struct.pack("ii", 1, 0)


async def drop_response(kind: str, payload: bytes, receive: Receive, send: Send) -> None:
    """Lose an answer by breaking the connection, or by saying nothing until the caller has gone."""
    # ASGI knows no way to break a connection: uvicorn's `send` is a method of the object that holds it.
    transport = getattr(send, "__self__").transport  # noqa: B009 - no type knows it
    if kind == "reset":
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _ABORT)
        transport.abort()
    if kind == "truncated":
        length = (b"content-length", str(len(payload)).encode())
        await send({"type": "http.response.start", "status": 200, "headers": [length]})
        await send({"type": "http.response.body", "body": payload[: len(payload) // 2], "more_body": True})
        transport.close()
    # The body has been read: what comes next is that the caller has gone.
    await receive()
