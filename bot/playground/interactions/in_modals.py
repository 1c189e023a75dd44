"""Presses, submissions and closing of modals, and their delivery to the bot."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from bot.playground.errors import SlackError
from bot.playground.interactions import responses, view_payloads
from bot.playground.interactions.in_conversations import deliver
from bot.playground.interactions.input_values import INPUT_SPECS, State, find_errors
from bot.playground.json_types import Json
from bot.playground.state.messages import list_elements
from bot.playground.state.response_urls import ResponseUrl
from bot.playground.state.views import View, read_view
from bot.playground.transport.http import DISPATCH_FAILED, INTERACTIVE, NotDeliveredError
from bot.playground.workspace import Workspace

CONNECTION_ERROR = "We had some trouble connecting. Try again?"
"""Slack's error in a modal after a missing or invalid acknowledgement."""


async def press(workspace: Workspace, view: View, action: Json, state: State) -> None:
    """Deliver the use of an element in a view."""
    trigger_id = workspace.triggers.make(view.person, workspace.clock(), view=view)
    try:
        payload = view_payloads.make_view_actions(view, state, action, trigger_id)
        await deliver(workspace, INTERACTIVE, payload)
    except NotDeliveredError:
        workspace.views.set_errors(view, problem=CONNECTION_ERROR)


async def submit(workspace: Workspace, view: View, state: State, address: str) -> None:
    """Deliver a valid submission, and apply the bot's response action."""
    if errors := find_errors(view.blocks, state):
        workspace.views.set_errors(view, errors=errors)
        return
    trigger_id = workspace.triggers.make(view.person, workspace.clock(), view=view)
    try:
        urls = _create_response_urls(workspace, view, state, address)
        payload = view_payloads.make_view_submission(view, state, trigger_id, urls)
        _follow(workspace, view, await deliver(workspace, INTERACTIVE, payload))
    except (NotDeliveredError, SlackError):
        workspace.views.set_errors(view, problem=CONNECTION_ERROR)


async def close(workspace: Workspace, view: View, *, clear: bool) -> None:
    """Close a view or its whole stack, and deliver view_closed if the bot asked for it.

    A closed stack is reported for its first view alone (https://docs.slack.dev/surfaces/modals).
    """
    clear = clear or view.content.get("clear_on_close", False)
    for closed in workspace.modals.close(view, clear=clear)[-1:]:
        if closed.content.get("notify_on_close"):
            with suppress(NotDeliveredError):  # the modal is closed, so no error can be shown
                await deliver(
                    workspace, INTERACTIVE, view_payloads.make_view_closed(closed, is_cleared=clear)
                )


def _create_response_urls(workspace: Workspace, view: View, state: State, address: str) -> list[Json]:
    """Create a response URL for each chosen conversation with `response_url_enabled`."""
    urls = []
    for block, element in list_elements(view.blocks):
        spec = INPUT_SPECS.get(element["type"])
        if block["type"] != "input" or spec is None or not element.get("response_url_enabled"):
            continue
        ids = {"block_id": block["block_id"], "action_id": element["action_id"]}
        chosen = state[ids["block_id"]][ids["action_id"]][spec.key]
        if channel := workspace.channels.get(str(chosen)):
            url = ResponseUrl(channel, view.person, workspace.clock())
            response_url = responses.create_response_url(workspace, url, address)
            urls.append({**ids, "channel_id": channel.id, "response_url": response_url})
    return urls


def _follow(workspace: Workspace, view: View, answer: object) -> None:
    """Apply the response action of a submission (https://docs.slack.dev/surfaces/modals)."""
    if not answer:
        workspace.modals.close(view)
        return
    action = answer.get("response_action") if isinstance(answer, Mapping) else None
    respond = _RESPONSES.get(str(action))
    if respond is None:
        raise NotDeliveredError(DISPATCH_FAILED)
    respond(workspace, view, answer)


def _show_errors(workspace: Workspace, view: View, answer: Mapping[str, Any]) -> None:
    errors = answer.get("errors")
    asked = {block["block_id"] for block in view.blocks if block["type"] == "input"}
    if not (isinstance(errors, Mapping) and errors and errors.keys() <= asked):
        raise NotDeliveredError(DISPATCH_FAILED)
    workspace.views.set_errors(view, errors={block_id: str(error) for block_id, error in errors.items()})


def _update(workspace: Workspace, view: View, answer: Mapping[str, Any]) -> None:
    workspace.views.change(view, read_view(answer.get("view"), workspace.app.scopes))


def _push(workspace: Workspace, view: View, answer: Mapping[str, Any]) -> None:
    workspace.modals.push(view, read_view(answer.get("view"), workspace.app.scopes))


def _clear(workspace: Workspace, view: View, _: Mapping[str, Any]) -> None:
    workspace.modals.close(view, clear=True)


_RESPONSES: Mapping[str, Callable[[Workspace, View, Any], None]] = {
    "errors": _show_errors,
    "update": _update,
    "push": _push,
    "clear": _clear,
}
