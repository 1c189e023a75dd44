"""The Events API: events for the bot, with retries.

The shapes: https://docs.slack.dev/apis/events-api
"""

import asyncio
import secrets
from collections.abc import Callable, Mapping
from dataclasses import replace

from bot.playground.interactions.in_conversations import deliver
from bot.playground.interactions.payloads import make_event
from bot.playground.json_types import Json
from bot.playground.people import BOT, Channel, Person
from bot.playground.state.messages import Message
from bot.playground.state.serializers import serialize_message, serialize_view
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
    elif _mentions_bot(message) and change in {WorkspaceEvent.POSTED, WorkspaceEvent.CHANGED}:
        # An edit sends one as well: with `edited`, the message's own timestamp and a new event id.
        event = {**serialize_message(message), "type": "app_mention", "channel": channel.id}
        _send(workspace, "app_mention", {**event, "event_ts": message.ts}, channel)


def _mentions_bot(message: Message) -> bool:
    return message.sender != BOT and f"<@{BOT.id}>" in message.content.text


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


def _make_posted(_: Workspace, message: Message) -> Json:
    return serialize_message(message)


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
