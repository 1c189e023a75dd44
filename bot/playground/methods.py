"""The Web API methods, in one table: what each does and which scopes it takes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bot.playground.descriptions import (
    describe_channel,
    describe_group,
    describe_message,
    describe_person,
    describe_view,
)
from bot.playground.messages import Json, Message, read_draft
from bot.playground.people import BOT, BOT_ID, TEAM_ID, TEAM_NAME, Channel, Person
from bot.playground.refusals import RefusedError
from bot.playground.triggers import Trigger
from bot.playground.views import read_view
from bot.playground.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Call:
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
            RefusedError: There is nobody of that id.
        """
        if (person := self.workspace.people.get(str(self.arguments.get(key)))) is None:
            raise RefusedError("user_not_found")
        return person

    def get_channel(self) -> Channel:
        """Look up the channel of the call.

        Raises:
            RefusedError: There is none of that id.
        """
        if (channel := self.workspace.channels.get(str(self.arguments.get("channel")))) is None:
            raise RefusedError("channel_not_found")
        return channel

    def find_direct(self, key: str) -> Channel | None:
        """Look up the direct message between the bot and the person an argument names."""
        members = {BOT.id, str(self.arguments.get(key))}
        channels = self.workspace.channels.values()
        return next((channel for channel in channels if channel.direct and channel.members == members), None)

    def get_message(self, refusal: str) -> Message:
        """Look up the bot's own public message that the call is about.

        Raises:
            RefusedError: There is none; with the given word when it is somebody else's.
        """
        message = self.workspace.find(self.get_channel().id, str(self.arguments.get("ts")))
        if message is None or message.only_for:
            raise RefusedError("message_not_found")
        if message.sender != BOT:
            raise RefusedError(refusal)
        return message

    def exchange_trigger(self) -> Trigger:
        """Take the trigger id of the call, which then is of no more use.

        Raises:
            RefusedError: It cannot be exchanged.
        """
        workspace = self.workspace
        return workspace.triggers.exchange(self.arguments.get("trigger_id"), workspace.clock())


@dataclass(frozen=True, slots=True)
class Method:
    """One method.

    Args:
        run: Does it; returns the answer's body without `ok`.
        scopes: The bot needs any one of these.
        app_level: It takes the app-level token rather than the bot's.
    """

    run: Callable[[Call], Json]
    scopes: tuple[str, ...] = ()
    app_level: bool = False


def _auth_test(call: Call) -> Json:
    return {
        "url": f"{call.address}/",
        "team": TEAM_NAME,
        "user": BOT.handle,
        "team_id": TEAM_ID,
        "user_id": BOT.id,
        "bot_id": BOT_ID,
        "is_enterprise_install": False,
    }


def _apps_connections_open(call: Call) -> Json:
    return {"url": call.workspace.sockets.open(call.address)}


def _users_info(call: Call) -> Json:
    return {"user": describe_person(call.get_person("user"))}


def _usergroups_list(call: Call) -> Json:
    with_users = str(call.arguments.get("include_users")).lower() in ("true", "1")
    return {"usergroups": [describe_group(group, with_users) for group in call.workspace.groups.values()]}


def _usergroups_users_list(call: Call) -> Json:
    if (group := call.workspace.groups.get(str(call.arguments.get("usergroup")))) is None:
        raise RefusedError("no_such_subteam")
    return {"users": list(group.members)}


def _conversations_info(call: Call) -> Json:
    channel = call.get_channel()
    needed = "im:read" if channel.direct else "channels:read"
    if needed not in call.workspace.scopes:
        raise RefusedError("missing_scope", needed=needed, provided=",".join(sorted(call.workspace.scopes)))
    return {"channel": describe_channel(channel)}


def _conversations_open(call: Call) -> Json:
    if (channel := call.find_direct("users")) is None:
        raise RefusedError("user_not_found")
    return {"channel": {"id": channel.id}}


def _chat_post_message(call: Call) -> Json:
    channel = call.find_direct("channel") or call.get_channel()
    if BOT.id not in channel.members:
        raise RefusedError("not_in_channel")
    draft = read_draft(call.arguments)
    call.workspace.posting.take(channel.id, call.workspace.clock())
    message = call.workspace.post(channel, BOT, draft, thread_ts=call.arguments.get("thread_ts"))
    return {"channel": channel.id, "ts": message.ts, "message": describe_message(message)}


def _chat_post_ephemeral(call: Call) -> Json:
    channel, person = call.get_channel(), call.get_person("user")
    if person.id not in channel.members:
        raise RefusedError("user_not_in_channel")
    draft = read_draft(call.arguments)
    call.workspace.posting.take(channel.id, call.workspace.clock())
    return {"message_ts": call.workspace.post(channel, BOT, draft, only_for=person.id).ts}


def _chat_update(call: Call) -> Json:
    message = call.get_message("cant_update_message")
    call.workspace.change(message, read_draft(call.arguments))
    described = describe_message(message)
    return {"channel": message.channel, "ts": message.ts, "text": message.draft.text, "message": described}


def _chat_delete(call: Call) -> Json:
    message = call.get_message("cant_delete_message")
    call.workspace.delete(message)
    return {"channel": message.channel, "ts": message.ts}


def _views_open(call: Call) -> Json:
    content = read_view(call.arguments.get("view"))
    return {"view": describe_view(call.workspace.modals.open(call.exchange_trigger().person, content))}


def _views_push(call: Call) -> Json:
    content = read_view(call.arguments.get("view"))
    return {"view": describe_view(call.workspace.modals.push(call.exchange_trigger().view, content))}


def _views_update(call: Call) -> Json:
    modals = call.workspace.modals
    content = read_view(call.arguments.get("view"))
    view = modals.find(id_=call.arguments.get("view_id"), external_id=call.arguments.get("external_id"))
    if call.arguments.get("hash", view.hash) != view.hash:
        raise RefusedError("hash_conflict")
    modals.change(view, content)
    return {"view": describe_view(view)}


_READ_CHANNELS = ("channels:read", "groups:read", "mpim:read", "im:read")

METHODS: Mapping[str, Method] = {
    "auth.test": Method(_auth_test),
    "apps.connections.open": Method(_apps_connections_open, ("connections:write",), app_level=True),
    "users.info": Method(_users_info, ("users:read",)),
    "usergroups.list": Method(_usergroups_list, ("usergroups:read",)),
    "usergroups.users.list": Method(_usergroups_users_list, ("usergroups:read",)),
    "conversations.info": Method(_conversations_info, _READ_CHANNELS),
    "conversations.open": Method(_conversations_open, ("im:write", "mpim:write")),
    "chat.postMessage": Method(_chat_post_message, ("chat:write",)),
    "chat.postEphemeral": Method(_chat_post_ephemeral, ("chat:write",)),
    "chat.update": Method(_chat_update, ("chat:write",)),
    "chat.delete": Method(_chat_delete, ("chat:write",)),
    "views.open": Method(_views_open),
    "views.push": Method(_views_push),
    "views.update": Method(_views_update),
}
"""What the workspace answers, by method; a further surface of the bot starts here."""
