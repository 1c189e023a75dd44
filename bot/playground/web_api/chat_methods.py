"""Web API methods for messages."""

from bot.playground.errors import SlackError
from bot.playground.json_types import Json
from bot.playground.people import BOT
from bot.playground.state.messages import MessageContent, read_content
from bot.playground.state.serializers import serialize_message
from bot.playground.web_api.calls import MethodCall

_MAX_UPDATE_BYTES = 4000
"""The longest text of an update, in bytes of UTF-8; the text of a new message is cut instead."""


def post_message(call: MethodCall) -> Json:
    """Post a message (https://docs.slack.dev/reference/methods/chat.postMessage)."""
    channel = call.find_direct("channel") or call.get_channel()
    if BOT.id not in channel.members:
        raise SlackError("not_in_channel")
    if channel.direct and not call.workspace.app.messages_enabled:
        raise SlackError("messages_tab_disabled")
    content, thread = _read_content(call), call.find_thread(channel)
    call.workspace.posting_limit.acquire(channel.id, call.workspace.clock())
    message = call.workspace.post(channel, BOT, content, thread_ts=thread)
    return {"channel": channel.id, "ts": message.ts, "message": serialize_message(message)}


def post_ephemeral(call: MethodCall) -> Json:
    """Post an ephemeral message (https://docs.slack.dev/reference/methods/chat.postEphemeral)."""
    channel, person = call.get_channel(), call.get_person("user")
    if person.id not in channel.members:
        raise SlackError("user_not_in_channel")
    if BOT.id not in channel.members:
        raise SlackError("not_in_channel")
    content, thread = _read_content(call), call.find_thread(channel)
    if thread and not call.workspace.has_replies(channel.id, thread):
        # Slack reports no error, and shows it to nobody.
        return {"message_ts": call.workspace.make_ts()}
    message = call.workspace.post(channel, BOT, content, only_for=person.id, thread_ts=thread)
    return {"message_ts": message.ts}


def set_status(call: MethodCall) -> Json:
    """Show a status (https://docs.slack.dev/reference/methods/assistant.threads.setStatus).

    Slack takes it at any message, and removes it when the app posts to the thread or after two minutes.
    """
    channel = call.workspace.channels.get(str(call.arguments.get("channel_id")))
    if channel is None or BOT.id not in channel.members:
        raise SlackError("channel_not_found")
    message = call.workspace.find(channel.id, str(call.arguments.get("thread_ts")))
    if message is None or message.only_for:
        raise SlackError("invalid_thread_ts")
    if "status" not in call.arguments:
        raise SlackError("invalid_arguments")
    call.workspace.set_status(message, str(call.arguments.get("status")))
    return {}


def update(call: MethodCall) -> Json:
    """Update a message (https://docs.slack.dev/reference/methods/chat.update)."""
    message = call.get_message("cant_update_message")
    if len(str(call.arguments.get("text") or "").encode("utf-8", "replace")) > _MAX_UPDATE_BYTES:
        raise SlackError("msg_too_long")
    call.workspace.change(message, _read_content(call))
    described = serialize_message(message)
    return {"channel": message.channel, "ts": message.ts, "text": message.content.text, "message": described}


def delete(call: MethodCall) -> Json:
    """Delete a message (https://docs.slack.dev/reference/methods/chat.delete)."""
    message = call.get_message("cant_delete_message")
    call.workspace.delete(message)
    return {"channel": message.channel, "ts": message.ts}


def _read_content(call: MethodCall) -> MessageContent:
    return read_content(call.arguments, call.workspace.faults.refused_blocks)
