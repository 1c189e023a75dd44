"""The Web API methods for modals and Home tabs."""

from bot.playground.errors import RefusedError
from bot.playground.json_types import Json
from bot.playground.people import Kind
from bot.playground.state.serializers import describe_view
from bot.playground.state.views import read_view
from bot.playground.web_api.calls import Call


def open_(call: Call) -> Json:
    """Open a modal (https://docs.slack.dev/reference/methods/views.open)."""
    content = read_view(call.arguments.get("view"))
    trigger = call.exchange_trigger()
    return {"view": describe_view(call.workspace.modals.open(trigger.person, content, trigger.channel))}


def push(call: Call) -> Json:
    """Put a view on top of a modal's stack (https://docs.slack.dev/reference/methods/views.push)."""
    content = read_view(call.arguments.get("view"))
    return {"view": describe_view(call.workspace.modals.push(call.exchange_trigger().view, content))}


def update(call: Call) -> Json:
    """Give a view other content (https://docs.slack.dev/reference/methods/views.update)."""
    views = call.workspace.views
    view = views.find(id_=call.arguments.get("view_id"), external_id=call.arguments.get("external_id"))
    content = read_view(call.arguments.get("view"), "home" if view.is_home else "modal")
    if call.arguments.get("hash", view.hash) != view.hash:
        raise RefusedError("hash_conflict")
    views.change(view, content)
    return {"view": describe_view(view)}


def publish(call: Call) -> Json:
    """Fill somebody's Home tab (https://docs.slack.dev/reference/methods/views.publish)."""
    workspace = call.workspace
    if not workspace.home_enabled:
        raise RefusedError("not_enabled")
    person = workspace.people.get(str(call.arguments.get("user_id")))
    if person is None or person.kind is Kind.BOT:
        raise RefusedError("invalid_arguments", response_metadata={"messages": ["invalid `user_id`"]})
    content = read_view(call.arguments.get("view"), "home")
    return {"view": describe_view(workspace.homes.publish(person, content, call.arguments.get("hash")))}
