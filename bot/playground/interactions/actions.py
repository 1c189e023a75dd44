"""Actions of people in the page, by name."""

from collections.abc import Awaitable, Callable, Mapping
from typing import TypeAlias

from starlette.background import BackgroundTask

from bot.playground.errors import SlackError
from bot.playground.interactions import (
    events,
    in_conversations,
    in_modals,
    payloads,
    suggestions,
    view_payloads,
)
from bot.playground.interactions.input_values import State, read_choice, read_state
from bot.playground.interactions.markup import write
from bot.playground.interactions.resolve import (
    Body,
    find_actor,
    find_conversation,
    find_element,
    find_files,
    find_interactive_view,
    find_message,
    find_thread,
    find_view,
)
from bot.playground.json_types import Json
from bot.playground.state.messages import MessageContent, list_elements
from bot.playground.state.serializers import serialize_file
from bot.playground.state.views import View
from bot.playground.workspace import Workspace

Action: TypeAlias = Callable[[Workspace, Body, str], BackgroundTask | None]
"""Validates and starts an action, given the server's address; may return a task to run after the response."""

Query: TypeAlias = Callable[[Workspace, Body], Awaitable[Json]]
"""Answers a query of the page."""


def _send(workspace: Workspace, body: Body, address: str) -> BackgroundTask | None:
    """Run a slash command, or post a message with its files."""
    actor, channel = find_conversation(workspace, body)
    text, files = str(body.get("text", "")), find_files(workspace, actor, body.get("files", []))
    if not text.strip() and not files:
        raise SlackError("no_text")
    if channel.direct and (workspace.app.messages_read_only or not workspace.app.messages_enabled):
        raise SlackError("messages_tab_disabled")
    thread = find_thread(workspace, actor, body)
    if text.startswith("/"):
        if thread or files:
            raise SlackError("no_command_in_thread" if thread else "no_command_with_files")
        return BackgroundTask(in_conversations.run_command, workspace, actor, channel, text, address)
    content = write(text, workspace.people.values()) if text.strip() else MessageContent("", typed="")
    workspace.post(channel, actor, content, thread_ts=thread, files=files)
    return None


def _delete_file(workspace: Workspace, body: Body, _: str) -> None:
    """Delete one's own file."""
    for file in find_files(workspace, find_actor(workspace, body), [body.get("file")]):
        workspace.delete_file(file)


def _edit(workspace: Workspace, body: Body, _: str) -> None:
    """Edit one's own message."""
    actor, text = find_actor(workspace, body), str(body.get("text", ""))
    message = find_message(workspace, actor, body)
    if message.sender != actor:
        raise SlackError("cant_update_message")
    if not text.strip():
        raise SlackError("no_text")
    workspace.edit(message, write(text, workspace.people.values()))


def _open_app(workspace: Workspace, body: Body, _: str) -> None:
    """Open the app's Home tab or messages tab."""
    actor, channel = find_conversation(workspace, body)
    tab = "messages" if body.get("tab") == "messages" else "home"
    enabled = {"home": workspace.app.home_enabled, "messages": workspace.app.messages_enabled}
    if not channel.direct or not enabled[tab]:
        raise SlackError("channel_not_found")
    events.send_home_opened(workspace, actor, channel, tab)


def _press(workspace: Workspace, body: Body, address: str) -> BackgroundTask:
    """Use an interactive element of a message or view."""
    if "view_id" in body:
        view = find_interactive_view(workspace, body)
        action = _make_action(workspace, view.blocks, body)
        state = _read_state(workspace, view, body)
        return BackgroundTask(in_modals.press, workspace, view, action, state)
    actor, _ = find_conversation(workspace, body)
    message = find_message(workspace, actor, body)
    action = _make_action(workspace, message.content.blocks, body)
    return BackgroundTask(in_conversations.press, workspace, actor, message, action, address)


def _submit(workspace: Workspace, body: Body, address: str) -> BackgroundTask:
    """Submit a view."""
    view = find_view(workspace, body)
    if not view.content.get("submit"):
        raise SlackError("view_without_submit")
    state = _read_state(workspace, view, body)
    return BackgroundTask(in_modals.submit, workspace, view, state, address)


def _close(workspace: Workspace, body: Body, _: str) -> BackgroundTask:
    """Close a view, or with `clear` its whole stack."""
    clear = body.get("clear") is True
    return BackgroundTask(in_modals.close, workspace, find_view(workspace, body), clear=clear)


def _use_shortcut(workspace: Workspace, body: Body, address: str) -> BackgroundTask:
    """Use a global or message shortcut."""
    actor, channel = find_conversation(workspace, body)
    offered = workspace.list_shortcuts(actor)
    shortcut = next((known for known in offered if known.callback_id == body.get("callback_id")), None)
    if shortcut is None:
        raise SlackError("shortcut_not_found")
    id_ = shortcut.callback_id
    if shortcut.type == "global":
        return BackgroundTask(in_conversations.use_shortcut, workspace, actor, channel, id_)
    message = find_message(workspace, actor, body)
    if message.only_for:
        raise SlackError("message_not_found")
    return BackgroundTask(in_conversations.use_message_shortcut, workspace, actor, message, id_, address)


def _set_fault(workspace: Workspace, body: Body, _: str) -> None:
    """Apply a setting of a fault control."""
    workspace.fault_controls.apply(body.get("dial"), body.get("setting"))
    workspace.publish_faults()


ACTIONS: Mapping[str, Action] = {
    "send": _send,
    "edit": _edit,
    "delete_file": _delete_file,
    "open_app": _open_app,
    "press": _press,
    "submit": _submit,
    "close": _close,
    "shortcut": _use_shortcut,
    "weather": _set_fault,
}
"""Actions by their names in the page's protocol."""


async def _suggest(workspace: Workspace, body: Body) -> Json:
    """Ask the bot for the options of an external select."""
    actor, query = find_actor(workspace, body), str(body.get("value", ""))
    if "view_id" in body:
        view = find_interactive_view(workspace, body)
        context = view_payloads.make_view_context(view, _read_state(workspace, view, body))
        return await suggestions.ask(workspace, actor, context, find_element(view.blocks, body), query)
    actor, channel = find_conversation(workspace, body)
    message = find_message(workspace, actor, body)
    context = payloads.make_message_context(message, channel)
    return await suggestions.ask(workspace, actor, context, find_element(message.content.blocks, body), query)


def _read_state(workspace: Workspace, view: View, body: Body) -> State:
    """Read the state of a view, and open the files in it to the app."""
    state = read_state(view.blocks, body.get("state"))
    for block, element in list_elements(view.blocks):
        if element["type"] == "file_input":
            entry = state[block["block_id"]][element["action_id"]]
            files = find_files(workspace, view.person, entry["files"])
            for file in files:
                file.in_form = True
            entry["files"] = [serialize_file(file) for file in files]
    return state


def _make_action(workspace: Workspace, blocks: list[Json] | None, body: Body) -> Json:
    block, element = find_element(blocks, body)
    silent = not block.get("dispatch_action") or element["type"] == "file_input"
    if block["type"] == "input" and silent:
        raise SlackError("action_not_found")
    return payloads.make_action(block, element, read_choice(element, body), workspace.make_ts())


QUERIES: Mapping[str, Query] = {"suggest": _suggest}
"""Queries by their names in the page's protocol."""
