"""Calls of Web API methods."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bot.playground.errors import SlackError
from bot.playground.json_types import Json
from bot.playground.people import BOT, Channel, Person
from bot.playground.state.messages import Message
from bot.playground.state.triggers import Trigger
from bot.playground.workspace import Workspace


@dataclass(frozen=True, slots=True)
class MethodCall:
    """A call of a method.

    Args:
        address: The server's address.
    """

    workspace: Workspace
    arguments: Mapping[str, Any]
    address: str

    def get_person(self, key: str) -> Person:
        """Return the person an argument names.

        Raises:
            SlackError: There is no such person.
        """
        if (person := self.workspace.people.get(str(self.arguments.get(key)))) is None:
            raise SlackError("user_not_found")
        return person

    def get_channel(self) -> Channel:
        """Return the channel of the call.

        Raises:
            SlackError: There is no such channel.
        """
        if (channel := self.workspace.channels.get(str(self.arguments.get("channel")))) is None:
            raise SlackError("channel_not_found")
        return channel

    def find_direct(self, key: str) -> Channel | None:
        """Find the direct message between the bot and the person an argument names."""
        members = {BOT.id, str(self.arguments.get(key))}
        channels = self.workspace.channels.values()
        return next((channel for channel in channels if channel.direct and channel.members == members), None)

    def get_message(self, refusal: str) -> Message:
        """Return the bot's public message of the call.

        Raises:
            SlackError: There is no such message, or another sender's: then with the code `refusal`.
        """
        message = self.workspace.find(self.get_channel().id, str(self.arguments.get("ts")))
        if message is None or message.only_for:
            raise SlackError("message_not_found")
        if message.sender != BOT:
            raise SlackError(refusal)
        return message

    def find_thread(self, channel: Channel) -> str | None:
        """Return the timestamp of the thread's parent message; None outside a thread.

        Raises:
            SlackError: There is no such public message.
        """
        if not (ts := self.arguments.get("thread_ts")):
            return None
        parent = self.workspace.find(channel.id, str(ts))
        if parent is None or parent.only_for:
            raise SlackError("thread_not_found")
        return parent.thread_ts or parent.ts

    def exchange_trigger(self) -> Trigger:
        """Exchange the trigger id of the call.

        Raises:
            SlackError: The trigger id is invalid.
        """
        workspace = self.workspace
        return workspace.triggers.exchange(self.arguments.get("trigger_id"), workspace.clock())


@dataclass(frozen=True, slots=True)
class Method:
    """A method.

    Args:
        run: Handler; returns the response body without `ok`.
        scopes: Accepted scopes, of which one is needed.
        a_minute: Calls per minute at most; None if Slack has another rule.
        app_level: It needs the app-level token.
    """

    run: Callable[[MethodCall], Json]
    scopes: tuple[str, ...] = ()
    a_minute: int | None = None
    app_level: bool = False
