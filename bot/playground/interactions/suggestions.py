"""Options of external selects, requested from the bot."""

from bot.playground.blockkit.checker import check_suggestions
from bot.playground.errors import SlackError
from bot.playground.interactions import payloads
from bot.playground.interactions.in_conversations import deliver
from bot.playground.json_types import Json
from bot.playground.people import Person
from bot.playground.transport.http import INTERACTIVE, NotDeliveredError
from bot.playground.workspace import Workspace

LEAST_QUERY = 3
"""Default of `min_query_length`."""


async def ask(
    workspace: Workspace, actor: Person, context: Json, found: tuple[Json, Json], query: str
) -> Json:
    """Ask the bot for the options of a select, which it sends in the acknowledgement.

    Args:
        workspace: The workspace.
        actor: The person who types.
        context: Payload keys of the message or view.
        found: The block and the select.
        query: The typed text.

    Raises:
        SlackError: The query is too short, or the acknowledgement is missing or invalid.
    """
    block, element = found
    if element["type"] != "external_select":
        raise SlackError("action_not_found")
    if len(query) < element.get("min_query_length", LEAST_QUERY):
        raise SlackError("query_too_short")
    ids = {"block_id": block["block_id"], "action_id": element["action_id"]}
    try:
        payload = payloads.make_suggestion(actor, context, ids, query)
        answer = await deliver(workspace, INTERACTIVE, payload)
    except NotDeliveredError as error:
        raise SlackError(error.code) from None
    if check_suggestions(answer):
        raise SlackError("invalid_options")
    assert isinstance(answer, dict)  # noqa: S101 - just checked
    return answer
