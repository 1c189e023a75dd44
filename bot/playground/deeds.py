"""What people can do in the page, by name: each is checked before it is begun."""

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from starlette.background import BackgroundTask

from bot.playground import events, forms, interactions
from bot.playground.inputs import read_choice, read_state
from bot.playground.messages import Draft, Json, Message, list_elements
from bot.playground.payloads import escape, make_action
from bot.playground.people import Channel, Kind, Person
from bot.playground.refusals import RefusedError
from bot.playground.views import View
from bot.playground.workspace import Workspace

Body: TypeAlias = Mapping[str, Any]
"""What the page sends."""

_NAME = re.compile(r"(?<![\w<])@([a-z][a-z-]*)")
Deed: TypeAlias = Callable[[Workspace, Body, str], BackgroundTask | None]
"""Begins a deed, given the server's address too; returns what goes on once the page has its answer."""


def _send(workspace: Workspace, body: Body, address: str) -> BackgroundTask | None:
    """Send a line: a slash command or a plain message."""
    actor, channel = _find_place(workspace, body)
    text = str(body.get("text", ""))
    if not text.strip():
        raise RefusedError("no_text")
    thread = _find_thread(workspace, actor, body)
    if text.startswith("/"):
        if thread:
            raise RefusedError("no_command_in_thread")
        return BackgroundTask(interactions.run_command, workspace, actor, channel, text, address)
    workspace.post(channel, actor, Draft(_write(workspace, text)), thread_ts=thread)
    return None


def _open_app(workspace: Workspace, body: Body, _: str) -> None:
    """Open the bot's Home tab, or its messages."""
    actor, channel = _find_place(workspace, body)
    if not channel.direct or not (workspace.home_enabled or body.get("tab") == "messages"):
        raise RefusedError("channel_not_found")
    events.tell_opened(workspace, actor, channel, "messages" if body.get("tab") == "messages" else "home")


def _press(workspace: Workspace, body: Body, address: str) -> BackgroundTask:
    """Press a button, or choose something, in a message or a view."""
    if "view_id" in body:
        view = _find_pressable(workspace, body)
        action = _make_action(workspace, view.blocks, body)
        state = read_state(view.blocks, body.get("state"))
        return BackgroundTask(forms.press, workspace, view, action, state)
    actor, _ = _find_place(workspace, body)
    message = _find_message(workspace, actor, body)
    action = _make_action(workspace, message.draft.blocks, body)
    return BackgroundTask(interactions.press, workspace, actor, message, action, address)


def _submit(workspace: Workspace, body: Body, _: str) -> BackgroundTask:
    """Submit what is filled in."""
    view = _find_view(workspace, body)
    return BackgroundTask(forms.submit, workspace, view, read_state(view.blocks, body.get("state")))


def _close(workspace: Workspace, body: Body, _: str) -> BackgroundTask:
    """Close a view, or with `clear` the whole modal."""
    clear = body.get("clear") is True
    return BackgroundTask(forms.close, workspace, _find_view(workspace, body), clear=clear)


def _use_shortcut(workspace: Workspace, body: Body, address: str) -> BackgroundTask:
    """Use a shortcut, on a message if it is a message shortcut."""
    actor, channel = _find_place(workspace, body)
    offered = workspace.list_shortcuts(actor)
    shortcut = next((known for known in offered if known.callback_id == body.get("callback_id")), None)
    if shortcut is None:
        raise RefusedError("shortcut_not_found")
    id_ = shortcut.callback_id
    if shortcut.type == "global":
        return BackgroundTask(interactions.use_shortcut, workspace, actor, channel, id_)
    message = _find_message(workspace, actor, body)
    if message.only_for:
        raise RefusedError("message_not_found")
    return BackgroundTask(interactions.use_message_shortcut, workspace, actor, message, id_, address)


DEEDS: Mapping[str, Deed] = {
    "send": _send,
    "open_app": _open_app,
    "press": _press,
    "submit": _submit,
    "close": _close,
    "shortcut": _use_shortcut,
}
"""The deeds, by the name the page calls them."""


def _find_actor(workspace: Workspace, body: Body) -> Person:
    actor = workspace.people.get(str(body.get("as")))
    if actor is None or actor.kind is Kind.BOT:
        raise RefusedError("user_not_found")
    if actor.kind is Kind.DEACTIVATED:
        raise RefusedError("account_inactive")
    return actor


def _find_place(workspace: Workspace, body: Body) -> tuple[Person, Channel]:
    actor = _find_actor(workspace, body)
    channel = workspace.channels.get(str(body.get("channel")))
    if channel is None or actor.id not in channel.members:
        raise RefusedError("channel_not_found")
    return actor, channel


def _find_thread(workspace: Workspace, actor: Person, body: Body) -> str | None:
    """Find the thread that somebody replies in."""
    if not body.get("thread_ts"):
        return None
    parent = _find_message(workspace, actor, {**body, "ts": body["thread_ts"]})
    if parent.only_for:
        raise RefusedError("message_not_found")
    return parent.thread_ts or parent.ts


def _write(workspace: Workspace, text: str) -> str:
    """Write down what somebody typed as Slack does: escaped, with names turned into mentions."""
    ids = {person.handle: person.id for person in workspace.people.values()}
    return _NAME.sub(lambda found: f"<@{ids[found[1]]}>" if found[1] in ids else found[0], escape(text))


def _find_message(workspace: Workspace, actor: Person, body: Body) -> Message:
    message = workspace.find(str(body.get("channel")), str(body.get("ts")))
    if message is None or not workspace.sees(actor.id, message):
        raise RefusedError("message_not_found")
    return message


def _find_view(workspace: Workspace, body: Body) -> View:
    """Find the modal's view that somebody has before them; nothing can be done in one below it."""
    view = workspace.modals.get_top(_find_actor(workspace, body).id)
    if view is None or view.id != body.get("view_id"):
        raise RefusedError("view_not_found")
    return view


def _find_pressable(workspace: Workspace, body: Body) -> View:
    """Find the view that somebody presses something in: their Home tab, or the modal before them."""
    home = workspace.homes.get(_find_actor(workspace, body).id)
    return home if home and home.id == body.get("view_id") else _find_view(workspace, body)


def _make_action(workspace: Workspace, blocks: list[Json] | None, body: Body) -> Json:
    """Make the action out of the bot's own element, so that a page cannot invent one."""
    wanted = (body.get("block_id"), body.get("action_id"))
    for block, element in list_elements(blocks):
        silent = block["type"] == "input" and not block.get("dispatch_action")
        if (block["block_id"], element["action_id"]) == wanted and not silent:
            return make_action(block, element, read_choice(element, body), workspace.make_ts())
    raise RefusedError("action_not_found")
