"""Web API methods for modals and Home tabs."""

from bot.playground.blockkit.rules import Surface
from bot.playground.errors import SlackError
from bot.playground.json_types import Json
from bot.playground.people import PersonKind
from bot.playground.state.serializers import serialize_view
from bot.playground.state.views import read_view
from bot.playground.web_api.calls import MethodCall


def open_(call: MethodCall) -> Json:
    """Open a modal (https://docs.slack.dev/reference/methods/views.open)."""
    content = _read_view(call)
    trigger = call.exchange_trigger()
    return {"view": serialize_view(call.workspace.modals.open(trigger.person, content, trigger.channel))}


def push(call: MethodCall) -> Json:
    """Push a view onto a modal's stack (https://docs.slack.dev/reference/methods/views.push)."""
    content = _read_view(call)
    return {"view": serialize_view(call.workspace.modals.push(call.exchange_trigger().view, content))}


def update(call: MethodCall) -> Json:
    """Update a view (https://docs.slack.dev/reference/methods/views.update)."""
    views = call.workspace.views
    view = views.find(id_=call.arguments.get("view_id"), external_id=call.arguments.get("external_id"))
    content = _read_view(call, "home" if view.is_home else "modal")
    if call.arguments.get("hash", view.hash) != view.hash:
        raise SlackError("hash_conflict")
    views.change(view, content)
    return {"view": serialize_view(view)}


def publish(call: MethodCall) -> Json:
    """Publish a Home tab (https://docs.slack.dev/reference/methods/views.publish)."""
    workspace = call.workspace
    if not workspace.app.home_enabled:
        raise SlackError("not_enabled")
    person = workspace.people.get(str(call.arguments.get("user_id")))
    if person is None or person.kind is PersonKind.BOT:
        raise SlackError("invalid_arguments", response_metadata={"messages": ["invalid `user_id`"]})
    content = _read_view(call, "home")
    return {"view": serialize_view(workspace.home_tabs.publish(person, content, call.arguments.get("hash")))}


def _read_view(call: MethodCall, surface: Surface = "modal") -> Json:
    return read_view(call.arguments.get("view"), call.workspace.app.scopes, surface)
