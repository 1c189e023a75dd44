"""What the page is told: the snapshot it starts from, and the news after it."""

from bot.playground.json_types import Json
from bot.playground.people import TEAM_NAME, Kind, Person
from bot.playground.state.files import File
from bot.playground.state.messages import Message
from bot.playground.state.views import View
from bot.playground.state.workspace_events import News
from bot.playground.workspace import Workspace


def describe_news(workspace: Workspace, news: News, subject: Message | View | None) -> Json:
    """Tell the page what happened to a message, or what the modal, Home tab or weather is now."""
    if news is News.WEATHER:
        return {"type": news, "weather": workspace.dials.describe()}
    if not isinstance(subject, Message):
        describe = _describe_home if news is News.HOME else _describe_view
        return {"type": news, "view": subject and describe(subject)}
    if news is News.DELETED:
        return {"type": news, "channel": subject.channel, "ts": subject.ts}
    return {"type": news, "message": _describe(subject)}


def make_snapshot(workspace: Workspace, me: Person) -> Json:
    """Tell the page all that a person can see now."""
    return {
        "type": "snapshot",
        "team": {"name": TEAM_NAME},
        "me": me.id,
        "people": [
            {
                "id": person.id,
                "name": person.name,
                "title": person.title,
                "avatar_letter": person.name[0].upper(),
                "kind": person.kind,
            }
            for person in workspace.people.values()
        ],
        "channels": [
            {
                "id": channel.id,
                "name": channel.name,
                "kind": "direct" if channel.direct else "channel",
                "shared": channel.shared,
            }
            for channel in workspace.channels.values()
            if me.id in channel.members
        ],
        "groups": [{"id": group.id, "name": group.handle} for group in workspace.groups.values()],
        "commands": [
            {"command": known.command, "usage_hint": known.usage_hint, "description": known.description}
            for known in workspace.commands
        ],
        "weather": workspace.dials.describe(),
        "home_enabled": workspace.home_enabled,
        "shortcuts": [
            {
                "callback_id": shortcut.callback_id,
                "name": shortcut.name,
                "description": shortcut.description,
                "type": shortcut.type,
            }
            for shortcut in workspace.list_shortcuts(me)
        ],
        "messages": [_describe(message) for message in workspace.list_seen(me.id)],
    }


def _describe(message: Message) -> Json:
    return {
        "channel": message.channel,
        "ts": message.ts,
        "from": {
            "id": message.sender.id,
            "name": message.sender.name,
            "bot": message.sender.kind is Kind.BOT,
        },
        "text": message.draft.text,
        "blocks": message.draft.blocks,
        "ephemeral": message.only_for is not None,
        "command": message.command,
        "error": message.error,
        "thread_ts": message.thread_ts,
        "files": [_describe_file(file) for file in message.files],
        "at": int(float(message.ts)),
    }


def _describe_file(file: File) -> Json:
    return {
        "id": file.id,
        "name": file.name,
        "title": file.title,
        "mimetype": file.mimetype,
        "filetype": file.filetype,
        "size": file.length,
        "url": f"{file.path}?key={file.key}",
    }


def _describe_home(view: View) -> Json:
    return {key: getattr(view, key) for key in ("id", "hash", "blocks", "problem")}


def _describe_view(view: View) -> Json:
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
