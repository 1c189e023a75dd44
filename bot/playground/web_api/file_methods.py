"""Web API methods for files."""

import json
from typing import Any

from bot.playground.errors import SlackError
from bot.playground.json_types import Json
from bot.playground.people import BOT, Channel
from bot.playground.state.files import MOST_BYTES
from bot.playground.state.messages import MessageContent
from bot.playground.state.serializers import serialize_file_info
from bot.playground.web_api.calls import MethodCall


def get_upload_url(call: MethodCall) -> Json:
    """Create an upload URL (https://docs.slack.dev/reference/methods/files.getUploadURLExternal)."""
    name, length = str(call.arguments.get("filename") or ""), str(call.arguments.get("length", ""))
    if not name or not length.isdecimal() or not int(length):
        raise SlackError("missing_argument")
    if int(length) > MOST_BYTES:
        raise SlackError("file_upload_size_restricted")
    file = call.workspace.files.create(BOT, name, int(length), call.workspace.clock(), call.address)
    return {"upload_url": f"{call.address}/upload/v1/{file.ticket}", "file_id": file.id}


def complete_upload(call: MethodCall) -> Json:
    """Complete uploads and share the files (https://docs.slack.dev/reference/methods/files.completeUploadExternal)."""
    wanted = _read_list(call.arguments.get("files"))
    channels = [_find_channel(call, id_) for id_ in _list_channels(call)]
    threads = [call.find_thread(channel) for channel in channels]
    files = [call.workspace.files.get_sent(entry.get("id")) for entry in wanted]
    for channel in channels:
        call.workspace.posting_limit.acquire(channel.id, call.workspace.clock())
    for file, entry in zip(files, wanted, strict=True):
        file.title = str(entry.get("title") or file.name)
        file.complete = True
    content = MessageContent(str(call.arguments.get("initial_comment") or ""))
    for channel, thread in zip(channels, threads, strict=True):
        call.workspace.post(channel, BOT, content, thread_ts=thread, files=tuple(files))
    return {"files": [serialize_file_info(file) for file in files]}


def get_info(call: MethodCall) -> Json:
    """Return a file's data (https://docs.slack.dev/reference/methods/files.info)."""
    file = call.workspace.files.find(call.arguments.get("file"))
    if file is None or not call.workspace.is_open_to_app(file):
        raise SlackError("file_not_found")
    if file.deleted:
        raise SlackError("file_deleted")
    return {"file": serialize_file_info(file), "comments": []}


def _list_channels(call: MethodCall) -> list[str]:
    named = (call.arguments.get("channel_id"), *str(call.arguments.get("channels") or "").split(","))
    return [str(id_) for id_ in named if id_]


def _find_channel(call: MethodCall, id_: str) -> Channel:
    channel = call.workspace.channels.get(id_)
    if channel is None:
        raise SlackError("channel_not_found")
    if BOT.id not in channel.members:
        raise SlackError("not_in_channel")
    return channel


def _read_list(value: Any) -> list[Json]:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            raise SlackError("invalid_arguments") from None
    if not (isinstance(value, list) and value and all(isinstance(entry, dict) for entry in value)):
        raise SlackError("invalid_arguments")
    return value
