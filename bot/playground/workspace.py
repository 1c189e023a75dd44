"""The workspace: Slack's state in memory, and its subscribers."""

import asyncio
import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from uuid import uuid4

from bot.playground.faults.controls import FaultControls
from bot.playground.faults.faults import FaultInjector
from bot.playground.inspector.inspector import Inspector
from bot.playground.installed_app import InstalledApp
from bot.playground.manifest import Shortcut
from bot.playground.people import (
    BOT,
    ENTERPRISE_ID,
    Channel,
    Person,
    PersonKind,
    make_channels,
    make_groups,
    make_people,
)
from bot.playground.starters import Starter
from bot.playground.state.files import File, Files
from bot.playground.state.home_tabs import HomeTabs
from bot.playground.state.messages import Message, MessageContent, list_mentions
from bot.playground.state.modals import Modals
from bot.playground.state.rate_limits import CallLimit, PostingLimit
from bot.playground.state.response_urls import ResponseUrl
from bot.playground.state.triggers import Triggers
from bot.playground.state.views import View, Views
from bot.playground.state.workspace_events import MessageListener, Subscriber, WorkspaceEvent
from bot.playground.transport.socket_mode import SocketMode


class Workspace:
    """A Slack workspace with one app installed.

    It belongs to the server's thread. Other threads may only use `faults`, `sockets.drop` and
    `sockets.repeat`, and set plain attributes, those of `app` too.

    Args:
        app: The installed app.
        hint: What a person can type first; by default the first command, or else a mention.
        starters: Lines that the page offers to send.
        rate_limits: Calls and messages are limited.
        ack_limit: Seconds in which a payload must be acknowledged.
        clock: Returns Unix seconds.
    """

    retry_delays: tuple[float, ...] = (0, 60, 300)
    """Seconds before each retry of an event."""
    enterprise_id: str | None = None
    """The Enterprise organization's id."""
    listener: MessageListener | None = None
    """Receives the events of all messages."""

    def __init__(
        self,
        app: InstalledApp,
        *,
        hint: str = "",
        starters: Sequence[Starter] = (),
        rate_limits: bool = True,
        ack_limit: float = 3.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.app = app
        self.ack_limit = ack_limit
        self.clock = clock
        self.bot = replace(BOT, name=app.name, handle=_make_handle(app.name))
        """The app's bot as people see it; messages have the sender BOT."""
        self.hint = hint or self._make_hint()
        self.starters = tuple(starters)
        self.people = make_people(self.bot)
        self.channels = make_channels(self.people)
        self.groups = make_groups()
        self.messages: list[Message] = []
        self.response_urls = dict[str, ResponseUrl]()
        self.triggers = Triggers()
        self.views = Views(self._show_view)
        self.modals = Modals(self.views, self._show)
        self.home_tabs = HomeTabs(self.views, self._show_view)
        self.files = Files()
        self.sockets = SocketMode()
        self.faults = FaultInjector()
        self.fault_controls = FaultControls(self.faults, self.sockets, self.views)
        self.inspector = Inspector()
        self.posting_limit = PostingLimit(enabled=rate_limits)
        self.call_limit = CallLimit(enabled=rate_limits)
        self.notified: list[tuple[str, Message]] = []
        """The ids of people whom the bot's messages mention, with the message."""
        self.pending_deliveries = set[asyncio.Task[None]]()
        """Event deliveries in progress."""
        self._subscribers: list[tuple[str, Subscriber]] = []
        self._last_ts = 0

    def join_organization(self) -> None:
        """Make the workspace one of an Enterprise organization, with COLLEAGUE; before anybody uses it."""
        self.enterprise_id = ENTERPRISE_ID
        self.people = make_people(self.bot, in_organization=True)
        self.channels = make_channels(self.people)

    def open_group_message(self, *people: Person) -> Channel:
        """Open a group direct message of these people, of whom the bot may be one."""
        members, number = {person.id for person in people}, len(self.channels)
        name = f"mpdm-{'--'.join(person.handle for person in people)}-1"
        shared = any(person.kind is PersonKind.STRANGER for person in people)
        # As any id of today: Slack's old ones began with G.
        channel = Channel(f"C07GRPDM{number:03}", name, members, group=True, shared=shared)
        self.channels[channel.id] = channel
        return channel

    def post(
        self,
        channel: Channel,
        sender: Person,
        content: MessageContent,
        *,
        only_for: str | None = None,
        command: str | None = None,
        error: bool = False,
        thread_ts: str | None = None,
        files: tuple[File, ...] = (),
    ) -> Message:
        """Post a message to a channel."""
        message = Message(
            channel.id, self.make_ts(), sender, content, only_for, command, error, thread_ts, files
        )
        if sender.kind is not PersonKind.BOT:
            message.client_msg_id = str(uuid4())
        for file in files:
            file.shared_in.append(channel.id)
        self.messages.append(message)
        self._notify(message)
        if sender == BOT and thread_ts and not only_for:
            self._clear_statuses(channel.id, thread_ts)
        self._tell(WorkspaceEvent.POSTED, message)
        return message

    def change(self, message: Message, content: MessageContent) -> None:
        """Replace a message's content."""
        message.previous, message.content = message.content, content
        self._notify(message)
        self._tell(WorkspaceEvent.CHANGED, message)

    def edit(self, message: Message, content: MessageContent) -> None:
        """Replace a person's message, as they do by editing it."""
        message.edited_at = self.make_ts()
        self.change(message, content)

    def set_status(self, message: Message, status: str) -> None:
        """Show below a message what the bot is doing about it; nothing with an empty status."""
        message.status = status
        self._tell_people(WorkspaceEvent.STATUS, message)

    def delete(self, message: Message) -> None:
        """Delete a message."""
        self.messages.remove(message)
        self._tell(WorkspaceEvent.DELETED, message)

    def delete_file(self, file: File) -> None:
        """Delete a file, and with it the messages that hold nothing else."""
        self.files.delete(file)
        for message in [message for message in self.messages if file in message.files]:
            if message.content.text or not all(each.deleted for each in message.files):
                self._tell(WorkspaceEvent.FILE_DELETED, message)
            else:
                self.delete(message)

    def is_open_to_app(self, file: File) -> bool:
        """Check whether the app can see a file: its own, one of its conversations, or one of a form."""
        shared = any(BOT.id in self.channels[id_].members for id_ in file.shared_in)
        return shared or file.in_form or file.owner == BOT

    def find(self, channel_id: str, ts: str) -> Message | None:
        """Find a message by channel id and timestamp."""
        return next((m for m in self.messages if (m.channel, m.ts) == (channel_id, ts)), None)

    def has_replies(self, channel_id: str, ts: str) -> bool:
        """Check whether a message has public replies: whether its thread is active."""
        return any(
            (message.channel, message.thread_ts, message.only_for) == (channel_id, ts, None)
            for message in self.messages
        )

    def list_visible(self, person_id: str) -> list[Message]:
        """List the messages a person can see."""
        return [message for message in self.messages if self.can_see(person_id, message)]

    def can_see(self, person_id: str, message: Message) -> bool:
        """Check whether a person can see a message."""
        member = person_id in self.channels[message.channel].members
        return member and message.only_for in (None, person_id)

    def publish_faults(self) -> None:
        """Notify all subscribers of changed fault settings."""
        for _, subscriber in list(self._subscribers):
            subscriber(WorkspaceEvent.FAULTS, None)

    def list_shortcuts(self, person: Person) -> tuple[Shortcut, ...]:
        """List the shortcuts offered to a person; people of other workspaces get none."""
        return () if person.kind is PersonKind.STRANGER else self.app.shortcuts

    @contextmanager
    def subscribe(self, person_id: str, subscriber: Subscriber) -> Iterator[None]:
        """Send a person's events to a subscriber until the context ends.

        As in Slack, a person's ephemeral messages and modals are gone when their first page opens again.
        """
        if all(subscribed != person_id for subscribed, _ in self._subscribers):
            self.messages = [message for message in self.messages if message.only_for != person_id]
            self.modals.discard(person_id)
        entry = (person_id, subscriber)
        self._subscribers.append(entry)
        try:
            yield
        finally:
            self._subscribers.remove(entry)

    def make_ts(self) -> str:
        """Make a unique timestamp."""
        self._last_ts = max(self._last_ts + 1, int(self.clock() * 1_000_000))
        seconds, micros = divmod(self._last_ts, 1_000_000)
        return f"{seconds}.{micros:06}"

    def _make_hint(self) -> str:
        for known in self.app.commands:
            return f"{known.command} {known.usage_hint.partition(' | ')[0]}".strip()
        return f"@{self.bot.handle} hello"

    def _clear_statuses(self, channel_id: str, thread_ts: str) -> None:
        for message in self.messages:
            in_thread = message.channel == channel_id and thread_ts in (message.ts, message.thread_ts)
            if message.status and in_thread:
                self.set_status(message, "")

    def _notify(self, message: Message) -> None:
        """Record whom the bot's message notifies: the members it mentions where others read it."""
        channel = self.channels[message.channel]
        if message.sender != BOT or message.only_for or channel.direct:
            return
        for id_ in dict.fromkeys(list_mentions(message.content)):
            group = self.groups.get(id_)
            for person_id in group.members if group else [id_]:
                if person_id in channel.members:
                    self.notified.append((person_id, message))

    def _tell(self, event: WorkspaceEvent, message: Message) -> None:
        self._tell_people(event, message)
        if self.listener:
            self.listener(event, message)

    def _tell_people(self, event: WorkspaceEvent, message: Message) -> None:
        for person_id, subscriber in list(self._subscribers):
            if self.can_see(person_id, message):
                subscriber(event, message)

    def _show_view(self, view: View) -> None:
        if view.is_home:
            self._show(view.person.id, view, WorkspaceEvent.HOME)
        else:
            self._show(view.person.id, self.modals.get_top(view.person.id))

    def _show(self, person_id: str, view: View | None, event: WorkspaceEvent = WorkspaceEvent.VIEW) -> None:
        for subscribed, subscriber in list(self._subscribers):
            if subscribed == person_id:
                subscriber(event, view)


def _make_handle(name: str) -> str:
    """Make a name that can be mentioned of a displayed one."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "app"
