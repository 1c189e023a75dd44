"""Snapshots and events for the page."""

from dataclasses import asdict

from bot.playground.json_types import Json
from bot.playground.people import TEAM_NAME, Channel, Person, PersonKind
from bot.playground.state.files import File
from bot.playground.state.messages import Message
from bot.playground.state.views import View
from bot.playground.state.workspace_events import WorkspaceEvent
from bot.playground.workspace import Workspace


def serialize_event(workspace: Workspace, event: WorkspaceEvent, subject: Message | View | None) -> Json:
    """Serialize an event for the page."""
    if event is WorkspaceEvent.FAULTS:
        return {"type": event, "weather": workspace.fault_controls.serialize()}
    if not isinstance(subject, Message):
        serialize = _serialize_home if event is WorkspaceEvent.HOME else _serialize_view
        return {"type": event, "view": subject and serialize(subject)}
    if event is WorkspaceEvent.STATUS:
        return {"type": event, "channel": subject.channel, "ts": subject.ts, "status": subject.status}
    if event is WorkspaceEvent.DELETED:
        return {"type": event, "channel": subject.channel, "ts": subject.ts}
    return {"type": event, "message": _serialize(workspace, subject)}


def make_snapshot(workspace: Workspace, me: Person) -> Json:
    """Make the snapshot of what a person can see."""
    return {
        "type": "snapshot",
        "team": {"name": TEAM_NAME},
        "me": me.id,
        "people": [_serialize_person(person) for person in workspace.people.values()],
        "channels": [
            _serialize_channel(channel) for channel in workspace.channels.values() if me.id in channel.members
        ],
        "groups": [{"id": group.id, "name": group.handle} for group in workspace.groups.values()],
        "commands": [
            command.model_dump(include={"command", "usage_hint", "description"})
            for command in workspace.app.commands
        ],
        "weather": workspace.fault_controls.serialize(),
        "home_enabled": workspace.app.home_enabled,
        "hint": workspace.hint,
        "starters": [asdict(starter) for starter in workspace.starters],
        "shortcuts": [shortcut.model_dump() for shortcut in workspace.list_shortcuts(me)],
        "messages": [_serialize(workspace, message) for message in workspace.list_visible(me.id)],
    }


def _serialize_person(person: Person) -> Json:
    return {
        "id": person.id,
        "name": person.name,
        "handle": person.handle,
        "title": person.title,
        "avatar_letter": person.name[0].upper(),
        "kind": person.kind,
    }


def _serialize_channel(channel: Channel) -> Json:
    return {"id": channel.id, "name": channel.name, "kind": _kind(channel), "shared": channel.shared}


def _serialize(workspace: Workspace, message: Message) -> Json:
    return {
        "channel": message.channel,
        "ts": message.ts,
        "from": {
            "id": message.sender.id,
            "name": workspace.people.get(message.sender.id, message.sender).name,
            "bot": message.sender.kind is PersonKind.BOT,
        },
        "text": message.content.text,
        "mrkdwn": message.content.mrkdwn,
        "typed": message.content.typed,
        "edited": message.edited_at is not None,
        # The blocks of a person's message have no styles, its text has.
        "blocks": None if message.client_msg_id else message.content.blocks,
        "ephemeral": message.only_for is not None,
        "command": message.command,
        "error": message.error,
        "thread_ts": message.thread_ts,
        "status": message.status,
        "files": [serialize_file(file) for file in message.files],
        "at": int(float(message.ts)),
    }


def serialize_file(file: File) -> Json:
    """Serialize a file for the page."""
    return {
        "id": file.id,
        "name": file.name,
        "title": file.title,
        "mimetype": file.mimetype,
        "filetype": file.filetype,
        "size": file.length,
        "owner": file.owner.id,
        "deleted": file.deleted,
        "url": f"{file.path}?key={file.key}",
    }


def _serialize_home(view: View) -> Json:
    return {key: getattr(view, key) for key in ("id", "hash", "blocks", "problem")}


def _serialize_view(view: View) -> Json:
    labels = {part: view.content.get(part, {}).get("text") for part in ("title", "submit", "close")}
    return {
        "id": view.id,
        "hash": view.hash,
        **labels,
        "blocks": view.blocks,
        "stack_depth": len(view.below) + 1,
        "errors": view.errors,
        "problem": view.problem,
    }


def _kind(channel: Channel) -> str:
    if channel.direct:
        return "direct"
    return "group" if channel.group else "channel"
