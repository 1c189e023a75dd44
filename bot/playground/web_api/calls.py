"""A call of a Web API method, and what a method is."""

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
    """One call of a method.

    Args:
        address: Where this server listens.
    """

    workspace: Workspace
    arguments: Mapping[str, Any]
    address: str

    def get_person(self, key: str) -> Person:
        """Look up the person an argument names.

        Raises:
            SlackError: There is nobody of that id.
        """
        if (person := self.workspace.people.get(str(self.arguments.get(key)))) is None:
            raise SlackError("user_not_found")
        return person

    def get_channel(self) -> Channel:
        """Look up the channel of the call.

        Raises:
            SlackError: There is none of that id.
        """
        if (channel := self.workspace.channels.get(str(self.arguments.get("channel")))) is None:
            raise SlackError("channel_not_found")
        return channel

    def find_direct(self, key: str) -> Channel | None:
        """Look up the direct message between the bot and the person an argument names."""
        members = {BOT.id, str(self.arguments.get(key))}
        channels = self.workspace.channels.values()
        return next((channel for channel in channels if channel.direct and channel.members == members), None)

    def get_message(self, refusal: str) -> Message:
        """Look up the bot's own public message that the call is about.

        Raises:
            SlackError: There is none; with the given word when it is somebody else's.
        """
        message = self.workspace.find(self.get_channel().id, str(self.arguments.get("ts")))
        if message is None or message.only_for:
            raise SlackError("message_not_found")
        if message.sender != BOT:
            raise SlackError(refusal)
        return message

    def find_thread(self, channel: Channel) -> str | None:
        """Find the thread that the call replies in: the time stamp of its first message.

        Raises:
            SlackError: There is no such message for everyone to see.
        """
        if not (ts := self.arguments.get("thread_ts")):
            return None
        parent = self.workspace.find(channel.id, str(ts))
        if parent is None or parent.only_for:
            raise SlackError("thread_not_found")
        return parent.thread_ts or parent.ts

    def exchange_trigger(self) -> Trigger:
        """Take the trigger id of the call, which then is of no more use.

        Raises:
            SlackError: It cannot be exchanged.
        """
        workspace = self.workspace
        return workspace.triggers.exchange(self.arguments.get("trigger_id"), workspace.clock())


@dataclass(frozen=True, slots=True)
class Method:
    """One method.

    Args:
        run: Does it; returns the answer's body without `ok`.
        scopes: The bot needs any one of these.
        a_minute: How many calls of it a minute are taken; None where Slack has another rule.
        app_level: It takes the app-level token rather than the bot's.
    """

    run: Callable[[MethodCall], Json]
    scopes: tuple[str, ...] = ()
    a_minute: int | None = None
    app_level: bool = False
