"""Table of Web API methods with their scopes and rate limits."""

from collections.abc import Mapping

from bot.playground.errors import SlackError
from bot.playground.json_types import Json
from bot.playground.people import BOT, BOT_ID, TEAM_ID, TEAM_NAME, PersonKind
from bot.playground.state.serializers import serialize_channel, serialize_group, serialize_person
from bot.playground.web_api import chat_methods, file_methods, view_methods
from bot.playground.web_api.calls import Method, MethodCall


def _auth_test(call: MethodCall) -> Json:
    enterprise_id = call.workspace.enterprise_id
    return {
        "url": f"{call.address}/",
        "team": TEAM_NAME,
        "user": call.workspace.bot.handle,
        "team_id": TEAM_ID,
        "user_id": BOT.id,
        "bot_id": BOT_ID,
        **({"enterprise_id": enterprise_id} if enterprise_id else {}),
        "is_enterprise_install": False,
    }


def _apps_connections_open(call: MethodCall) -> Json:
    return {"url": call.workspace.sockets.open(call.address)}


def _users_info(call: MethodCall) -> Json:
    return {"user": serialize_person(call.get_person("user"))}


def _usergroups_list(call: MethodCall) -> Json:
    with_users = str(call.arguments.get("include_users")).lower() in ("true", "1")
    return {"usergroups": [serialize_group(group, with_users) for group in call.workspace.groups.values()]}


def _usergroups_users_list(call: MethodCall) -> Json:
    if (group := call.workspace.groups.get(str(call.arguments.get("usergroup")))) is None:
        raise SlackError("no_such_subteam")
    return {"users": list(group.members)}


def _conversations_info(call: MethodCall) -> Json:
    channel = call.get_channel()
    if channel.group and BOT.id not in channel.members:
        raise SlackError("channel_not_found")
    needed = "im:read" if channel.direct else "mpim:read" if channel.group else "channels:read"
    if needed not in call.workspace.app.scopes:
        raise SlackError("missing_scope", needed=needed, provided=",".join(sorted(call.workspace.app.scopes)))
    return {"channel": serialize_channel(channel)}


def _conversations_open(call: MethodCall) -> Json:
    if not call.arguments.get("users"):
        raise SlackError("users_list_not_supplied")
    person = call.get_person("users")
    if person.kind is PersonKind.DEACTIVATED:
        raise SlackError("user_disabled")
    if (channel := call.find_direct("users")) is None:
        raise SlackError("user_not_visible")
    return {"no_op": True, "already_open": True, "channel": {"id": channel.id}}


_TIER_2, _TIER_3, _TIER_4 = 20, 50, 100
_READ_CHANNELS = ("channels:read", "groups:read", "mpim:read", "im:read")

METHODS: Mapping[str, Method] = {
    "auth.test": Method(_auth_test),
    "apps.connections.open": Method(_apps_connections_open, ("connections:write",), _TIER_3, app_level=True),
    "users.info": Method(_users_info, ("users:read",), _TIER_4),
    "usergroups.list": Method(_usergroups_list, ("usergroups:read",), _TIER_2),
    "usergroups.users.list": Method(_usergroups_users_list, ("usergroups:read",), _TIER_2),
    "conversations.info": Method(_conversations_info, _READ_CHANNELS, _TIER_3),
    "conversations.open": Method(_conversations_open, ("im:write", "mpim:write"), _TIER_3),
    "chat.postMessage": Method(chat_methods.post_message, ("chat:write",)),
    "chat.postEphemeral": Method(chat_methods.post_ephemeral, ("chat:write",), _TIER_4),
    "chat.update": Method(chat_methods.update, ("chat:write",), _TIER_3),
    "chat.delete": Method(chat_methods.delete, ("chat:write",), _TIER_3),
    "assistant.threads.setStatus": Method(chat_methods.set_status, ("chat:write", "assistant:write")),
    "files.getUploadURLExternal": Method(file_methods.get_upload_url, ("files:write",), _TIER_4),
    "files.completeUploadExternal": Method(file_methods.complete_upload, ("files:write",), _TIER_4),
    "files.info": Method(file_methods.get_info, ("files:read",), _TIER_4),
    "views.open": Method(view_methods.open_, a_minute=_TIER_4),
    "views.push": Method(view_methods.push, a_minute=_TIER_4),
    "views.update": Method(view_methods.update, a_minute=_TIER_4),
    "views.publish": Method(view_methods.publish, a_minute=_TIER_4),
}
"""Methods by name; others get `unknown_method`."""
