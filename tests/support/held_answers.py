"""A sandbox over HTTP whose answers can be held back for as long as something takes."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from bot.sandbox.faults import Receive, Scope, Send
from bot.sandbox.web import WebApp

_LOOK_SECONDS = 0.005
"""Seconds between two looks at whether an answer is still held back."""


class HeldAnswers:
    """Passes calls on to a sandbox, which does its work at once, and holds its answers back.

    Args:
        app: The sandbox.
    """

    def __init__(self, app: WebApp) -> None:
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
