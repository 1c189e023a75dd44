"""An ASGI application whose answers can be held back for as long as something takes."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

_LOOK_SECONDS = 0.005
"""Seconds between two looks at whether an answer is still held back."""


class HeldAnswers:
    """Passes on to another application, which does its work at once, and holds its answers back.

    Args:
        app: The other application.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._held: str | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_later(message: Any) -> None:
            while self._held is not None and self._held in scope["path"]:  # noqa: ASYNC110 - for another thread
                await asyncio.sleep(_LOOK_SECONDS)
            await send(message)

        await self._app(scope, receive, send_later)

    @contextmanager
    def hold(self, path: str = "") -> Iterator[None]:
        """Hold back every answer, or those to a path, until the context ends."""
        self._held = path
        try:
            yield
        finally:
            self._held = None
