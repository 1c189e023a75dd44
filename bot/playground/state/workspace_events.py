"""Events of the workspace, and the types of their subscribers."""

from collections.abc import Callable
from enum import StrEnum
from typing import TypeAlias

from bot.playground.state.messages import Message
from bot.playground.state.views import View


class WorkspaceEvent(StrEnum):
    """An event, by its type in the page's protocol."""

    POSTED = "message"
    CHANGED = "message_changed"
    DELETED = "message_deleted"
    FILE_DELETED = "file_deleted"
    STATUS = "status"
    VIEW = "view"
    HOME = "home"
    FAULTS = "weather"


Subscriber: TypeAlias = Callable[[WorkspaceEvent, Message | View | None], None]
"""Receives the events of one person, with the message or view; None for a closed modal and for faults."""

MessageListener: TypeAlias = Callable[[WorkspaceEvent, Message], None]
"""Receives the events of all messages."""
