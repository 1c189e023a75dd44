"""Payloads of commands, events and interactions in messages."""

import secrets

from bot.playground.interactions.input_values import read_state
from bot.playground.json_types import Json
from bot.playground.people import (
    APP_ID,
    BOT,
    ENTERPRISE_ID,
    ENTERPRISE_NAME,
    TEAM_DOMAIN,
    TEAM_ID,
    Channel,
    Person,
)
from bot.playground.state.messages import Message
from bot.playground.state.serializers import serialize_message

_VERIFICATION_TOKEN = secrets.token_hex(12)  # deprecated by Slack, but still in every payload


def escape(text: str) -> str:
    """Escape typed text as Slack does."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def make_slash_command(
    actor: Person, channel: Channel, command: str, text: str, *, response_url: str, trigger_id: str
) -> Json:
    """Make the payload of a slash command (https://docs.slack.dev/interactivity/implementing-slash-commands)."""
    return {
        "token": _VERIFICATION_TOKEN,
        "team_id": TEAM_ID,
        "team_domain": TEAM_DOMAIN,
        **_enterprise(actor),
        "channel_id": channel.id,
        "channel_name": _name(channel),
        "user_id": actor.id,
        "user_name": actor.handle,
        "command": command,
        "text": escape(text),
        "api_app_id": APP_ID,
        "is_enterprise_install": "false",
        "response_url": response_url,
        "trigger_id": trigger_id,
    }


def make_event(event: Json, channel: Channel, id_: str, at: int, enterprise_id: str | None = None) -> Json:
    """Make the payload of an event (https://docs.slack.dev/apis/events-api)."""
    bot = {"enterprise_id": enterprise_id, "team_id": TEAM_ID, "user_id": BOT.id, "is_bot": True}
    return {
        "token": _VERIFICATION_TOKEN,
        "team_id": TEAM_ID,
        **({"enterprise_id": enterprise_id} if enterprise_id else {}),
        "api_app_id": APP_ID,
        "event": event,
        "type": "event_callback",
        "event_id": id_,
        "event_time": at,
        "authorizations": [{**bot, "is_enterprise_install": False}],
        "is_ext_shared_channel": channel.shared,
        "event_context": f"4-{id_}",
    }


def make_block_actions(
    actor: Person, channel: Channel, message: Message, action: Json, *, response_url: str, trigger_id: str
) -> Json:
    """Make the payload of an action in a message.

    The shape: https://docs.slack.dev/reference/interaction-payloads/block_actions-payload
    """
    chosen = {action["block_id"]: {action["action_id"]: action}}
    return {
        **make_interaction("block_actions", actor),
        **make_message_context(message, channel),
        "trigger_id": trigger_id,
        "state": {"values": read_state(message.content.blocks, chosen)},
        "response_url": response_url,
        "actions": [action],
    }


def make_suggestion(actor: Person, context: Json, ids: Json, query: str) -> Json:
    """Make the payload of an external select's request for options.

    The shape: https://docs.slack.dev/reference/interaction-payloads/block_suggestion-payload
    """
    return {**make_interaction("block_suggestion", actor), **context, **ids, "value": query}


def make_message_context(message: Message, channel: Channel) -> Json:
    """Make the container and channel of an interaction; Slack omits the message if it is ephemeral."""
    public: Json = {} if message.only_for else {"message": serialize_message(message)}
    return {
        "container": {
            "type": "message",
            "message_ts": message.ts,
            "channel_id": channel.id,
            "is_ephemeral": message.only_for is not None,
        },
        "channel": {"id": channel.id, "name": _name(channel)},
        **public,
    }


def make_shortcut(actor: Person, callback_id: str, ts: str, trigger_id: str) -> Json:
    """Make the payload of a global shortcut, which has no channel.

    The shape: https://docs.slack.dev/reference/interaction-payloads/shortcuts-interaction-payload
    """
    return {
        **make_interaction("shortcut", actor),
        "callback_id": callback_id,
        "action_ts": ts,
        "trigger_id": trigger_id,
    }


def make_message_action(
    actor: Person,
    channel: Channel,
    message: Message,
    *,
    callback_id: str,
    ts: str,
    response_url: str,
    trigger_id: str,
) -> Json:
    """Make the payload of a message shortcut."""
    return {
        **make_interaction("message_action", actor),
        "callback_id": callback_id,
        "action_ts": ts,
        "trigger_id": trigger_id,
        "response_url": response_url,
        "channel": {"id": channel.id, "name": _name(channel)},
        "message_ts": message.ts,
        "message": serialize_message(message),
    }


def name(payload: Json) -> str:
    """Return a short title of a payload."""
    if "event" in payload:
        return str(payload["event"].get("subtype") or payload["event"]["type"])
    if "command" in payload:
        return str(payload["command"])
    actions = [action["action_id"] for action in payload.get("actions", ())]
    view = payload.get("view", {})
    about = [*actions, payload.get("action_id"), payload.get("callback_id"), view.get("callback_id")]
    return " ".join([payload["type"], *[str(each) for each in about if each][:1]])


def make_action(block: Json, element: Json, chosen: Json, ts: str) -> Json:
    """Make the action of an element with its chosen value."""
    kept: Json = {
        key: element[key] for key in ("type", "action_id", "text", "value", "style") if key in element
    }
    return {**kept, **chosen, "block_id": block["block_id"], "action_ts": ts}


def make_interaction(kind: str, actor: Person) -> Json:
    """Make the keys that all interaction payloads have."""
    return {
        "type": kind,
        "user": {
            "id": actor.id,
            "username": actor.handle,
            "name": actor.handle,
            "team_id": actor.team_id,
        },
        "api_app_id": APP_ID,
        "token": _VERIFICATION_TOKEN,
        "team": {"id": TEAM_ID, "domain": TEAM_DOMAIN, **_enterprise(actor)},
        "enterprise": {"id": ENTERPRISE_ID, "name": ENTERPRISE_NAME} if actor.organization_teams else None,
        "is_enterprise_install": False,
    }


def _enterprise(actor: Person) -> Json:
    """Return the keys that only payloads of an organization have."""
    known = {"enterprise_id": ENTERPRISE_ID, "enterprise_name": ENTERPRISE_NAME}
    return known if actor.organization_teams else {}


def _name(channel: Channel) -> str:
    return "directmessage" if channel.direct else channel.name
