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
        self._passing = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_later(message: Any) -> None:
            if message["type"] == "http.response.start" and self._is_held(scope):
                self._passing -= 1
                while self._passing < 0 and self._is_held(scope):  # noqa: ASYNC110 - for another thread
                    await asyncio.sleep(_LOOK_SECONDS)
            await send(message)

        await self._app(scope, receive, send_later)

    def _is_held(self, scope: Scope) -> bool:
        return self._held is not None and self._held in scope["path"]

    @contextmanager
    def hold(self, path: str = "", *, but: int = 0) -> Iterator[None]:
        """Hold back every answer, or those to a path, but for the first ones, until the context ends."""
        self._passing = but
        self._held = path
        try:
            yield
        finally:
            self._held = None
