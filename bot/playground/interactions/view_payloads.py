"""Payloads of interactions in modals and Home tabs."""

from bot.playground.interactions.input_values import State
from bot.playground.interactions.payloads import make_interaction
from bot.playground.json_types import Json
from bot.playground.state.serializers import serialize_view
from bot.playground.state.views import View


def make_view_actions(view: View, state: State, action: Json, trigger_id: str) -> Json:
    """Make the payload of an action in a view."""
    return {
        **make_interaction("block_actions", view.person),
        **make_view_context(view, state),
        "trigger_id": trigger_id,
        "actions": [action],
    }


def make_view_submission(view: View, state: State, trigger_id: str, response_urls: list[Json]) -> Json:
    """Make the payload of a submission.

    The shape: https://docs.slack.dev/reference/interaction-payloads/view-interactions-payload
    """
    return {
        **make_interaction("view_submission", view.person),
        "trigger_id": trigger_id,
        "view": serialize_view(view, state),
        "response_urls": response_urls,
    }


def make_view_closed(view: View, *, is_cleared: bool) -> Json:
    """Make the payload of a closed view; `is_cleared` if its whole stack was closed."""
    return {
        **make_interaction("view_closed", view.person),
        "view": serialize_view(view),
        "is_cleared": is_cleared,
    }


def make_view_context(view: View, state: State) -> Json:
    """Make the container and view of an interaction."""
    return {"container": {"type": "view", "view_id": view.id}, "view": serialize_view(view, state)}
