"""The Events API: events for the bot, with retries.

The shapes: https://docs.slack.dev/apis/events-api
"""

import asyncio
import secrets
from collections.abc import Callable, Mapping
from dataclasses import replace

from bot.playground.faults.faults import FilesInMentions
from bot.playground.interactions.in_conversations import deliver
from bot.playground.interactions.payloads import make_event
from bot.playground.json_types import Json
from bot.playground.people import BOT, Channel, Person
from bot.playground.state.messages import Message
from bot.playground.state.serializers import make_file_stub, serialize_message, serialize_view
from bot.playground.state.workspace_events import WorkspaceEvent
from bot.playground.transport.http import (
    DISPATCH_FAILED,
    EVENTS,
    OPERATION_TIMEOUT,
    EventRetry,
    NotDeliveredError,
)
from bot.playground.workspace import Workspace

SCOPES: Mapping[str, str] = {
    "message.im": "im:history",
    "app_mention": "app_mentions:read",
    "app_home_opened": "",
}
"""Supported events, with the scope each needs."""

_REASONS = {
    True: {OPERATION_TIMEOUT: "timeout", DISPATCH_FAILED: "connection_failed"},
    False: {OPERATION_TIMEOUT: "http_timeout", DISPATCH_FAILED: "connection_failed"},
}


def send_message_event(workspace: Workspace, change: WorkspaceEvent, message: Message) -> None:
    """Send the event of a message to the bot, if it is subscribed to one."""
    channel = workspace.channels[message.channel]
    if message.only_for or BOT.id not in channel.members:
        return
    if channel.direct:
        event = {**_CHANGES[change](workspace, message), "channel": channel.id, "channel_type": "im"}
        _send(workspace, "message.im", {"event_ts": event["ts"], **event}, channel)
    elif mention := _make_mention(workspace, change, message):
        _send(workspace, "app_mention", {**mention, "channel": channel.id, "event_ts": message.ts}, channel)


def _make_mention(workspace: Workspace, change: WorkspaceEvent, message: Message) -> Json | None:
    """Make the event of a mention; None if there is none."""
    if message.sender == BOT or f"<@{BOT.id}>" not in message.content.text or change not in _MENTIONING:
        return None
    event = {**_describe(workspace, message), "type": "app_mention"}
    if not message.files:
        return event
    files = workspace.faults.files_in_mentions
    if files is FilesInMentions.NO_EVENT and change is WorkspaceEvent.POSTED:
        return None
    kept_out = _OF_FILES if files is FilesInMentions.LEFT_OUT else {"subtype"}
    return {key: value for key, value in event.items() if key not in kept_out}


_MENTIONING = frozenset({WorkspaceEvent.POSTED, WorkspaceEvent.CHANGED})
"""What sends a mention; an edit sends one with the message's own timestamp and a new event id."""

_OF_FILES = frozenset({"subtype", "files", "upload", "display_as_bot"})
"""Keys that a message has for its files."""


def _describe(workspace: Workspace, message: Message) -> Json:
    """Serialize a message for an event: in Slack Connect without what is known of its files."""
    described = serialize_message(message)
    if message.files and workspace.channels[message.channel].shared:
        described["files"] = [make_file_stub(file) for file in message.files]
    return described


def send_home_opened(workspace: Workspace, person: Person, channel: Channel, tab: str) -> None:
    """Send the event of an opened Home tab or messages tab.

    The shape: https://docs.slack.dev/reference/events/app_home_opened
    """
    home = workspace.home_tabs.get(person.id) if tab == "home" else None
    event = {
        "type": "app_home_opened",
        "user": person.id,
        "channel": channel.id,
        "tab": tab,
        **({"view": serialize_view(home)} if home else {}),
        "event_ts": workspace.make_ts(),
    }
    _send(workspace, "app_home_opened", event, channel)


def _make_posted(workspace: Workspace, message: Message) -> Json:
    return _describe(workspace, message)


def _make_changed(workspace: Workspace, message: Message) -> Json:
    previous = replace(message, content=message.previous or message.content, edited_at=None)
    edited = {"user": message.sender.id, "ts": workspace.make_ts()}
    return {
        "type": "message",
        "subtype": "message_changed",
        "hidden": True,
        "ts": edited["ts"],
        "message": {**serialize_message(message), "edited": edited},
        "previous_message": serialize_message(previous),
    }


def _make_file_deleted(workspace: Workspace, message: Message) -> Json:
    previous = replace(message, files=tuple(replace(file, deleted=False) for file in message.files))
    return {
        "type": "message",
        "subtype": "message_changed",
        "hidden": True,
        "ts": workspace.make_ts(),
        "message": serialize_message(message),
        "previous_message": serialize_message(previous),
    }


def _make_deleted(workspace: Workspace, message: Message) -> Json:
    return {
        "type": "message",
        "subtype": "message_deleted",
        "hidden": True,
        "ts": workspace.make_ts(),
        "deleted_ts": message.ts,
        "previous_message": serialize_message(message),
    }


_CHANGES: Mapping[WorkspaceEvent, Callable[[Workspace, Message], Json]] = {
    WorkspaceEvent.POSTED: _make_posted,
    WorkspaceEvent.CHANGED: _make_changed,
    WorkspaceEvent.FILE_DELETED: _make_file_deleted,
    WorkspaceEvent.DELETED: _make_deleted,
}


def _send(workspace: Workspace, name: str, event: Json, channel: Channel) -> None:
    needed = SCOPES[name]
    if name not in workspace.app.events or (needed and needed not in workspace.app.scopes):
        return
    id_, at = f"Ev07{secrets.token_hex(5).upper()}", int(workspace.clock())
    payload = make_event(event, channel, id_, at, workspace.enterprise_id)
    task = asyncio.get_running_loop().create_task(_deliver_with_retries(workspace, payload))
    # The event loop keeps only a weak reference.
    workspace.pending_deliveries.add(task)
    task.add_done_callback(workspace.pending_deliveries.discard)


async def _deliver_with_retries(workspace: Workspace, payload: Json) -> None:
    """Deliver an event, with retries while it is not acknowledged."""
    retry = None
    for number, delay in enumerate((*workspace.retry_delays, 0), 1):
        try:
            await deliver(workspace, EVENTS, payload, retry)
        except NotDeliveredError as error:
            if error.final:
                return
            reasons = _REASONS[workspace.app.request_url is None]
            retry = EventRetry(number, reasons.get(error.code, "http_error"))
        else:
            return
        if number <= len(workspace.retry_delays):
            await asyncio.sleep(delay)
