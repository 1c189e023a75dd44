"""News: what can happen, and who is told."""

from collections.abc import Callable
from enum import StrEnum
from typing import TypeAlias

from bot.playground.state.messages import Message
from bot.playground.state.views import View


class WorkspaceEvent(StrEnum):
    """What can happen to a message, a modal, a Home tab or the weather, as the page is told."""

    POSTED = "message"
    CHANGED = "message_changed"
    DELETED = "message_deleted"
    VIEW = "view"
    HOME = "home"
    FAULTS = "weather"


Subscriber: TypeAlias = Callable[[WorkspaceEvent, Message | View | None], None]
"""Told of everything that happens to the messages one person sees, and of the view before them, if any."""

MessageListener: TypeAlias = Callable[[WorkspaceEvent, Message], None]
"""Told of everything that happens to any message."""
