"""What the bot offers in an external select while somebody types in it."""

from bot.playground.blockkit.checker import check_suggestions
from bot.playground.errors import SlackError
from bot.playground.interactions import payloads
from bot.playground.interactions.in_conversations import deliver
from bot.playground.json_types import Json
from bot.playground.people import Person
from bot.playground.transport.http import INTERACTIVE, NotDeliveredError
from bot.playground.workspace import Workspace

LEAST_QUERY = 3
"""Characters from which the bot is asked, where it does not say so itself."""


async def ask(
    workspace: Workspace, actor: Person, context: Json, found: tuple[Json, Json], query: str
) -> Json:
    """Ask the bot what to offer; the options count only if they come in the acknowledgement, in time.

    The place is where the select is, as payloads describe it; what was found is the select after its block.

    Raises:
        SlackError: Too little was typed, the bot did not answer, or not in a way that makes sense.
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
