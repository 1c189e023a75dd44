"""Lookup and permission checks of the people, messages and elements that an action names."""

from collections.abc import Mapping
from typing import Any, TypeAlias

from bot.playground.errors import SlackError
from bot.playground.json_types import Json
from bot.playground.people import Channel, Person, PersonKind
from bot.playground.state.files import File
from bot.playground.state.messages import Message, list_elements
from bot.playground.state.views import View
from bot.playground.workspace import Workspace

Body: TypeAlias = Mapping[str, Any]
"""Body of an action of the page."""


def find_actor(workspace: Workspace, body: Body) -> Person:
    """Find the acting person.

    Raises:
        SlackError: There is no such person, or they are a bot or deactivated.
    """
    actor = workspace.people.get(str(body.get("as")))
    if actor is None or actor.kind is PersonKind.BOT:
        raise SlackError("user_not_found")
    if actor.kind is PersonKind.DEACTIVATED:
        raise SlackError("account_inactive")
    return actor


def find_conversation(workspace: Workspace, body: Body) -> tuple[Person, Channel]:
    """Find the acting person and their conversation.

    Raises:
        SlackError: There is no such person, or they are not in the conversation.
    """
    actor = find_actor(workspace, body)
    channel = workspace.channels.get(str(body.get("channel")))
    if channel is None or actor.id not in channel.members:
        raise SlackError("channel_not_found")
    return actor, channel


def find_thread(workspace: Workspace, actor: Person, body: Body) -> str | None:
    """Return the timestamp of the thread's parent message; None outside a thread."""
    if not body.get("thread_ts"):
        return None
    parent = find_message(workspace, actor, {**body, "ts": body["thread_ts"]})
    if parent.only_for:
        raise SlackError("message_not_found")
    return parent.thread_ts or parent.ts


def find_message(workspace: Workspace, actor: Person, body: Body) -> Message:
    """Find a message that the person can see.

    Raises:
        SlackError: There is no such message.
    """
    message = workspace.find(str(body.get("channel")), str(body.get("ts")))
    if message is None or not workspace.can_see(actor.id, message):
        raise SlackError("message_not_found")
    return message


def find_files(workspace: Workspace, actor: Person, ids: Any) -> tuple[File, ...]:
    """Find files that the person uploaded.

    Raises:
        SlackError: One of them is not there, deleted, or another person's.
    """
    files = [workspace.files.find(id_) for id_ in ids] if isinstance(ids, list) else [None]
    own = tuple(file for file in files if file and file.owner == actor and not file.deleted)
    if len(own) < len(files):
        raise SlackError("file_not_found")
    return own


def find_view(workspace: Workspace, body: Body) -> View:
    """Find the person's top modal view, the only one that can be used."""
    view = workspace.modals.get_top(find_actor(workspace, body).id)
    if view is None or view.id != body.get("view_id"):
        raise SlackError("view_not_found")
    return view


def find_interactive_view(workspace: Workspace, body: Body) -> View:
    """Find the view of an action: the Home tab or the top modal view."""
    home = workspace.home_tabs.get(find_actor(workspace, body).id)
    return home if home and home.id == body.get("view_id") else find_view(workspace, body)


def find_element(blocks: list[Json] | None, body: Body) -> tuple[Json, Json]:
    """Find an element of the bot's blocks, with its block.

    Raises:
        SlackError: There is no such element.
    """
    wanted = (body.get("block_id"), body.get("action_id"))
    for block, element in list_elements(blocks):
        if (block["block_id"], element["action_id"]) == wanted:
            return block, element
    raise SlackError("action_not_found")
