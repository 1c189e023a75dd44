"""Slack's JSON of people, user groups, conversations, messages, files and views."""

from bot.playground.json_types import Json
from bot.playground.people import (
    APP_ID,
    BOT,
    BOT_ID,
    ENTERPRISE_ID,
    ENTERPRISE_NAME,
    TEAM_ID,
    Channel,
    Group,
    Person,
    PersonKind,
)
from bot.playground.state.files import File
from bot.playground.state.messages import Message
from bot.playground.state.views import View

_FOUNDED = 1_700_000_000  # creation time of everything, in Unix seconds


def serialize_message(message: Message) -> Json:
    """Serialize a message (https://docs.slack.dev/reference/events/message)."""
    described = {
        "type": "message",
        "user": message.sender.id,
        "ts": message.ts,
        **({} if message.files else {"team": message.sender.team_id}),
        **({"bot_id": BOT_ID, "app_id": APP_ID} if message.sender == BOT else {}),
        "text": message.content.text,
    }
    files = [serialize_file(file) for file in message.files]
    shared = {"subtype": "file_share", "files": files, "upload": False, "display_as_bot": False}
    optional = {
        "client_msg_id": message.client_msg_id,
        "blocks": message.content.blocks,
        "thread_ts": message.thread_ts,
        "edited": {"user": message.sender.id, "ts": message.edited_at} if message.edited_at else None,
        **(shared if message.files else {}),
    }
    return described | {key: value for key, value in optional.items() if value is not None}


def serialize_file(file: File) -> Json:
    """Serialize a file (https://docs.slack.dev/reference/objects/file-object)."""
    if file.deleted:
        return {"id": file.id, "mode": "tombstone"}
    page = f"{file.address}/files/{file.owner.id}/{file.id}/{file.url_name}"
    edit = {"edit_link": f"{page}/edit"} if file.is_snippet else {}
    return {
        "id": file.id,
        "created": int(file.made_at),
        "timestamp": int(file.made_at),
        "name": file.name,
        "title": file.title,
        "mimetype": file.mimetype,
        "filetype": file.filetype,
        "pretty_type": file.pretty_type,
        "user": file.owner.id,
        "user_team": file.owner.team_id,
        "editable": file.is_snippet,
        "size": file.length,
        "mode": "snippet" if file.is_snippet else "hosted",
        "is_external": False,
        "external_type": "",
        "is_public": any(not id_.startswith("D") for id_ in file.shared_in),
        "public_url_shared": False,
        "display_as_bot": False,
        "username": "",
        # A snippet's is the page where people edit it.
        "url_private": edit.get("edit_link", f"{file.address}{file.folder}/{file.url_name}"),
        "url_private_download": file.address + file.path,
        "permalink": page,
        **edit,
        "has_rich_preview": False,
        "file_access": "visible",
    }


def serialize_file_info(file: File) -> Json:
    """Serialize a file with its conversations, as the methods of files return it."""
    return {
        **serialize_file(file),
        "comments_count": 0,
        "is_starred": False,
        "channels": [id_ for id_ in file.shared_in if not id_.startswith("D")],
        "groups": [],
        "ims": [id_ for id_ in file.shared_in if id_.startswith("D")],
    }


def make_file_stub(file: File) -> Json:
    """Make what an event in Slack Connect says of a file (https://docs.slack.dev/apis/slack-connect)."""
    stub = {"mode": "file_access", "file_access": "check_file_info", "created": 0, "timestamp": 0, "user": ""}
    return serialize_file(file) if file.deleted else {"id": file.id, **stub}


def serialize_person(person: Person) -> Json:
    """Serialize a person (https://docs.slack.dev/reference/objects/user-object)."""
    profile = {
        "real_name": person.name,
        "display_name": person.handle,
        "title": person.title,
        "team": person.team_id,
    }
    common = {
        "id": person.id,
        "team_id": person.team_id,
        "name": person.handle,
        "real_name": person.name,
        "deleted": person.kind is PersonKind.DEACTIVATED,
        "is_bot": person.kind is PersonKind.BOT,
        "is_app_user": False,
        "updated": _FOUNDED,
        "profile": profile,
    }
    if person.kind is PersonKind.DEACTIVATED:
        return common
    if person.kind is PersonKind.STRANGER:
        return {**common, "is_stranger": True}
    flags = dict.fromkeys(("is_admin", "is_owner", "is_primary_owner"), False)
    return {
        **common,
        **flags,
        "is_restricted": person.kind is PersonKind.GUEST,
        "is_ultra_restricted": person.single_channel,
        "tz": "Etc/UTC",
        "tz_offset": 0,
        **({"enterprise_user": _serialize_enterprise_user(person)} if person.organization_teams else {}),
    }


def _serialize_enterprise_user(person: Person) -> Json:
    return {
        "id": person.id,
        "enterprise_id": ENTERPRISE_ID,
        "enterprise_name": ENTERPRISE_NAME,
        "is_admin": False,
        "is_owner": False,
        "teams": list(person.organization_teams),
    }


def serialize_group(group: Group, with_users: bool) -> Json:  # noqa: FBT001 - Slack's own flag, handed on
    """Serialize a user group (https://docs.slack.dev/reference/objects/usergroup-object)."""
    described = {
        "id": group.id,
        "team_id": TEAM_ID,
        "is_usergroup": True,
        "is_subteam": True,
        "name": group.name,
        "description": "",
        "handle": group.handle,
        "is_external": False,
        "date_create": _FOUNDED,
        "date_update": _FOUNDED,
        "date_delete": 0,
        "auto_type": None,
        "deleted_by": None,
        "prefs": {"channels": [], "groups": []},
        "user_count": len(group.members),
    }
    return {**described, "users": list(group.members)} if with_users else described


def serialize_channel(channel: Channel) -> Json:
    """Serialize a conversation (https://docs.slack.dev/reference/objects/conversation-object)."""
    if channel.direct:
        (person,) = channel.members - {BOT.id}
        return {"id": channel.id, "created": _FOUNDED, "is_im": True, "is_org_shared": False, "user": person}
    return {
        "id": channel.id,
        "name": channel.name,
        "created": _FOUNDED,
        "is_channel": not channel.group,
        "is_group": False,
        "is_im": False,
        "is_mpim": channel.group,
        "is_private": channel.group,
        "is_archived": False,
        "is_general": False,
        "is_shared": channel.shared,
        "is_ext_shared": channel.shared,
        "is_org_shared": False,
        "is_member": BOT.id in channel.members,
        "context_team_id": TEAM_ID,
    }


def serialize_view(view: View, values: Json | None = None) -> Json:
    """Serialize a view with the values of its inputs.

    The shape: https://docs.slack.dev/reference/interaction-payloads/view-interactions-payload
    """
    absent = {"private_metadata": "", "callback_id": "", "external_id": "", "submit": None, "close": None}
    flags = dict.fromkeys(("clear_on_close", "notify_on_close"), False)
    return {
        **absent,
        **flags,
        **view.content,
        "id": view.id,
        "team_id": TEAM_ID,
        "state": {"values": values or {}},
        "hash": view.hash,
        "root_view_id": (*view.below, view)[0].id,
        "previous_view_id": view.below[-1].id if view.below else None,
        "app_id": APP_ID,
        "app_installed_team_id": TEAM_ID,
        "bot_id": BOT_ID,
    }
