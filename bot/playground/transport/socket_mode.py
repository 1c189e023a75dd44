"""Socket Mode: the bot's WebSocket connections, and the delivery of payloads over them."""

import asyncio
import json
import secrets
import uuid
from itertools import count

from starlette.websockets import WebSocket, WebSocketDisconnect

from bot.playground.json_types import Json
from bot.playground.people import APP_ID
from bot.playground.transport.http import (
    DISPATCH_FAILED,
    EVENTS,
    OPERATION_TIMEOUT,
    EventRetry,
    NotDeliveredError,
)

CONNECTIONS = 10
"""Connections per app at most."""


class SocketMode:
    """The bot's open connections, used round robin."""

    def __init__(self) -> None:
        self._tickets: set[str] = set()
        self._connections: list[WebSocket] = []
        self._acks: dict[str, asyncio.Future[object]] = {}
        self._turn = count()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._repeats = 0

    def __len__(self) -> int:
        return len(self._connections)

    def open(self, address: str) -> str:
        """Make the URL of a connection, valid once."""
        ticket = secrets.token_urlsafe(16)
        self._tickets.add(ticket)
        return f"{address.replace('http', 'ws', 1)}/link/?ticket={ticket}&app_id={APP_ID}"

    def repeat(self, times: int = 1) -> None:
        """Deliver each of the next envelopes twice. Thread-safe."""
        self._repeats += times

    def drop(self) -> None:
        """Close all connections with `refresh_requested`. Thread-safe."""
        while self._connections and self._loop:
            dismissal = _disconnect(self._connections.pop(), "refresh_requested")
            asyncio.run_coroutine_threadsafe(dismissal, self._loop)

    async def serve(self, websocket: WebSocket) -> None:
        """Serve a connection until it ends."""
        ticket = websocket.query_params.get("ticket", "")
        if ticket not in self._tickets:
            await websocket.close()
            return
        self._tickets.remove(ticket)
        self._loop = asyncio.get_running_loop()
        await websocket.accept()
        if len(self._connections) >= CONNECTIONS:
            await _disconnect(websocket, "too_many_websockets")
            return
        # Listed before hello is sent, so that a client with a hello can be reached and dropped.
        self._connections.append(websocket)
        try:
            await websocket.send_json(self._hello())
            async for text in websocket.iter_text():
                self._acknowledge(text)
        finally:
            if websocket in self._connections:
                self._connections.remove(websocket)

    async def deliver(
        self,
        kind: str,
        payload: Json,
        ack_limit: float,
        retry: EventRetry | None = None,
        *,
        twice: bool = False,
    ) -> object:
        """Send a payload in an envelope, and return the body of the acknowledgement.

        Raises:
            NotDeliveredError: There is no connection, or no acknowledgement in time.
        """
        id_ = str(uuid.uuid4())
        envelope = {"envelope_id": id_, "type": kind, "accepts_response_payload": True, "payload": payload}
        if kind == EVENTS:
            attempt = {
                "retry_attempt": retry.number if retry else 0,
                "retry_reason": retry.reason if retry else "",
            }
            envelope |= {"accepts_response_payload": False, **attempt}
        ack = self._acks[id_] = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(ack_limit):
                await self._send(envelope, twice=twice)
                return await ack
        except TimeoutError:
            raise NotDeliveredError(OPERATION_TIMEOUT) from None
        except WebSocketDisconnect:
            raise NotDeliveredError(DISPATCH_FAILED) from None
        finally:
            del self._acks[id_]

    async def _send(self, envelope: Json, *, twice: bool) -> None:
        connections = self._connections.copy()  # another thread may be dropping them
        if not connections:
            raise NotDeliveredError(DISPATCH_FAILED)
        connection = connections[next(self._turn) % len(connections)]
        await connection.send_json(envelope)
        if self._repeats or twice:
            self._repeats = max(self._repeats - 1, 0)
            await connection.send_json(envelope)

    def _acknowledge(self, text: str) -> None:
        try:
            acknowledgement = json.loads(text)
            ack = self._acks[acknowledgement["envelope_id"]]
        except (ValueError, TypeError, KeyError):
            return  # late, repeated or invalid acknowledgements are ignored, as in Slack
        if not ack.done():
            ack.set_result(acknowledgement.get("payload"))

    def _hello(self) -> Json:
        return {
            "type": "hello",
            "num_connections": len(self._connections),
            "connection_info": {"app_id": APP_ID},
            "debug_info": {"host": "playground", "approximate_connection_time": 18060},
        }


async def _disconnect(websocket: WebSocket, reason: str) -> None:
    await websocket.send_json({"type": "disconnect", "reason": reason, "debug_info": {"host": "playground"}})
    await websocket.close()
